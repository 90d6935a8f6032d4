package io.tapswitch.nat;

import static io.tapswitch.nat.TcpState.CLOSE_ORIGINAL;
import static io.tapswitch.nat.TcpState.CLOSE_REPLY;
import static io.tapswitch.nat.TcpState.CLOSE_WAIT_ORIGINAL;
import static io.tapswitch.nat.TcpState.CLOSE_WAIT_REPLY;
import static io.tapswitch.nat.TcpState.ESTABLISHED;
import static io.tapswitch.nat.TcpState.FIN_WAIT_ORIGINAL;
import static io.tapswitch.nat.TcpState.FIN_WAIT_REPLY;
import static io.tapswitch.nat.TcpState.LAST_ACK;
import static io.tapswitch.nat.TcpState.NONE;
import static io.tapswitch.nat.TcpState.PICKED_UP;
import static io.tapswitch.nat.TcpState.SYN_RECV;
import static io.tapswitch.nat.TcpState.SYN_SENT;
import static io.tapswitch.nat.TcpState.SYN_SENT2;
import static io.tapswitch.nat.TcpState.TIME_WAIT;

import io.tapswitch.wire.TcpHeader;
import io.tapswitch.wire.TcpOptions;
import org.agrona.DirectBuffer;

/**
 * Theory of operation: follows TCP connections between their ends, and says of each segment whether it may pass.
 *
 * <p><b>Problem.</b> A mapping must live as long as its connection and not much longer (N10); nobody off the path may
 * end it, by a reset or by data that no end would take (N12, N13); and all that is known must be two words and a byte
 * in a memory that survives the process.
 *
 * <p><b>Structure.</b> The caller keeps a state byte and two longs ({@link TcpWindow}), one for each direction, and
 * gives them with each segment. What becomes of them stands in this object afterwards, to be written back.
 *
 * <pre>
 *   state byte   bits 0-3  {@link TcpState}
 *                bit 4, 5  the original, the reply side was not heard since state was lost or recovered
 *                bit 6     a reset that may be true was seen, and no segment since: the short time holds
 *                bit 7     a SYN passed that does not fit the connection; what answers it decides
 *
 *   segment -> possible flags? -> reset? -> {@link TcpActions}[state][side, kind] -> window check -> state, windows
 * </pre>
 *
 * <p><b>Verdicts.</b> {@link #FORWARD}: passes and prolongs the flow. {@link #PASS}: passes, but proves nothing:
 * write the state back, prolong nothing. {@link #REOPEN}: as FORWARD, and the flow is another connection from now on.
 * Negative: drop; nothing has changed.
 *
 * <p><b>Windows</b> (N13). A segment must begin within what its receiver takes, or be a late copy; it must acknowledge
 * what was sent. (G. van Rooij, Real Stateful TCP Packet Filtering in IP Filter, SANE 2000.) Only what is forwarded is
 * known to the receiver, so windows are never narrower than the ends' own.
 *
 * <p><b>Resets</b> (N12; RFC 5961 §3.2, RFC 7857). Outside the window: dropped, nothing changes. Exactly where the
 * receiver waits, or behind all that was sent to it: the connection is closed. Anywhere else in the window: the
 * receiver will ask back, so it passes, the state stays, and only the time becomes the transitory one until a segment
 * follows. A closed flow is kept for that time, and stragglers are translated. Should the side that sent the reset go
 * on beyond it, then it was not that side who sent it: the connection is established.
 *
 * <p><b>Out of step.</b> A SYN on a connection that we believe to live passes. If the other end believes so too, its
 * challenge is answered with a reset; if it does not, its SYN-ACK begins the connection anew. A recovered flow, or one
 * taken up in the middle (N14), takes windows as they come until both sides were heard.
 *
 * <p>Linux' conntrack is the oracle for N11 and differs in: which side's FIN it was is known here, so that a
 * half-closed connection never looks over; the short times; and what it calls invalid is dropped instead of leaked.
 * <b>Threads.</b> One for each object. No method allocates. RFC 9293 §3.10, RFC 5382.
 */
