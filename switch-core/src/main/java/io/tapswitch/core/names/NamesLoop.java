package io.tapswitch.core.names;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFactory;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.SocketProtocolFamily;
import io.netty.channel.socket.nio.NioDatagramChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.channel.uring.IoUring;
import io.netty.channel.uring.IoUringDatagramChannel;
import io.netty.channel.uring.IoUringIoHandler;
import io.netty.channel.uring.IoUringSocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.net.Inet4Address;
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;

/** The one thread that has all sockets to upstreams: Netty on io_uring where the kernel allows it, else on NIO. */
public final class NamesLoop implements AutoCloseable {
    private static final int RING_ENTRIES = 256;

    private final boolean uring = IoUring.isAvailable();
    private final EventLoopGroup group;

    /** Starts it. */
    public NamesLoop() {
        IoHandlerFactory handlers = uring ? IoUringIoHandler.newFactory(RING_ENTRIES) : NioIoHandler.newFactory();
        group = new MultiThreadIoEventLoopGroup(1, new DefaultThreadFactory("names", true), handlers);
    }

    /** {@return the loop} */
    public EventLoop loop() {
        return group.next();
    }

    /** {@return what makes UDP sockets that can be connected to a server} */
    ChannelFactory<Channel> datagrams(InetSocketAddress server) {
        SocketProtocolFamily family =
                server.getAddress() instanceof Inet4Address ? SocketProtocolFamily.INET : SocketProtocolFamily.INET6;
        return () -> uring ? new IoUringDatagramChannel(family) : new NioDatagramChannel(family);
    }

    /** {@return what makes TCP sockets} */
    ChannelFactory<Channel> streams() {
        return () -> uring ? new IoUringSocketChannel() : new NioSocketChannel();
    }

    /** Ends it and everything on it. */
    @Override
    public void close() {
        group.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly(2, TimeUnit.SECONDS);
    }
}
