package io.tapswitch.nat;

/**
 * An exact-match cache, as Open vSwitch has one: the slots of the flows that were found last.
 *
 * <pre>
 *   key of the packet -> cheap mix -> upper bits: place   [ lower 32 bits of the mix | slot of the entry + 1 ]
 * </pre>
 *
 * <p>Nothing that it says is to be taken on trust: two keys may have one mix, and a flow that was remembered may have
 * ended. Who asks compares the entry itself. Who chooses packets that share a place makes their flows as slow as they
 * were without a cache. A miss costs one look at 32 KiB that stay in a near cache of the CPU.
 *
 * <p>The owner's thread. No call allocates.
 */
final class FlowCache {
    // Odd, with bits everywhere: those of SplitMix64 (Steele, Lea and Flood, 2014).
    static final long MIX_1 = 0x9E37_79B9_7F4A_7C15L;
    static final long MIX_2 = 0xBF58_476D_1CE4_E5B9L;
    static final long MIX_3 = 0x94D0_49BB_1331_11EBL;

    /** There are 1 &lt;&lt; this many places. */
    private static final int PLACE_BITS = 12;

    private final long[] places = new long[1 << PLACE_BITS];

    /** {@return the mix of the three parts of a key} */
    static long mix(long own, long peer, long tail) {
        long sum = own * MIX_1 + peer * MIX_2 + tail * MIX_3;
        return (sum ^ sum >>> Integer.SIZE) * MIX_1;
    }

    /** {@return the slot of a flow whose key has this mix, or once had; {@link FlowLookup#ABSENT} if none is known} */
    int slotOf(long mixed) {
        long found = places[place(mixed)];
        return found != FlowIndex.EMPTY && FlowIndex.hashOf(found) == (int) mixed
                ? FlowIndex.slotOf(found)
                : FlowLookup.ABSENT;
    }

    /** A flow with this mix was found. */
    void remember(long mixed, int slot) {
        places[place(mixed)] = (mixed << Integer.SIZE) | (slot + 1);
    }

    private static int place(long mixed) {
        return (int) (mixed >>> (Long.SIZE - PLACE_BITS));
    }
}
