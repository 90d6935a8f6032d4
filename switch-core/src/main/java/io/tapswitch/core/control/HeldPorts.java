package io.tapswitch.core.control;

import io.tapswitch.core.model.Container;
import io.tapswitch.core.model.DesiredState;
import io.tapswitch.core.model.Origin;
import io.tapswitch.core.model.PortProtocol;
import io.tapswitch.core.model.PortSpec;
import io.tapswitch.core.model.Publication;
import io.tapswitch.core.model.Refusal;
import io.tapswitch.wire.IpAddress;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Theory of operation: which of the host's ports are spoken for, and which one comes next (P2, P3).
 *
 * <p>Two publications collide when they have a protocol, a family, a port and an address in common; an address of which
 * there may be many ({@code 0.0.0.0}, {@code ::}) has all of its family in common with any other. Ranges are kept as
 * ranges:
 *
 * <pre>
 *   (protocol, family, address or any)  ->  first port -> publication      ranges of one tree never overlap
 *
 *   an exact address collides in two trees: its own, and that of any
 *   any collides in all trees of its family: one for each address that somebody named
 * </pre>
 *
 * <p>So a question costs a look into a few trees, whatever the sizes of the ranges, and 10 000 publications are
 * entered in some milliseconds. Made anew for each change; belongs to who made it.
 */
final class HeldPorts {
    private final Map<Family, Map<IpAddress, NavigableMap<Integer, Publication>>> exact = new HashMap<>();
    private final Map<Family, NavigableMap<Integer, Publication>> any = new HashMap<>();

    /** What can collide at all. */
    private record Family(PortProtocol protocol, boolean ipv6) {}

    /** Enters a publication; one whose port is not chosen yet holds nothing. */
    void add(Publication publication) {
        if (publication.firstHostPort() == 0) {
            return;
        }
        for (boolean ipv6 : new boolean[] {false, true}) {
            if (publication.isOn(ipv6)) {
                Family family = new Family(publication.protocol(), ipv6);
                tree(family, publication.address()).put(publication.firstHostPort(), publication);
            }
        }
    }

    private NavigableMap<Integer, Publication> tree(Family family, @Nullable IpAddress address) {
        return address == null || PublishedPorts.isAny(address)
                ? any.computeIfAbsent(family, key -> new TreeMap<>())
                : exact.computeIfAbsent(family, key -> new HashMap<>())
                        .computeIfAbsent(address, key -> new TreeMap<>());
    }

    /** {@return a publication that has one of the ports that what is asked for would have at {@code first}, or null} */
    @Nullable
    Publication holder(PortSpec asked, int first) {
        int last = first + asked.count() - 1;
        IpAddress address = asked.address();
        for (boolean ipv6 : new boolean[] {false, true}) {
            if (address == null || address.isIpv6() == ipv6) {
                Publication holder = holder(new Family(asked.protocol(), ipv6), address, first, last);
                if (holder != null) {
                    return holder;
                }
            }
        }
        return null;
    }

    private @Nullable Publication holder(Family family, @Nullable IpAddress address, int first, int last) {
        Publication holder = within(any.get(family), first, last);
        Map<IpAddress, NavigableMap<Integer, Publication>> named = exact.getOrDefault(family, Map.of());
        if (holder == null && address != null && !PublishedPorts.isAny(address)) {
            return within(named.get(address), first, last);
        }
        for (NavigableMap<Integer, Publication> tree : named.values()) {
            holder = holder == null ? within(tree, first, last) : holder;
        }
        return holder;
    }

    private static @Nullable Publication within(
            @Nullable NavigableMap<Integer, Publication> tree, int first, int last) {
        Map.Entry<Integer, Publication> below = tree == null ? null : tree.floorEntry(last);
        return below == null || below.getValue().lastHostPort() < first ? null : below.getValue();
    }

    /** Refuses ports that somebody has, in docker's words, and says who. */
    void refuseHeld(PortSpec asked, int first, DesiredState state) {
        Publication holder = holder(asked, first);
        if (holder != null) {
            String sentence = sentence(asked, Math.max(first, holder.firstHostPort()));
            throw Refusal.conflict("port_allocated", sentence + " to " + owner(state, holder));
        }
    }

    private static String owner(DesiredState state, Publication holder) {
        if (holder.origin() instanceof Origin.File origin) {
            return "container " + holder.container() + ", in " + origin.file() + ":" + origin.line();
        }
        Container container = state.containersById().get(holder.container());
        return "container " + (container == null ? holder.container() : container.name()) + ", as " + holder.asked();
    }

    /** {@return docker's sentence about a port that somebody has} */
    static String sentence(PortSpec asked, int port) {
        IpAddress address = asked.address();
        return "Bind for " + (address == null ? "0.0.0.0" : PortSpec.bracketed(address)) + ":" + port
                + " failed: port is already allocated";
    }

    /**
     * Chooses the port of what a person left open.
     *
     * @param asked random, or a pool, of which the first free one is taken
     * @param range where random ports come from
     * @param after the port that was chosen last; the search goes on behind it and begins again at the end
     * @param busy ports that a process of the host was found to have
     * @return the first port
     */
    int choose(PortSpec asked, EphemeralPorts range, int after, BitSet busy) {
        int port;
        if (asked.isPool()) {
            port = search(asked, asked.firstHostPort(), asked.lastHostPort(), List.of(busy));
        } else {
            List<BitSet> never = List.of(busy, range.reserved());
            int start = after >= range.first() && after < range.last() ? after + 1 : range.first();
            port = search(asked, start, range.last(), never);
            port = port == 0 ? search(asked, range.first(), range.last(), never) : port;
        }
        if (port == 0) {
            throw Refusal.conflict("host_ports_exhausted", "all ports are allocated");
        }
        return port;
    }

    /** {@return the first port from which on as many as are asked for are free, 0 when there is none} */
    private int search(PortSpec asked, int from, int to, List<BitSet> never) {
        int port = from;
        while (port + asked.count() - 1 <= to) {
            int next = port;
            for (BitSet set : never) {
                int first = set.nextSetBit(port);
                next = first >= 0 && first < port + asked.count() ? Math.max(next, first + 1) : next;
            }
            Publication holder = holder(asked, port);
            next = holder == null ? next : Math.max(next, holder.lastHostPort() + 1);
            if (next == port) {
                return port;
            }
            port = next;
        }
        return 0;
    }
}
