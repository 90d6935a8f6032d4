package io.tapswitch.core.control;

import io.tapswitch.core.control.PublishedPorts.ActivePort;
import io.tapswitch.nat.NatVersion.OutsideAddress;
import io.tapswitch.tapio.PortMarks;
import io.tapswitch.wire.IpAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
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
    private final Set<Rule> marked = new HashSet<>();
    /** Addresses on which that is so. */
    private final Set<PortMarks> reached = Collections.newSetFromMap(new IdentityHashMap<>());

    /** Ports that are published on some address, by protocol. */
    private final BitSet[] ours = new BitSet[PROTOCOLS];

    private Set<Rule> planned = Set.of();
    private Map<IpAddress, PortMarks> marks = Map.of();

    /**
     * Ports that are a worker's.
     *
     * @param address of the host, null for all of the family
     */
    private record Rule(@Nullable IpAddress address, boolean ipv6, int protocol, int first, int last, int worker) {
        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof Rule that
                    && first == that.first
                    && last == that.last
                    && protocol == that.protocol
                    && ipv6 == that.ipv6
                    && worker == that.worker
                    && Objects.equals(address, that.address);
        }

        /** Thousands differ by their port alone, which would leave most of a hash's low bits alike. */
        @Override
        public int hashCode() {
            int ports = first * 0x9E37_79B1 + last * 0x85EB_CA77;
            return (ports ^ ports >>> 15) + 31 * Objects.hashCode(address) + protocol * 4 + (ipv6 ? 2 : 0) + worker;
        }

        boolean isOn(IpAddress candidate) {
            return address == null ? candidate.isIpv6() == ipv6 : address.equals(candidate);
        }
    }

    Published(int workers) {
        this.workers = workers;
        Arrays.setAll(ours, protocol -> new BitSet());
    }

    /** {@return whether what a socket holds is what we publish, so that the socket is our own} */
    boolean has(OutsideKernel.HostSocket socket) {
        int protocol = PortMarks.kind(socket.protocol());
        return ours[protocol].get(socket.port())
                && planned.stream()
                        .anyMatch(rule -> rule.protocol() == protocol
                                && rule.first() <= socket.port()
                                && rule.last() >= socket.port()
                                && Objects.equals(rule.address(), socket.address()));
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
        Set<Rule> wanted = new HashSet<>();
        for (ActivePort port : served) {
            wanted.add(new Rule(
                    port.outside(),
                    port.inside().isIpv6(),
                    PortMarks.kind(port.protocol().number()),
                    port.firstHostPort(),
                    port.lastHostPort(),
                    port.endpoint() % workers));
        }
        planned = wanted;
        for (int protocol = 0; protocol < PROTOCOLS; protocol++) {
            ours[protocol].clear();
        }
        wanted.forEach(rule -> ours[rule.protocol()].set(rule.first(), rule.last() + 1));
    }

    /**
     * Gives ports back that are not published any more, before their rules go. A port that stays published, be it by
     * another rule or for another worker, keeps its mark meanwhile: nobody else shall answer its packets.
     */
    void unmark() {
        List<Rule> going = without(marked, planned);
        if (!going.isEmpty()) {
            marks.forEach((address, of) -> unmark(going, address, of));
            going.forEach(marked::remove);
        }
    }

    private static List<Rule> without(Set<Rule> rules, Set<Rule> others) {
        List<Rule> left = new ArrayList<>();
        for (Rule rule : rules) {
            if (!others.contains(rule)) {
                left.add(rule);
            }
        }
        return left;
    }

    private void unmark(List<Rule> going, IpAddress address, PortMarks of) {
        BitSet[] staying = new BitSet[PROTOCOLS];
        for (Rule rule : going) {
            if (rule.isOn(address)) {
                BitSet kept = staying[rule.protocol()];
                if (kept == null) {
                    kept = ports(address, rule.protocol());
                    staying[rule.protocol()] = kept;
                }
                int port = kept.nextClearBit(rule.first());
                while (port <= rule.last()) {
                    of.clear(rule.protocol(), port);
                    port = kept.nextClearBit(port + 1);
                }
            }
        }
    }

    private BitSet ports(IpAddress address, int protocol) {
        BitSet ports = new BitSet();
        for (Rule rule : planned) {
            if (rule.protocol() == protocol && rule.isOn(address)) {
                ports.set(rule.first(), rule.last() + 1);
            }
        }
        return ports;
    }

    /** Takes ports that are published now, when their rules are in force; on an address that is new, all of them. */
    void mark() {
        List<Rule> coming = without(planned, marked);
        marks.forEach((address, of) -> {
            for (Rule rule : reached.contains(of) ? coming : planned) {
                if (rule.isOn(address)) {
                    of.mark(rule.protocol(), rule.first(), rule.last(), rule.worker());
                }
            }
        });
        marked.addAll(coming);
        reached.clear();
        reached.addAll(marks.values());
    }
}
