package io.tapswitch.core.cli.client;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.Channels;
import java.nio.channels.ReadableByteChannel;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;

/** A chunked answer, read piece by piece, because it is long or has no end; and what stands behind its last piece. */
final class BodyPieces {
    private BodyPieces() {}

    /**
     * Reads an answer to its end.
     *
     * @param each takes each piece
     * @param trailers gets the headers behind the last one, by name in lower case
     * @return the answer when it was no stream but a refusal, else an empty one
     */
    static HttpAnswer read(ReadableByteChannel channel, Consumer<byte[]> each, Map<String, String> trailers)
            throws IOException {
        InputStream in = new BufferedInputStream(Channels.newInputStream(channel), 64 * 1024);
        HttpAnswer.Head head = HttpAnswer.head(in);
        if (head.status() >= 400) {
            return HttpAnswer.body(in, head);
        }
        if (!head.chunked()) {
            each.accept(HttpAnswer.body(in, head).body().getBytes(StandardCharsets.UTF_8));
            return new HttpAnswer(head.status(), "");
        }
        for (byte[] piece = HttpAnswer.chunk(in); piece.length > 0; piece = HttpAnswer.chunk(in)) {
            each.accept(piece);
        }
        for (String line = HttpAnswer.line(in); !line.isEmpty(); line = HttpAnswer.line(in)) {
            int colon = line.indexOf(':');
            if (colon > 0) {
                trailers.put(
                        line.substring(0, colon).toLowerCase(Locale.ROOT),
                        line.substring(colon + 1).strip());
            }
        }
        return new HttpAnswer(head.status(), "");
    }
}
