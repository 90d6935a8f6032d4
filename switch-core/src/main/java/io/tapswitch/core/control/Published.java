package io.tapswitch.core.control;

import io.tapswitch.core.control.PublishedPorts.ActivePort;
import io.tapswitch.core.model.PortProtocol;
import io.tapswitch.nat.NatVersion.OutsideAddress;
import io.tapswitch.tapio.PortMarks;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Marks of published ports, by which their packets come. They are compared with what is served; only what differs is
 * touched, so a publication that stays notices nothing of another that comes or goes (P8, P9). A part of {@link
 * OutsideWiring}, under the same lock.
 */
final class Published {
    private final int workers;
    private Set<Mark> marked = Set.of();
    private Set<Mark> planned = Set.of();
    private Map<Integer, PortMarks> marks = Map.of();

    /** Ports of one address that are a worker's; the object tells an address from a later one of the same slot. */
    private record Mark(PortMarks of, int protocol, int first, int last, int worker) {}

    Published(int workers) {
        this.workers = workers;
    }

    /** Finds out which marks the version needs. */
    void plan(List<ActivePort> served, List<OutsideAddress> addresses, Map<Integer, PortMarks> marksOfSlots) {
        marks = marksOfSlots;
        Set<Mark> wanted = new HashSet<>();
        for (ActivePort port : served) {
            for (OutsideAddress address : addresses) {
                PortMarks of = marks.get(address.slot());
                boolean isOn = port.outside() == null
                        ? address.address().isIpv6() == port.inside().isIpv6()
                        : address.address().equals(port.outside());
                if (isOn && of != null) {
                    int worker = port.endpoint() % workers;
                    wanted.add(
                            new Mark(of, protocol(port.protocol()), port.firstHostPort(), port.lastHostPort(), worker));
                }
            }
        }
        planned = wanted;
    }

    private static int protocol(PortProtocol protocol) {
        return switch (protocol) {
            case TCP -> PortMarks.TCP;
            case UDP -> PortMarks.UDP;
            case SCTP -> PortMarks.SCTP;
        };
    }

    /** Gives ports back that are not published any more, before their rules go. */
    void unmark() {
        for (Mark mark : marked) {
            if (!planned.contains(mark) && marks.containsValue(mark.of())) {
                for (int port = mark.first(); port <= mark.last(); port++) {
                    mark.of().clear(mark.protocol(), port);
                }
            }
        }
    }

    /** Takes ports that are published now, when their rules are in force. */
    void mark() {
        for (Mark mark : planned) {
            if (!marked.contains(mark)) {
                mark.of().mark(mark.protocol(), mark.first(), mark.last(), mark.worker());
            }
        }
        marked = planned;
    }
}
