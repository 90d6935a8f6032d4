package io.tapswitch.core.control;

import io.tapswitch.core.control.PublishedPorts.ActivePort;
import io.tapswitch.core.model.DesiredState;
import io.tapswitch.core.model.PortProtocol;
import io.tapswitch.core.model.Publication;
import io.tapswitch.core.model.Refusal;
import io.tapswitch.nat.NatVersion.OutsideAddress;
import io.tapswitch.tapio.PortMarks;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What published ports need of the kernel: sockets that hold them, so that nobody else gets them, and marks, by which
 * their packets come. Both are compared with what the state says; only what differs is touched, so a publication that
 * stays notices nothing of another that comes or goes (P8, P9). A part of {@link OutsideWiring}, under the same lock.
 */
final class Published {
    private static final Logger LOG = LoggerFactory.getLogger(Published.class);

    private final OutsideKernel kernel;
    private final int workers;
    private final Map<Integer, OutsideKernel.Held> held = new HashMap<>();
    private final Map<Integer, Publication> refusedOf = new HashMap<>();
    private final Map<Integer, String> refused = new LinkedHashMap<>();
    private Set<Integer> active = Set.of();
    private Set<Mark> marked = Set.of();
    private Set<Mark> planned = Set.of();
    private Map<Integer, PortMarks> marks = Map.of();

    /** Ports of one address that are a worker's; the object tells an address from a later one of the same slot. */
    private record Mark(PortMarks of, int protocol, int first, int last, int worker) {}

    Published(OutsideKernel kernel, int workers) {
        this.kernel = kernel;
        this.workers = workers;
    }

    /** Holds the ports of what comes into force; refuses what a person has just asked for and cannot have. */
    void require(DesiredState before, DesiredState next) {
        Set<Integer> old = new HashSet<>();
        before.publications().forEach(publication -> old.add(publication.id()));
        for (ActivePort port : PublishedPorts.active(next)) {
            Publication publication = port.publication();
            if (!held.containsKey(publication.id())
                    && (!publication.isOfFile() || !old.contains(publication.id()))) {
                reserve(publication);
            }
        }
    }

    /**
     * Holds a publication's ports, before it is in a state.
     *
     * @throws Refusal when somebody has one of them
     */
    void reserve(Publication publication) {
        if (!held.containsKey(publication.id())) {
            held.put(
                    publication.id(),
                    kernel.hold(
                            publication.address(),
                            publication.protocol().number(),
                            publication.firstHostPort(),
                            publication.lastHostPort()));
            refused.remove(publication.id());
        }
    }

    /** Lets a publication's ports go that came into no state. */
    void release(Publication publication) {
        OutsideKernel.Held sockets = active.contains(publication.id()) ? null : held.remove(publication.id());
        if (sockets != null) {
            sockets.close();
        }
    }

    /** Holds what is in force and not held yet; what cannot be held is left out until it can. */
    void hold(DesiredState next) {
        Set<Integer> now = new HashSet<>();
        for (ActivePort port : PublishedPorts.active(next)) {
            Publication publication = port.publication();
            if (!now.add(publication.id()) || held.containsKey(publication.id())) {
                continue;
            }
            try {
                reserve(publication);
            } catch (Refusal e) {
                refusedOf.put(publication.id(), publication);
                if (!e.sentence().equals(refused.put(publication.id(), e.sentence()))) {
                    LOG.warn("a published port is not in force: {}", e.sentence());
                }
            }
        }
        refused.keySet().retainAll(now);
        refusedOf.keySet().retainAll(refused.keySet());
        active = now;
    }

    /** Finds out which marks the version needs. */
    void plan(DesiredState next, List<OutsideAddress> addresses, Map<Integer, PortMarks> marksOfSlots) {
        marks = marksOfSlots;
        Set<Mark> wanted = new HashSet<>();
        for (ActivePort port : PublishedPorts.active(next)) {
            if (refused.containsKey(port.rule())) {
                continue;
            }
            for (OutsideAddress address : addresses) {
                PortMarks of = marks.get(address.slot());
                boolean isOn = port.outside() == null
                        ? address.address().isIpv6() == port.inside().isIpv6()
                        : address.address().equals(port.outside());
                if (isOn && of != null) {
                    int worker = port.endpoint() % workers;
                    wanted.add(new Mark(
                            of, protocol(port.protocol()), port.firstHostPort(), port.lastHostPort(), worker));
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

    /** Takes ports that are published now, when their rules are in force; lets go of those that are not any more. */
    void mark() {
        for (Mark mark : planned) {
            if (!marked.contains(mark)) {
                mark.of().mark(mark.protocol(), mark.first(), mark.last(), mark.worker());
            }
        }
        marked = planned;
        List<Integer> over = new ArrayList<>(held.keySet());
        over.removeAll(active);
        over.forEach(id -> {
            OutsideKernel.Held sockets = held.remove(id);
            if (sockets != null) {
                sockets.close();
            }
        });
    }

    /** {@return why publications are not in force, by id} */
    Map<Integer, String> refused() {
        return refused;
    }

    /** {@return what a person should know about these} */
    List<String> warnings() {
        List<String> warnings = new ArrayList<>();
        refused.forEach((id, why) -> {
            Publication publication = refusedOf.get(id);
            warnings.add((publication == null ? "a published port" : publication.container() + " port "
                            + publication.firstContainerPort() + "/"
                            + publication.protocol().word())
                    + " is not published: " + why);
        });
        return warnings;
    }

    /** {@return why a publication is not in force, null when nothing is in its way} */
    @Nullable
    String refusal(int id) {
        return refused.get(id);
    }

    /** Lets all ports go. */
    void close() {
        held.values().forEach(OutsideKernel.Held::close);
        held.clear();
    }
}
