package io.tapswitch.nat;

import org.agrona.concurrent.AtomicBuffer;

/**
 * Theory of operation: the flows themselves, in a memory that outlives the process.
 *
 * <p>An entry is two cache lines. The first holds all that a lookup compares, and never changes while the entry lives;
 * the second holds what each packet changes, so that the two directions of a flow share what they write.
 *
 * <pre>
 *   0 int   state: 0 free, else kind (bits 0-7), protocol state (8-15)    64 long last seen (bits 8-63), timer class
 *   4 short check of bytes 8 to 63 and the kind                           72 long window of the direction to the peer
 *   6 short flags: standing (0-1), dependent (2),                         80 long window of the direction to the inside
 *           recovered (3), begun by the peer (4)
 *   8 long, long inside address                                           88 long packets to the peer
 *  24 long, long peer address                                             96 long bytes to the peer
 *  40 short inside port   42 short peer port   44 short outside port     104 long packets to the inside
 *  46 byte outside slot   47 byte protocol                               112 long bytes to the inside
 *  48 short network   50 short endpoint   52 int rule                    120 long reserved
 *  56 int peer as the container sees it, 0: as it is
 *  60 int the peer's port as the container sees it, 0: as it is
 * </pre>
 *
 * <p><b>Killed at any store</b>, the memory is whole: an entry is written with the state 0, then the state is released;
 * a removal writes the state first; and every field that changes later is one aligned word, valid in each intermediate
 * state. An entry whose check does not fit its tuple was damaged in another way and is dropped by recovery. The check
 * is salted with the table's key, so that what an earlier table left behind does not fit either.
 *
 * <p>Byte order is the machine's: the memory is never carried elsewhere. <b>Threads.</b> The owner's, for everything.
 * No call allocates. A slot is one's own until the table is changed: do not keep it from packet to packet.
 */
public final class FlowEntries {
    /** Made by a container's packet; has a mapping. */
    public static final int OUTBOUND = 1;
    /** Made by a packet to a published port; belongs to a rule. */
    public static final int INBOUND = 2;

    /** Standing: answered, and worth keeping when the table is full. */
    public static final int FIRM = 0;
    /** Standing: no answer was seen yet, or not the one that counts. The first of its kind goes when room is needed. */
    public static final int UNREPLIED = 1;
    /** Standing: over, kept for stragglers. Goes before the unreplied ones. */
    public static final int CLOSED = 2;

    /** Direction of windows and counters. */
    public static final int TO_PEER = 0;
    /** Direction of windows and counters. */
    public static final int TO_INSIDE = 1;

    static final int ENTRY_LENGTH = 128;

    static final int STATE_OFFSET = 0;
    static final int CHECK_OFFSET = 4;
    static final int FLAGS_OFFSET = 6;
    static final int INSIDE_OFFSET = 8;
    static final int PEER_OFFSET = 24;
    static final int INSIDE_PORT_OFFSET = 40;
    static final int PEER_PORT_OFFSET = 42;
    static final int OUTSIDE_PORT_OFFSET = 44;
    static final int OUTSIDE_SLOT_OFFSET = 46;
    static final int PROTOCOL_OFFSET = 47;
    static final int NETWORK_OFFSET = 48;
    static final int ENDPOINT_OFFSET = 50;
    static final int RULE_OFFSET = 52;
    static final int SEEN_PEER_OFFSET = 56;
    static final int SEEN_PORT_OFFSET = 60;
    static final int SEEN_OFFSET = 64;
    static final int WINDOW_OFFSET = 72;
    static final int COUNTER_OFFSET = 88;

    static final int STANDING_MASK = 3;

    private static final int DEPENDENT = 4;
    private static final int RECOVERED = 8;
    private static final int FROM_PEER = 16;
    private static final int ENTRY_SHIFT = 7;

    private final TableMemory memory;
    private final long salt;

    FlowEntries(AtomicBuffer memory, int base, long salt) {
        this.memory = TableMemory.of(memory, base);
        this.salt = salt;
    }

