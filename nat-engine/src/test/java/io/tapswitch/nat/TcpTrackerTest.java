package io.tapswitch.nat;

import static io.tapswitch.nat.TcpConversation.ACK;
import static io.tapswitch.nat.TcpConversation.FIN;
import static io.tapswitch.nat.TcpConversation.ORIGINAL;
import static io.tapswitch.nat.TcpConversation.RST;
import static io.tapswitch.nat.TcpConversation.SYN;
import static io.tapswitch.nat.TcpState.CLOSE_ORIGINAL;
import static io.tapswitch.nat.TcpState.CLOSE_REPLY;
import static io.tapswitch.nat.TcpState.CLOSE_WAIT_ORIGINAL;
import static io.tapswitch.nat.TcpState.CLOSE_WAIT_REPLY;
import static io.tapswitch.nat.TcpState.ESTABLISHED;
import static io.tapswitch.nat.TcpState.FIN_WAIT_ORIGINAL;
import static io.tapswitch.nat.TcpState.FIN_WAIT_REPLY;
import static io.tapswitch.nat.TcpState.LAST_ACK;
import static io.tapswitch.nat.TcpState.SYN_RECV;
import static io.tapswitch.nat.TcpState.SYN_SENT;
import static io.tapswitch.nat.TcpState.SYN_SENT2;
import static io.tapswitch.nat.TcpState.TIME_WAIT;
import static io.tapswitch.nat.TcpTracker.OUT_OF_WINDOW;
import static io.tapswitch.nat.TcpTracker.PASS;
import static io.tapswitch.nat.TcpTracker.REOPEN;
import static io.tapswitch.nat.TcpTracker.RESET_OUT_OF_WINDOW;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** The states of a connection, and what happens when its ends disagree about them. */
class TcpTrackerTest extends TcpFlowTest {
    @Test
    void n11_theMeasuredPathOfAConnection() {
        c.original(SYN).scale(7);
        forwards(SYN_SENT);
        assertThat(TcpTracker.isFirm(c.state)).isFalse();
        c.reply(SYN | ACK).ack(1).scale(7);
        forwards(SYN_RECV);
        assertThat(TcpTracker.isFirm(c.state)).isFalse();
        c.original(ACK).sequence(1).ack(1);
        forwards(ESTABLISHED);
        assertThat(TcpTracker.isFirm(c.state)).isTrue();
        c.original(FIN | ACK).sequence(1).ack(1);
        forwards(FIN_WAIT_ORIGINAL);
        c.reply(ACK).sequence(1).ack(2);
        forwards(CLOSE_WAIT_ORIGINAL);
        c.reply(FIN | ACK).sequence(1).ack(2);
        forwards(LAST_ACK);
        assertThat(TcpTracker.isOver(c.state)).isFalse();
        c.original(ACK).sequence(2).ack(2);
        forwards(TIME_WAIT);
        assertThat(TcpTracker.isOver(c.state)).isTrue();
        assertThat(TcpTracker.isFirm(c.state)).isFalse();
    }

    @Test
    void n11_theReplySideMayCloseFirst() {
        c.opened().reply(FIN | ACK).sequence(1).ack(1);
        forwards(FIN_WAIT_REPLY);
        c.original(ACK).sequence(1).ack(2);
        forwards(CLOSE_WAIT_REPLY);
        c.original(FIN | ACK).sequence(1).ack(2);
        forwards(LAST_ACK);
        c.reply(ACK).sequence(2).ack(2);
        forwards(TIME_WAIT);
    }

    @Test
    void n11_bothMayCloseAtOnce() {
        c.opened().original(FIN | ACK).sequence(1).ack(1);
        forwards(FIN_WAIT_ORIGINAL);
        c.reply(FIN | ACK).sequence(1).ack(1);
        forwards(LAST_ACK);
        c.original(ACK).sequence(2).ack(2);
        forwards(LAST_ACK);
        c.reply(ACK).sequence(2).ack(2);
        forwards(TIME_WAIT);
    }

