package io.tapswitch.nat;

import static io.tapswitch.nat.TcpConversation.ACK;
import static io.tapswitch.nat.TcpConversation.FIN;
import static io.tapswitch.nat.TcpConversation.RST;
import static io.tapswitch.nat.TcpConversation.SYN;
import static io.tapswitch.nat.TcpState.CLOSE_ORIGINAL;
import static io.tapswitch.nat.TcpState.CLOSE_REPLY;
import static io.tapswitch.nat.TcpState.ESTABLISHED;
import static io.tapswitch.nat.TcpState.SYN_SENT;
import static io.tapswitch.nat.TcpTracker.OUT_OF_WINDOW;
import static io.tapswitch.nat.TcpTracker.PASS;
import static io.tapswitch.nat.TcpTracker.REOPEN;
import static io.tapswitch.nat.TcpTracker.RESET_OUT_OF_WINDOW;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** N12: who can end a connection by a reset, and what of it is left. */
class TcpResetTest extends TcpFlowTest {
    @Test
    void n12a_aResetFarOutsideTheWindowIsDroppedAndChangesNothing() {
        c.opened();
        for (int offset : new int[] {0, -1_000_000, 1 + 65_536 + 1, 70_000_000, Integer.MIN_VALUE, Integer.MAX_VALUE}) {
            c.reply(RST).sequence(offset);
            leaves(RESET_OUT_OF_WINDOW);
            c.original(RST | ACK).sequence(offset).ack(1);
            leaves(RESET_OUT_OF_WINDOW);
        }
        assertThat(c.idleMs()).isEqualTo(7_440_000);
    }

    @Test
    void n12b_aResetInTheWindowThatIsNotExactPassesAndOnlyShortensTheTime() {
        c.opened().reply(RST).sequence(1000);
        forwards(ESTABLISHED);
        assertThat(c.idleMs()).isEqualTo(240_000);
        c.reply(RST).sequence(2000);
        forwards(ESTABLISHED);
        assertThat(c.idleMs()).isEqualTo(240_000);
        c.original(ACK).sequence(1).ack(1);
        forwards(ESTABLISHED);
        assertThat(c.idleMs()).as("traffic goes on").isEqualTo(7_440_000);
    }

    @Test
    void n12c_anExactResetCloses() {
        c.opened().reply(RST).sequence(1);
        forwards(CLOSE_REPLY);
        assertThat(c.idleMs()).isEqualTo(240_000);
        assertThat(TcpTracker.isOver(c.state)).isTrue();
    }

    @Test
    void n12c_aResetBehindAllThatWasSentIsExact() {
        c.opened().original(ACK).sequence(1).ack(1).payload(1448).judge();
        c.original(RST | ACK).sequence(1449).ack(1);
        forwards(CLOSE_ORIGINAL);
    }

    @Test
    void n12_afterAResetStragglersPassAndProlongNothing() {
        c.opened().original(ACK).sequence(1).ack(1).payload(100).judge();
        c.reply(RST).sequence(1);
        forwards(CLOSE_REPLY);
        c.original(ACK).sequence(1).ack(1).payload(100);
        leaves(PASS);
        c.original(ACK).sequence(101).ack(1).payload(100);
        leaves(PASS);
        c.original(FIN | ACK).sequence(201).ack(1);
        leaves(PASS);
        c.reply(RST).sequence(1);
        leaves(PASS);
        c.reply(ACK).sequence(1).ack(1);
        leaves(PASS);
        c.reply(RST).sequence(70_000_000);
        leaves(RESET_OUT_OF_WINDOW);
        c.original(ACK).sequence(70_000_000).ack(1).payload(100);
        leaves(OUT_OF_WINDOW);
    }

    @Test
    void n12_whoGoesOnBeyondTheResetDidNotSendIt() {
        c.opened().reply(RST).sequence(1);
        forwards(CLOSE_REPLY);
        c.reply(ACK).sequence(1).ack(1).payload(10);
        forwards(ESTABLISHED);
        assertThat(c.idleMs()).isEqualTo(7_440_000);
    }

    @Test
    void n12_aRefusedConnectionIsClosedOnlyByWhoKnowsTheSyn() {
        c.original(SYN).judge();
        c.reply(RST | ACK).rawSequence(0).ack(2);
        leaves(RESET_OUT_OF_WINDOW);
        c.reply(RST | ACK).rawSequence(0).ack(0);
        leaves(RESET_OUT_OF_WINDOW);
        c.reply(RST).rawSequence(0).ack(1);
        leaves(RESET_OUT_OF_WINDOW);
        c.reply(RST | ACK).rawSequence(0).ack(1);
        forwards(CLOSE_REPLY);
        c.reply(RST | ACK).rawSequence(0).ack(1);
        leaves(PASS);
        c.original(SYN).sequence(5000);
        assertThat(c.judge()).isEqualTo(REOPEN);
        assertThat(c.where()).isEqualTo(SYN_SENT);
    }

    @Test
    void n12_aResetAfterTheEndChangesNothing() {
        c.closed().reply(RST).sequence(2);
        leaves(PASS);
        c.reply(RST).sequence(70_000_000);
        leaves(RESET_OUT_OF_WINDOW);
    }
}
