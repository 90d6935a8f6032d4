package io.tapswitch.nat;

import io.tapswitch.wire.Ipv4Header;
import io.tapswitch.wire.Ipv6Extensions;
import io.tapswitch.wire.Ipv6Header;
import org.agrona.MutableDirectBuffer;
import org.agrona.concurrent.AtomicBuffer;

/**
 * The fragments of each datagram, sorted by where they begin, and what becomes of them when they are all there: the
 * bytes of {@link FragmentBlocks} and the entries of {@link DatagramTable} brought together for {@link Reassembly},
 * which has the rules about time and memory.
 *
 * <p>A fragment that comes in order is put at the end without a look at the others, so is one in reverse order at the
 * beginning; else the notes are walked, {@link Reassembly#MAX_FRAGMENTS} at most.
 */
final class HeldFragments {
    /** What {@link #place} returns for one that overlaps another or contradicts it. */
    static final int NO_PLACE = -2;
    /** What it returns for one that is here already. */
    static final int TWIN = -3;

    private static final int NONE = DatagramTable.NONE;
    private static final int MAX_LENGTH = 65_535;
    private static final int ECN_CONGESTION = 3;
    private static final int NOT_CAPABLE_SEEN = 1;

    final FragmentBlocks blocks;
    final DatagramTable datagrams;

    HeldFragments(AtomicBuffer memory, int blocks, int owners, long key0, long key1) {
        datagrams = new DatagramTable(memory, 0, blocks, owners, key0, key1);
        this.blocks = new FragmentBlocks(memory, Math.toIntExact(DatagramTable.bytes(blocks)), blocks);
    }

    /** {@return bytes of memory that so many blocks need} */
    static long bytes(int blocks) {
        return DatagramTable.bytes(blocks) + FragmentBlocks.bytes(blocks);
    }

    /** {@return the fragment that this one stands behind, {@link #NONE} for the first place, or why there is none} */
    int place(int entry, Fragment f, MutableDirectBuffer b, int packet) {
        int total = datagrams.field(entry, DatagramTable.TOTAL);
        int highest = datagrams.field(entry, DatagramTable.HIGHEST_END);
        boolean contradicts =
                f.isLast ? total == NONE ? f.end <= highest : f.end != total : total != NONE && f.end >= total;
        if (contradicts) {
            return NO_PLACE;
        }
        if (f.start >= highest) {
            return datagrams.field(entry, DatagramTable.LAST_FRAGMENT);
        }
        int before = NONE;
        int next = datagrams.field(entry, DatagramTable.FIRST_FRAGMENT);
        while (blocks.end(next) <= f.start) {
            before = next;
            next = blocks.nextFragment(next);
        }
        if (blocks.start(next) >= f.end) {
            return before;
        }
        boolean twin = blocks.start(next) == f.start
                && blocks.end(next) == f.end
                && blocks.hasPayload(next, b, packet + f.headerLength);
        return twin ? TWIN : NO_PLACE;
    }

    /** {@return bytes that are stored of a fragment} The first one's headers become those of the whole. */
    static int storedLength(Fragment f) {
        return skip(f) + f.end - f.start;
    }

    private static int skip(Fragment f) {
        return f.start == 0 ? f.headerLength : 0;
    }

    /** Keeps a fragment in its place; there is room for it. {@return whether it was the last that was missing} */
    boolean keep(int entry, int before, Fragment f, MutableDirectBuffer b, int packet) {
        int skip = skip(f);
        int stored = storedLength(f);
        link(entry, before, blocks.store(b, packet + f.headerLength - skip, stored, skip, f.start, f.end));
        datagrams.charge(entry, FragmentBlocks.blocksFor(stored));
        note(entry, f);
        return datagrams.field(entry, DatagramTable.RECEIVED) == datagrams.field(entry, DatagramTable.TOTAL);
    }

    private void link(int entry, int before, int added) {
        if (before == NONE) {
            blocks.nextFragment(added, datagrams.field(entry, DatagramTable.FIRST_FRAGMENT));
            datagrams.field(entry, DatagramTable.FIRST_FRAGMENT, added);
        } else {
            blocks.nextFragment(added, blocks.nextFragment(before));
            blocks.nextFragment(before, added);
        }
        if (blocks.nextFragment(added) == NONE) {
            datagrams.field(entry, DatagramTable.LAST_FRAGMENT, added);
        }
    }

    private void note(int entry, Fragment f) {
        DatagramTable d = datagrams;
        d.field(entry, DatagramTable.FRAGMENTS, d.field(entry, DatagramTable.FRAGMENTS) + 1);
        d.field(entry, DatagramTable.RECEIVED, d.field(entry, DatagramTable.RECEIVED) + f.end - f.start);
        d.field(entry, DatagramTable.HIGHEST_END, Math.max(d.field(entry, DatagramTable.HIGHEST_END), f.end));
        d.field(entry, DatagramTable.ECN_SEEN, d.field(entry, DatagramTable.ECN_SEEN) | 1 << f.ecn);
        if (f.isLast) {
            d.field(entry, DatagramTable.TOTAL, f.end);
        }
        int size = f.headerLength + f.end - f.start;
        int largest = d.field(entry, DatagramTable.LARGEST);
        if (size > largest) {
            d.field(entry, DatagramTable.LARGEST, size);
            d.field(entry, DatagramTable.LARGEST_DONT_FRAGMENT, f.dontFragment ? 1 : 0);
        } else if (size == largest && f.dontFragment) {
            d.field(entry, DatagramTable.LARGEST_DONT_FRAGMENT, 1);
        }
    }

