package io.tapswitch.core.dataplane;

import io.tapswitch.core.dataplane.DatapathCounters.Term;
import io.tapswitch.nat.FragmentDrop;
import io.tapswitch.nat.Reassembly;
import io.tapswitch.tapio.FrameIo;
import io.tapswitch.tapio.sys.Mapping;
import org.agrona.MutableDirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * The worker's {@link Reassembly}, with what it does to fragments counted as what happens to frames: held, merged or
 * dropped.
 *
 * <p>Owners are the containers' ports, by their ids; for outside there are {@link #PEERS} owners, by a hash of who
 * sends, so that one peer's flood takes its own share of the memory only.
 */
final class Fragments implements AutoCloseable {
    /** Owners that stand for outside. */
    private static final int PEERS = 256;

    private static final int OWNERS = FrameIo.MAX_PORTS + PEERS;
    private static final FragmentDrop[] REASONS = FragmentDrop.values();
    /** 8 MiB of payload for all, and 512 KiB of it for one owner. */
    private static final int BLOCKS = 4096;

    private static final int OWNER_BLOCKS = 256;

    private final Reassembly reassembly;
    private final DatapathCounters counters;
    private final long[] counted = new long[REASONS.length];
    private final long address;
    private long held;
    private long merged;

    Fragments(DatapathCounters counters, long key0, long key1) {
        this.counters = counters;
        int bytes = (int) Reassembly.bytes(BLOCKS);
        address = Mapping.anonymous(bytes);
        UnsafeBuffer memory = new UnsafeBuffer(address, bytes);
        reassembly = new Reassembly(memory, BLOCKS, OWNER_BLOCKS, OWNERS, key0, key1);
    }

    /** {@return the owner that stands for a peer outside} */
    static int ownerOf(long peerHi, long peerLo) {
        long mixed = (peerHi * 31 + peerLo) * 0x9e37_79b9_7f4a_7c15L;
        return FrameIo.MAX_PORTS + (int) (mixed >>> 56) % PEERS;
    }

    /**
     * Takes a fragment: {@link Reassembly#add}. Unless that is above 0, the frame's slot can be released and nothing
     * is left to be counted.
     *
     * @param port that it came from, at which is counted what it causes to be dropped
     */
    int add(MutableDirectBuffer buffer, int packet, int length, int owner, int network, int port, long nowMs) {
        int result = reassembly.add(buffer, packet, length, owner, network, nowMs);
        count(port, result == Reassembly.HELD || (result > 0 && reassembly.shape() != 0) ? 1 : 0);
        return result;
    }

    /** {@return how the packet that {@link #add} returned had been split, 0 if it had not been} */
    long shape() {
        return reassembly.shape();
    }

    /** Drops one datagram whose time is over: {@link Reassembly#expire}. Its port is {@link #expiredPort}. */
    int expire(long nowMs, MutableDirectBuffer quote, int offset, int room) {
        int result = reassembly.expire(nowMs, quote, offset, room);
        if (result != Reassembly.NOTHING_DUE) {
            count(expiredPort(), 0);
        }
        return result;
    }

    /** {@return whether something may be due} */
    boolean isEmpty() {
        return held == 0;
    }

    /** {@return whether the last expired datagram came from outside} */
    boolean expiredOutside() {
        return reassembly.expiredOwner() >= FrameIo.MAX_PORTS;
    }

    /** {@return the port that the last expired datagram came from} */
    int expiredPort() {
        return expiredOutside() ? reassembly.expiredNetwork() : reassembly.expiredOwner();
    }

    /** Drops what a port has that is gone. */
    void removeOwner(int port) {
        reassembly.removeOwner(port);
        count(port, 0);
    }

    /**
     * Counts what became of fragments since the last time.
     *
     * @param incoming 1 when a frame has just become one of those that are kept, if only for a moment
     */
    private void count(int port, int incoming) {
        long left = held + incoming - reassembly.held();
        counters.add(Term.FRAGMENTS_KEPT, incoming);
        held = reassembly.held();
        if (left == 0) {
            // Only a frame that was not kept can have been dropped.
            if (incoming == 0) {
                countDrops(port);
            }
            return;
        }
        counters.add(Term.FRAGMENTS_LET_GO, left);
        long joined = reassembly.merged() - merged;
        merged += joined;
        // The last one goes on as the whole packet.
        counters.add(Term.MERGED, Math.max(0, joined - 1));
        countDrops(port);
    }

    private void countDrops(int port) {
        for (int i = 0; i < REASONS.length; i++) {
            long more = reassembly.dropped(REASONS[i]) - counted[i];
            if (more != 0) {
                counted[i] += more;
                counters.drop(port, DropReason.of(REASONS[i]), more);
            }
        }
    }

    @Override
    public void close() {
        Mapping.unmap(address, Reassembly.bytes(BLOCKS));
    }
}