public final class TcpTracker {
    /** Passes, and prolongs the flow. */
    public static final int FORWARD = 0;
    /** Passes, and prolongs nothing; the state byte may have changed. */
    public static final int PASS = 1;
    /** As {@link #FORWARD}, and the flow is a new connection from now on. */
    public static final int REOPEN = 2;
    /** Drop: flags that no TCP sends together, or none. */
    public static final int BAD_FLAGS = -1;
    /** Drop: nothing that this side could send now. */
    public static final int BAD_STATE = -2;
    /** Drop: data or acknowledgement outside the windows. */
    public static final int OUT_OF_WINDOW = -3;
    /** Drop: a reset outside the window. */
    public static final int RESET_OUT_OF_WINDOW = -4;
    /** Drop: of no connection, and not to be taken up. An inside host should get a reset in answer (N14). */
    public static final int STRAY = -5;

    static final int CODE_MASK = 0x0F;

    private static final int UNHEARD_ORIGINAL = 0x10;
    private static final int UNHEARD_REPLY = 0x20;
    private static final int UNHEARD = UNHEARD_ORIGINAL | UNHEARD_REPLY;
    private static final int RESET_SEEN = 0x40;
    private static final int SYN_PASSED = 0x80;

    private static final int FINISHED = 1 << LAST_ACK.ordinal() | 1 << TIME_WAIT.ordinal();
    /** Bit n is set when in the state n the original side has sent its FIN. */
    private static final int FINISHED_ORIGINAL =
            FINISHED | 1 << FIN_WAIT_ORIGINAL.ordinal() | 1 << CLOSE_WAIT_ORIGINAL.ordinal();

    private static final int FINISHED_REPLY =
            FINISHED | 1 << FIN_WAIT_REPLY.ordinal() | 1 << CLOSE_WAIT_REPLY.ordinal();

    private static final int NO_OPTION = -1;

    private boolean loose;

    private int state;
    private int code;
    private boolean fromOriginal;
    /** The direction of the segment, and the opposite one, which it acknowledges. */
    private long sent;

    private long acknowledged;

    private int flags;
    private int sequence;
    private int ack;
    private int end;
    private int window;
    private int scaleOption;

    /** Makes a tracker. */
    public TcpTracker() {}

    /** Whether a segment that begins nothing takes up a connection of which nothing is known (N14). At first not. */
    public void loose(boolean takeUp) {
        this.loose = takeUp;
    }

    /**
     * Judges one segment.
     *
     * @param state the flow's state byte; 0 for a new one
     * @param original the flow's word of the direction from the side that opened it; 0 for a new one
     * @param reply the word of the other direction
     * @param fromOriginal whether the segment comes from the side that opened, or opens, the connection
     * @param b has the whole header, of which the data offset was checked
     * @param offset where the TCP header begins
     * @param payloadLength bytes behind the header, of a super-frame all
     * @return {@link #FORWARD}, {@link #PASS}, {@link #REOPEN}, or why to drop: a negative number
     */
    public int track(
            int state, long original, long reply, boolean fromOriginal, DirectBuffer b, int offset, int payloadLength) {
        this.state = state;
        this.code = state & CODE_MASK;
        this.fromOriginal = fromOriginal;
        this.sent = fromOriginal ? original : reply;
        this.acknowledged = fromOriginal ? reply : original;
        this.flags = TcpHeader.flags(b, offset);
        if (!TcpActions.possible(flags)) {
            return BAD_FLAGS;
        }
        this.sequence = TcpHeader.sequence(b, offset);
        this.ack = TcpHeader.acknowledgement(b, offset);
        this.window = TcpHeader.window(b, offset);
        // SYN and FIN count as a byte each, and are bits 1 and 0 of the flags.
        this.end = sequence + payloadLength + (flags >>> 1 & 1) + (flags & 1);
        if ((flags & TcpHeader.RST) != 0) {
            return reset();
        }
        this.scaleOption = (flags & TcpHeader.SYN) == 0 ? NO_OPTION : scaleOption(b, offset);
        int action = TcpActions.of(code, fromOriginal, flags);
        return action < TcpActions.OPEN ? follow(action) : act(action);
    }

