package io.tapswitch.core.api;

import io.netty.channel.uring.IoUring;
import io.tapswitch.core.model.Refusal;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Theory of operation: HTTP/1.1 on a unix socket.
 *
 * <pre>
 *   client --> SocketFile --> event loop: HTTP, limits, clocks --> virtual thread: Dispatcher -> Route -> Controller
 *   client <-------------- event loop <------------------------- JSON, or events one by one (StreamPump)
 * </pre>
 *
 * <p>One Netty event loop does the bytes, on io_uring where the kernel allows it, else on NIO; each request is answered
 * on a virtual thread of its own, because answering may block. A connection has one request in work at a time (the next
 * is read when the answer is out), so answers come in the order of the requests. No client waits for another.
 *
 * <p>Limits: {@link Limits#USUAL}. What is too large is answered with 413, 414 or 431, one connection too many with
 * 503, and who is too slow is disconnected.
 */
public final class ApiServer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ApiServer.class);

    private final SocketFile file;
    private final Routes routes;
    private final HttpListener listener;

    private ApiServer(SocketFile file, Routes routes, HttpListener listener) {
        this.file = file;
        this.routes = routes;
        this.listener = listener;
    }

    /** Loads what serving needs, a third of the daemon's start, while another thread starts the rest. */
    public static void loadEarly() {
        // Else Netty looks through the interfaces for a MAC address to make channel ids of, which nobody sees here.
        System.setProperty("io.netty.machineId", "02:00:00:00:00:00:00:00");
        LOG.debug("io_uring for the API: {}", IoUring.isAvailable());
        LOG.debug("JSON: {}", Json.MAPPER);
    }

    /** Refuses what cannot become the API's socket, before a start has made anything that would be left behind. */
    public static void check(Path socket, @Nullable String socketGroup) {
        SocketFile.prepare(socket, socketGroup);
    }

    /**
     * Begins to serve.
     *
     * @param socket path of the unix socket
     * @param socketGroup name or number of the group that may use it, null for the daemon's own
     * @param routes what to serve
     * @return the server, until closed
     */
    public static ApiServer start(Path socket, @Nullable String socketGroup, Routes routes) {
        return start(socket, socketGroup, routes, Limits.USUAL);
    }

    static ApiServer start(Path socket, @Nullable String socketGroup, Routes routes, Limits limits) {
        SocketFile file = SocketFile.prepare(socket, socketGroup);
        loadEarly();
        HttpListener listener = null;
        try {
            listener = HttpListener.open(
                    file.temporary(), new Dispatcher(routes.table(), "/openapi.json describes what there is"), limits);
            file.install();
            return new ApiServer(file, routes, listener);
        } catch (IOException e) {
            end(listener);
            throw Refusal.failed("cannot serve on " + socket + ": " + e.getMessage(), e);
        } catch (Refusal e) {
            end(listener);
            throw e;
        }
    }

    private static void end(@Nullable HttpListener listener) {
        if (listener != null) {
            listener.close();
        }
    }

    /** {@return how many clients are connected} */
    int connectionCount() {
        return listener.connectionCount();
    }

    /** Ends serving: removes the socket, ends the event streams, and cuts off who is left. */
    @Override
    public void close() {
        try {
            file.remove();
        } catch (IOException e) {
            LOG.warn("cannot remove {}: {}", file, e.toString());
        }
        listener.stop();
        routes.endStreams();
        listener.close();
    }
}
