package io.tapswitch.core.api;

import java.io.EOFException;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Locale;

/** One connection of a client that knows just enough HTTP/1.1 for a test. */
final class UnixHttp implements AutoCloseable {
    private final SocketChannel channel;
    private final StringBuilder pending = new StringBuilder();

    /** What came back. */
    record Reply(int status, String body, String head) {}

    UnixHttp(Path socket) throws IOException {
        channel = SocketChannel.open(UnixDomainSocketAddress.of(socket));
    }

    static String request(String method, String uri, String body) {
        return method + " " + uri + " HTTP/1.1\r\nHost: tapswitch\r\nContent-Length: "
                + body.getBytes(StandardCharsets.UTF_8).length + "\r\n\r\n" + body;
    }

    Reply call(String method, String uri, String body) throws IOException {
        send(request(method, uri, body));
        return receive();
    }

    void send(String bytes) throws IOException {
        ByteBuffer buffer = ByteBuffer.wrap(bytes.getBytes(StandardCharsets.ISO_8859_1));
        while (buffer.hasRemaining()) {
            channel.write(buffer);
        }
    }

    Reply receive() throws IOException {
        int end;
        while ((end = pending.indexOf("\r\n\r\n")) < 0) {
            read();
        }
        String head = pending.substring(0, end);
        int at = head.toLowerCase(Locale.ROOT).indexOf("content-length: ") + 16;
        int length = Integer.parseInt(
                head.substring(at).lines().findFirst().orElseThrow().strip());
        while (pending.length() < end + 4 + length) {
            read();
        }
        String body = pending.substring(end + 4, end + 4 + length);
        pending.delete(0, end + 4 + length);
        return new Reply(Integer.parseInt(head.substring(9, 12)), body, head + "\r\n");
    }

    /** The whole of a chunked answer, taken together; its head has the trailing headers, too. */
    Reply whole(String uri) throws IOException {
        String text = stream(uri);
        int at = text.indexOf("\r\n\r\n") + 4;
        String head = text.substring(0, at - 2);
        StringBuilder body = new StringBuilder();
        while (true) {
            int end = text.indexOf("\r\n", at);
            int length = Integer.parseInt(text.substring(at, end), 16);
            if (length == 0) {
                String trailers = text.substring(end + 2);
                return new Reply(Integer.parseInt(head.substring(9, 12)), body.toString(), head + trailers);
            }
            body.append(text, end + 2, end + 2 + length);
            at = end + 2 + length + 2;
        }
    }

    /** What a GET brings until the other side closes the connection, chunk sizes included. */
    String stream(String uri) throws IOException {
        send(request("GET", uri, ""));
        try {
            while (true) {
                read();
            }
        } catch (EOFException e) {
            return pending.toString();
        }
    }

    /** Waits until these characters have come. */
    void await(String text) throws IOException {
        while (pending.indexOf(text) < 0) {
            read();
        }
    }

    private void read() throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(8192);
        if (channel.read(buffer) < 0) {
            throw new EOFException("the connection ended");
        }
        pending.append(StandardCharsets.ISO_8859_1.decode(buffer.flip()));
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