    @Test
    void n11_aHalfClosedConnectionNeverLooksOver() {
        c.opened().original(FIN | ACK).sequence(1).ack(1);
        forwards(FIN_WAIT_ORIGINAL);
        c.original(FIN | ACK).sequence(1).ack(1);
        forwards(FIN_WAIT_ORIGINAL);
        c.reply(ACK).sequence(1).ack(1).payload(1000);
        forwards(FIN_WAIT_ORIGINAL);
        c.original(ACK).sequence(2).ack(1001);
        forwards(FIN_WAIT_ORIGINAL);
        c.reply(ACK).sequence(1001).ack(2).payload(1000);
        forwards(CLOSE_WAIT_ORIGINAL);
        c.original(FIN | ACK).sequence(1).ack(1001);
        forwards(CLOSE_WAIT_ORIGINAL);
        c.original(ACK).sequence(2).ack(2001);
        forwards(CLOSE_WAIT_ORIGINAL);
        assertThat(TcpTracker.isFirm(c.state)).isTrue();
    }

    @Test
    void n11_simultaneousOpenCompletes() {
        c.original(SYN).scale(7);
        forwards(SYN_SENT);
        c.reply(SYN).scale(7);
        forwards(SYN_SENT2);
        c.reply(SYN).scale(7);
        leaves(PASS);
        c.original(SYN | ACK).ack(1).scale(7);
        forwards(SYN_RECV);
        c.reply(SYN | ACK).ack(1).scale(7);
        forwards(ESTABLISHED);
        c.original(ACK).sequence(1).ack(1).payload(100);
        forwards(ESTABLISHED);
    }

    @Test
    void n11_simultaneousOpenCompletesInTheOtherOrder() {
        c.original(SYN);
        forwards(SYN_SENT);
        c.reply(SYN);
        forwards(SYN_SENT2);
        c.reply(SYN | ACK).ack(1);
        forwards(SYN_RECV);
        c.reply(SYN | ACK).ack(1);
        forwards(SYN_RECV);
        c.original(SYN | ACK).ack(1);
        forwards(ESTABLISHED);
    }

    @Test
    void n11_copiesDuringTheOpeningChangeNothing() {
        c.original(SYN).scale(7);
        forwards(SYN_SENT);
        c.original(SYN).scale(7);
        forwards(SYN_SENT);
        c.reply(SYN | ACK).ack(1).scale(7);
        forwards(SYN_RECV);
        c.original(SYN).scale(7);
        leaves(PASS);
        c.reply(SYN | ACK).ack(1).scale(7);
        forwards(SYN_RECV);
        c.original(ACK).sequence(1).ack(1);
        forwards(ESTABLISHED);
        c.reply(SYN | ACK).ack(1).scale(7);
        leaves(PASS);
    }

    @Test
    void n11_anotherSynMayReplaceOneThatNobodyAnswered() {
        c.original(SYN).judge();
        c.original(SYN).sequence(-1_000_000);
        forwards(SYN_SENT);
        c.reply(SYN | ACK).ack(1);
        leaves(PASS);
        c.reply(SYN | ACK).ack(-999_999);
        forwards(SYN_RECV);
    }

    @Test
    void n11_dataInTheSynMayBeAcknowledgedOrNot() {
        for (int acknowledged : new int[] {1, 500, 1001}) {
            c.state = 0;
            c.original(SYN).payload(1000).judge();
            c.reply(SYN | ACK).ack(acknowledged);
            forwards(SYN_RECV);
            c.original(ACK).sequence(acknowledged).ack(1).payload(1001 - acknowledged);
            forwards(ESTABLISHED);
        }
        c.state = 0;
        c.original(SYN).payload(1000).judge();
        c.reply(SYN | ACK).ack(1002);
        leaves(PASS);
    }

    @Test
    void n10_idleTimes() {
        c.original(SYN).judge();
        assertThat(c.idleMs()).isEqualTo(240_000);
        c.reply(SYN | ACK).ack(1).judge();
        assertThat(c.idleMs()).isEqualTo(240_000);
        c.original(ACK).sequence(1).ack(1).judge();
        assertThat(c.idleMs()).isEqualTo(7_440_000);
        for (TcpState state : TcpState.values()) {
            assertThat(state.idleMs()).isGreaterThanOrEqualTo(240_000);
            assertThat(TcpState.of(state.ordinal() | 0xF0)).isEqualTo(state);
        }
        assertThat(CLOSE_REPLY.word()).isEqualTo(CLOSE_ORIGINAL.word()).isEqualTo("CLOSE");
    }

