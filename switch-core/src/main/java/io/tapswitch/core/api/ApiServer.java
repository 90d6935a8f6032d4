package io.tapswitch.core.api;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerDomainSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.channel.uring.IoUring;
import io.netty.channel.uring.IoUringIoHandler;
import io.netty.channel.uring.IoUringServerDomainSocketChannel;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpServerCodec;
import io.tapswitch.core.model.Refusal;
import java.io.IOException;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Theory of operation: HTTP/1.1 on a unix socket.
 *
 * <p>One Netty event loop does the bytes, on io_uring where the kernel allows it, else on NIO; each request is answered
 * on a virtual thread of its own, because answering may block. A connection has one request in work at a time (the next
 * is read when the answer is out), so answers come in the order of the requests.
 *
 * <p>The socket is bound under another name, given its mode, and renamed into place: it is never there with another
 * mode, and a file that a dead daemon left is replaced in one step. A socket on which somebody answers is left alone.
 *
 * <p>Limits: a body of 1 MiB; a larger one is answered with 413.
 */
public final class ApiServer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ApiServer.class);

    /** A request is a few hundred bytes; this is far above and far below what could hurt. */
    private static final int BODY_BYTES_MAX = 1 << 20;

    /** struct sockaddr_un holds 108 bytes with the zero at the end (linux/un.h). */
    private static final int PATH_BYTES_MAX = 107;

    private static final String MODE = "rw-rw----";

    private final Path socket;
    private final EventLoopGroup group;
    private final Channel channel;

    private ApiServer(Path socket, EventLoopGroup group, Channel channel) {
        this.socket = socket;
        this.group = group;
        this.channel = channel;
    }

    /** Loads what serving needs, a third of the daemon's start, while another thread starts the rest. */
    public static void loadEarly() {
        // Else Netty looks through the interfaces for a MAC address to make channel ids of, which nobody sees here.
        System.setProperty("io.netty.machineId", "02:00:00:00:00:00:00:00");
        LOG.debug("io_uring for the API: {}", IoUring.isAvailable());
        LOG.debug("JSON: {}", Json.MAPPER);
    }

    /**
     * Begins to serve.
     *
     * @param socket path of the unix socket
     * @param routes what to serve
     * @return the server, until closed
     */
    public static ApiServer start(Path socket, Routes routes) {
        Path temporary = Path.of(socket + "~");
        if (temporary.toString().getBytes(java.nio.charset.StandardCharsets.UTF_8).length > PATH_BYTES_MAX) {
            throw Refusal.badInput(
                    "the path of the socket is too long: " + socket + ", at most " + (PATH_BYTES_MAX - 1) + " bytes");
        }
        prepare(socket, temporary);
        loadEarly();
        boolean uring = IoUring.isAvailable();
        if (!uring) {
            LOG.info("API without io_uring: {}", String.valueOf(IoUring.unavailabilityCause()));
        }
        IoHandlerFactory handlers = uring ? IoUringIoHandler.newFactory(64) : NioIoHandler.newFactory();
        EventLoopGroup group = new MultiThreadIoEventLoopGroup(1, handlers);
        try {
            ServerBootstrap bootstrap = new ServerBootstrap()
                    .group(group)
                    .channel(channelType(uring))
                    .childHandler(new Pipeline(new Dispatcher(routes.table())));
            ChannelFuture bound = bootstrap.bind(address(uring, temporary)).awaitUninterruptibly();
            if (!bound.isSuccess()) {
                throw new IOException(bound.cause());
            }
            Files.setPosixFilePermissions(temporary, PosixFilePermissions.fromString(MODE));
            Files.move(temporary, socket, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            return new ApiServer(socket, group, bound.channel());
        } catch (IOException e) {
            group.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly(2, TimeUnit.SECONDS);
            throw Refusal.failed("cannot serve on " + socket + ": " + e.getMessage(), e);
        }
    }

    private static Class<? extends ServerChannel> channelType(boolean uring) {
        return uring ? IoUringServerDomainSocketChannel.class : NioServerDomainSocketChannel.class;
    }

    private static SocketAddress address(boolean uring, Path path) {
        return uring ? new DomainSocketAddress(path.toString()) : UnixDomainSocketAddress.of(path);
    }

    private static void prepare(Path socket, Path temporary) {
        try {
            Path parent = socket.toAbsolutePath().getParent();
            if (parent != null) {
                Files.createDirectories(parent);
            }
            if (Files.exists(socket) && answers(socket)) {
                throw Refusal.conflict("another daemon serves on " + socket + ": give this one a socket of its own with"
                        + " --socket");
            }
            if (Files.exists(socket)
                    && !Files.readAttributes(socket, BasicFileAttributes.class).isOther()) {
                throw Refusal.conflict(socket + " is there and not a socket; it was left alone");
            }
            Files.deleteIfExists(temporary);
        } catch (IOException e) {
            throw Refusal.failed("cannot serve on " + socket + ": " + e.getMessage(), e);
        }
    }

    private static boolean answers(Path socket) {
        try (SocketChannel client = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
            return client.isConnected();
        } catch (IOException e) {
            return false;
        }
    }

    /** What a connection's bytes go through. */
    private static final class Pipeline extends ChannelInitializer<Channel> {
        private final Dispatcher dispatcher;

        Pipeline(Dispatcher dispatcher) {
            this.dispatcher = dispatcher;
        }

        @Override
        protected void initChannel(Channel connection) {
            connection
                    .pipeline()
                    .addLast(new HttpServerCodec())
                    .addLast(new HttpObjectAggregator(BODY_BYTES_MAX))
                    .addLast(new Connection(dispatcher));
        }
    }

    /** Ends serving and removes the socket. */
    @Override
    public void close() {
        try {
            Files.deleteIfExists(socket);
        } catch (IOException e) {
            LOG.warn("cannot remove {}: {}", socket, e.toString());
        }
        channel.close().awaitUninterruptibly(1, TimeUnit.SECONDS);
        group.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly(2, TimeUnit.SECONDS);
    }
}
