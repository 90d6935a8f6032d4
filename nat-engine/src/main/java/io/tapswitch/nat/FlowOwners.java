package io.tapswitch.nat;

import org.agrona.concurrent.AtomicBuffer;

/**
 * Theory of operation: how many flows everybody has, and who loses one when there is no room.
 *
 * <p>An <i>owner</i> is an endpoint in one of two roles, for its outbound and for its inbound flows: strangers who
 * flood a published port do not use up what the container itself may open. Each owner has three queues, by the standing
 * of the flows, in the order in which they came to it; the first in a queue is the oldest.
 *
 * <pre>
 *   owner   | count | closed + unreplied |     queues: FIRM, UNREPLIED, CLOSED
 *   weight  w: the owners that have 2^w to 2^(w+1)-1 flows that may be evicted
 * </pre>
 *
 * <p>When the table is full the heaviest owner pays, by the weight of what may be evicted (N17, RFC 6888 REQ-4 and 5):
 * a container that floods the table evicts its own flows, and whoever opens a few connections beside it loses none.
 * Firm flows are never evicted. All of it is a handful of links for each change: no scan, whatever the numbers.
 *
 * <p>The owner's thread. No call allocates.
 */
final class FlowOwners {
    static final int ABSENT = -1;

    private static final int COUNTS_LENGTH = 8;
    private static final int STANDINGS = 3;
    private static final int WEIGHTS = 32;

    private final AtomicBuffer memory;
    private final int base;
    private final Rings flows;
    private final Rings weights;
    private final int anchors;
    private final int owners;
    private int weightsInUse;

    /** Lays all into memory that is all zeros. */
    FlowOwners(AtomicBuffer memory, int base, int capacity, int endpoints) {
        this.memory = memory;
        this.base = base;
        this.anchors = capacity;
        this.owners = owners(endpoints);
        int at = base + owners * COUNTS_LENGTH;
        this.flows = new Rings(memory, at);
        this.weights = new Rings(memory, at + (int) Rings.length(capacity + owners * STANDINGS));
    }

    static long length(int capacity, int endpoints) {
        int owners = owners(endpoints);
        return (long) owners * COUNTS_LENGTH
                + Rings.length(capacity + owners * STANDINGS)
                + Rings.length(owners + WEIGHTS);
    }

    /** {@return the owner that an endpoint is for flows of a kind} */
    static int owner(int endpoint, int kind) {
        return endpoint << 1 | (kind - 1);
    }

    /** {@return how many flows an owner has} */
    int count(int owner) {
        return memory.getInt(countAt(owner));
    }

    /** {@return how many flows of an owner may be evicted} */
    int evictable(int owner) {
        return memory.getInt(countAt(owner) + 4);
    }

    void join(int slot, int owner, int standing) {
        flows.insertBefore(anchor(owner, standing), slot);
        memory.putInt(countAt(owner), count(owner) + 1);
        if (standing != FlowEntries.FIRM) {
            weigh(owner, 1);
        }
    }

    void leave(int slot, int owner, int standing) {
        flows.unlink(slot);
        memory.putInt(countAt(owner), count(owner) - 1);
        if (standing != FlowEntries.FIRM) {
            weigh(owner, -1);
        }
    }

    /** {@return the flow of an owner that has been of a standing for longest} */
    int oldest(int owner, int standing) {
        int anchor = anchor(owner, standing);
        int slot = flows.next(anchor);
        return slot == anchor ? ABSENT : slot;
    }

    /** {@return the flow of an owner that is evicted first, if there is one} */
    int victim(int owner) {
        int slot = oldest(owner, FlowEntries.CLOSED);
        return slot != ABSENT ? slot : oldest(owner, FlowEntries.UNREPLIED);
    }

    /** {@return which of its flows an owner at its quota gives up for a new one; strangers' unanswered ones too} */
    int gives(int owner) {
        boolean inbound = owner == owner(owner >> 1, FlowEntries.INBOUND);
        return inbound ? victim(owner) : oldest(owner, FlowEntries.CLOSED);
    }

    /** {@return an owner with most flows that may be evicted, to a factor of two} */
    int heaviest() {
        if (weightsInUse == 0) {
            return ABSENT;
        }
        return weights.next(owners + weightOf(weightsInUse));
    }

    private void weigh(int owner, int change) {
        int before = evictable(owner);
        int after = before + change;
        memory.putInt(countAt(owner) + 4, after);
        int weightBefore = weightOf(before);
        int weightAfter = weightOf(after);
        if (weightBefore == weightAfter) {
            return;
        }
        weights.unlink(owner);
        if (weightBefore >= 0 && weights.alone(owners + weightBefore)) {
            weightsInUse &= ~(1 << weightBefore);
        }
        if (weightAfter >= 0) {
            weights.insertBefore(owners + weightAfter, owner);
            weightsInUse |= 1 << weightAfter;
        }
    }

    /** The number of the highest bit; -1 of 0. */
    private static int weightOf(int number) {
        return 31 - Integer.numberOfLeadingZeros(number);
    }

    private int anchor(int owner, int standing) {
        return anchors + owner * STANDINGS + standing;
    }

    private int countAt(int owner) {
        return base + owner * COUNTS_LENGTH;
    }

    private static int owners(int endpoints) {
        return endpoints << 1;
    }
}
