package io.tapswitch.nat;

import static io.tapswitch.nat.TcpTracker.FORWARD;
import static org.assertj.core.api.Assertions.assertThat;

/** One flow, and the two things that can become of a segment. */
abstract class TcpFlowTest {
    final TcpConversation c = new TcpConversation();

    final void forwards(TcpState next) {
        assertThat(c.judge()).isEqualTo(FORWARD);
        assertThat(c.where()).isEqualTo(next);
    }

    final void leaves(int verdict) {
        int state = c.state;
        long original = c.original;
        long reply = c.reply;
        assertThat(c.judge()).isEqualTo(verdict);
        assertThat(c.state).isEqualTo(state);
        assertThat(c.original).isEqualTo(original);
        assertThat(c.reply).isEqualTo(reply);
    }
}
