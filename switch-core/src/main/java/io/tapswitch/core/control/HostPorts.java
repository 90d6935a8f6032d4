package io.tapswitch.core.control;

import io.tapswitch.core.control.PublishedPorts.ActivePort;
import io.tapswitch.core.model.DesiredState;
import io.tapswitch.core.model.Publication;
import io.tapswitch.core.model.Refusal;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Theory of operation: the host's ports follow the publications in force.
 *
 * <pre>
 *   next state --> who comes into force?  --> a port for those that have none, or whose port is another's by now
 *                                         --> reserved at the kernel; busy: another port, ten tries at most (P3)
 *   committed  --> who is not any more?   --> released, after the dataplane has let go
 * </pre>
 *
 * <p>A port is held while its publication is in force, and for the file's entries as long as the file has them: what it
 * declares is not to be had by a command while a container is away. A publication whose container stops keeps its
 * number, and gets it back if it is free; one that left the port open gets another otherwise, and an exact one is
 * refused, as docker does it (A-PORT-19).
 *
 * <p>At a start a process of the host may have a port that was published before: that publication is not served, a
 * warning says so, and every change tries it again: none is refused because of it, and its number stays its own. All
 * calls come under the lock of {@link Desired}; {@link #served} and {@link #warnings} are for anybody.
 */
final class HostPorts {
    private static final Logger LOG = LoggerFactory.getLogger(HostPorts.class);
    private static final int TRIES = 10;

    private final PortKeeper keeper;
    private final Supplier<EphemeralPorts> range;
    /** Reserved at the kernel, by rule. */
    private final Map<Integer, Publication> reserved = new HashMap<>();
    /** In force but for the kernel: why not, by rule. */
    private volatile Map<Integer, String> unserved = Map.of();

    private int lastChosen;

    HostPorts(PortKeeper keeper, Supplier<EphemeralPorts> range) {
        this.keeper = keeper;
        this.range = range;
    }

    /** Refuses when nothing can be published at all. */
    void ready() {
        keeper.ready();
    }

    /** {@return the publications in force whose ports are ours} */
    List<ActivePort> served(DesiredState state) {
        Map<Integer, String> without = unserved;
        List<ActivePort> active = PublishedPorts.active(state);
        if (without.isEmpty()) {
            return active;
        }
        return active.stream().filter(port -> !without.containsKey(port.rule())).toList();
    }

    /** {@return whether something is in force but not served, so that another try may be worth while} */
    boolean hasUnserved() {
        return !unserved.isEmpty();
    }

    /** Reserves what was published when the last daemon ended; what cannot be had is not served. */
    void adopt(DesiredState state) {
        Map<Integer, String> without = new HashMap<>();
        for (Publication publication : inForce(state).values()) {
            if (!isReserved(publication)) {
                try {
                    keeper.reserve(publication);
                    reserved.put(publication.id(), publication);
                } catch (Refusal e) {
                    without.put(
                            publication.id(), publication.asked() + " is published but not served: " + e.sentence());
                    LOG.warn("port {} is published but not served: {}", publication.asked(), e.sentence());
                }
            }
        }
        unserved = Map.copyOf(without);
    }

    /**
     * Finds and reserves the ports of who comes into force.
     *
     * @param next the state that shall be
     * @param undo gives back what was reserved
     * @return that state, with the ports chosen
     */
    DesiredState secured(DesiredState next, Undo undo) {
        if (next.publications().isEmpty()) {
            return next;
        }
        Map<Integer, Publication> active = inForce(next);
        List<Publication> coming = new ArrayList<>();
        HeldPorts held = new HeldPorts();
        for (Publication publication : next.publications()) {
            boolean isActive = active.containsKey(publication.id());
            boolean isComing = isActive && !isReserved(publication);
            if (isComing) {
                coming.add(publication);
            }
            if (isComing ? isUnserved(publication) : isActive || publication.isOfFile()) {
                held.add(publication);
            }
        }
        if (coming.isEmpty()) {
            return next;
        }
        makeRoom(active, coming, undo);
        // Those that leave the port open go round those that do not.
        for (Publication publication : coming) {
            if (!publication.asked().isDynamic()) {
                secureExact(publication, held, next, undo);
            }
        }
        Map<Integer, Publication> chosen = secureDynamic(coming, held, undo);
        return chosen.isEmpty()
                ? next
                : next.renumbered(next.publications().stream()
                        .map(publication -> chosen.getOrDefault(publication.id(), publication))
                        .toList());
    }

    /**
     * Who goes in this very change gives its ports back early, if they are wanted again: as when a file leads a port to
     * another container. Until the dataplane has let go the packets are still the switch's.
     */
    private void makeRoom(Map<Integer, Publication> active, List<Publication> coming, Undo undo) {
        HeldPorts wanted = new HeldPorts();
        coming.forEach(wanted::add);
        for (Publication going : going(active)) {
            if (wanted.holder(going.asked(), going.firstHostPort()) != null) {
                release(going);
                undo.add(() -> take(going));
            }
        }
    }

    private void secureExact(Publication publication, HeldPorts held, DesiredState next, Undo undo) {
        if (isUnserved(publication)) {
            tryAgain(() -> reserve(publication, undo));
            return;
        }
        held.refuseHeld(publication.asked(), publication.firstHostPort(), next);
        reserve(publication, undo);
        held.add(publication);
    }

    /** {@return the publications that got another number than they had, by rule} */
    private Map<Integer, Publication> secureDynamic(List<Publication> coming, HeldPorts held, Undo undo) {
        List<Publication> open = coming.stream()
                .filter(publication -> publication.asked().isDynamic())
                .toList();
        Map<Integer, Publication> chosen = new HashMap<>();
        if (!open.isEmpty()) {
            EphemeralPorts from = range.get();
            for (Publication publication : open) {
                Runnable secure = () -> chosen.put(publication.id(), secureDynamic(publication, from, held, undo));
                if (isUnserved(publication)) {
                    tryAgain(secure);
                } else {
                    secure.run();
                }
            }
        }
        return chosen;
    }

    /** What was not served before a change is none of its business: it may go on so. */
    private static void tryAgain(Runnable secure) {
        try {
            secure.run();
        } catch (Refusal e) {
            LOG.debug("still published but not served: {}", e.sentence());
        }
    }

    private Publication secureDynamic(Publication publication, EphemeralPorts from, HeldPorts held, Undo undo) {
        BitSet busy = new BitSet();
        Publication next = publication;
        boolean isToChoose = publication.firstHostPort() == 0
                || (!isUnserved(publication) && held.holder(publication.asked(), publication.firstHostPort()) != null);
        for (int tries = 1; ; tries++) {
            if (isToChoose) {
                next = publication.at(held.choose(publication.asked(), from, lastChosen, busy));
                lastChosen = publication.asked().isPool() ? lastChosen : next.lastHostPort();
            }
            try {
                reserve(next, undo);
                held.add(next);
                return next;
            } catch (Refusal e) {
                if (!e.code().equals(PortKeeper.BUSY) || tries == TRIES) {
                    throw e;
                }
                busy.set(next.firstHostPort(), next.lastHostPort() + 1);
                isToChoose = true;
            }
        }
    }

    private void reserve(Publication publication, Undo undo) {
        take(publication);
        Map<Integer, String> before = unserved;
        undo.add(() -> {
            unserved = before;
            release(publication);
        });
        if (before.containsKey(publication.id())) {
            Map<Integer, String> without = new HashMap<>(before);
            without.remove(publication.id());
            unserved = Map.copyOf(without);
        }
    }

    private void take(Publication publication) {
        keeper.reserve(publication);
        reserved.put(publication.id(), publication);
    }

    /** Gives back the ports of who is not in force any more; called when the dataplane has let go. */
    void release(DesiredState now) {
        Map<Integer, Publication> active = inForce(now);
        going(active).forEach(this::release);
        if (hasUnserved()) {
            Map<Integer, String> without = new HashMap<>(unserved);
            without.keySet().retainAll(active.keySet());
            unserved = Map.copyOf(without);
        }
    }

    private void release(Publication publication) {
        if (reserved.remove(publication.id(), publication)) {
            try {
                keeper.release(publication);
            } catch (RuntimeException e) {
                LOG.error("the ports of {} could not be given back", publication.asked(), e);
            }
        }
    }

    /** {@return whose ports are reserved though it is not in force there} */
    private List<Publication> going(Map<Integer, Publication> active) {
        return reserved.values().stream()
                .filter(publication -> {
                    Publication there = active.get(publication.id());
                    return there == null || there.firstHostPort() != publication.firstHostPort();
                })
                .toList();
    }

    private boolean isUnserved(Publication publication) {
        return unserved.containsKey(publication.id());
    }

    /** Whether its ports are ours; what else the file says of it may have changed since. */
    private boolean isReserved(Publication publication) {
        Publication there = reserved.get(publication.id());
        return there != null && there.firstHostPort() == publication.firstHostPort();
    }

    /** {@return the publications in force, by rule} */
    private static Map<Integer, Publication> inForce(DesiredState state) {
        Map<Integer, Publication> active = new LinkedHashMap<>();
        PublishedPorts.active(state).forEach(port -> active.put(port.rule(), port.publication()));
        return active;
    }

    /** {@return what a person should know about ports that others have} */
    List<String> warnings(DesiredState state) {
        Set<Integer> known = new HashSet<>();
        state.publications().forEach(publication -> known.add(publication.id()));
        return unserved.entrySet().stream()
                .filter(entry -> known.contains(entry.getKey()))
                .map(Map.Entry::getValue)
                .toList();
    }
}
