package io.tapswitch.nat;

import static io.tapswitch.nat.TcpState.CLOSE_WAIT_ORIGINAL;
import static io.tapswitch.nat.TcpState.CLOSE_WAIT_REPLY;
import static io.tapswitch.nat.TcpState.FIN_WAIT_ORIGINAL;
import static io.tapswitch.nat.TcpState.FIN_WAIT_REPLY;

import io.tapswitch.wire.TcpHeader;

/**
 * What {@link TcpTracker} does with a segment: by the state, the side that sent it, and what kind it is. Resets are not
 * in the table, for with them all depends on the sequence number.
 *
 * <p>A number below {@link #OPEN} is the next state, if the segment fits the windows and acknowledges what that state
 * waits for. Why where it is not plain:
 * <ul>
 *   <li>In SYN_SENT all but a SYN-ACK of the reply side comes of an older connection that it still has. It passes, so
 *       that the original side can reset it (RFC 9293 §3.5.1).
 *   <li>In SYN_SENT2 each side's SYN-ACK acknowledges the other's SYN; the second one makes the connection.
 *   <li>A FIN of the side that is closed already is a copy.
 *   <li>LAST_ACK waits for two acknowledgements when both closed at once.
 * </ul>
 */
final class TcpActions {
    /** The first that is no state. */
    static final int OPEN = 16;

    static final int MEET = 17;
    static final int ANSWER = 18;
    static final int TAKE_UP = 19;
    static final int PASS = 20;
    static final int RENEW = 21;
    static final int STRAGGLE = 22;
    static final int STRAY = 23;
    static final int BAD = 24;

    private static final int SR = TcpState.SYN_RECV.ordinal();
    private static final int PU = TcpState.PICKED_UP.ordinal();
    private static final int EST = TcpState.ESTABLISHED.ordinal();
    private static final int FWO = FIN_WAIT_ORIGINAL.ordinal();
    private static final int FWR = FIN_WAIT_REPLY.ordinal();
    private static final int CWO = CLOSE_WAIT_ORIGINAL.ordinal();
    private static final int CWR = CLOSE_WAIT_REPLY.ordinal();
    private static final int LA = TcpState.LAST_ACK.ordinal();
    private static final int TW = TcpState.TIME_WAIT.ordinal();

    private static final int KINDS = 4;
    private static final int SYN = 0;
    private static final int SYN_ACK = 1;
    private static final int FIN = 2;
    private static final int ACK = 3;

    // spotless:off
    private static final byte[] ACTIONS = bytes(new int[][] {
        //                 original: SYN   SYN_ACK FIN       ACK       reply: SYN   SYN_ACK FIN       ACK
        /* NONE         */         { OPEN, STRAY,  STRAY,    TAKE_UP,         STRAY, STRAY,  STRAY,    TAKE_UP },
        /* SYN_SENT     */         { OPEN, BAD,    BAD,      BAD,             MEET, ANSWER, PASS,     PASS },
        /* SYN_SENT2    */         { PASS, SR,     BAD,      PASS,            PASS, SR,     BAD,      PASS },
        /* SYN_RECV     */         { PASS, EST,    FWO,      EST,             PASS, EST,    FWR,      SR },
        /* PICKED_UP    */         { PASS, BAD,    PU,       PU,              BAD,  RENEW,  FWR,      EST },
        /* ESTABLISHED  */         { PASS, PASS,   FWO,      EST,             BAD,  RENEW,  FWR,      EST },
        /* FIN_WAIT_O   */         { PASS, PASS,   FWO,      FWO,             BAD,  RENEW,  LA,       CWO },
        /* FIN_WAIT_R   */         { PASS, PASS,   LA,       CWR,             BAD,  RENEW,  FWR,      FWR },
        /* CLOSE_WAIT_O */         { PASS, PASS,   CWO,      CWO,             BAD,  RENEW,  LA,       CWO },
        /* CLOSE_WAIT_R */         { PASS, PASS,   LA,       CWR,             BAD,  RENEW,  CWR,      CWR },
        /* LAST_ACK     */         { PASS, PASS,   TW,       TW,              BAD,  RENEW,  TW,       TW },
        /* TIME_WAIT    */         { OPEN, PASS,   TW,       TW,              BAD,  PASS,   TW,       TW },
        /* CLOSE_O      */         { OPEN, PASS,   STRAGGLE, STRAGGLE,        BAD,  PASS,   STRAGGLE, STRAGGLE },
        /* CLOSE_R      */         { OPEN, PASS,   STRAGGLE, STRAGGLE,        BAD,  PASS,   STRAGGLE, STRAGGLE },
    });
    // spotless:on

    /** Bit n is set when the flags n, without PSH, ECE and CWR, can stand together. */
    private static final long POSSIBLE = bits(
            TcpHeader.SYN,
            TcpHeader.SYN | TcpHeader.URG,
            TcpHeader.SYN | TcpHeader.ACK,
            TcpHeader.RST,
            TcpHeader.RST | TcpHeader.ACK,
            TcpHeader.FIN | TcpHeader.ACK,
            TcpHeader.FIN | TcpHeader.ACK | TcpHeader.URG,
            TcpHeader.ACK,
            TcpHeader.ACK | TcpHeader.URG);

    private static final int JUDGED = 0x3F & ~TcpHeader.PSH;

    private TcpActions() {}

    /** {@return whether a TCP can send these flags together (N13)} */
    static boolean possible(int flags) {
        return (POSSIBLE >>> (flags & JUDGED) & 1) != 0;
    }

    /** {@return the next state, or an action} The flags are possible, and without RST. */
    static int of(int code, boolean fromOriginal, int flags) {
        int kind;
        if ((flags & TcpHeader.SYN) != 0) {
            kind = (flags & TcpHeader.ACK) != 0 ? SYN_ACK : SYN;
        } else {
            kind = (flags & TcpHeader.FIN) != 0 ? FIN : ACK;
        }
        return ACTIONS[(code * 2 + (fromOriginal ? 0 : 1)) * KINDS + kind];
    }

    private static byte[] bytes(int[][] rows) {
        byte[] bytes = new byte[rows.length * 2 * KINDS];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) rows[i / (2 * KINDS)][i % (2 * KINDS)];
        }
        return bytes;
    }

    private static long bits(int... set) {
        long bits = 0;
        for (int bit : set) {
            bits |= 1L << bit;
        }
        return bits;
    }
}