    /** {@return {@link #OUTBOUND} or {@link #INBOUND}; 0 when there is no flow in the slot} */
    public int kind(int slot) {
        return memory.getInt(at(slot) + STATE_OFFSET) & 0xFF;
    }

    /** {@return what the protocol's tracker wrote, at first 0} */
    public int protocolState(int slot) {
        return memory.getInt(at(slot) + STATE_OFFSET) >>> 8 & 0xFF;
    }

    /** Writes the state of the protocol, 0 to 255. */
    public void protocolState(int slot, int state) {
        memory.putIntRelease(at(slot) + STATE_OFFSET, kind(slot) | (state & 0xFF) << 8);
    }

    /** {@return {@link #FIRM}, {@link #UNREPLIED} or {@link #CLOSED}} */
    public int standing(int slot) {
        return flags(slot) & STANDING_MASK;
    }

    /** {@return whether the outside port is lent for this peer only} */
    public boolean dependent(int slot) {
        return (flags(slot) & DEPENDENT) != 0;
    }

    /** {@return whether an earlier process made the flow, and {@link #trusted} was not said since} */
    public boolean recovered(int slot) {
        return (flags(slot) & RECOVERED) != 0;
    }

    /** Both directions of a recovered flow were seen: its windows hold again. */
    public void trusted(int slot) {
        flags(slot, flags(slot) & ~RECOVERED);
    }

    /** {@return whether the flow's first packet came from the peer} */
    public boolean fromPeer(int slot) {
        return (flags(slot) & FROM_PEER) != 0 || kind(slot) == INBOUND;
    }

    /** {@return upper half of the container's address} */
    public long insideHi(int slot) {
        return memory.getLong(at(slot) + INSIDE_OFFSET);
    }

    /** {@return lower half of the container's address} */
    public long insideLo(int slot) {
        return memory.getLong(at(slot) + INSIDE_OFFSET + 8);
    }

    /** {@return the container's port or identifier} */
    public int insidePort(int slot) {
        return uint16(slot, INSIDE_PORT_OFFSET);
    }

    /** {@return upper half of the peer's address} */
    public long peerHi(int slot) {
        return memory.getLong(at(slot) + PEER_OFFSET);
    }

    /** {@return lower half of the peer's address} */
    public long peerLo(int slot) {
        return memory.getLong(at(slot) + PEER_OFFSET + 8);
    }

    /** {@return the peer's port} */
    public int peerPort(int slot) {
        return uint16(slot, PEER_PORT_OFFSET);
    }

    /** {@return the IPv4 address under which the container sees the peer; 0 when that is the peer's own} */
    public int seenPeer(int slot) {
        return memory.getInt(at(slot) + SEEN_PEER_OFFSET);
    }

    /** {@return the port under which the container sees the peer} */
    public int seenPort(int slot) {
        int seen = memory.getInt(at(slot) + SEEN_PORT_OFFSET);
        return seen == 0 ? peerPort(slot) : seen;
    }

    /** {@return whether the container sees another address or port in the place of the peer's own} */
    public boolean isPeerAltered(int slot) {
        // Both words at once, in whichever order.
        return memory.getLong(at(slot) + SEEN_PEER_OFFSET) != 0 || isPeerLoopback6(slot);
    }

    /** {@return whether the container sees its gateway in the place of the peer, which is the host itself} */
    public boolean isPeerHidden(int slot) {
        return seenPeer(slot) != 0 || isPeerLoopback6(slot);
    }

    private boolean isPeerLoopback6(int slot) {
        return peerHi(slot) == 0 && peerLo(slot) == FlowTuple.LOOPBACK6;
    }

    /** {@return which of the host's addresses} */
    public int outsideSlot(int slot) {
        return memory.getByte(at(slot) + OUTSIDE_SLOT_OFFSET) & 0xFF;
    }

    /** {@return the port or identifier on the host's address} */
    public int outsidePort(int slot) {
        return uint16(slot, OUTSIDE_PORT_OFFSET);
    }

    /** {@return the protocol number} */
    public int protocol(int slot) {
        return memory.getByte(at(slot) + PROTOCOL_OFFSET) & 0xFF;
    }

