package io.tapswitch.core.control;

import io.tapswitch.core.ipam.Taken;
import io.tapswitch.wire.Ipv4Prefix;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** What the host's own namespace reaches by itself: its routes and addresses, the default route left out. */
final class HostAddresses {
    /** Columns of /proc/net/route (net/ipv4/fib_trie.c, fib_route_seq_show). */
    private static final int INTERFACE = 0;

    private static final int DESTINATION = 1;
    private static final int MASK = 7;

    private static final String LEAF = "|-- ";

    private HostAddresses() {}

    /** {@return the host as it is now} */
    static HostLook look() {
        return new HostLook(read(), java.util.Set.of());
    }

    /** {@return the blocks in use now} */
    static List<Taken> read() {
        try {
            List<Taken> taken = routes(Files.readAllLines(Path.of("/proc/self/net/route")));
            // An address with prefix length 32 has no route in the main table, so the addresses are looked at too.
            taken.addAll(addresses(Files.readAllLines(Path.of("/proc/self/net/fib_trie"))));
            return taken;
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read the host's routes and addresses", e);
        }
    }

    /** {@return the blocks of a route table in the form of /proc/net/route} */
    static List<Taken> routes(List<String> lines) {
        List<Taken> taken = new ArrayList<>();
        for (String line : lines.subList(Math.min(1, lines.size()), lines.size())) {
            String[] columns = line.split("\t", -1);
            int length = Integer.bitCount(hostOrder(columns[MASK]));
            if (length > 0) {
                Ipv4Prefix prefix = Ipv4.block(hostOrder(columns[DESTINATION]), length);
                taken.add(new Taken(prefix, "the host's route by " + columns[INTERFACE].strip(), false));
            }
        }
        return taken;
    }

    /** The kernel prints the bytes of network order as one number of the machine's order. */
    private static int hostOrder(String hex) {
        int value = (int) Long.parseLong(hex.strip(), 16);
        return java.nio.ByteOrder.nativeOrder() == java.nio.ByteOrder.LITTLE_ENDIAN
                ? Integer.reverseBytes(value)
                : value;
    }

    /** {@return the host's own addresses, from lines in the form of /proc/net/fib_trie: a leaf, then its routes} */
    static List<Taken> addresses(List<String> lines) {
        Set<Taken> taken = new LinkedHashSet<>();
        String leaf = "";
        for (String line : lines) {
            String words = line.strip();
            if (words.startsWith(LEAF)) {
                leaf = words.substring(LEAF.length());
            } else if (words.equals("/32 host LOCAL")) {
                Ipv4Prefix address = Ipv4.prefix(leaf + "/32", "address");
                taken.add(new Taken(address, "the host's address " + leaf, false));
            }
        }
        return List.copyOf(taken);
    }
}
