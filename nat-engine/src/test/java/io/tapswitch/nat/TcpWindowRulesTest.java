package io.tapswitch.nat;

import static io.tapswitch.nat.TcpConversation.ACK;
import static io.tapswitch.nat.TcpConversation.FIN;
import static io.tapswitch.nat.TcpConversation.RST;
import static io.tapswitch.nat.TcpConversation.SYN;
import static io.tapswitch.nat.TcpState.CLOSE_REPLY;
import static io.tapswitch.nat.TcpState.ESTABLISHED;
import static io.tapswitch.nat.TcpState.FIN_WAIT_REPLY;
import static io.tapswitch.nat.TcpState.LAST_ACK;
import static io.tapswitch.nat.TcpState.NONE;
import static io.tapswitch.nat.TcpState.PICKED_UP;
import static io.tapswitch.nat.TcpState.SYN_RECV;
import static io.tapswitch.nat.TcpTracker.BAD_FLAGS;
import static io.tapswitch.nat.TcpTracker.BAD_STATE;
import static io.tapswitch.nat.TcpTracker.OUT_OF_WINDOW;
import static io.tapswitch.nat.TcpTracker.RESET_OUT_OF_WINDOW;
import static io.tapswitch.nat.TcpTracker.STRAY;
import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.wire.TcpHeader;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** N13 and N14: what is dropped, and what is believed when nothing is known. */
class TcpWindowRulesTest extends TcpFlowTest {
    @Test
    void n13_dataFarAheadOfTheWindowIsDropped() {
        c.opened().reply(ACK).sequence(70_000_000).ack(1).payload(1000);
        leaves(OUT_OF_WINDOW);
        c.original(ACK).sequence(70_000_000).ack(1).payload(1000);
        leaves(OUT_OF_WINDOW);
    }

    @Test
    void n13_theEdgesOfTheWindow() {
        int edge = 1 + 64_000;
        c.opened().reply(ACK).sequence(edge + 1).ack(1).payload(1);
        leaves(OUT_OF_WINDOW);
        c.reply(ACK).sequence(edge).ack(1).payload(1);
        forwards(ESTABLISHED);
        c.reply(ACK).sequence(1 - 128_001).ack(1);
        leaves(OUT_OF_WINDOW);
        c.reply(ACK).sequence(1 - 128_000).ack(1);
        forwards(ESTABLISHED);
        c.reply(ACK).sequence(0).ack(1);
        forwards(ESTABLISHED);
        c.original(ACK).sequence(1).ack(edge + 1);
        forwards(ESTABLISHED);
        c.reply(ACK).sequence(edge + 64_001).ack(1);
        forwards(ESTABLISHED);
        c.reply(ACK).sequence(edge + 64_002).ack(1);
        leaves(OUT_OF_WINDOW);
    }

    @Test
    void n13_anAcknowledgementOfWhatNobodySentIsDropped() {
        c.opened().original(ACK).sequence(1).ack(1).payload(1000);
        forwards(ESTABLISHED);
        c.reply(ACK).sequence(1).ack(1002);
        leaves(OUT_OF_WINDOW);
        c.reply(ACK).sequence(1).ack(1 - 128_001);
        leaves(OUT_OF_WINDOW);
        c.reply(ACK).sequence(1).ack(1001);
        forwards(ESTABLISHED);
        c.reply(ACK).sequence(1).ack(500);
        forwards(ESTABLISHED);
    }

    @Test
    void n13_superFramesCountWhole() {
        c.opened();
        c.original(ACK).sequence(1).ack(1).payload(65_483);
        forwards(ESTABLISHED);
        c.reply(ACK).sequence(1).ack(65_484).window(500);
        forwards(ESTABLISHED);
        c.reply(ACK).sequence(1).ack(65_486).window(500);
        leaves(OUT_OF_WINDOW);
    }

    @Test
    void n13_windowsAreScaledOnlyWhenBothSynsSaySo() {
        c.original(SYN).scale(10).judge();
        c.reply(SYN | ACK).ack(1).judge();
        c.original(ACK).sequence(1).ack(1).window(1000).judge();
        assertThat(c.where()).isEqualTo(ESTABLISHED);
        c.reply(ACK).sequence(1 + 61_000).ack(1).payload(1);
        leaves(OUT_OF_WINDOW);
    }

    @Test
    void n13_aScaleAbove14CountsAs14() {
        c.original(SYN).scale(255).judge();
        c.reply(SYN | ACK).ack(1).scale(15).judge();
        c.original(ACK).sequence(1).ack(1).window(65_535).judge();
        c.reply(ACK).sequence(1_000_000_000).ack(1).payload(1);
        forwards(ESTABLISHED);
    }

    /** Of 256 combinations the possible ones differ in PSH, ECE and CWR only. */
    @Test
    void n13_impossibleFlagsAreDroppedInEveryState() {
        c.opened();
        int possible = 0;
        for (int flags = 0; flags < 256; flags++) {
            c.state = 0;
            c.tracker.loose(true);
            possible += c.original(flags).sequence(1).ack(1).judge() == BAD_FLAGS ? 0 : 1;
        }
        assertThat(possible).isEqualTo(9 * 8);
        for (int bad : new int[] {
            0, SYN | FIN, SYN | RST, FIN, FIN | TcpHeader.PSH | TcpHeader.URG, RST | FIN, SYN | FIN | ACK, 0x3F, 0xFF
        }) {
            for (TcpState state : TcpState.values()) {
                c.state = state.ordinal();
                c.original(bad).sequence(1).ack(1);
                leaves(BAD_FLAGS);
                c.reply(bad).sequence(1).ack(1);
                leaves(BAD_FLAGS);
            }
        }
    }