    /** {@return the container's network} */
    public int network(int slot) {
        return uint16(slot, NETWORK_OFFSET);
    }

    /** {@return whose flow it is} */
    public int endpoint(int slot) {
        return uint16(slot, ENDPOINT_OFFSET);
    }

    /** {@return the rule of an inbound flow} */
    public int rule(int slot) {
        return memory.getInt(at(slot) + RULE_OFFSET);
    }

    /** {@return when the flow was last seen} */
    public long seenMs(int slot) {
        return memory.getLong(at(slot) + SEEN_OFFSET) >> 8;
    }

    /** {@return which of the table's timeouts holds} */
    public int timerClass(int slot) {
        return (int) memory.getLong(at(slot) + SEEN_OFFSET) & 0xFF;
    }

    /** {@return a word of the protocol's tracker for one direction, at first 0} */
    public long window(int slot, int direction) {
        return memory.getLong(at(slot) + WINDOW_OFFSET + direction * 8L);
    }

    /** Writes a word of the protocol's tracker, in one store. */
    public void window(int slot, int direction, long word) {
        memory.putLong(at(slot) + WINDOW_OFFSET + direction * 8L, word);
    }

    /** {@return how many packets went in a direction} */
    public long packets(int slot, int direction) {
        return memory.getLong(at(slot) + COUNTER_OFFSET + direction * 16L);
    }

    /** {@return how many bytes went in a direction} */
    public long bytes(int slot, int direction) {
        return memory.getLong(at(slot) + COUNTER_OFFSET + direction * 16L + 8);
    }

    /** A packet of the flow went on its way. */
    public void count(int slot, int direction, long packetBytes) {
        long counter = at(slot) + COUNTER_OFFSET + direction * 16L;
        memory.putLong(counter, memory.getLong(counter) + 1);
        memory.putLong(counter + 8, memory.getLong(counter + 8) + packetBytes);
    }

    /** Fills a tuple with what tells the flow from others. */
    public void read(int slot, FlowTuple t) {
        t.kind = kind(slot);
        t.protocol = protocol(slot);
        t.inside(network(slot), insideHi(slot), insideLo(slot), insidePort(slot));
        t.peer(peerHi(slot), peerLo(slot), peerPort(slot));
        t.seenPeer = seenPeer(slot);
        t.seenPort = memory.getInt(at(slot) + SEEN_PORT_OFFSET);
        t.outside(outsideSlot(slot), outsidePort(slot));
        t.endpoint = endpoint(slot);
        t.rule = rule(slot);
        t.dependent = dependent(slot);
    }

    /** The entry is as free as a fresh one. */
    void free(int slot) {
        memory.putIntRelease(at(slot) + STATE_OFFSET, 0);
    }

    /** Writes a new flow into a free entry; the last store makes it one. */
    void write(int slot, FlowTuple t, int standing, long nowMs, int timerClass) {
        long at = at(slot);
        memory.putShort(at + FLAGS_OFFSET, (short) (standing | (t.dependent ? DEPENDENT : 0)));
        memory.putLong(at + INSIDE_OFFSET, t.insideHi);
        memory.putLong(at + INSIDE_OFFSET + 8, t.insideLo);
        memory.putLong(at + PEER_OFFSET, t.peerHi);
        memory.putLong(at + PEER_OFFSET + 8, t.peerLo);
        memory.putShort(at + INSIDE_PORT_OFFSET, (short) t.insidePort);
        memory.putShort(at + PEER_PORT_OFFSET, (short) t.peerPort);
        memory.putShort(at + OUTSIDE_PORT_OFFSET, (short) t.outsidePort);
        memory.putByte(at + OUTSIDE_SLOT_OFFSET, (byte) t.outsideSlot);
        memory.putByte(at + PROTOCOL_OFFSET, (byte) t.protocol);
        memory.putShort(at + NETWORK_OFFSET, (short) t.network);
        memory.putShort(at + ENDPOINT_OFFSET, (short) t.endpoint);
        memory.putInt(at + RULE_OFFSET, t.rule);
        memory.putInt(at + SEEN_PEER_OFFSET, t.seenPeer);
        memory.putInt(at + SEEN_PORT_OFFSET, t.seenPort);
        memory.putShort(at + CHECK_OFFSET, check(slot, t.kind));
        seen(slot, nowMs, timerClass);
        for (int offset = WINDOW_OFFSET; offset < ENTRY_LENGTH; offset += 8) {
            memory.putLong(at + offset, 0);
        }
        memory.putIntRelease(at + STATE_OFFSET, t.kind);
    }

