package io.tapswitch.core.names;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The name servers of the host's resolv.conf. The file is looked at when somebody asks, twice a second at most, and
 * read when it is another than before: it may be a link into a directory that does not exist yet, whose changes no
 * watch on the link would see. One thread.
 */
final class HostResolvers {
    /** The port that name servers listen on. */
    static final int PORT = 53;

    private static final long LOOK_MS = 500;
    private static final int MOST = 8;

    private final Path file;
    private @Nullable Stamp stamp;
    private List<InetSocketAddress> servers = List.of();
    private long lookedMs;
    private boolean looked;

    private record Stamp(@Nullable Object fileKey, FileTime modified, long size) {}

    HostResolvers(Path file) {
        this.file = file;
    }

    /** {@return the servers, in the file's order; none when there is no file} */
    List<InetSocketAddress> servers(long nowMs) {
        if (!looked || nowMs - lookedMs >= LOOK_MS) {
            looked = true;
            lookedMs = nowMs;
            look();
        }
        return servers;
    }

    private void look() {
        try {
            BasicFileAttributes now = Files.readAttributes(file, BasicFileAttributes.class);
            Stamp seen = new Stamp(now.fileKey(), now.lastModifiedTime(), now.size());
            if (!Objects.equals(seen, stamp)) {
                servers = parse(Files.readString(file, StandardCharsets.ISO_8859_1));
                stamp = seen;
            }
        } catch (IOException gone) {
            stamp = null;
            servers = List.of();
        }
    }

    /** {@return the servers that the text of such a file names} */
    static List<InetSocketAddress> parse(String text) {
        List<InetSocketAddress> found = new ArrayList<>();
        for (String line : text.lines().toList()) {
            String[] words = line.strip().split("\\s+", -1);
            if (words.length >= 2 && words[0].equals("nameserver") && found.size() < MOST) {
                literal(words[1])
                        .map(address -> new InetSocketAddress(address, PORT))
                        .ifPresent(server -> {
                            if (!found.contains(server)) {
                                found.add(server);
                            }
                        });
            }
        }
        return List.copyOf(found);
    }

    private static Optional<InetAddress> literal(String text) {
        try {
            return Optional.of(InetAddress.ofLiteral(text));
        } catch (IllegalArgumentException e) {
            // Whoever wrote that has other resolvers skip it too.
            return Optional.empty();
        }
    }
}
