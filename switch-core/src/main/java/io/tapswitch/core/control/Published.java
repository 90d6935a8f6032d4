package io.tapswitch.core.control;

import io.tapswitch.core.control.PublishedPorts.ActivePort;
import io.tapswitch.nat.Middle;
import io.tapswitch.nat.NatVersion.OutsideAddress;
import io.tapswitch.tapio.PortMarks;
import io.tapswitch.wire.IpAddress;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collections;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Marks of published ports, by which their packets come. They are compared with what is served; only what differs is
 * touched, so a publication that stays notices nothing of another that comes or goes (P8, P9). A part of {@link
 * OutsideWiring}, under the same lock.
 */
final class Published {
    /** TCP, UDP and SCTP, with ICMP between. */
    private static final int PROTOCOLS = PortMarks.SCTP + 1;

    private final int workers;
    /** What packets come for: changed where marks are. */
    private List<ActivePort> marked = List.of();
    /** Addresses on which that is so. */
    private final Set<PortMarks> reached = Collections.newSetFromMap(new IdentityHashMap<>());

    private List<ActivePort> planned = List.of();
    /** The ports of what is planned, by protocol and by address as it is named. */
    private final List<Map<Named, BitSet>> ours = new ArrayList<>();

    private Map<IpAddress, PortMarks> marks = Map.of();

    /**
     * Where ports are published.
     *
     * @param address of the host, null for all of the family
     */
    private record Named(@Nullable IpAddress address, boolean ipv6) {
        static Named of(ActivePort port) {
            return new Named(port.outside(), port.inside().isIpv6());
        }

        boolean isOn(IpAddress candidate) {
            return address == null ? candidate.isIpv6() == ipv6 : address.equals(candidate);
        }
    }

    Published(int workers) {
        this.workers = workers;
        for (int protocol = 0; protocol < PROTOCOLS; protocol++) {
            ours.add(new HashMap<>());
        }
    }

    /** {@return whether what a socket holds is what we publish, so that the socket is our own} */
    boolean has(OutsideKernel.HostSocket socket) {
        // Asked of each of ten thousand sockets that hold ten thousand ports.
        Map<Named, BitSet> named = ours.get(PortMarks.kind(socket.protocol()));
        return has(named, new Named(socket.address(), false), socket.port())
                || has(named, new Named(socket.address(), true), socket.port());
    }

    private static boolean has(Map<Named, BitSet> named, Named on, int port) {
        BitSet ports = named.get(on);
        return ports != null && ports.get(port);
    }

    /** Finds out which marks the version needs. */
    void plan(List<ActivePort> served, List<OutsideAddress> addresses, Map<Integer, PortMarks> marksOfSlots) {
        Map<IpAddress, PortMarks> now = new HashMap<>();
        for (OutsideAddress address : addresses) {
            PortMarks of = marksOfSlots.get(address.slot());
            if (of != null) {
                now.put(address.address(), of);
            }
        }
        marks = now;
        Middle middle = Middle.of(planned, served);
        for (ActivePort port : middle.before(planned)) {
            BitSet ports = ours.get(kind(port)).get(Named.of(port));
            if (ports != null) {
                ports.clear(port.firstHostPort(), port.lastHostPort() + 1);
            }
        }
        for (ActivePort port : middle.next(served)) {
            ours.get(kind(port))
                    .computeIfAbsent(Named.of(port), named -> new BitSet())
                    .set(port.firstHostPort(), port.lastHostPort() + 1);
        }
        planned = served;
    }

    private static int kind(ActivePort port) {
        return PortMarks.kind(port.protocol().number());
    }

    /**
     * Gives ports back that are not published any more, before their rules go. A port that stays published, be it by
     * another rule or for another worker, keeps its mark meanwhile: nobody else shall answer its packets.
     */
    void unmark() {
        Middle middle = Middle.of(marked, planned);
        List<ActivePort> going = middle.before(marked);
        if (!going.isEmpty()) {
            marks.forEach((address, of) -> unmark(going, address, of));
            // What stays published is marked again, which changes nothing.
            List<ActivePort> left = new ArrayList<>(marked.subList(0, middle.from()));
            left.addAll(marked.subList(middle.beforeEnd(), marked.size()));
            marked = left;
        }
    }

    private void unmark(List<ActivePort> going, IpAddress address, PortMarks of) {
        @Nullable BitSet[] staying = new BitSet[PROTOCOLS];
        for (ActivePort port : going) {
            if (Named.of(port).isOn(address)) {
                int protocol = kind(port);
                BitSet kept = staying[protocol];
                if (kept == null) {
                    kept = ports(address, protocol);
                    staying[protocol] = kept;
                }
                int next = kept.nextClearBit(port.firstHostPort());
                while (next <= port.lastHostPort()) {
                    of.clear(protocol, next);
                    next = kept.nextClearBit(next + 1);
                }
            }
        }
    }

    private BitSet ports(IpAddress address, int protocol) {
        BitSet ports = new BitSet();
        ours.get(protocol).forEach((named, of) -> {
            if (named.isOn(address)) {
                ports.or(of);
            }
        });
        return ports;
    }

    /** Takes ports that are published now, when their rules are in force; on an address that is new, all of them. */
    void mark() {
        List<ActivePort> coming = Middle.of(marked, planned).next(planned);
        marks.forEach((address, of) -> {
            for (ActivePort port : reached.contains(of) ? coming : planned) {
                if (Named.of(port).isOn(address)) {
                    of.mark(kind(port), port.firstHostPort(), port.lastHostPort(), port.endpoint() % workers);
                }
            }
        });
        marked = planned;
        reached.clear();
        reached.addAll(marks.values());
    }
}
