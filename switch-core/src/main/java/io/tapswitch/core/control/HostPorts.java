package io.tapswitch.core.control;

import io.tapswitch.core.control.PublishedPorts.ActivePort;
import io.tapswitch.core.model.DesiredState;
import io.tapswitch.core.model.Origin;
import io.tapswitch.core.model.Publication;
import io.tapswitch.core.model.Refusal;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
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
 * warning says so, and it is tried again with every change and every two seconds: no change is refused because of it,
 * and its number stays its own. All calls come under the lock of {@link Desired}; {@link #served}, {@link #whyWaiting}
 * and {@link #warnings} are for anybody.
 */
final class HostPorts {
    private static final Logger LOG = LoggerFactory.getLogger(HostPorts.class);
    private static final int TRIES = 10;
    /** Unserved publications that are tried again at a time: a failing try costs a look at the host's sockets. */
    private static final int TRIES_AGAIN = 64;

    private final PortKeeper keeper;
    private final Supplier<EphemeralPorts> range;
    /** Reserved at the kernel, by rule. */
    private final Map<Integer, Publication> reserved = new HashMap<>();
    /** In force but for the kernel: why not, by rule. */
    private volatile Map<Integer, String> unserved = Map.of();

    private int lastChosen;
    private int lastTried;

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

    /**
     * Tries again to have the ports that a process of the host had, at the numbers that they have; some at a time, each
     * in its turn.
     *
     * @return whether one is served from now on, so that a version is due
     */
    boolean isServedNow(DesiredState state) {
        Map<Integer, String> without = unserved;
        if (without.isEmpty()) {
            return false;
        }
        TreeMap<Integer, Publication> waiting = new TreeMap<>(inForce(state));
        waiting.keySet().retainAll(without.keySet());
        List<Publication> turns =
                new ArrayList<>(waiting.tailMap(lastTried, false).values());
        turns.addAll(waiting.headMap(lastTried, true).values());
        Map<Integer, String> left = new HashMap<>(without);
        for (Publication publication : turns.subList(0, Math.min(TRIES_AGAIN, turns.size()))) {
            lastTried = publication.id();
            tryAgain(() -> {
                take(publication);
                left.remove(publication.id());
                LOG.info("{} is served now", publication.asked());
            });
        }
        unserved = Map.copyOf(left);
        return left.size() < without.size();
    }

    /** {@return why a publication is not in force, in words for people; nothing when it is} */
    String whyWaiting(DesiredState state, Publication publication) {
        String why = unserved.get(publication.id());
        return why != null ? why : PublishedPorts.whyWaiting(state, publication);
    }

    /** {@return how many publications in force have no port because a process of the host has it} */
    int unserved() {
        return unserved.size();
    }

    /** Reserves what was published when the last daemon ended; what cannot be had is not served. */
    void adopt(DesiredState state) {
        Map<Integer, String> without = new LinkedHashMap<>();
        for (Publication publication : inForce(state).values()) {
            if (!isReserved(publication)) {
                try {
                    take(publication);
                } catch (Refusal e) {
                    without.put(publication.id(), e.sentence());
                    if (without.size() <= Complaints.MOST) {
                        LOG.warn("port {} is published but not served: {}", publication.asked(), e.sentence());
                    }
                }
            }
        }
        if (without.size() > Complaints.MOST) {
            LOG.warn("{} more ports are published but not served", without.size() - Complaints.MOST);
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
        try {
            held.refuseHeld(publication.asked(), publication.firstHostPort(), next);
            reserve(publication, undo);
        } catch (Refusal e) {
            throw publication.origin() instanceof Origin.File origin
                    ? e.at(origin.file(), origin.line(), "publish")
                    : e;
        }
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
        if (!unserved.isEmpty()) {
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
        Map<Integer, String> without = unserved;
        List<String> warnings = new ArrayList<>();
        if (!without.isEmpty()) {
            for (Publication publication : state.publications()) {
                String why = without.get(publication.id());
                if (why != null) {
                    warnings.add(publication.asked() + " is published but not served: " + why);
                }
            }
        }
        return Complaints.shortened(warnings, "ports are published but not served");
    }
}
