package io.tapswitch.nat;

import org.agrona.MutableDirectBuffer;
import org.agrona.concurrent.AtomicBuffer;

/** One worker's NAT: the leaves of this package joined. SKELETON: the signatures stand, the owner fills it. */
public final class NatEngine {
    /** The packet was translated where it lies, its TTL is one less; it goes by its new destination. */
    public static final int FORWARD = 0;
    /** There is no flow, and none was to be begun: the packet is as it was. */
    public static final int NO_FLOW = 1;

    /** Answer of a refused packet: nothing is said. */
    public static final int SILENCE = 0;
    /** Answer: ICMP time exceeded in transit. */
    public static final int TIME_EXCEEDED = 1;
    /** Answer: ICMP communication administratively prohibited (N16). */
    public static final int PROHIBITED = 2;
    /** Answer: a TCP reset that fits the segment (N14). */
    public static final int RESET = 3;

    /** Answer: ICMP network unreachable. */
    public static final int UNREACHABLE = 4;

    /** Which of the host's addresses a new flow to a peer leaves with: the kernel's route says it. */
    @FunctionalInterface
    public interface OutsideChoice {
        /** {@return the slot of the address, or a negative {@link NatDrop} code} */
        int slotFor(long peerHi, long peerLo, long nowMs);
    }

    /** Is told which ports NAT owns, so that their packets are steered here. Called on the worker's thread. */
    public interface PortSink {
        /** From now on packets to this port are the worker's; may be said twice. */
        void onOwned(int outsideSlot, int protocol, int port);

        /** The port is nobody's. */
        void onFree(int outsideSlot, int protocol, int port);
    }

    /**
     * Makes an engine, with the flows of an earlier process where the kept memory has them.
     *
     * @param worker whose it is, below {@code workers}
     */
    public NatEngine(
            int worker,
            int workers,
            AtomicBuffer kept,
            AtomicBuffer derived,
            FlowLimits limits,
            long bootHi,
            long bootLo,
            long nowMs,
            OutsideChoice routes,
            PortSink ports) {
        if (workers < 1 || worker < 0) {
            throw new IllegalArgumentException(
                    "worker " + worker + kept + derived + limits + bootHi + bootLo + nowMs + routes + ports);
        }
    }

    /** Takes a version: flows of endpoints, rules and addresses that are gone go with it. */
    public void take(NatVersion version, long nowMs) {}

    /**
     * A container's packet.
     *
     * @param classified from {@link PacketClass}; no fragment
     * @param mayBegin whether it may begin a flow; without, only what belongs to one is translated
     * @return {@link #FORWARD}, {@link #NO_FLOW}, or a {@link NatDrop} code; {@link #answer} tells what to answer then
     */
    public int outbound(
            MutableDirectBuffer b,
            int packet,
            long classified,
            int network,
            int endpoint,
            boolean mayBegin,
            long nowMs) {
        return NO_FLOW;
    }

    /**
     * A packet that came to one of the host's addresses, from outside, from the host itself, or by hairpin.
     *
     * @param outsideSlot of its destination
     * @param fromHost whether it came by the loopback device
     * @return {@link #FORWARD}: then {@link #endpoint} is where it goes; or a {@link NatDrop} code
     */
    public int inbound(
            MutableDirectBuffer b, int packet, long classified, int outsideSlot, boolean fromHost, long nowMs) {
        return NatDrop.PROTOCOL.code();
    }

    /**
     * A container's packet to a published port of the host, behind {@link #outbound} and with the same class: as
     * {@link #inbound}, but the hop was counted already (N23).
     */
    public int hairpin(MutableDirectBuffer b, int packet, long classified, int outsideSlot, long nowMs) {
        return NatDrop.PROTOCOL.code();
    }

    /** Until when segments of unknown connections are taken up rather than reset (N14). */
    public void looseUntil(long timeMs) {}

    /** {@return a counter; any thread} */
    public long count(NatCounter counter) {
        return 0;
    }

    /** {@return how many ports a slot could still give, -1 while nothing was sent with its address} */
    public int freePorts(int protocol, int outsideSlot) {
        return -1;
    }

    /**
     * Shows flows. To be called again with what it returned, until that is negative.
     *
     * @param from at first 0
     * @param limit entries to look at
     */
    public int flows(int from, int limit, FlowVisitor visitor) {
        return -1;
    }

    /**
     * Adds what went through this worker's rules. To be called again with what it returned, until that is negative.
     *
     * @param from at first 0
     * @param limit entries to look at
     */
    public int ruleTotals(int from, int limit, RuleTotals totals) {
        return -1;
    }

    /** {@return what the sender of the last refused packet should hear} */
    public int answer() {
        return SILENCE;
    }

    /** {@return port id of the endpoint that the last forwarded inbound packet is for} */
    public int endpoint() {
        return -1;
    }

    /** Ends what is due. {@return whether more is} */
    public boolean tick(long nowMs, int limit) {
        return false;
    }
}
