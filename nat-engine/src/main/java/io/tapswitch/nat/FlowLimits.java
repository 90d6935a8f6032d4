package io.tapswitch.nat;

import org.agrona.concurrent.AtomicBuffer;

/**
 * The sizes of a flow table.
 *
 * @param capacity entries, a power of two from 2 to {@value #MAX_CAPACITY}; one of them is always kept free
 * @param endpoints endpoint ids are below this, at most 65 536
 * @param outsideSlots outside slots are below this, at most 256
 * @param quota most flows of an endpoint of each kind
 */
public record FlowLimits(int capacity, int endpoints, int outsideSlots, int quota) {
    /** With more entries an offset would not fit an int. */
    public static final int MAX_CAPACITY = 1 << 23;

    /** Version of the layout of the kept memory: what has another one is begun anew. */
    public static final int LAYOUT = 2;

    /** The derived memory's first word says that it is in use. */
    static final int IN_USE_LENGTH = 64;

    /** Refuses what the layout cannot hold. */
    public FlowLimits {
        if (capacity < 2 || capacity > MAX_CAPACITY || Integer.bitCount(capacity) != 1) {
            throw new IllegalArgumentException(
                    "capacity " + capacity + ": must be a power of two from 2 to " + MAX_CAPACITY);
        }
        if (endpoints < 1 || endpoints > 1 << 16) {
            throw new IllegalArgumentException("endpoints " + endpoints + ": must be 1 to 65536");
        }
        if (outsideSlots < 1 || outsideSlots > FlowHeader.OUTSIDE_SLOTS) {
            throw new IllegalArgumentException(
                    "outside slots " + outsideSlots + ": must be 1 to " + FlowHeader.OUTSIDE_SLOTS);
        }
        if (quota < 1) {
            throw new IllegalArgumentException("quota " + quota + ": must be at least 1");
        }
    }

    /** {@return bytes of the memory that is kept} */
    public long keptLength() {
        return FlowHeader.LENGTH + (long) capacity * FlowEntries.ENTRY_LENGTH;
    }

    /** {@return bytes of the memory that is derived; 2 MiB of them for each outside slot} */
    public long derivedLength() {
        return IN_USE_LENGTH
                + FlowLookup.length(capacity)
                + ExpiryWheel.length(capacity)
                + FlowOwners.length(capacity, endpoints)
                + FlowGroups.length(capacity, outsideSlots);
    }

    /** Refuses memories that are too small, badly aligned, or not fresh. */
    void requireRoom(AtomicBuffer kept, AtomicBuffer derived) {
        require(kept, keptLength(), "kept");
        require(derived, derivedLength(), "derived");
        if (derived.getLong(0) != 0) {
            throw new IllegalArgumentException("derived memory: must be all zeros, but is in use");
        }
    }

    private static void require(AtomicBuffer memory, long length, String which) {
        memory.verifyAlignment();
        if (memory.capacity() < length) {
            throw new IllegalArgumentException(
                    which + " memory: " + memory.capacity() + " bytes, but " + length + " are needed");
        }
    }
}
