package io.tapswitch.nat;

import io.tapswitch.wire.Ipv4Address;

/**
 * What tells one flow from all others, and what belongs to it from its first packet to its last: a struct that its
 * owner fills again and again, so that neither a lookup nor an insertion makes an object.
 *
 * <p>Words: <i>inside</i> is the container's side, <i>outside</i> the host address' side, <i>peer</i> the remote
 * machine. An outside slot is the small index of one of the host's addresses. Addresses are two longs; IPv4 is
 * v4-mapped (RFC 4291 §2.5.5.2): the upper one 0, the lower one {@code 0xffff_0000_0000 | bits}. An ICMP identifier
 * stands where a port does, and the port of a peer is then 0; protocols without ports have 0 everywhere.
 *
 * <p>Which parts a lookup reads is said there. One thread.
 */
public final class FlowTuple {
    private static final long V4_MAPPED = 0xFFFF_0000_0000L;
    private static final long LOOPBACK4 = V4_MAPPED >>> 24 | 127;
    /** Lower half of ::1. */
    static final long LOOPBACK6 = 1;

    int kind;
    int protocol;
    int network;
    long insideHi;
    long insideLo;
    int insidePort;
    long peerHi;
    long peerLo;
    int peerPort;
    int seenPeer;
    int seenPort;
    int outsideSlot;
    int outsidePort;
    int endpoint;
    int rule;
    boolean dependent;

    /** The lower long of an IPv4 address, the upper one being 0. */
    public static long v4(int address) {
        return Ipv4Address.mapped(address);
    }

    /** {@return whether two longs are an IPv4 address} */
    public static boolean isV4(long hi, long lo) {
        return hi == 0 && lo >>> 32 == V4_MAPPED >>> 32;
    }

    /** {@return whether two longs are an address of 127.0.0.0/8 or ::1} */
    static boolean isLoopback(long hi, long lo) {
        return hi == 0 && (lo == LOOPBACK6 || lo >>> 24 == LOOPBACK4);
    }

    /**
     * The flow is made by a container's packet and uses a mapping of its inside endpoint. Until said otherwise the
     * mapping is endpoint-independent (N1), the peer is seen as it is, and no rule is named.
     */
    public FlowTuple outbound(int protocolNumber) {
        return kind(FlowEntries.OUTBOUND, protocolNumber);
    }

    /** The flow is made by a packet to a published port; {@link #rule} names the rule. */
    public FlowTuple inbound(int protocolNumber) {
        return kind(FlowEntries.INBOUND, protocolNumber);
    }

    private FlowTuple kind(int newKind, int protocolNumber) {
        kind = newKind;
        protocol = protocolNumber;
        seenPeer = 0;
        seenPort = 0;
        rule = 0;
        dependent = false;
        return this;
    }

    /** No flow yet: begins what a lookup reads. */
    public FlowTuple lookup(int protocolNumber) {
        return kind(0, protocolNumber);
    }

    /** The container's side. */
    public FlowTuple inside(int networkIndex, long hi, long lo, int port) {
        network = networkIndex;
        insideHi = hi;
        insideLo = lo;
        insidePort = port;
        return this;
    }

    /** The remote side; for a lookup by the inside, as the container's packet names it. */
    public FlowTuple peer(long hi, long lo, int port) {
        peerHi = hi;
        peerLo = lo;
        peerPort = port;
        return this;
    }

    /** The IPv4 address under which the container sees the peer; 0 when that is the peer's own. */
    public FlowTuple seenPeer(int address) {
        seenPeer = address;
        return this;
    }

    /** The port under which the container sees the peer; 0 when that is the peer's own. */
    public FlowTuple seenPort(int port) {
        seenPort = port;
        return this;
    }

    /** The host's side. */
    public FlowTuple outside(int slot, int port) {
        outsideSlot = slot;
        outsidePort = port;
        return this;
    }

    /** Whose flow it is: the port of the switch at which the container is. */
    public FlowTuple endpoint(int id) {
        endpoint = id;
        return this;
    }

    /** The rule of an inbound flow. */
    public FlowTuple rule(int id) {
        rule = id;
        return this;
    }

    /** The outside port is lent for this one peer (N3, under pressure), it is not the inside endpoint's mapping. */
    public FlowTuple dependent() {
        dependent = true;
        return this;
    }

    /** {@return the kind of the flow; 0 of a lookup} */
    public int kind() {
        return kind;
    }

    /** {@return the protocol number} */
    public int protocol() {
        return protocol;
    }

    /** {@return the container's network} */
    public int network() {
        return network;
    }

    /** {@return upper half of the container's address} */
    public long insideHi() {
        return insideHi;
    }

    /** {@return lower half of the container's address} */
    public long insideLo() {
        return insideLo;
    }

    /** {@return the container's port or identifier} */
    public int insidePort() {
        return insidePort;
    }

    /** {@return upper half of the peer's address} */
    public long peerHi() {
        return peerHi;
    }

    /** {@return lower half of the peer's address} */
    public long peerLo() {
        return peerLo;
    }

    /** {@return the peer's port} */
    public int peerPort() {
        return peerPort;
    }

    /** {@return the IPv4 address under which the container sees the peer; 0 when that is the peer's own} */
    public int seenPeer() {
        return seenPeer;
    }

    /** {@return the peer's port as the container sees it} */
    public int seenPort() {
        return seenPort == 0 ? peerPort : seenPort;
    }

    /** {@return which of the host's addresses} */
    public int outsideSlot() {
        return outsideSlot;
    }

    /** {@return the port or identifier on the host's address} */
    public int outsidePort() {
        return outsidePort;
    }

    /** {@return whose flow it is} */
    public int endpoint() {
        return endpoint;
    }

    /** {@return the rule of an inbound flow} */
    public int rule() {
        return rule;
    }

    /** {@return whether the outside port is lent for this peer} */
    public boolean isDependent() {
        return dependent;
    }

    /** {@return the upper long of the peer's address as the container sees it} */
    public long seenPeerHi() {
        return seenPeer == 0 ? peerHi : 0;
    }

    /** {@return the lower long of the peer's address as the container sees it} */
    public long seenPeerLo() {
        return seenPeer == 0 ? peerLo : v4(seenPeer);
    }
}
