package io.tapswitch.core.cli.client;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.Channels;
import java.nio.channels.ReadableByteChannel;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/**
 * An HTTP/1.1 answer, read whole (RFC 9112): body by Content-Length, by chunks, or up to the end of the connection.
 * Everything is limited, so that a socket that is not tapswitch's cannot fill the memory.
 */
record HttpAnswer(int status, String body) {
    private static final int LINE_BYTES_MAX = 16 * 1024;
    private static final int HEADER_LINES_MAX = 100;
    /** A full table of 1 Mi learned addresses is some 150 MB; nobody reads that, but nobody should be refused it. */
    private static final int BODY_BYTES_MAX = 256 * 1024 * 1024;

    /** What stands before the body; length -1 when it is not said. */
    record Head(int status, long length, boolean chunked) {}

    static HttpAnswer read(ReadableByteChannel channel) throws IOException {
        InputStream in = new BufferedInputStream(Channels.newInputStream(channel), 8192);
        return body(in, head(in));
    }

    static Head head(InputStream in) throws IOException {
        int status = status(line(in));
        long length = -1;
        boolean chunked = false;
        for (int lines = 0; ; lines++) {
            String header = line(in);
            if (header.isEmpty()) {
                break;
            }
            if (lines == HEADER_LINES_MAX) {
                throw new IOException("too many header lines");
            }
            int colon = header.indexOf(':');
            String name = header.substring(0, Math.max(colon, 0)).toLowerCase(Locale.ROOT);
            String value = header.substring(colon + 1).strip();
            if (name.equals("content-length")) {
                length = number(value, 10);
            } else if (name.equals("transfer-encoding")) {
                chunked = value.equalsIgnoreCase("chunked");
            }
        }
        return new Head(status, length, chunked);
    }

    static HttpAnswer body(InputStream in, Head head) throws IOException {
        byte[] body = body(in, head.status(), head.length(), head.chunked());
        return new HttpAnswer(head.status(), new String(body, StandardCharsets.UTF_8));
    }

    private static int status(String statusLine) throws IOException {
        if (!statusLine.startsWith("HTTP/1.") || statusLine.length() < 12) {
            throw new IOException("not an HTTP answer: " + statusLine);
        }
        return (int) number(statusLine.substring(9, 12), 10);
    }

    private static byte[] body(InputStream in, int status, long length, boolean chunked) throws IOException {
        if (status == 204 || status == 304) {
            return new byte[0];
        }
        if (chunked) {
            return chunks(in);
        }
        if (length > BODY_BYTES_MAX) {
            throw new IOException("an answer of " + length + " bytes is too large");
        }
        if (length < 0) {
            return in.readNBytes(BODY_BYTES_MAX);
        }
        return exactly(in, (int) length);
    }

    private static byte[] chunks(InputStream in) throws IOException {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        for (byte[] chunk = chunk(in); chunk.length > 0; chunk = chunk(in)) {
            if (chunk.length + body.size() > BODY_BYTES_MAX) {
                throw new IOException("the answer is too large");
            }
            body.write(chunk);
        }
        return body.toByteArray(); // Trailers, if any, end with the connection.
    }

    /** The next chunk; empty at the end. */
    static byte[] chunk(InputStream in) throws IOException {
        String size = line(in);
        int extension = size.indexOf(';');
        long length = number(
                extension < 0 ? size.strip() : size.substring(0, extension).strip(), 16);
        if (length > BODY_BYTES_MAX) {
            throw new IOException("the answer is too large");
        }
        if (length == 0) {
            return new byte[0];
        }
        byte[] chunk = exactly(in, (int) length);
        if (!line(in).isEmpty()) {
            throw new IOException("a chunk is longer than it says");
        }
        return chunk;
    }

    private static byte[] exactly(InputStream in, int length) throws IOException {
        byte[] bytes = in.readNBytes(length);
        if (bytes.length < length) {
            throw new EOFException("it ended within the answer");
        }
        return bytes;
    }

    /** The next line, without its end. */
    static String line(InputStream in) throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream(80);
        for (int c = in.read(); c != '\n'; c = in.read()) {
            if (c < 0) {
                throw new EOFException("it ended within the answer");
            }
            if (line.size() == LINE_BYTES_MAX) {
                throw new IOException("a line of the answer is too long");
            }
            if (c != '\r') {
                line.write(c);
            }
        }
        return line.toString(StandardCharsets.ISO_8859_1);
    }

    private static long number(String text, int radix) throws IOException {
        try {
            long value = Long.parseLong(text, radix);
            if (value >= 0) {
                return value;
            }
        } catch (NumberFormatException e) {
            // Falls through to the same refusal as a negative number.
        }
        throw new IOException("not a number where HTTP needs one: " + text);
    }
}
