package io.tapswitch.core.dataplane;

import static io.tapswitch.core.dataplane.LinkNeighbours.ASKED;
import static io.tapswitch.core.dataplane.LinkNeighbours.FREE;
import static io.tapswitch.core.dataplane.LinkNeighbours.KNOWN;
import static io.tapswitch.core.dataplane.LinkNeighbours.NONE;
import static io.tapswitch.core.dataplane.LinkNeighbours.PROBED;

import io.tapswitch.core.dataplane.DatapathCounters.Term;
import io.tapswitch.tapio.FrameMemory;
import io.tapswitch.wire.EthernetHeader;
import org.agrona.MutableDirectBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Finds out who is on an own link, and tells the link who the switch is there.
 *
 * <h2>Theory of operation</h2>
 *
 * A packet for a member whose MAC address is not known waits here while it is asked for:
 *
 * <pre>
 *            hold               answer                 unused for 5 minutes
 *   FREE  ---------->  ASKED  ---------->  KNOWN  --------------------------->  FREE
 *                        |                 |   ^
 *     3 questions,       |  in use, and 30 s|   | answer
 *     a second each      |  since an answer |   |
 *                        v                 v   |
 *                      FREE               PROBED  --> FREE after 2 questions to it and 3 to everybody
 * </pre>
 *
 * <p>At most {@value #HELD_OF_ONE} packets wait for one member, {@value #HELD} altogether; the oldest goes when there
 * are more (RFC 4861 section 7.2.2). Who does not answer is unreachable, and that is what the senders of those that
 * waited are told. Gateways are asked for at once, again and again.
 *
 * <p>Anybody on the link can say anything. So what was not asked for changes nothing that is known: a member that is
 * said to have another MAC address is asked, and goes on with the old one until the answer. Strangers are believed
 * only when they ask for us, and get a place only where nobody needs it; nobody can take a gateway's. Questions have
 * a rate, for containers make us ask.
 *
 * <p>Who says that our address is his is noted, and told otherwise (RFC 5227 section 2.4 c).
 *
 * <p>Belongs to worker {@link #WORKER}, to which the others give packets. Nothing here allocates.
 */
final class LinkResolver {
    /** The worker that knows and asks. */
    static final int WORKER = 0;

    private static final int HELD = 256;
    private static final int HELD_OF_ONE = 32;
    private static final int QUESTIONS = 3;
    private static final int PROBES = 2;
    private static final long QUESTION_MS = 1_000;
    private static final long GATEWAY_PAUSE_MS = 5_000;
    private static final long REACHABLE_MS = 30_000;
    private static final long UNUSED_MS = 300_000;
    private static final long IDLE_MS = 1_000;
    private static final long STRANGERS_IDLE_MS = 60_000;
    private static final long LOOK_MS = 100;
    private static final int ANNOUNCEMENTS = 3;
    private static final long DEFENCE_MS = 10_000;
    private static final int QUESTIONS_PER_SECOND = 200;
    private static final int QUESTIONS_AT_ONCE = 100;

    /** Hears of a packet that cannot be delivered, so that its sender hears of it; the slot is its own then. */
    @FunctionalInterface
    interface Undelivered {
        /** Ends it. */
        void onUndelivered(OutsideTable table, int ingress, int slot, int offset);
    }

    private final Nat nat;
    private final Egress egress;
    private final MutableDirectBuffer buffer;
    private final UplinkEgress out;
    private final TokenBucket questions = new TokenBucket(QUESTIONS_PER_SECOND, QUESTIONS_AT_ONCE);

    /** Packets that wait, the oldest first. */
    private final int[] heldFor = new int[HELD];

    private final int[] heldIngress = new int[HELD];
    private final int[] heldSlots = new int[HELD];
    private final int[] heldOffsets = new int[HELD];
    private final int[] heldLengths = new int[HELD];
    private final long[] heldShapes = new long[HELD];
    private int held;

    private @Nullable OwnLink link;
    private @Nullable Undelivered undelivered;
    private boolean begun;
    private int announcements;
    private long announceMs;
    private long lookMs;
    private long defendedMs;

    LinkResolver(Nat nat, Egress egress, UplinkEgress out) {
        this.nat = nat;
        this.egress = egress;
        this.out = out;
        buffer = egress.buffer;
        lookMs = nat.nowMs;
        defendedMs = nat.nowMs - DEFENCE_MS;
    }

    /** Says who hears of what could not be delivered. */
    void onUndelivered(Undelivered listener) {
        undelivered = listener;
    }

    /** A version with this link is in force, or one without. */
    void take(@Nullable OwnLink next) {
        if (next == link || nat.worker != WORKER) {
            return;
        }
        drop(NONE);
        link = next;
        begun = false;
        announcements = next == null ? 0 : ANNOUNCEMENTS;
        announceMs = nat.nowMs;
        lookMs = nat.nowMs;
        if (next != null) {
            for (int i = 0; i < LinkNeighbours.GATEWAYS; i++) {
                next.neighbours.dueMs[i] = nat.nowMs;
            }
        }
    }

    /** The ring has the link's file from now on. */
    void begin() {
        begun = true;
        lookMs = nat.nowMs;
    }

    /** Keeps a packet until its next hop's MAC address is known. */
    void hold(OwnLink of, long hi, long lo, int ingress, int slot, int offset, int length, long shape) {
        LinkNeighbours neighbours = of.neighbours;
        int index = neighbours.find(hi, lo);
        if (index == NONE) {
            index = neighbours.add(hi, lo, IDLE_MS, nat.nowMs);
        }
        if (index == NONE || of != link) {
            egress.drop(ingress, slot, DropReason.LINK_UNRESOLVED.verdict());
            return;
        }
        makeRoom(index);
        heldFor[held] = index;
        heldIngress[held] = ingress;
        heldSlots[held] = slot;
        heldOffsets[held] = offset;
        heldLengths[held] = length;
        heldShapes[held] = shape;
        held++;
        egress.counters.add(Term.LINK_HELD, 1);
        if (neighbours.states[index] == FREE) {
            neighbours.states[index] = ASKED;
            neighbours.asked[index] = 0;
            ask(of, index);
        }
    }

    private void makeRoom(int index) {
        int ofOne = 0;
        int oldest = NONE;
        for (int i = held - 1; i >= 0; i--) {
            if (heldFor[i] == index) {
                ofOne++;
                oldest = i;
            }
        }
        if (ofOne >= HELD_OF_ONE || held == HELD) {
            int victim = ofOne >= HELD_OF_ONE ? oldest : 0;
            egress.drop(heldIngress[victim], heldSlots[victim], DropReason.LINK_UNRESOLVED.verdict());
            remove(victim);
        }
    }

    private void remove(int at) {
        egress.counters.add(Term.LINK_LET_GO, 1);
        held--;
        int count = held - at;
        System.arraycopy(heldFor, at + 1, heldFor, at, count);
        System.arraycopy(heldIngress, at + 1, heldIngress, at, count);
        System.arraycopy(heldSlots, at + 1, heldSlots, at, count);
        System.arraycopy(heldOffsets, at + 1, heldOffsets, at, count);
        System.arraycopy(heldLengths, at + 1, heldLengths, at, count);
        System.arraycopy(heldShapes, at + 1, heldShapes, at, count);
    }

    /** Drops all that waits, for one or for anybody. */
    private void drop(int index) {
        OutsideTable table = nat.table();
        for (int i = 0; i < held; ) {
            if (index != NONE && heldFor[i] != index) {
                i++;
                continue;
            }
            int ingress = heldIngress[i];
            int slot = heldSlots[i];
            int offset = heldOffsets[i];
            remove(i);
            if (undelivered == null || table == null || index == NONE) {
                egress.drop(ingress, slot, DropReason.LINK_UNRESOLVED.verdict());
            } else {
                undelivered.onUndelivered(table, ingress, slot, offset);
            }
        }
    }

    private void deliver(int index) {
        OutsideTable table = nat.table();
        for (int i = 0; table != null && i < held; ) {
            if (heldFor[i] != index) {
                i++;
                continue;
            }
            int ingress = heldIngress[i];
            int slot = heldSlots[i];
            int offset = heldOffsets[i];
            int length = heldLengths[i];
            long shape = heldShapes[i];
            remove(i);
            out.toLink(table, ingress, slot, offset, length, shape);
        }
    }

    /** Asks once; when questions come too fast, a moment later. */
    private void ask(OwnLink of, int index) {
        LinkNeighbours neighbours = of.neighbours;
        boolean mayAsk = questions.tryTake(nat.nowNs);
        int slot = mayAsk ? egress.io.allocate() : NONE;
        if (slot < 0) {
            neighbours.dueMs[index] = nat.nowMs + LOOK_MS;
            return;
        }
        neighbours.asked[index]++;
        neighbours.dueMs[index] = nat.nowMs + QUESTION_MS;
        // First who had it: if he still has, nobody else need look up.
        boolean probe = neighbours.states[index] == PROBED && neighbours.asked[index] <= PROBES;
        long to = probe ? neighbours.mac(index) : EthernetHeader.BROADCAST;
        int offset = FrameMemory.readOffset(slot);
        int length = LinkFrames.question(buffer, offset, of, neighbours.hi(index), neighbours.lo(index), to, probe);
        transmit(slot, offset, length);
    }

    private void transmit(int slot, int offset, int length) {
        OutsideTable table = nat.table();
        egress.counters.add(Term.GENERATED, 1);
        egress.tx(table == null ? 0 : table.linkPort, slot, offset, length);
    }

    /** Does what is due. */
    void tick() {
        OwnLink of = link;
        OutsideTable table = nat.table();
        if (of == null || !begun || table == null || table.link != of || nat.nowMs - lookMs < 0) {
            return;
        }
        lookMs = nat.nowMs + LOOK_MS;
        if (announcements > 0 && nat.nowMs - announceMs >= 0) {
            announcements--;
            announceMs = nat.nowMs + QUESTION_MS;
            announce(of);
        }
        for (int i = 0; i < LinkNeighbours.SIZE; i++) {
            look(of, i);
        }
    }

    private void look(OwnLink of, int index) {
        LinkNeighbours neighbours = of.neighbours;
        boolean isDue = nat.nowMs - neighbours.dueMs[index] >= 0;
        boolean isGateway = index < LinkNeighbours.GATEWAYS;
        switch (neighbours.states[index]) {
            case FREE -> {
                if (isGateway && isDue && neighbours.isThere(index)) {
                    neighbours.states[index] = ASKED;
                    neighbours.asked[index] = 0;
                    ask(of, index);
                }
            }
            case ASKED -> {
                if (isDue && neighbours.asked[index] < QUESTIONS) {
                    ask(of, index);
                } else if (isDue) {
                    giveUp(neighbours, index);
                }
            }
            case KNOWN -> {
                long idleMs = nat.nowMs - neighbours.usedMs(index);
                if (!isGateway && idleMs > UNUSED_MS) {
                    giveUp(neighbours, index);
                } else if (idleMs < REACHABLE_MS && nat.nowMs - neighbours.confirmedMs[index] > REACHABLE_MS) {
                    probe(of, index, 0);
                }
            }
            default -> {
                if (isDue && neighbours.asked[index] < PROBES + QUESTIONS) {
                    ask(of, index);
                } else if (isDue) {
                    giveUp(neighbours, index);
                }
            }
        }
    }

    private void probe(OwnLink of, int index, int asked) {
        of.neighbours.states[index] = PROBED;
        of.neighbours.asked[index] = asked;
        ask(of, index);
    }

    private void giveUp(LinkNeighbours neighbours, int index) {
        neighbours.mac(index, 0);
        neighbours.states[index] = FREE;
        neighbours.dueMs[index] = nat.nowMs + GATEWAY_PAUSE_MS;
        drop(index);
    }

    private void announce(OwnLink of) {
        if (of.address4 != 0) {
            int slot = egress.io.allocate();
            if (slot >= 0) {
                int offset = FrameMemory.readOffset(slot);
                Announcement.arp(buffer, offset, of.mac, of.address4);
                transmit(slot, offset, Announcement.ARP_LENGTH);
            }
        }
        if (of.hasIpv6()) {
            int slot = egress.io.allocate();
            if (slot >= 0) {
                int offset = FrameMemory.readOffset(slot);
                Announcement.neighbour(buffer, offset, of.mac, of.addressHi, of.addressLo);
                transmit(slot, offset, Announcement.ND_LENGTH);
            }
        }
    }

    /** Somebody else says that one of our addresses is his. */
    private void onRival(OwnLink of, long mac) {
        of.rival(mac);
        if (nat.nowMs - defendedMs >= DEFENCE_MS) {
            defendedMs = nat.nowMs;
            announce(of);
        }
    }

    /** A frame of ARP or neighbour discovery that the own link delivered. */
    void onFrame(OutsideTable table, int port, int slot, int offset, int length) {
        OwnLink of = table.link;
        if (of == null || of != link) {
            egress.drop(port, slot, DropReason.DETACHED.verdict());
            return;
        }
        long sender = LinkFrames.senderMac(buffer, offset, length);
        if (sender == LinkFrames.MALFORMED) {
            egress.drop(port, slot, DropReason.BAD_ARP.verdict());
            return;
        }
        long hi = LinkFrames.senderHi(buffer, offset);
        long lo = LinkFrames.senderLo(buffer, offset);
        boolean question = LinkFrames.isQuestion(buffer, offset);
        boolean forUs = LinkFrames.isForUs(buffer, offset, of);
        if (LinkFrames.isOurs(hi, lo, of)) {
            if (sender != of.mac && sender != LinkFrames.NO_MAC) {
                onRival(of, sender);
            }
        } else if (sender != LinkFrames.NO_MAC && (lo | hi) != 0 && isNear(of, hi, lo)) {
            learn(of, hi, lo, sender, question, forUs);
        }
        if (question && forUs) {
            egress.finish(LinkFrames.answer(buffer, offset, of), port, slot, offset, length);
        } else if (forUs) {
            egress.counters.add(Term.CONSUMED, 1);
            egress.release(slot);
        } else {
            egress.drop(port, slot, DropReason.LINK_NOT_OURS.verdict());
        }
    }

    private static boolean isNear(OwnLink of, long hi, long lo) {
        return NeighbourTable.isMapped(hi, lo) ? of.isOnLink((int) lo) : of.isOnLink(hi, lo);
    }

    private void learn(OwnLink of, long hi, long lo, long mac, boolean question, boolean forUs) {
        LinkNeighbours neighbours = of.neighbours;
        int index = neighbours.find(hi, lo);
        if (index == NONE && question && forUs) {
            index = neighbours.add(hi, lo, STRANGERS_IDLE_MS, nat.nowMs);
        }
        if (index == NONE) {
            return;
        }
        byte state = neighbours.states[index];
        boolean isAnswer = forUs && !question && (state == ASKED || state == PROBED);
        boolean isGreeting = forUs && index >= LinkNeighbours.GATEWAYS && (state == FREE || state == ASKED);
        if (isAnswer || isGreeting) {
            neighbours.mac(index, mac);
            neighbours.states[index] = KNOWN;
            neighbours.confirmedMs[index] = nat.nowMs;
            deliver(index);
        } else if (state == KNOWN && neighbours.mac(index) != mac) {
            // Asked of everybody at once: who has it now may be another.
            probe(of, index, PROBES);
        }
    }

    /** {@return how many packets wait} */
    int held() {
        return held;
    }
}
