package io.tapswitch.tapio;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.BitSet;
import java.util.StringJoiner;

/**
 * Theory of operation: ports that the kernel does not give to the host's own clients.
 *
 * <p>A connection of the host's own, a DNS question for one, gets a port of {@code ip_local_port_range}. Were that port
 * published, the answer would be steered away from who asked. A range that is too large for a socket on each port
 * ({@link PortReservation}) is therefore added to {@code net.ipv4.ip_local_reserved_ports}, which is of the network
 * namespace, holds for both families and all protocols, and forbids nobody a bind to a port that he names
 * (Documentation/networking/ip-sysctl.rst). Only what lies in the kernel's range is added.
 *
 * <p>What was added is written down in a file before the setting is changed, so that another process takes back exactly
 * that, and what an operator reserved stays. The setting outlives the daemon, as what steers does; a removal of its
 * traces restores it.
 *
 * <p>Belongs to the network namespace of the calling threads; one call at a time.
 */
public final class ClientPorts {
    /** Ports that the host's own clients keep in any case. */
    public static final int LEAST = 1024;

    /** Where the kernel has its settings. */
    public static final Path SYSCTLS = Path.of("/proc/sys/net/ipv4");

    private static final int PORTS = 65_536;

    private final Path sysctls;
    private final Path record;
    private final short[] holders = new short[PORTS];

    /** A range that is kept away from clients until it is closed. */
    public interface Kept extends AutoCloseable {
        @Override
        void close();
    }

    /**
     * What an earlier process added stays until the next change, or {@link #settle}.
     *
     * @param sysctls {@link #SYSCTLS}
     * @param record the file for what was added
     */
    public ClientPorts(Path sysctls, Path record) {
        this.sysctls = sysctls;
        this.record = record;
    }

    /** {@return how many ports clients would have left with this range taken from them} */
    public int leftWithout(int first, int last) {
        BitSet taken = wanted();
        taken.set(first, last + 1);
        taken.or(theirs(recorded()));
        BitSet range = range(sysctls);
        range.andNot(taken);
        return range.cardinality();
    }

    /**
     * Takes a range from clients. Those that have one of its ports already keep it.
     *
     * @throws DeviceException when the setting cannot be changed
     */
    public Kept keep(int first, int last) {
        add(first, last, 1);
        try {
            apply();
        } catch (DeviceException e) {
            add(first, last, -1);
            throw e;
        }
        return () -> {
            add(first, last, -1);
            apply();
        };
    }

    /** What an earlier process added, and this one has not kept by now, is given back. */
    public void settle() {
        if (Files.exists(record)) {
            apply();
        }
    }

    private void add(int first, int last, int change) {
        for (int port = first; port <= last; port++) {
            holders[port] += (short) change;
        }
    }

    /** Takes back what was added by whatever process, as far as it is in the record. */
    public static void restore(Path sysctls, Path record) {
        if (Files.exists(record)) {
            new ClientPorts(sysctls, record).apply();
            try {
                Files.deleteIfExists(record);
            } catch (IOException e) {
                throw new DeviceException("cannot remove " + record, e);
            }
        }
    }

    private void apply() {
        BitSet before = recorded();
        BitSet theirs = theirs(before);
        BitSet added = wanted();
        added.and(range(sysctls));
        added.andNot(theirs);
        if (added.equals(before)) {
            return;
        }
        BitSet both = (BitSet) added.clone();
        both.or(before);
        BitSet all = (BitSet) theirs.clone();
        all.or(added);
        try {
            // A process that dies in between has written down too much rather than too little.
            write(both);
            Sysctl.write(reserved(), words(all) + "\n");
            write(added);
        } catch (IOException e) {
            throw new DeviceException("cannot set net.ipv4.ip_local_reserved_ports", e);
        }
    }

    private BitSet wanted() {
        BitSet wanted = new BitSet(PORTS);
        for (int port = 0; port < PORTS; port++) {
            if (holders[port] > 0) {
                wanted.set(port);
            }
        }
        return wanted;
    }

    /** {@return what is reserved and is not ours} */
    private BitSet theirs(BitSet ours) {
        BitSet theirs = read(reserved());
        theirs.andNot(ours);
        return theirs;
    }

    /**
     * {@return the ports of {@code ip_local_port_range}}
     *
     * @param sysctls where the kernel has its settings
     * @throws DeviceException when it cannot be read
     */
    public static BitSet range(Path sysctls) {
        Path setting = sysctls.resolve("ip_local_port_range");
        try {
            String[] words = Sysctl.read(setting).split("\\s+", -1);
            BitSet range = new BitSet(PORTS);
            range.set(Integer.parseInt(words[0]), Integer.parseInt(words[1]) + 1);
            return range;
        } catch (IOException | RuntimeException e) {
            throw new DeviceException("cannot read " + setting, e);
        }
    }

    private BitSet recorded() {
        return Files.exists(record) ? read(record) : new BitSet(PORTS);
    }

    private Path reserved() {
        return sysctls.resolve("ip_local_reserved_ports");
    }

    private static BitSet read(Path file) {
        try {
            return ports(Sysctl.read(file));
        } catch (NoSuchFileException none) {
            return new BitSet(PORTS);
        } catch (IOException | RuntimeException e) {
            throw new DeviceException("cannot read the ports in " + file, e);
        }
    }

    private void write(BitSet added) throws IOException {
        Path next = record.resolveSibling(record.getFileName() + ".new");
        Files.writeString(next, words(added) + "\n");
        Files.move(next, record, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
    }

    /**
     * {@return the ports that a text names as the kernel writes them, {@code 80,8000-8010}}
     *
     * @throws IllegalArgumentException when it is not such a text
     */
    public static BitSet ports(String text) {
        BitSet ports = new BitSet(PORTS);
        for (String part : text.strip().split(",", -1)) {
            if (!part.isEmpty()) {
                int dash = part.indexOf('-');
                int first = Integer.parseInt(dash < 0 ? part : part.substring(0, dash));
                int last = dash < 0 ? first : Integer.parseInt(part.substring(dash + 1));
                if (first < 0 || last < first || last >= PORTS) {
                    throw new IllegalArgumentException("no range of ports: " + part);
                }
                ports.set(first, last + 1);
            }
        }
        return ports;
    }

    private static String words(BitSet ports) {
        StringJoiner words = new StringJoiner(",");
        int first = ports.nextSetBit(0);
        while (first >= 0) {
            int end = ports.nextClearBit(first);
            words.add(end == first + 1 ? String.valueOf(first) : first + "-" + (end - 1));
            first = ports.nextSetBit(end);
        }
        return words.toString();
    }
}
