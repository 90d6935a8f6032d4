package io.tapswitch.core.control;

import io.tapswitch.core.model.Refusal;
import io.tapswitch.nat.DnatRule;
import io.tapswitch.nat.NatVersion.OutsideAddress;
import io.tapswitch.wire.IpAddress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which number stands for which of the host's addresses in the flow tables.
 *
 * <p>Flows outlive the daemon, so the numbers must too: they are kept in a file of the run directory, beside the flows
 * and for as long. An address that the host has lost keeps its number until another needs it, so that one that comes
 * back (a cable that was pulled) finds its flows; the table drops the flows of a number that means something else now.
 *
 * <p>There are {@value DnatRule#SLOTS}; what comes later than these has none, is not masqueraded with and has no
 * published ports. Under the controller's lock.
 */
final class OutsideSlots {
    private static final Logger LOG = LoggerFactory.getLogger(OutsideSlots.class);

    private final Path file;
    private final Map<Integer, IpAddress> known = new TreeMap<>();
    private List<IpAddress> without = List.of();

    /** {@return where a daemon with this run directory keeps the numbers} */
    static Path in(Path runDirectory) {
        return runDirectory.resolve("slots");
    }

    /** Forgets the numbers; no process may use them. */
    static void remove(Path runDirectory) {
        try {
            Files.deleteIfExists(in(runDirectory));
        } catch (IOException e) {
            throw Refusal.failed("cannot remove " + in(runDirectory), e);
        }
    }

    /** Reads what an earlier daemon kept; what cannot be read is begun anew. */
    OutsideSlots(Path file) {
        this.file = file;
        if (!Files.exists(file)) {
            return;
        }
        try {
            for (String line : Files.readAllLines(file)) {
                String[] parts = line.split(" ", -1);
                known.put(Integer.parseInt(parts[0]), IpAddress.parse(parts[1]));
            }
        } catch (IOException | RuntimeException e) {
            LOG.warn("{} cannot be read, flows of the last daemon may end: {}", file, e.getMessage());
            known.clear();
        }
    }

    /**
     * {@return the addresses with their numbers}
     *
     * @param own of the host, which come first
     * @param gateways of the networks: their numbers go to the host's addresses when there are no others
     */
    List<OutsideAddress> assign(Collection<IpAddress> own, Collection<IpAddress> gateways) {
        Set<IpAddress> addresses = new LinkedHashSet<>(own);
        addresses.addAll(gateways);
        Map<Integer, IpAddress> before = Map.copyOf(known);
        Map<IpAddress, Integer> numbers = new java.util.HashMap<>();
        known.forEach((slot, address) -> numbers.put(address, slot));
        List<OutsideAddress> assigned = new ArrayList<>();
        List<IpAddress> left = new ArrayList<>();
        for (IpAddress address : addresses) {
            boolean isOwn = own.contains(address);
            Integer slot = numbers.get(address);
            if (slot == null) {
                slot = free(addresses);
                if (slot < 0 && isOwn) {
                    slot = free(new HashSet<>(own));
                    numbers.remove(known.get(slot));
                }
                if (slot < 0) {
                    left.add(address);
                    continue;
                }
                known.put(slot, address);
                numbers.put(address, slot);
            }
            assigned.add(new OutsideAddress(slot, address));
        }
        without = List.copyOf(left);
        if (!before.equals(known)) {
            save();
        }
        return assigned;
    }

    /** {@return a number that nobody ever had, else that of an address that is gone, else -1} */
    private int free(Set<IpAddress> wanted) {
        for (int slot = 0; slot < DnatRule.SLOTS; slot++) {
            if (!known.containsKey(slot)) {
                return slot;
            }
        }
        return known.entrySet().stream()
                .filter(entry -> !wanted.contains(entry.getValue()))
                .map(Map.Entry::getKey)
                .findFirst()
                .orElse(-1);
    }

    private void save() {
        String text = known.entrySet().stream()
                .map(entry -> entry.getKey() + " " + entry.getValue() + "\n")
                .collect(Collectors.joining());
        Path next = file.resolveSibling(file.getFileName() + ".new");
        try {
            Files.writeString(next, text);
            Files.move(next, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            LOG.warn("{} cannot be written, flows may not outlive this daemon: {}", file, e.getMessage());
        }
    }

    /** {@return addresses for which there was no number} */
    List<IpAddress> without() {
        return without;
    }
}
