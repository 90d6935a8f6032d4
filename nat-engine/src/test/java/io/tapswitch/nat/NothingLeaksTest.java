package io.tapswitch.nat;

import static io.tapswitch.nat.NatWorld.A;
import static io.tapswitch.nat.NatWorld.B;
import static io.tapswitch.nat.NatWorld.echo;
import static io.tapswitch.nat.NatWorld.segment;
import static io.tapswitch.nat.NatWorld.syn;
import static io.tapswitch.nat.NatWorld.udp;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;

/** N20: whatever a container sends, nothing leaves with an inside source, and whatever comes, nothing breaks. */
class NothingLeaksTest {
    private static final int PACKETS = 60_000;
    private static final String PEER = "198.51.100.7";

    private final RandomGenerator random = Packets.random(20);
    private final NatWorld world = new NatWorld(new FlowLimits(512, 64, 8, 300));

    @Test
    void N20_mutilatedPacketsLeaveWithAnOutsideSourceOrNotAtAll() {
        world.publish(1, DnatRule.ANY, NatWorld.UDP, 8053, A, 53);
        world.publish(2, DnatRule.ANY, NatWorld.TCP, 8080, B, 80);
        world.take();
        Packet request = udp(A.ipv4, 7004, PEER, 9000);
        world.sent(A, request);
        List<Packet> templates = List.of(
                udp(A.ipv4, 6000, PEER, 53),
                udp(A.ipv6, 6000, "2001:db8:7::7", 53),
                syn(A.ipv4, 6000, PEER, 80),
                segment(A.ipv4, 6000, PEER, 80, NatWorld.ACK, 1001, 1, 20),
                echo(true, A.ipv4, PEER, 9),
                echo(true, A.ipv6, "2001:db8:7::7", 9),
                Packets.sctp(Packets.address(A.ipv4), 1, Packets.address(PEER), 2, new byte[16]),
                Packets.opaque(47, Packets.address(A.ipv4), Packets.address(PEER), new byte[16]),
                Packets.icmp(3, 3, Packets.address(PEER), Packets.address("192.0.2.1"), 0, request.bytes()),
                udp(PEER, 6002, "192.0.2.1", 8053),
                syn(PEER, 6002, "192.0.2.1", 8080));
        int left = 0;
        for (int i = 0; i < PACKETS; i++) {
            left += one(templates.get(random.nextInt(templates.size())).copy());
        }
        assertThat(left).isPositive();
    }

    private int one(Packet packet) {
        int flips = random.nextInt(4);
        for (int flip = 0; flip < flips; flip++) {
            packet.flip(random.nextInt(1, packet.length), random.nextInt(8));
        }
        boolean ipv6 = packet.ipv6();
        int available = random.nextInt(8) == 0 ? random.nextInt(packet.length + 1) : packet.length;
        int checksum = random.nextBoolean() ? PacketClass.VERIFIED : PacketClass.COMPLETE;
        long classified = ipv6
                ? PacketClass.ipv6(packet.buffer, Packet.AT, available, checksum)
                : PacketClass.ipv4(packet.buffer, Packet.AT, available, checksum);
        world.nowMs += 20;
        world.engine.tick(world.nowMs, 8);
        if (classified < 0) {
            return 0;
        }
        if (random.nextInt(4) == 0) {
            int slot = ipv6 ? NatWorld.HOST6 : NatWorld.HOST;
            boolean fromHost = random.nextBoolean();
            int verdict = world.engine.inbound(packet.buffer, Packet.AT, classified, slot, fromHost, world.nowMs);
            if (verdict == NatEngine.FORWARD) {
                assertThat(world.engine.endpoint()).isIn(A.id, B.id);
            }
            return 0;
        }
        int verdict = world.engine.outbound(packet.buffer, Packet.AT, classified, 0, A.id, true, world.nowMs);
        if (verdict != NatEngine.FORWARD) {
            assertThat(verdict).isNegative();
            return 0;
        }
        String source = NatWorld.text(
                PacketClass.sourceHi(packet.buffer, Packet.AT, classified),
                PacketClass.sourceLo(packet.buffer, Packet.AT, classified));
        if (!source.equals("192.0.2.1") && !source.equals("2001:db8::1")) {
            throw new AssertionError("left with source " + source);
        }
        return 1;
    }
}
