package io.tapswitch.nat;

import io.tapswitch.wire.Ipv6Header;
import org.agrona.MutableDirectBuffer;
import org.agrona.concurrent.AtomicBuffer;

/**
 * Puts fragments together, so that a datagram is translated whole (N22); {@link Fragmentation} splits it again to the
 * size in which it came.
 *
 * <h2>Theory of operation</h2>
 *
 * Only the first fragment has ports, and the checksum covers all of them, so a NAT that wants to be right in every
 * order of arrival holds fragments until the datagram is complete. {@link #add} copies a fragment into blocks of the
 * memory given, sorted by offset; with the last missing one it writes the whole datagram where that fragment stood.
 * The rules:
 *
 * <ul>
 *   <li>A datagram is known by source, destination, identification, in IPv4 the protocol (RFC 791 §2.3, RFC 8200
 *       §4.5), and by owner and network: fragments that came from two containers are never mixed, whatever they claim.
 *   <li>A fragment that came before, byte for byte, counts once. Any other overlap, and any contradiction about the
 *       end, gives the datagram up, with all that still comes of it until its time is over (RFC 5722 for IPv6, here
 *       for both: nothing honest overlaps, and what does is meant to be read differently by different readers).
 *   <li>What does not become complete in {@link #TIMEOUT_IPV4_MS} or {@link #TIMEOUT_IPV6_MS} after its first arrival
 *       is dropped by {@link #expire}, which hands out the first fragment, if there is one, to be quoted in a time
 *       exceeded message (RFC 792, RFC 4443 §3.3).
 *   <li>An IPv6 packet with a fragment header that says it is all (RFC 6946) is whole and passes by.
 *   <li>IPv4's identification has 16 bits and wraps within seconds at a gigabit (RFC 4963). A datagram whose owner has
 *       sent {@link #OUTDATED_AFTER} fragments since its last one is therefore given up when its key comes again:
 *       that is another datagram. No honest order is that late, and none wraps so soon.
 *   <li>The whole keeps the first fragment's header; DF when the largest fragment had it, as in Linux, so that
 *       splitting again makes the same; ECN by RFC 3168 §5.3: congestion seen by one is seen by all.
 * </ul>
 *
 * Memory: an owner is the container that a fragment came from, or for outside the uplink, which the caller may divide
 * further by peer. Each has a limit; at it, its own oldest datagram is evicted for a new fragment, so that a flood of
 * orphans harms its sender only, and not even that one for longer than a datagram takes to arrive. Refusing the new
 * one instead, as Linux does, would let a few dozen orphans a second block everybody. When the memory of all is
 * taken, the oldest of the owner that has most goes. Every fragment is in the end counted once: merged, held, or
 * dropped with a reason.
 *
 * <p>Work per fragment: a lookup, a copy, and for one out of order a walk over at most {@link #MAX_FRAGMENTS} notes.
 * One thread; {@code nowMs} never goes back. No method of the packets' way allocates.
 */
public final class Reassembly {
    /** What {@link #add} returns for a fragment that waits for others. */
    public static final int HELD = 0;
    /** What {@link #expire} returns when nothing is due. */
    public static final int NOTHING_DUE = -1;
    /** Life of an incomplete IPv4 datagram, as in Linux. */
    public static final long TIMEOUT_IPV4_MS = 30_000;
    /** Life of an incomplete IPv6 datagram (RFC 8200 §4.5). */
    public static final long TIMEOUT_IPV6_MS = 60_000;
    /** Most fragments of a datagram: 65 535 bytes at an MTU of 576 are 119. */
    public static final int MAX_FRAGMENTS = 128;
    /** Bytes that must be writable from a packet on: the largest whole packet, of IPv6. */
    public static final int MAX_PACKET = Ipv6Header.LENGTH + 65_535;
    /** Bytes of a block, the unit in which memory is given to fragments. */
    public static final int BLOCK_LENGTH = FragmentBlocks.BLOCK_LENGTH;
    /** Fragments of an owner after which an IPv4 identification is taken for another datagram's. */
    public static final int OUTDATED_AFTER = 32_768;

    private static final int NONE = DatagramTable.NONE;

    private final HeldFragments fragments;
    private final FragmentBlocks blocks;
    private final DatagramTable datagrams;
    private final int ownerBlocks;
    private final int[] clocks;
    private final Fragment fragment = new Fragment();
    private final long[] drops = new long[FragmentDrop.values().length];
    private long held;
    private long merged;
    private long shape;
    private int expiredOwner;
    private int expiredNetwork;

