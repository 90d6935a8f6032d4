package io.tapswitch.vxlan;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;

/** What Linux made of frames, kept as text: a comment, a line for what went in, a line for each packet that came out. */
record Captures(String name, List<byte[]> given, List<byte[]> packets) {

    static List<Captures> of(String resource) throws IOException {
        try (InputStream in = Objects.requireNonNull(Captures.class.getResourceAsStream(resource))) {
            List<Captures> captures = new ArrayList<>();
            String name = "";
            boolean fresh = true;
            for (String line : new String(in.readAllBytes(), StandardCharsets.US_ASCII)
                    .lines()
                    .toList()) {
                if (line.startsWith("# ")) {
                    name = line.substring(2);
                    fresh = true;
                    continue;
                }
                if (fresh) {
                    captures.add(new Captures(name, new ArrayList<>(), new ArrayList<>()));
                    fresh = false;
                }
                int space = line.indexOf(' ');
                byte[] bytes = HexFormat.of().parseHex(line, space + 1, line.length());
                Captures last = captures.getLast();
                (line.startsWith("out ") ? last.packets : last.given).add(bytes);
            }
            return captures;
        }
    }
}
