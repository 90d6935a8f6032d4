package io.tapswitch.core.cli;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.LockSupport;

/** A unix socket that gives prepared answers, byte for byte, and keeps what it was asked. */
public final class FakeDaemon implements AutoCloseable {
    /** What all paths begin with; left out where answers are prepared and requests are looked at. */
    private static final String VERSION = "/v1";

    private final ServerSocketChannel server;
    private final Path socket;
    private final Map<String, String> answers = new ConcurrentHashMap<>();
    private volatile String otherwise = "HTTP/1.1 404 Words\r\ncontent-length: 2\r\n\r\n{}";
    private final Map<String, Duration> delays = new ConcurrentHashMap<>();
    private final Queue<String> requests = new ConcurrentLinkedQueue<>();

    public FakeDaemon(Path directory) {
        try {
            socket = directory.resolve("s");
            server = ServerSocketChannel.open(StandardProtocolFamily.UNIX).bind(UnixDomainSocketAddress.of(socket));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Thread.ofPlatform().daemon().start(this::serve);
    }

    public Path socket() {
        return socket;
    }

    /** Answers "METHOD /path" with a status and a body. */
    public FakeDaemon on(String request, int status, String json) {
        return raw(
                request,
                "HTTP/1.1 " + status + " Words\r\ncontent-length: " + json.getBytes(StandardCharsets.UTF_8).length
                        + "\r\n\r\n" + json);
    }

    /** Answers with exactly these characters. */
    public FakeDaemon raw(String request, String answer) {
        answers.put(request, answer);
        return this;
    }

    /** Answers every request that nothing else is said for with exactly these characters. */
    public FakeDaemon always(String answer) {
        otherwise = answer;
        return this;
    }

    /** Answers "METHOD /path" only after some time. */
    public FakeDaemon slowly(String request, Duration delay) {
        delays.put(request, delay);
        return this;
    }

    /** What was asked: "METHOD /path" and, after a blank, the body if there was one. */
    public Queue<String> requests() {
        return requests;
    }

    private void serve() {
        while (true) {
            try (SocketChannel connection = server.accept()) {
                answer(connection);
            } catch (IOException e) {
                return; // The server was closed.
            }
        }
    }

    private void answer(SocketChannel connection) throws IOException {
        InputStream in = Channels.newInputStream(connection);
        ByteArrayOutputStream head = new ByteArrayOutputStream();
        while (!head.toString(StandardCharsets.UTF_8).endsWith("\r\n\r\n")) {
            head.write(in.read());
        }
        String text = head.toString(StandardCharsets.UTF_8);
        String[] words = text.split(" ", 3);
        String path = words[1];
        if (!path.startsWith(VERSION)) {
            throw new IOException("not a path of the API: " + path);
        }
        String request = words[0] + ' ' + path.substring(VERSION.length());
        int at = text.indexOf("Content-Length: ");
        String body = "";
        if (at >= 0) {
            int length = Integer.parseInt(text.substring(at + 16, text.indexOf('\r', at)));
            body = ' ' + new String(in.readNBytes(length), StandardCharsets.UTF_8);
        }
        requests.add(request + body);
        String answer = answers.getOrDefault(request, otherwise);
        long due =
                System.nanoTime() + delays.getOrDefault(request, Duration.ZERO).toNanos();
        while (due - System.nanoTime() > 0) {
            LockSupport.parkNanos(due - System.nanoTime());
        }
        ByteBuffer out = ByteBuffer.wrap(answer.getBytes(StandardCharsets.UTF_8));
        while (out.hasRemaining()) {
            connection.write(out);
        }
    }

    @Override
    public void close() {
        try {
            server.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