    /**
     * Nothing held yet, whatever the memory contains.
     *
     * @param memory of {@link #bytes} or more; pages that are not needed are not touched
     * @param blocks how many of {@link #BLOCK_LENGTH} bytes there are for all
     * @param ownerBlocks how many of them one owner may take, enough for a datagram of 65 535 bytes
     * @param owners how many owners there are; theirs are the numbers below
     * @param key0 first half of the hash's key, random
     * @param key1 second half of it
     */
    public Reassembly(AtomicBuffer memory, int blocks, int ownerBlocks, int owners, long key0, long key1) {
        if (ownerBlocks < MAX_FRAGMENTS || blocks < ownerBlocks || bytes(blocks) > memory.capacity()) {
            throw new IllegalArgumentException(ownerBlocks + " blocks of " + blocks + " for an owner, in "
                    + memory.capacity() + " bytes of memory: an owner needs " + MAX_FRAGMENTS
                    + ", and the memory must take them all");
        }
        this.ownerBlocks = ownerBlocks;
        clocks = new int[owners];
        fragments = new HeldFragments(memory, blocks, owners, key0, key1);
        this.blocks = fragments.blocks;
        datagrams = fragments.datagrams;
    }

    /** {@return bytes of memory that so many blocks need} */
    public static long bytes(int blocks) {
        return HeldFragments.bytes(blocks);
    }

    /** {@return whether a packet with a valid IP header is a part of a datagram, and so for {@link #add}} */
    public static boolean isFragment(MutableDirectBuffer b, int packet, int length) {
        return Fragment.isFragment(b, packet, length);
    }

    /**
     * Takes a fragment; its bytes are the caller's again afterwards. The IP header was validated.
     *
     * @param packet where the IP header stands; {@link #MAX_PACKET} bytes from there may be written
     * @param length bytes from there; padding behind the packet is ignored
     * @param owner whose memory it takes
     * @param network that it came from
     * @return {@link #HELD}; above 0 the length of the whole packet, which now stands at {@code packet}; below 0 the
     *     verdict of a {@link FragmentDrop}
     */
    public int add(MutableDirectBuffer b, int packet, int length, int owner, int network, long nowMs) {
        Fragment f = fragment;
        shape = 0;
        int read = f.read(b, packet, length);
        if (read == Fragment.WHOLE) {
            return f.packetLength;
        }
        if (read < 0) {
            return drop(FragmentDrop.of(read));
        }
        clocks[owner]++;
        int entry = datagrams.find(f, owner, network);
        if (entry != NONE && isOver(entry, clocks[owner], nowMs)) {
            remove(entry, FragmentDrop.TIMED_OUT);
            entry = NONE;
        }
        int before = NONE;
        if (entry != NONE) {
            datagrams.field(entry, DatagramTable.CLOCK, clocks[owner]);
            if (fragments.isGivenUp(entry)) {
                return drop(FragmentDrop.GIVEN_UP);
            }
            before = fragments.place(entry, f, b, packet);
            if (before == HeldFragments.TWIN) {
                return drop(FragmentDrop.DUPLICATE);
            }
            if (before == HeldFragments.NO_PLACE) {
                return giveUp(entry, FragmentDrop.OVERLAP);
            }
            if (datagrams.field(entry, DatagramTable.FRAGMENTS) == MAX_FRAGMENTS) {
                return giveUp(entry, FragmentDrop.TOO_MANY);
            }
        }
        return hold(entry, before, b, packet, owner, network, nowMs);
    }

    private boolean isOver(int entry, int clock, long nowMs) {
        int fragmentsSince = clock - datagrams.field(entry, DatagramTable.CLOCK);
        boolean outdated = !datagrams.isIpv6(entry) && fragmentsSince > OUTDATED_AFTER;
        return outdated || nowMs - datagrams.deadlineMs(entry) >= 0;
    }

