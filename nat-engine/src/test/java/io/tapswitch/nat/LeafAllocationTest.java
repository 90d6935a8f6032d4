package io.tapswitch.nat;

import static io.tapswitch.nat.TcpConversation.ACK;
import static io.tapswitch.nat.TcpConversation.SYN;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.tapswitch.wire.IpProtocol;
import java.lang.management.ManagementFactory;
import org.junit.jupiter.api.Test;

/** R11: neither a segment nor a new mapping allocates. */
class LeafAllocationTest {
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private static final int ROUNDS = 20_000;

    private final TcpConversation c = new TcpConversation();
    private final PortAllocator ports = new PortAllocator(0, 1, port -> port >= 40_000);
    private final PortAllocator.PortTest test = port -> (port & 7) == 0;

    private void rounds() {
        for (int i = 0; i < ROUNDS; i++) {
            c.original(SYN).sequence(i * 1000).scale(7).judge();
            c.reply(SYN | ACK).ack(i * 1000 + 1).scale(7).judge();
            c.original(ACK).sequence(i * 1000 + 1).ack(1).payload(500).judge();
            c.reply(ACK).sequence(1).ack(i * 1000 + 501).payload(500).judge();
            c.reply(TcpConversation.RST).sequence(501).judge();

            int port = ports.allocate(IpProtocol.UDP, 0, 5000, 1, i);
            ports.lend(IpProtocol.UDP, 0, 5000, test);
            if ((i & 3) != 0) {
                ports.release(IpProtocol.UDP, 0, port, i);
            }
        }
    }

    @Test
    void r11_noAllocationOnAPacketsWay() {
        ports.openSlot(0);
        rounds();
        rounds();
        long thread = Thread.currentThread().threadId();
        long before = THREADS.getThreadAllocatedBytes(thread);
        rounds();
        // Less than a byte a round: the measurement itself and a late compilation may leave some.
        assertThat(THREADS.getThreadAllocatedBytes(thread) - before).isLessThan(ROUNDS);
    }
}