    @Test
    void n13_whatASideCannotSendInAStateIsDropped() {
        c.original(SYN).judge();
        c.original(ACK).sequence(1).ack(1);
        leaves(BAD_STATE);
        c.original(FIN | ACK).sequence(1).ack(1);
        leaves(BAD_STATE);
        c.original(SYN | ACK).sequence(0).ack(1);
        leaves(BAD_STATE);
        c.opened().reply(SYN).sequence(100);
        leaves(BAD_STATE);
        c.closed().reply(SYN).sequence(100);
        leaves(BAD_STATE);
    }

    @Test
    void n14_aBareAckOfAnUnknownConnectionIsTakenUpWherePolicyAllows() {
        c.original(ACK).sequence(1).ack(1);
        leaves(STRAY);

        c.tracker.loose(true);
        forwards(PICKED_UP);
        assertThat(c.where().word()).isEqualTo("ESTABLISHED");
        assertThat(c.idleMs()).isEqualTo(300_000);
        assertThat(TcpTracker.isFirm(c.state)).as("unreplied").isFalse();
        c.original(ACK).sequence(5000).ack(1).payload(100);
        forwards(PICKED_UP);
        c.reply(ACK).sequence(200_000).ack(1000).payload(100).window(1);
        forwards(ESTABLISHED);
        assertThat(c.idleMs()).isEqualTo(7_440_000);
        assertThat(TcpTracker.isFirm(c.state)).isTrue();

        c.original(ACK).sequence(5100).ack(200_100).payload(100);
        forwards(ESTABLISHED);
        c.original(ACK).sequence(70_000_000).ack(200_100).payload(100);
        leaves(OUT_OF_WINDOW);
    }

    @Test
    void n14_nothingElseIsTakenUp() {
        c.tracker.loose(true);
        for (int flags : new int[] {FIN | ACK, RST, RST | ACK, SYN | ACK}) {
            c.original(flags).sequence(1).ack(1);
            leaves(STRAY);
        }
        for (int flags : new int[] {SYN, FIN | ACK, RST, SYN | ACK}) {
            c.reply(flags).sequence(1).ack(1);
            leaves(STRAY);
        }
    }

    @Test
    void n14_takenUpByTheSideThatWasAskedItStandsWhenTheOtherWasHeard() {
        c.tracker.loose(true);
        c.reply(ACK).sequence(500).ack(1).payload(100);
        forwards(SYN_RECV);
        c.reply(ACK).sequence(600).ack(1).payload(100);
        forwards(SYN_RECV);
        c.original(ACK).sequence(1).ack(600).payload(10);
        forwards(ESTABLISHED);
        c.original(ACK).sequence(70_000_000).ack(700).payload(100);
        leaves(OUT_OF_WINDOW);
    }

    @Test
    void n14_aTakenUpConnectionCanBeClosedAndReset() {
        c.tracker.loose(true);
        c.original(ACK).sequence(1).ack(1).judge();
        c.original(FIN | ACK).sequence(1).ack(1);
        forwards(PICKED_UP);
        c.reply(FIN | ACK).sequence(1).ack(2);
        forwards(FIN_WAIT_REPLY);
        c.original(FIN | ACK).sequence(1).ack(2);
        forwards(LAST_ACK);
        c.reply(RST).sequence(2);
        forwards(CLOSE_REPLY);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void n12_aRecoveredConnectionIsLiberalUntilBothSidesWereHeard(boolean originalFirst) {
        c.opened();
        c.state = TcpTracker.recovered(c.state);
        assertThat(c.where()).isEqualTo(ESTABLISHED);
        assertThat(c.idleMs()).isEqualTo(7_440_000);
        // Both have moved on by far while nobody looked.
        int original = 500_000_000;
        int reply = 900_000_000;
        c.segment(!originalFirst, RST).sequence(5);
        forwards(ESTABLISHED);
        if (originalFirst) {
            c.original(ACK).sequence(original).ack(reply).payload(100);
            forwards(ESTABLISHED);
            c.original(ACK).sequence(original + 100).ack(reply).payload(100);
            forwards(ESTABLISHED);
        }
        c.reply(ACK).sequence(reply).ack(original).payload(100);
        forwards(ESTABLISHED);
        c.original(ACK).sequence(original + 100).ack(reply + 100).payload(100);
        forwards(ESTABLISHED);

        c.original(ACK).sequence(1).ack(1);
        leaves(OUT_OF_WINDOW);
        c.reply(RST).sequence(5);
        leaves(RESET_OUT_OF_WINDOW);
        c.reply(ACK).sequence(reply + 100).ack(original + 200).payload(100);
        forwards(ESTABLISHED);
    }

    @Test
    void n11_aRecoveredConnectionWithoutWindowsWorks() {
        c.opened();
        c.state = TcpTracker.recovered(c.state);
        c.original = TcpWindow.UNKNOWN;
        c.reply = TcpWindow.UNKNOWN;
        c.original(ACK).sequence(1).ack(1).payload(100);
        forwards(ESTABLISHED);
        c.reply(FIN | ACK).sequence(1).ack(101);
        forwards(FIN_WAIT_REPLY);
        assertThat(TcpTracker.recovered(NONE.ordinal())).isZero();
    }
}