    /** {@return the flow's state byte after the segment} */
    public int state() {
        return state;
    }

    /** {@return the word of the direction from the side that opened the connection, after the segment} */
    public long original() {
        return fromOriginal ? sent : acknowledged;
    }

    /** {@return the word of the other direction, after the segment} */
    public long reply() {
        return fromOriginal ? acknowledged : sent;
    }

    /** {@return the state of a flow whose windows may be of the past: liberal until both sides were heard} */
    public static int recovered(int state) {
        return (state & CODE_MASK) == NONE.ordinal() ? state : state | UNHEARD;
    }

    /** {@return how long a flow in this state may be idle} */
    public static long idleMs(int state) {
        long idleMs = TcpState.of(state).idleMs();
        return (state & RESET_SEEN) != 0 ? Math.min(idleMs, TcpState.TRANSITORY_MS) : idleMs;
    }

    /** {@return whether both sides agreed to the connection, so that it is never evicted unless it is over (N17)} */
    public static boolean isFirm(int state) {
        return (state & CODE_MASK) >= ESTABLISHED.ordinal() && !isOver(state);
    }

    /** {@return whether the connection is over, so that its port may be reclaimed when there is no other} */
    public static boolean isOver(int state) {
        return (state & CODE_MASK) >= TIME_WAIT.ordinal();
    }

    /**
     * {@return whether a SYN is ahead of all that a side sent: its peer takes it for a new connection even if it
     * remembers this one} RFC 1122 §4.2.2.13, RFC 6191.
     *
     * @param window the word of the side's direction
     */
    public static boolean isAhead(long window, int synSequence) {
        return synSequence - TcpWindow.end(window) > 0;
    }

    private int act(int action) {
        return switch (action) {
            case TcpActions.OPEN -> open();
            case TcpActions.MEET -> meet();
            case TcpActions.ANSWER -> answer();
            case TcpActions.TAKE_UP -> takeUp();
            case TcpActions.PASS -> letPass();
            case TcpActions.RENEW -> renew();
            case TcpActions.STRAGGLE -> straggle();
            case TcpActions.STRAY -> STRAY;
            default -> BAD_STATE;
        };
    }

    /** The original side's SYN, on nothing, on another SYN that nobody answered, or on a connection that is over. */
    private int open() {
        boolean again = code >= TIME_WAIT.ordinal();
        if (code == TIME_WAIT.ordinal() && !isAhead(sent, sequence)) {
            return PASS;
        }
        sent = TcpWindow.of(sequence, end, 0, Math.max(0, scaleOption));
        // Of the reply side only the offer is known.
        acknowledged = TcpWindow.of(0, 0, window, 0);
        state = SYN_SENT.ordinal();
        return again ? REOPEN : FORWARD;
    }

    /** The reply side's SYN meets the original one's. */
    private int meet() {
        sent = TcpWindow.of(sequence, end, TcpWindow.window(sent), Math.max(0, scaleOption));
        acknowledged = TcpWindow.acknowledged(acknowledged, TcpWindow.acked(acknowledged), window);
        agreeOnScale();
        state = SYN_SENT2.ordinal();
        return FORWARD;
    }

    /** The reply side's SYN-ACK. One that acknowledges something else comes of an older connection: to be answered. */
    private int answer() {
        if (!acknowledgesSyn()) {
            return PASS;
        }
        sent = TcpWindow.of(sequence, end, TcpWindow.window(sent), Math.max(0, scaleOption));
        acknowledged = TcpWindow.acknowledged(acknowledged, ack, window);
        agreeOnScale();
        state = SYN_RECV.ordinal();
        return FORWARD;
    }