    /** Writes the whole packet. {@return its length, or the verdict of why there is none} */
    int writeWhole(int entry, MutableDirectBuffer b, int packet) {
        int first = datagrams.field(entry, DatagramTable.FIRST_FRAGMENT);
        int total = datagrams.field(entry, DatagramTable.TOTAL);
        boolean ipv6 = datagrams.isIpv6(entry);
        int header = blocks.skip(first) - (ipv6 ? Ipv6Extensions.FRAGMENT_LENGTH : 0);
        int counted = header - (ipv6 ? Ipv6Header.LENGTH : 0) + total;
        int ecnSeen = datagrams.field(entry, DatagramTable.ECN_SEEN);
        FragmentDrop objection = counted > MAX_LENGTH
                ? FragmentDrop.TOO_LONG
                : (ecnSeen & NOT_CAPABLE_SEEN) != 0 && ecnSeen != NOT_CAPABLE_SEEN ? FragmentDrop.ECN_MIXED : null;
        if (objection != null) {
            return objection.verdict();
        }
        blocks.copy(first, 0, header, b, packet);
        for (int part = first; part != NONE; part = blocks.nextFragment(part)) {
            int start = blocks.start(part);
            blocks.copy(part, blocks.skip(part), blocks.end(part) - start, b, packet + header + start);
        }
        boolean congestion = (ecnSeen & 1 << ECN_CONGESTION) != 0;
        if (ipv6) {
            whole6(entry, b, packet, header, counted, congestion);
        } else {
            whole4(entry, b, packet, counted, congestion);
        }
        return header + total;
    }

    private void whole4(int entry, MutableDirectBuffer b, int packet, int length, boolean congestion) {
        boolean dontFragment = datagrams.field(entry, DatagramTable.LARGEST_DONT_FRAGMENT) != 0;
        Ipv4Header.totalLength(b, packet, length);
        Ipv4Header.fragment(b, packet, dontFragment, false, 0);
        if (congestion) {
            Ipv4Header.ecn(b, packet, ECN_CONGESTION);
        }
        Ipv4Header.updateChecksum(b, packet);
    }

    private void whole6(int entry, MutableDirectBuffer b, int packet, int header, int length, boolean congestion) {
        int first = datagrams.field(entry, DatagramTable.FIRST_FRAGMENT);
        Ipv6Header.payloadLength(b, packet, length);
        b.putByte(packet + Fragment.nextHeaderField(b, packet, header), (byte) blocks.uint8(first, header));
        if (congestion) {
            int trafficClass = Ipv6Header.trafficClass(b, packet) | ECN_CONGESTION;
            Ipv6Header.trafficClassAndFlowLabel(b, packet, trafficClass, Ipv6Header.flowLabel(b, packet));
        }
    }

    /** {@return how a datagram is to be split again, its first fragment being there} */
    long shape(int entry) {
        int first = datagrams.field(entry, DatagramTable.FIRST_FRAGMENT);
        int perFragment = datagrams.isIpv6(entry) ? blocks.skip(first) - Ipv6Extensions.FRAGMENT_LENGTH : 0;
        int largest = datagrams.field(entry, DatagramTable.LARGEST);
        return Fragmentation.shape(largest, perFragment, datagrams.identification(entry));
    }

    /** Copies the first fragment as it came, at most {@code room} bytes. {@return how many, 0 if it is not there} */
    int copyFirst(int entry, MutableDirectBuffer b, int offset, int room) {
        int first = datagrams.field(entry, DatagramTable.FIRST_FRAGMENT);
        if (isGivenUp(entry) || blocks.start(first) != 0) {
            return 0;
        }
        int length = Math.min(room, blocks.skip(first) + blocks.end(first));
        blocks.copy(first, 0, length, b, offset);
        return length;
    }

    /** {@return whether the entry only says that what comes of it is to be dropped} */
    boolean isGivenUp(int entry) {
        return datagrams.field(entry, DatagramTable.GIVEN_UP) != 0;
    }

    /** Lets go all fragments, and keeps the entry with one block, so that it is remembered and paid for. */
    void giveUp(int entry) {
        int first = datagrams.field(entry, DatagramTable.FIRST_FRAGMENT);
        datagrams.charge(entry, -release(first, true));
        blocks.nextFragment(first, NONE);
        datagrams.field(entry, DatagramTable.FRAGMENTS, 0);
        datagrams.field(entry, DatagramTable.GIVEN_UP, 1);
    }

    /** Lets go all fragments and the entry. */
    void free(int entry) {
        datagrams.charge(entry, -release(datagrams.field(entry, DatagramTable.FIRST_FRAGMENT), false));
        datagrams.remove(entry);
    }

    private int release(int first, boolean keepBlock) {
        int released = 0;
        for (int part = first; part != NONE; ) {
            int next = blocks.nextFragment(part);
            released += blocks.release(part, keepBlock && part == first);
            part = next;
        }
        return released;
    }
}
