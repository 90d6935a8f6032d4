package io.tapswitch.nat;

import static io.tapswitch.nat.NatWorld.A;
import static io.tapswitch.nat.NatWorld.TCP;
import static io.tapswitch.nat.NatWorld.UDP;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.tapswitch.wire.InternetChecksum;
import io.tapswitch.wire.TcpHeader;
import io.tapswitch.wire.UdpHeader;
import java.lang.management.ManagementFactory;
import java.nio.ByteOrder;
import org.junit.jupiter.api.Test;

/** R11: no packet and no tick allocates, be it of a flow, of a new one, or refused. */
class NatAllocationTest {
    private static final int ROUNDS = 125_000;
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    private final NatWorld world = new NatWorld(new FlowLimits(8192, 64, 8, 6000));
    private final Counting sink = new Counting();
    private final Packet[] templates = {
        NatWorld.udp(A.ipv4, 1, "198.51.100.7", 53),
        NatWorld.syn(A.ipv4, 1, "198.51.100.7", 80),
        NatWorld.udp(A.ipv6, 1, "2001:db8:7::7", 53),
        NatWorld.echo(true, A.ipv4, "198.51.100.7", 1),
        NatWorld.udp("198.51.100.7", 1, "192.0.2.1", 8053),
        NatWorld.syn("198.51.100.7", 1, "192.0.2.1", 8080),
        NatWorld.udp("198.51.100.7", 1, "192.0.2.1", 9999),
        NatWorld.udp("198.51.100.7", 1, "192.0.2.1", 8054),
        NatWorld.segment(A.ipv4, 1, "198.51.100.7", 80, NatWorld.ACK, 1, 1, 0),
    };
    private final Packet work = new Packet(new byte[200]);
    private long forwarded;

    /** What the world's set would allocate is not the engine's. */
    private static final class Counting implements NatEngine.PortSink {
        long told;

        @Override
        public void onOwned(int outsideSlot, int protocol, int port) {
            told++;
        }

        @Override
        public void onFree(int outsideSlot, int protocol, int port) {
            told++;
        }
    }

    @Test
    void R11_noPacketAllocates() {
        world.publish(1, DnatRule.ANY, UDP, 8053, A, 53, "198.51.100.0/24");
        world.publish(2, DnatRule.ANY, TCP, 8080, A, 80);
        // The same peers come to the same service from the same ports: they are shown with others.
        world.publish(3, DnatRule.ANY, UDP, 8054, A, 53);
        world.options = new NatVersion.NatOptions(300_000, 10_000, 10_999, 0, 0, true);
        world.open(sink);
        world.take();
        packets(ROUNDS / 4);
        long leastBytes = Long.MAX_VALUE;
        // The compiler may still replace code in the first measured runs, and deoptimisation allocates.
        for (int attempt = 0; attempt < 5 && leastBytes != 0; attempt++) {
            long before = THREADS.getCurrentThreadAllocatedBytes();
            packets(ROUNDS);
            leastBytes = Math.min(leastBytes, THREADS.getCurrentThreadAllocatedBytes() - before);
        }
        assertThat(leastBytes)
                .as("bytes for %d packets", ROUNDS * templates.length)
                .isZero();
        assertThat(forwarded).isPositive();
        assertThat(sink.told).isPositive();
        for (NatCounter counter : new NatCounter[] {
            NatCounter.MAPPINGS, NatCounter.PORT_OVERLOADED, NatCounter.EXPIRED, NatCounter.INBOUND_FLOWS
        }) {
            assertThat(world.engine.count(counter)).as(counter.word()).isPositive();
        }
    }

    @Test
    void R11_theFirstMappingBehindAnAddressAllocatesNothing() {
        world.open(sink);
        int round = 0;
        long leastBytes = Long.MAX_VALUE;
        for (int attempt = 0; attempt < 50 && leastBytes != 0; attempt++) {
            // Each time the address is another one, so nothing is known of its ports.
            world.addresses.set(0, NatWorld.outside(NatWorld.HOST, "192.0.2." + (10 + attempt)));
            world.take();
            Packet packet = NatWorld.udp(A.ipv4, 2000 + attempt, "198.51.100.7", 53);
            long classified = packet.classified();
            long before = THREADS.getCurrentThreadAllocatedBytes();
            int verdict = world.engine.outbound(packet.buffer, Packet.AT, classified, 0, A.id, true, world.nowMs);
            long bytes = THREADS.getCurrentThreadAllocatedBytes() - before;
            assertThat(verdict).isEqualTo(NatEngine.FORWARD);
            leastBytes = Math.min(leastBytes, bytes);
            round++;
        }
        assertThat(leastBytes).as("bytes of the best of %d", round).isZero();
    }

    private void packets(int rounds) {
        for (int round = 0; round < rounds; round++) {
            for (int kind = 0; kind < templates.length; kind++) {
                Packet template = templates[kind];
                work.buffer.putBytes(Packet.AT, template.buffer, Packet.AT, template.length);
                vary(kind, work, template, round);
                long classified = template.ipv6()
                        ? PacketClass.ipv6(work.buffer, Packet.AT, template.length, PacketClass.VERIFIED)
                        : PacketClass.ipv4(work.buffer, Packet.AT, template.length, PacketClass.VERIFIED);
                boolean in = kind >= 4 && kind <= 7;
                int verdict = in
                        ? world.engine.inbound(work.buffer, Packet.AT, classified, 0, false, world.nowMs)
                        : world.engine.outbound(work.buffer, Packet.AT, classified, 0, A.id, true, world.nowMs);
                forwarded += verdict == NatEngine.FORWARD ? 1 : 0;
            }
            world.nowMs += 40;
            world.engine.tick(world.nowMs, 16);
        }
    }

    private static void vary(int kind, Packet packet, Packet template, int round) {
        int at = template.at();
        if (kind == 3) {
            int identifier = 1 + round % 50;
            packet.buffer.putShort(at + 4, (short) identifier, ByteOrder.BIG_ENDIAN);
            packet.buffer.putShort(at + 2, (short) 0);
            int checksum = InternetChecksum.finish(
                    InternetChecksum.sum(packet.buffer, at, template.length - template.transport()));
            packet.buffer.putShort(at + 2, (short) checksum, ByteOrder.BIG_ENDIAN);
        } else {
            UdpHeader.sourcePort(packet.buffer, at, 1024 + round % (kind == 2 ? 20_000 : 1500));
            if (kind == 1) {
                TcpHeader.destinationPort(packet.buffer, at, 80 + round % 3);
            }
        }
    }
}
