package io.tapswitch.core.cli.client;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.Channels;
import java.nio.channels.ReadableByteChannel;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;

/**
 * The data of server-sent events (WHATWG HTML, 9.2) as the daemon sends them: chunked, each event one line of data and
 * perhaps one with its name, comments in between.
 */
final class EventLines {
    private static final String DATA = "data: ";
    private static final String ERROR = "event: error";

    private EventLines() {}

    /**
     * Reads an answer to its end.
     *
     * @param each takes the data of each event
     * @return the answer when it was no stream but a refusal, else an empty one
     */
    static HttpAnswer read(ReadableByteChannel channel, Consumer<String> each) throws IOException {
        InputStream in = new BufferedInputStream(Channels.newInputStream(channel), 8192);
        HttpAnswer.Head head = HttpAnswer.head(in);
        if (head.status() >= 400) {
            return HttpAnswer.body(in, head);
        }
        boolean failed = false;
        StringBuilder rest = new StringBuilder();
        for (byte[] chunk = HttpAnswer.chunk(in); chunk.length > 0; chunk = HttpAnswer.chunk(in)) {
            rest.append(new String(chunk, StandardCharsets.UTF_8));
            for (int end = rest.indexOf("\n"); end >= 0; end = rest.indexOf("\n")) {
                String line = rest.substring(0, end);
                rest.delete(0, end + 1);
                failed |= line.equals(ERROR);
                if (line.startsWith(DATA) && failed) {
                    return new HttpAnswer(500, line.substring(DATA.length()));
                } else if (line.startsWith(DATA)) {
                    each.accept(line.substring(DATA.length()));
                }
            }
        }
        return new HttpAnswer(head.status(), "");
    }
}
