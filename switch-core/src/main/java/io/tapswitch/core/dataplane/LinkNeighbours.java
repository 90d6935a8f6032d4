package io.tapswitch.core.dataplane;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.security.SecureRandom;
import java.util.Arrays;

/**
 * Which MAC address the members of an own link have: the neighbour cache of a host (RFC 1122 section 2.3.2.1, RFC 4861
 * section 5), for the one host that the switch is on that LAN.
 *
 * <h2>Theory of operation</h2>
 *
 * Every worker looks up, for each packet that it sends; one worker, that of {@link LinkResolver}, writes. So each entry
 * has a version that is odd while it is written: a reader that meets one, or that finds another one afterwards, knows
 * nothing, and gives the packet to the writer.
 *
 * <pre>
 *   0, 1       the gateways of both families: these places are nobody else's, whatever comes from the LAN
 *   2 ...      sets of {@value #WAYS}, by a keyed hash of the address: nobody outside can choose who meets whom
 * </pre>
 *
 * <p>When a set is full, who was unused for longest has to go: for a packet of ours, after a second; for a stranger who
 * only asked us something, after a minute. States and times belong to the writer, but for the time of the last use,
 * which every reader notes.
 *
 * <p>Nothing here allocates.
 */
final class LinkNeighbours {
    /** Not found. */
    static final int NONE = -1;

    /** Nobody is here. */
    static final byte FREE = 0;
    /** Asked for, and no answer yet. */
    static final byte ASKED = 1;
    /** The MAC address is known. */
    static final byte KNOWN = 2;
    /** It is known, but asked for again, because it may be another by now. */
    static final byte PROBED = 3;

    static final int GATEWAYS = 2;

    private static final int WAYS = 8;
    private static final int SETS = 128;
    static final int SIZE = GATEWAYS + SETS * WAYS;

    private static final VarHandle VERSIONS = MethodHandles.arrayElementVarHandle(int[].class);

    private final long key;
    private final int[] versions = new int[SIZE];
    private final long[] hi = new long[SIZE];
    private final long[] lo = new long[SIZE];
    private final long[] macs = new long[SIZE];
    private final long[] usedMs = new long[SIZE];

    // The writer's alone.
    final byte[] states = new byte[SIZE];
    /** When the MAC address was heard last from who has it. */
    final long[] confirmedMs = new long[SIZE];
    /** How often it was asked for since. */
    final int[] asked = new int[SIZE];
    /** When something is to be done next. */
    final long[] dueMs = new long[SIZE];

    LinkNeighbours(long gateway4, long gatewayHi, long gatewayLo, long nowNs) {
        key = new SecureRandom().nextLong();
        Arrays.fill(usedMs, nowNs / 1_000_000);
        lo[0] = gateway4;
        hi[1] = gatewayHi;
        lo[1] = gatewayLo;
    }

    private int set(long high, long low) {
        long h = (high ^ key) * 0x9e37_79b9_7f4a_7c15L;
        h = (h ^ (h >>> 32) ^ low) * 0xd6e8_feb8_6659_fd93L;
        h = (h ^ (h >>> 32)) * 0xd6e8_feb8_6659_fd93L;
        return GATEWAYS + ((int) (h >>> 40) & (SETS - 1)) * WAYS;
    }

    private boolean isGateway(int gateway, long high, long low) {
        return lo[gateway] == low && hi[gateway] == high && (low | high) != 0;
    }

    /** {@return the MAC address of a neighbour to whom a packet goes now, 0 when it is not known; any worker} */
    long use(long high, long low, long nowMs) {
        int gateway = isGateway(0, high, low) ? 0 : 1;
        if (isGateway(gateway, high, low)) {
            return read(gateway, high, low, nowMs);
        }
        int first = set(high, low);
        for (int i = first; i < first + WAYS; i++) {
            long mac = read(i, high, low, nowMs);
            if (mac != 0) {
                return mac;
            }
        }
        return 0;
    }

    private long read(int index, long high, long low, long nowMs) {
        int version = (int) VERSIONS.getAcquire(versions, index);
        if ((version & 1) != 0 || lo[index] != low || hi[index] != high) {
            return 0;
        }
        long mac = macs[index];
        VarHandle.loadLoadFence();
        if ((int) VERSIONS.getOpaque(versions, index) != version) {
            return 0;
        }
        if (usedMs[index] != nowMs) {
            usedMs[index] = nowMs;
        }
        return mac;
    }

    /** {@return the MAC address of a neighbour, 0 when it is not known; any thread, and no use} */
    long peek(long high, long low) {
        for (int i = 0; i < GATEWAYS; i++) {
            if (isGateway(i, high, low)) {
                return read(i, high, low, usedMs[i]);
            }
        }
        return 0;
    }

    // From here on the writer's.

    /** {@return the index of a neighbour that is asked for or known, or of a gateway; {@link #NONE} for a stranger} */
    int find(long high, long low) {
        for (int i = 0; i < GATEWAYS; i++) {
            if (isGateway(i, high, low)) {
                return i;
            }
        }
        int first = set(high, low);
        for (int i = first; i < first + WAYS; i++) {
            if (states[i] != FREE && lo[i] == low && hi[i] == high) {
                return i;
            }
        }
        return NONE;
    }

    /**
     * Makes room for a stranger.
     *
     * @param idleMs how long somebody must have been unused to go for it
     * @return where it is, {@link #FREE}; or {@link #NONE} when there is no room
     */
    int add(long high, long low, long idleMs, long nowMs) {
        int first = set(high, low);
        int victim = NONE;
        for (int i = first; i < first + WAYS; i++) {
            if (states[i] == FREE) {
                victim = i;
                break;
            }
            boolean mayGo = states[i] != ASKED && nowMs - usedMs[i] >= idleMs;
            if (mayGo && (victim == NONE || usedMs[i] < usedMs[victim])) {
                victim = i;
            }
        }
        if (victim != NONE) {
            int version = beginWrite(victim);
            hi[victim] = high;
            lo[victim] = low;
            macs[victim] = 0;
            endWrite(victim, version);
            states[victim] = FREE;
            usedMs[victim] = nowMs;
        }
        return victim;
    }

    private int beginWrite(int index) {
        int version = versions[index];
        VERSIONS.setOpaque(versions, index, version + 1);
        VarHandle.storeStoreFence();
        return version;
    }

    private void endWrite(int index, int version) {
        VERSIONS.setRelease(versions, index, version + 2);
    }

    /** Its MAC address is this from now on; 0 for not known. */
    void mac(int index, long mac) {
        int version = beginWrite(index);
        macs[index] = mac;
        endWrite(index, version);
    }

    long mac(int index) {
        return macs[index];
    }

    long hi(int index) {
        return hi[index];
    }

    long lo(int index) {
        return lo[index];
    }

    /** {@return whether a gateway's place is a gateway's} */
    boolean isThere(int index) {
        return index >= GATEWAYS || (lo[index] | hi[index]) != 0;
    }

    long usedMs(int index) {
        return usedMs[index];
    }
}