    /** Makes room and keeps the fragment; the rest follows when it was the last that was missing. */
    private int hold(int found, int before, MutableDirectBuffer b, int packet, int owner, int network, long nowMs) {
        Fragment f = fragment;
        if (!makeRoom(FragmentBlocks.blocksFor(HeldFragments.storedLength(f)), owner, found)) {
            if (found != NONE) {
                remove(found, FragmentDrop.EVICTED);
            }
            return drop(FragmentDrop.EVICTED);
        }
        int entry = found;
        if (entry == NONE) {
            entry = datagrams.add(f, owner, network, nowMs + (f.isIpv6 ? TIMEOUT_IPV6_MS : TIMEOUT_IPV4_MS));
            datagrams.field(entry, DatagramTable.CLOCK, clocks[owner]);
        }
        held++;
        return fragments.keep(entry, before, f, b, packet) ? complete(entry, b, packet) : HELD;
    }

    private int complete(int entry, MutableDirectBuffer b, int packet) {
        int length = fragments.writeWhole(entry, b, packet);
        if (length < 0) {
            remove(entry, FragmentDrop.of(length));
            return length;
        }
        shape = fragments.shape(entry);
        int count = datagrams.field(entry, DatagramTable.FRAGMENTS);
        merged += count;
        held -= count;
        fragments.free(entry);
        return length;
    }

    /** Evicts until so many blocks may be taken for an owner. {@return whether that went without the entry itself} */
    private boolean makeRoom(int needed, int owner, int entry) {
        while (datagrams.blocksOf(owner) + needed > ownerBlocks || blocks.free() < needed) {
            boolean ownLimit = datagrams.blocksOf(owner) + needed > ownerBlocks;
            int victim = datagrams.oldestOf(ownLimit ? owner : datagrams.largestOwner(), entry);
            if (victim == NONE) {
                return false;
            }
            remove(victim, FragmentDrop.EVICTED);
        }
        return true;
    }

    /**
     * {@return how the packet that the last {@link #add} returned had been split, for {@link Fragmentation}; 0 if it
     * had not been}
     */
    public long shape() {
        return shape;
    }

    /**
     * Drops one datagram whose time is over; called until nothing is due, or as often as the caller has time for.
     *
     * @param quote gets the first fragment as it came, for a time exceeded message
     * @param offset where in it
     * @param room most bytes of it
     * @return {@link #NOTHING_DUE}, or how many bytes were written: 0 when the first fragment never came or was worth
     *     nothing, and nobody is to be told
     */
    public int expire(long nowMs, MutableDirectBuffer quote, int offset, int room) {
        for (int family = 0; family < 2; family++) {
            int entry = datagrams.firstDue(family);
            if (entry != NONE && nowMs - datagrams.deadlineMs(entry) >= 0) {
                int length = fragments.copyFirst(entry, quote, offset, room);
                expiredOwner = datagrams.owner(entry);
                expiredNetwork = datagrams.network(entry);
                remove(entry, FragmentDrop.TIMED_OUT);
                return length;
            }
        }
        return NOTHING_DUE;
    }

    /** {@return the owner of the datagram that the last {@link #expire} dropped} */
    public int expiredOwner() {
        return expiredOwner;
    }

    /** {@return the network of the datagram that the last {@link #expire} dropped} */
    public int expiredNetwork() {
        return expiredNetwork;
    }

    /** Drops all that an owner has, because its container went. */
    public void removeOwner(int owner) {
        int entry = datagrams.oldestOf(owner, NONE);
        while (entry != NONE) {
            remove(entry, FragmentDrop.OWNER_GONE);
            entry = datagrams.oldestOf(owner, NONE);
        }
    }

    /** {@return how many fragments were dropped for a reason} */
    public long dropped(FragmentDrop reason) {
        return drops[reason.ordinal()];
    }

    /** {@return how many fragments wait} */
    public long held() {
        return held;
    }

    /** {@return how many fragments became part of a whole packet} */
    public long merged() {
        return merged;
    }

    /** {@return how many blocks are taken by all} */
    public int usedBlocks() {
        return blocks.count() - blocks.free();
    }

    /** {@return how many blocks an owner takes} */
    public int usedBlocks(int owner) {
        return datagrams.blocksOf(owner);
    }

    private int drop(FragmentDrop reason) {
        drops[reason.ordinal()]++;
        return reason.verdict();
    }

    private int giveUp(int entry, FragmentDrop reason) {
        count(entry, reason);
        fragments.giveUp(entry);
        return drop(reason);
    }

    private void remove(int entry, FragmentDrop reason) {
        count(entry, reason);
        fragments.free(entry);
    }

    private void count(int entry, FragmentDrop reason) {
        int count = datagrams.field(entry, DatagramTable.FRAGMENTS);
        held -= count;
        drops[reason.ordinal()] += count;
    }
}