    /** {@return whether the entry is a flow that was written as a whole} */
    boolean sound(int slot) {
        int kind = kind(slot);
        return (kind == OUTBOUND || kind == INBOUND)
                && memory.getShort(at(slot) + CHECK_OFFSET) == check(slot, kind)
                && standing(slot) <= CLOSED;
    }

    boolean occupied(int slot) {
        return memory.getInt(at(slot) + STATE_OFFSET) != 0;
    }

    void seen(int slot, long nowMs, int timerClass) {
        memory.putLong(at(slot) + SEEN_OFFSET, nowMs << 8 | (timerClass & 0xFF));
    }

    void standing(int slot, int standing) {
        flags(slot, (flags(slot) & ~STANDING_MASK) | standing);
    }

    void makeDependent(int slot) {
        flags(slot, flags(slot) | DEPENDENT);
    }

    /** An outbound flow was begun by the peer, to a mapping that is open to all (N4). */
    void makeFromPeer(int slot) {
        flags(slot, flags(slot) | FROM_PEER);
    }

    void makeRecovered(int slot) {
        flags(slot, flags(slot) | RECOVERED);
    }

    boolean sameInside(int slot, FlowTuple t) {
        int seen = seenPeer(slot);
        return insideLo(slot) == t.insideLo
                && insidePort(slot) == t.insidePort
                && seenPort(slot) == t.seenPort()
                && (seen == 0 ? peerLo(slot) : FlowTuple.v4(seen)) == t.seenPeerLo()
                && (seen == 0 ? peerHi(slot) : 0) == t.seenPeerHi()
                && insideHi(slot) == t.insideHi
                && protocol(slot) == t.protocol
                && network(slot) == t.network;
    }

    boolean sameOutside(int slot, FlowTuple t) {
        return peerLo(slot) == t.peerLo
                && peerPort(slot) == t.peerPort
                && outsidePort(slot) == t.outsidePort
                && outsideSlot(slot) == t.outsideSlot
                && protocol(slot) == t.protocol
                && peerHi(slot) == t.peerHi;
    }

    boolean sameMapping(int slot, FlowTuple t) {
        return kind(slot) == OUTBOUND
                && insideLo(slot) == t.insideLo
                && insidePort(slot) == t.insidePort
                && insideHi(slot) == t.insideHi
                && protocol(slot) == t.protocol
                && network(slot) == t.network
                && outsideSlot(slot) == t.outsideSlot;
    }

    /** A step of a sum that changes whenever one of its words does. */
    static long mix(long sum, long word) {
        long mixed = (sum ^ word) * 0x9E37_79B9_7F4A_7C15L;
        return mixed ^ mixed >>> 32;
    }

    private short check(int slot, int kind) {
        long at = at(slot);
        long sum = salt ^ kind;
        for (int offset = INSIDE_OFFSET; offset < SEEN_OFFSET; offset += 8) {
            sum = mix(sum, memory.getLong(at + offset));
        }
        return (short) (sum ^ sum >>> 16);
    }

    private int flags(int slot) {
        return memory.getShort(at(slot) + FLAGS_OFFSET) & 0xFFFF;
    }

    private void flags(int slot, int flags) {
        memory.putShort(at(slot) + FLAGS_OFFSET, (short) flags);
    }

    private int uint16(int slot, int offset) {
        return memory.getShort(at(slot) + offset) & 0xFFFF;
    }

    private static long at(int slot) {
        return (long) slot << ENTRY_SHIFT;
    }
}
