package io.tapswitch.nat;

/**
 * Where a TCP connection is, as somebody between its ends sees it. "The one who opened it" is the original side: the
 * container for an outbound flow, the peer for one to a published port; the other is the reply side.
 *
 * <p>The names are those of Linux' conntrack (N11), the times those of N10: an established connection may be idle for
 * two hours and four minutes (RFC 5382 REQ-5), and every other state has the transitory four minutes (RFC 5382 REQ-5,
 * RFC 7857).
 */
public enum TcpState {
    /** Nothing was seen. Only {@link TcpTracker} begins a connection; nothing may be read of it. */
    NONE("NONE", TcpState.TRANSITORY_MS),
    /** A SYN of the original side. Not answered yet, so the first to go under pressure. */
    SYN_SENT("SYN_SENT", TcpState.TRANSITORY_MS),
    /** Both sides sent a SYN and neither acknowledged (simultaneous open, RFC 5382 REQ-2a). */
    SYN_SENT2("SYN_SENT2", TcpState.TRANSITORY_MS),
    /** A SYN was acknowledged, the other one not yet. */
    SYN_RECV("SYN_RECV", TcpState.TRANSITORY_MS),
    /**
     * Taken up in the middle (N14); the reply side was not heard yet, which also means that its windows are unknown.
     */
    PICKED_UP("ESTABLISHED", TcpState.PICKED_UP_MS),
    /** Both SYNs are acknowledged. Never evicted. */
    ESTABLISHED("ESTABLISHED", TcpState.ESTABLISHED_MS),
    /** The original side sends no more. */
    FIN_WAIT_ORIGINAL("FIN_WAIT", TcpState.TRANSITORY_MS),
    /** The reply side sends no more. */
    FIN_WAIT_REPLY("FIN_WAIT", TcpState.TRANSITORY_MS),
    /** The original side sends no more, and the other one knows. It may go on sending: half closed, not over. */
    CLOSE_WAIT_ORIGINAL("CLOSE_WAIT", TcpState.TRANSITORY_MS),
    /** The reply side sends no more, and the original one knows. */
    CLOSE_WAIT_REPLY("CLOSE_WAIT", TcpState.TRANSITORY_MS),
    /** Neither sends more; a FIN is not acknowledged. */
    LAST_ACK("LAST_ACK", TcpState.TRANSITORY_MS),
    /** Over, all acknowledged. A SYN that is ahead begins a new connection in its place (N8). */
    TIME_WAIT("TIME_WAIT", TcpState.TRANSITORY_MS),
    /** Reset by the original side. Stragglers are translated, and prolong nothing. */
    CLOSE_ORIGINAL("CLOSE", TcpState.TRANSITORY_MS),
    /** Reset by the reply side. */
    CLOSE_REPLY("CLOSE", TcpState.TRANSITORY_MS);

    /** RFC 5382 REQ-5: two hours four minutes. */
    public static final long ESTABLISHED_MS = 7_440_000;
    /** RFC 5382 REQ-5: four minutes. */
    public static final long TRANSITORY_MS = 240_000;
    /** N14: long enough for a sender's next retransmission to be answered. */
    public static final long PICKED_UP_MS = 300_000;

    private static final TcpState[] VALUES = values();

    private final String word;
    private final long idleMs;

    TcpState(String word, long idleMs) {
        this.word = word;
        this.idleMs = idleMs;
    }

    /** {@return the state in a tracker's state byte} */
    public static TcpState of(int state) {
        return VALUES[state & TcpTracker.CODE_MASK];
    }

    /** {@return the name that people know it by; some states share one} */
    public String word() {
        return word;
    }

    /** {@return how long the flow may be idle, when nothing shortens it} */
    public long idleMs() {
        return idleMs;
    }
}