    /** A segment in the middle of a connection that nobody here knows. */
    private int takeUp() {
        if (!loose) {
            return STRAY;
        }
        sent = TcpWindow.of(sequence, end, TcpWindow.MAX_WINDOW, TcpWindow.MAX_SCALE);
        acknowledged = TcpWindow.of(ack, ack, window << TcpWindow.MAX_SCALE, TcpWindow.MAX_SCALE);
        // By the side that was asked it is not more than a word: the one that asked has to be heard too.
        state = fromOriginal ? PICKED_UP.ordinal() | UNHEARD_REPLY : SYN_RECV.ordinal() | UNHEARD_ORIGINAL;
        return FORWARD;
    }

    private int letPass() {
        boolean copy = sequence + 1 == TcpWindow.acked(sent);
        if (fromOriginal && flags(TcpHeader.SYN) && code >= SYN_RECV.ordinal() && !copy && !isOver(code)) {
            state |= SYN_PASSED;
        }
        return PASS;
    }

    /** The reply side's SYN-ACK on a connection that we believe to have begun otherwise. */
    private int renew() {
        if ((state & SYN_PASSED) != 0) {
            // Which SYN is not remembered, so the original side's scale is not known, and it is heard liberally.
            sent = TcpWindow.of(sequence, end, TcpWindow.MAX_WINDOW, Math.max(0, scaleOption));
            acknowledged = TcpWindow.of(ack, ack, window, scaleOption < 0 ? 0 : TcpWindow.MAX_SCALE);
            state = SYN_RECV.ordinal() | UNHEARD_ORIGINAL;
            return REOPEN;
        }
        return PASS;
    }

    /** A segment on a connection that was reset. */
    private int straggle() {
        boolean ofResetter = code == (fromOriginal ? CLOSE_ORIGINAL : CLOSE_REPLY).ordinal();
        if (!inWindows()) {
            return OUT_OF_WINDOW;
        }
        boolean goesOn = end - TcpWindow.end(sent) > 0 || ack - TcpWindow.acked(acknowledged) > 0;
        return ofResetter && goesOn ? follow(ESTABLISHED.ordinal()) : PASS;
    }

    /** A segment that the state allows, and that leads to the next one if it fits the windows. */
    private int follow(int next) {
        if ((state & UNHEARD) != 0) {
            resynchronize();
        } else if (!inWindows()) {
            // A SYN-ACK that does not fit is for its receiver to judge: it resets what it does not know.
            return !flags(TcpHeader.SYN) ? OUT_OF_WINDOW : fromOriginal ? PASS : renew();
        }
        boolean advances = ack - TcpWindow.acked(acknowledged) > 0;
        sent = flags(TcpHeader.FIN) && code != PICKED_UP.ordinal()
                ? TcpWindow.finished(sent, end)
                : TcpWindow.sent(sent, end);
        acknowledged = TcpWindow.acknowledged(acknowledged, ack, otherFinished() ? 0 : offered());
        state &= UNHEARD & ~(fromOriginal ? UNHEARD_ORIGINAL : UNHEARD_REPLY);
        state |= settled(next, advances);
        return FORWARD;
    }

    /** What the table foresees holds only when what it waits for is acknowledged. */
    private int settled(int next, boolean advances) {
        boolean holds = switch (TcpState.of(next)) {
            case ESTABLISHED -> code != SYN_RECV.ordinal() || advances;
            case CLOSE_WAIT_ORIGINAL, CLOSE_WAIT_REPLY -> TcpWindow.allAcked(acknowledged);
            case TIME_WAIT -> TcpWindow.allAcked(acknowledged) && TcpWindow.allAcked(sent);
            default -> true;
        };
        return holds ? next : code;
    }

