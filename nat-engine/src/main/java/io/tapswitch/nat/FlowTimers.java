package io.tapswitch.nat;

import io.tapswitch.wire.IpProtocol;

/**
 * How long a flow may be idle: the timer classes of the flow table (N9, N10, N18, N32). Their numbers are kept with the
 * flows from process to process, so they never change their meaning.
 *
 * <pre>
 *   UNREPLIED     UDP, SCTP that nobody answered     120 s   RFC 4787 REQ-5
 *   UDP           answered                           300 s   the same, may be set; N9 wants 120 s at least
 *   SCTP          answered                           300 s   ten of its heartbeats (RFC 9260 §8.3)
 *   ICMP          queries                             60 s   RFC 5508 REQ-2
 *   OTHER         protocols without ports            600 s
 *   TRANSITORY    TCP that begins or ends            240 s   RFC 5382 REQ-5
 *   PICKED_UP     TCP taken up in the middle         300 s
 *   ESTABLISHED   TCP                               7440 s   RFC 5382 REQ-5
 * </pre>
 */
final class FlowTimers {
    static final int UNREPLIED = 0;
    static final int UDP = 1;
    static final int SCTP = 2;
    static final int ICMP = 3;
    static final int OTHER = 4;
    static final int TRANSITORY = 5;
    static final int PICKED_UP = 6;
    static final int ESTABLISHED = 7;

    /** Least time of an answered UDP mapping: RFC 4787 REQ-5. */
    static final long MIN_UDP_MS = 120_000;

    private FlowTimers() {}

    /** {@return the times of all classes} */
    static long[] timeoutsMs() {
        return new long[] {
            120_000,
            300_000,
            300_000,
            60_000,
            600_000,
            TcpState.TRANSITORY_MS,
            TcpState.PICKED_UP_MS,
            TcpState.ESTABLISHED_MS
        };
    }

    /** {@return the class of a flow of any protocol but TCP} */
    static int of(int protocol, boolean answered) {
        return switch (protocol) {
            case IpProtocol.UDP -> answered ? UDP : UNREPLIED;
            case IpProtocol.SCTP -> answered ? SCTP : UNREPLIED;
            case IpProtocol.ICMP, IpProtocol.ICMPV6 -> ICMP;
            default -> OTHER;
        };
    }

    /** {@return the class of a TCP flow whose tracker is in this state} */
    static int ofTcp(int state) {
        long idleMs = TcpTracker.idleMs(state);
        if (idleMs == TcpState.ESTABLISHED_MS) {
            return ESTABLISHED;
        }
        return idleMs == TcpState.PICKED_UP_MS ? PICKED_UP : TRANSITORY;
    }

    /** {@return the class of a flow that begins} */
    static int first(int protocol) {
        return protocol == IpProtocol.TCP ? TRANSITORY : of(protocol, false);
    }
}