    /** With a window of 7 MB the end is kept in steps of 64 bytes, until the FIN says where it is. */
    @Test
    void n11_theEndIsExactWithLargeWindowsToo() {
        c.opened().reply(ACK).sequence(1).ack(1).window(60_000);
        forwards(ESTABLISHED);
        c.original(FIN | ACK).sequence(1).ack(1).payload(1448);
        forwards(FIN_WAIT_ORIGINAL);
        c.reply(ACK).sequence(1).ack(1449).window(60_000);
        forwards(FIN_WAIT_ORIGINAL);
        c.reply(ACK).sequence(1).ack(1450).window(60_000);
        forwards(CLOSE_WAIT_ORIGINAL);
        assertThat(TcpTracker.isAhead(c.original, ORIGINAL + 1450)).isFalse();
        assertThat(TcpTracker.isAhead(c.original, ORIGINAL + 1451)).isTrue();
    }

    @Test
    void n8_aSynThatIsAheadReopensAtOnce() {
        c.closed().original(SYN).sequence(2);
        leaves(PASS);
        c.original(SYN).sequence(-5000);
        leaves(PASS);
        assertThat(TcpTracker.isAhead(c.original, ORIGINAL + 2)).isFalse();
        assertThat(TcpTracker.isAhead(c.original, ORIGINAL + 3)).isTrue();
        c.original(SYN).sequence(5000).scale(7);
        assertThat(c.judge()).isEqualTo(REOPEN);
        assertThat(c.where()).isEqualTo(SYN_SENT);
        c.reply(SYN | ACK).sequence(1_000_000).ack(5001).scale(7);
        forwards(SYN_RECV);
    }

    @Test
    void aClientThatForgotTheConnectionResetsItAndBeginsAnew() {
        c.opened().original(SYN).sequence(1_000_000_000);
        assertThat(c.judge()).isEqualTo(PASS);
        assertThat(c.where()).isEqualTo(ESTABLISHED);
        c.reply(ACK).sequence(1).ack(1);
        forwards(ESTABLISHED);
        c.original(RST).sequence(1);
        forwards(CLOSE_ORIGINAL);
        c.original(SYN).sequence(1_000_000_000);
        assertThat(c.judge()).isEqualTo(REOPEN);
    }

    @Test
    void aServerThatForgotTheConnectionTooAnswersTheSyn() {
        c.opened().original(SYN).sequence(1_000_000_000).scale(7).judge();
        c.reply(SYN | ACK).sequence(2_000_000).ack(1_000_000_001).scale(7);
        assertThat(c.judge()).isEqualTo(REOPEN);
        assertThat(c.where()).isEqualTo(SYN_RECV);
        c.original(ACK).sequence(1_000_000_001).ack(2_000_001).payload(100);
        forwards(ESTABLISHED);
        c.reply(ACK).sequence(2_000_001).ack(1_000_000_101).payload(1000);
        forwards(ESTABLISHED);
        c.original(ACK).sequence(1).ack(1);
        leaves(OUT_OF_WINDOW);
    }

    @Test
    void aServerThatForgotTheConnectionMayAlsoRefuse() {
        c.opened().reply(RST | ACK).rawSequence(0).ack(1_000_000_001);
        leaves(RESET_OUT_OF_WINDOW);
        c.original(SYN).sequence(1_000_000_000).judge();
        c.reply(RST | ACK).rawSequence(0).ack(1_000_000_001);
        forwards(CLOSE_REPLY);
    }

    @Test
    void anOldConnectionOfTheServerIsReset() {
        c.original(SYN).judge();
        c.reply(ACK).sequence(777).ack(-12_345);
        leaves(PASS);
        c.original(RST).sequence(-12_345);
        leaves(PASS);
        assertThat(c.where()).isEqualTo(SYN_SENT);
    }
}