    /** Takes the segment for true where it contradicts what is known. */
    private void resynchronize() {
        boolean otherHeard = (state & (fromOriginal ? UNHEARD_REPLY : UNHEARD_ORIGINAL)) == 0;
        boolean firstOfSide = (state & (fromOriginal ? UNHEARD_ORIGINAL : UNHEARD_REPLY)) != 0;
        if (sent == TcpWindow.UNKNOWN || !TcpWindow.fits(sent, sequence, end)) {
            int acked = otherHeard && sequence - TcpWindow.acked(sent) < 0 ? TcpWindow.acked(sent) : sequence;
            int offered = sent == TcpWindow.UNKNOWN ? TcpWindow.MAX_WINDOW : TcpWindow.window(sent);
            sent = TcpWindow.of(acked, end, offered, TcpWindow.scale(sent));
        }
        // Taken up by one side, its own window is unknown until the other side offers one.
        boolean firstOffer = firstOfSide && code == PICKED_UP.ordinal();
        if (acknowledged == TcpWindow.UNKNOWN || firstOffer || !TcpWindow.acknowledges(acknowledged, ack)) {
            boolean inFlight = firstOffer && TcpWindow.acknowledges(acknowledged, ack);
            int sentSoFar = inFlight ? TcpWindow.end(acknowledged) : ack;
            acknowledged = TcpWindow.of(ack, sentSoFar, offered(), TcpWindow.scale(acknowledged));
        }
    }

    private int reset() {
        if (code == NONE.ordinal()) {
            return STRAY;
        }
        if (code == SYN_SENT.ordinal() || (!fromOriginal && refusesSyn())) {
            return refuse();
        }
        if (isOver(state)) {
            return TcpWindow.fits(sent, sequence, sequence) ? PASS : RESET_OUT_OF_WINDOW;
        }
        if (TcpWindow.resetIsExact(sent, sequence)) {
            state = (fromOriginal ? CLOSE_ORIGINAL : CLOSE_REPLY).ordinal();
            return FORWARD;
        }
        if ((state & UNHEARD) == 0 && !TcpWindow.resetFits(sent, sequence)) {
            return RESET_OUT_OF_WINDOW;
        }
        state |= RESET_SEEN;
        return FORWARD;
    }

    /**
     * A reset where no sequence number of the reply side is known: it must acknowledge the SYN (RFC 9293 §3.10.7.3).
     */
    private int refuse() {
        if (fromOriginal) {
            // It resets an older connection of the peer's, whose segment was let pass; the SYN will be sent again.
            return PASS;
        }
        if (code == SYN_SENT.ordinal() && !(flags(TcpHeader.ACK) && acknowledgesSyn())) {
            return RESET_OUT_OF_WINDOW;
        }
        sent = TcpWindow.of(sequence, sequence, TcpWindow.window(sent), TcpWindow.scale(sent));
        state = CLOSE_REPLY.ordinal();
        return FORWARD;
    }

    /** {@return whether a reset can be the answer of a host that knows nothing to a SYN that we let pass} */
    private boolean refusesSyn() {
        return (state & SYN_PASSED) != 0 && sequence == 0 && flags(TcpHeader.ACK);
    }

    private boolean acknowledgesSyn() {
        return ack - TcpWindow.acked(acknowledged) > 0 && ack - TcpWindow.end(acknowledged) <= 0;
    }

    private boolean inWindows() {
        return TcpWindow.fits(sent, sequence, end) && TcpWindow.acknowledges(acknowledged, ack);
    }

    /** Windows are scaled only when both SYNs say so (RFC 7323 §2.2). */
    private void agreeOnScale() {
        if (scaleOption < 0) {
            acknowledged = TcpWindow.scale(acknowledged, 0);
        }
    }

    /** {@return whether the side to which the segment goes sends no more, so that an offer to it means nothing} */
    private boolean otherFinished() {
        return ((fromOriginal ? FINISHED_REPLY : FINISHED_ORIGINAL) >>> code & 1) != 0;
    }

    private int offered() {
        return flags(TcpHeader.SYN) ? window : window << TcpWindow.scale(sent);
    }

    private boolean flags(int flag) {
        return (flags & flag) != 0;
    }

    private static int scaleOption(DirectBuffer b, int offset) {
        int option = TcpOptions.find(b, offset, TcpOptions.WINDOW_SCALE);
        return option < 0 || TcpOptions.length(b, option) != 3 ? NO_OPTION : b.getByte(option + 2) & 0xFF;
    }
}
