package io.tapswitch.lab;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Locale;

/** The daemon's HTTP API, one connection a request: for tests that ask often, where a CLI process each is slow. */
public final class Api {
    /** The only path that is not of a version. */
    private static final String DESCRIPTION = "/openapi.json";

    private final Path socket;

    Api(Path socket) {
        this.socket = socket;
    }

    /**
     * What came back.
     *
     * @param status HTTP status
     * @param body its JSON
     */
    public record Answer(int status, Json body) {
        /** {@return the body, when the request was accepted} */
        public Json ok() {
            if (status / 100 != 2) {
                throw new AssertionError("HTTP " + status + ": " + body);
            }
            return body;
        }
    }

    /** Asks. */
    public Json get(String path) {
        return request("GET", path, "").ok();
    }

    /** Asks for what may be refused. */
    public Answer ask(String path) {
        return request("GET", path, "");
    }

    /** Makes. */
    public Answer post(String path, String body) {
        return request("POST", path, body);
    }

    /** Removes. */
    public Answer delete(String path) {
        return request("DELETE", path, "");
    }

    private Answer request(String method, String path, String body) {
        byte[] content = body.getBytes(StandardCharsets.UTF_8);
        String address = path.equals(DESCRIPTION) ? path : "/v1" + path;
        String head = method + " " + address + " HTTP/1.1\r\nHost: tapswitch\r\nConnection: close\r\n"
                + "Content-Type: application/json\r\nContent-Length: " + content.length + "\r\n\r\n";
        try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            channel.connect(UnixDomainSocketAddress.of(socket));
            write(channel, head.getBytes(StandardCharsets.US_ASCII));
            write(channel, content);
            return parse(readToEnd(channel));
        } catch (IOException e) {
            throw new UncheckedIOException(method + " " + path + " on " + socket, e);
        }
    }

    private static void write(SocketChannel channel, byte[] bytes) throws IOException {
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        while (buffer.hasRemaining()) {
            channel.write(buffer);
        }
    }

    private static String readToEnd(SocketChannel channel) throws IOException {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        ByteBuffer buffer = ByteBuffer.allocate(1 << 16);
        while (channel.read(buffer) >= 0) {
            all.write(buffer.array(), 0, buffer.position());
            buffer.clear();
        }
        return all.toString(StandardCharsets.UTF_8);
    }

    private static Answer parse(String response) {
        int end = response.indexOf("\r\n\r\n");
        if (end < 0 || !response.startsWith("HTTP/1.1 ")) {
            throw new AssertionError("no HTTP answer: " + response);
        }
        int status = Integer.parseInt(response.substring(9, 12));
        String body = response.substring(end + 4);
        if (response.substring(0, end).toLowerCase(Locale.ROOT).contains("transfer-encoding: chunked")) {
            body = unchunk(body);
        }
        return new Answer(status, Json.parse(body.isBlank() ? "{}" : body));
    }

    private static String unchunk(String body) {
        StringBuilder whole = new StringBuilder();
        int at = 0;
        while (true) {
            int lineEnd = body.indexOf("\r\n", at);
            int size = Integer.parseInt(body.substring(at, lineEnd).strip(), 16);
            if (size == 0) {
                return whole.toString();
            }
            whole.append(body, lineEnd + 2, lineEnd + 2 + size);
            at = lineEnd + 2 + size + 2;
        }
    }
}
