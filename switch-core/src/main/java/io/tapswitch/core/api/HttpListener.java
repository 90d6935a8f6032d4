package io.tapswitch.core.api;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerDomainSocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.channel.uring.IoUring;
import io.netty.channel.uring.IoUringIoHandler;
import io.netty.channel.uring.IoUringServerDomainSocketChannel;
import io.netty.channel.uring.IoUringServerSocketChannel;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A socket on which HTTP is spoken, with an event loop of its own: on io_uring where the kernel allows it, else on NIO.
 * Who may ask for what is the dispatcher's matter, and how much the limits'.
 */
final class HttpListener implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(HttpListener.class);
    private static final int RING_ENTRIES = 64;
    private static final int END_MS = 200;

    private final EventLoopGroup group;
    private final Channel channel;
    private final ChannelGroup connections;

    private HttpListener(EventLoopGroup group, Channel channel, ChannelGroup connections) {
        this.group = group;
        this.channel = channel;
        this.connections = connections;
    }

    /** Listens on a unix socket, which is made. {@return the listener} */
    static HttpListener open(Path path, Dispatcher dispatcher, Limits limits) throws IOException {
        boolean uring = uring();
        return open(
                uring,
                uring ? IoUringServerDomainSocketChannel.class : NioServerDomainSocketChannel.class,
                uring ? new DomainSocketAddress(path.toString()) : UnixDomainSocketAddress.of(path),
                dispatcher,
                limits);
    }

    /** Listens on a TCP port. {@return the listener} */
    static HttpListener open(InetSocketAddress address, Dispatcher dispatcher, Limits limits) throws IOException {
        boolean uring = uring();
        return open(
                uring,
                uring ? IoUringServerSocketChannel.class : NioServerSocketChannel.class,
                address,
                dispatcher,
                limits);
    }

    private static boolean uring() {
        boolean uring = IoUring.isAvailable();
        if (!uring) {
            LOG.info("HTTP without io_uring: {}", String.valueOf(IoUring.unavailabilityCause()));
        }
        return uring;
    }

    private static HttpListener open(
            boolean uring,
            Class<? extends ServerChannel> type,
            SocketAddress address,
            Dispatcher dispatcher,
            Limits limits)
            throws IOException {
        IoHandlerFactory handlers = uring ? IoUringIoHandler.newFactory(RING_ENTRIES) : NioIoHandler.newFactory();
        EventLoopGroup group = new MultiThreadIoEventLoopGroup(1, handlers);
        ChannelGroup connections = new DefaultChannelGroup(group.next());
        ChannelFuture bound = new ServerBootstrap()
                .group(group)
                .channel(type)
                .childHandler(new ConnectionPipeline(dispatcher, limits, connections))
                .bind(address)
                .awaitUninterruptibly();
        if (!bound.isSuccess()) {
            end(group);
            throw new IOException(bound.cause());
        }
        return new HttpListener(group, bound.channel(), connections);
    }

    /** {@return how many clients are connected} */
    int connectionCount() {
        return connections.size();
    }

    /** Takes no more connections. */
    void stop() {
        channel.close().awaitUninterruptibly(1, TimeUnit.SECONDS);
    }

    /** Ends listening, and cuts off who is left after a moment. */
    @Override
    public void close() {
        stop();
        connections.newCloseFuture().awaitUninterruptibly(END_MS, TimeUnit.MILLISECONDS);
        end(group);
    }

    private static void end(EventLoopGroup group) {
        group.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly(2, TimeUnit.SECONDS);
    }
}
