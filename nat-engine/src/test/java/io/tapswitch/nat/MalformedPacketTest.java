package io.tapswitch.nat;

import static io.tapswitch.nat.Packet.AT;
import static io.tapswitch.nat.Packets.address;
import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.wire.IpProtocol;
import io.tapswitch.wire.Ipv4Header;
import io.tapswitch.wire.TcpHeader;
import io.tapswitch.wire.UdpHeader;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** What is malformed, however, is dropped with its reason, and nothing is read behind its end. */
class MalformedPacketTest {
    private static final InetAddress INSIDE = address("10.9.0.2");
    private static final InetAddress PEER = address("192.0.2.9");
    private static final InetAddress INSIDE6 = address("fd00:9::2");
    private static final InetAddress PEER6 = address("2001:db8::9");
    private static final byte[] PAYLOAD = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};

    private static Packet of(int protocol, boolean ipv6) {
        return Packets.of(protocol, ipv6 ? INSIDE6 : INSIDE, 7004, ipv6 ? PEER6 : PEER, 9000, PAYLOAD);
    }

    private static NatDrop drop(long classified) {
        assertThat(classified).isNegative();
        return NatDrop.of((int) classified);
    }

    private record Defect(String name, int protocol, NatDrop reason, Consumer<Packet> make) {}

    private static Defect flags(String name, int flags, NatDrop reason) {
        return new Defect(name, IpProtocol.TCP, reason, packet -> {
            TcpHeader.flags(packet.buffer, packet.at(), flags);
            packet.mendChecksum();
        });
    }

    private static final List<Defect> N20 = List.of(
            new Defect(
                    "bad UDP checksum",
                    IpProtocol.UDP,
                    NatDrop.UDP_CHECKSUM,
                    packet -> packet.flip(packet.length - 1, 0)),
            new Defect("UDP length 4", IpProtocol.UDP, NatDrop.UDP_LENGTH, packet -> {
                UdpHeader.length(packet.buffer, packet.at(), 4);
                packet.mendChecksum();
            }),
            flags("SYN and FIN", TcpHeader.SYN | TcpHeader.FIN, NatDrop.TCP_SYN_FIN),
            flags("no flags", 0, NatDrop.TCP_NO_FLAGS),
            flags("FIN, PSH and URG", TcpHeader.FIN | TcpHeader.PSH | TcpHeader.URG, NatDrop.TCP_XMAS),
            flags("lone RST", TcpHeader.RST, NatDrop.TCP_STRAY_RST),
            flags("lone FIN and ACK", TcpHeader.FIN | TcpHeader.ACK, NatDrop.TCP_STRAY_FIN),
            new Defect("data offset 3", IpProtocol.TCP, NatDrop.TCP_DATA_OFFSET, packet -> {
                TcpHeader.dataOffset(packet.buffer, packet.at(), 12);
                packet.mendChecksum();
            }),
            new Defect(
                    "bad TCP checksum",
                    IpProtocol.TCP,
                    NatDrop.TCP_CHECKSUM,
                    packet -> packet.flip(packet.length - 1, 0)),
            new Defect(
                    "bad ICMP checksum",
                    IpProtocol.ICMP,
                    NatDrop.ICMP_CHECKSUM,
                    packet -> packet.flip(packet.length - 1, 0)),
            // And what the catalogue's rows 38, 41 and 42 add.
            new Defect("UDP length beyond the packet", IpProtocol.UDP, NatDrop.UDP_LENGTH, packet -> {
                UdpHeader.length(packet.buffer, packet.at(), 8 + PAYLOAD.length + 1);
                packet.mendChecksum();
            }),
            new Defect("UDP length 0", IpProtocol.UDP, NatDrop.UDP_LENGTH, packet -> {
                UdpHeader.length(packet.buffer, packet.at(), 0);
                packet.mendChecksum();
            }),
            new Defect("data offset beyond the packet", IpProtocol.TCP, NatDrop.TCP_DATA_OFFSET, packet -> {
                TcpHeader.dataOffset(packet.buffer, packet.at(), 36);
                packet.mendChecksum();
            }),
            flags("SYN and RST", TcpHeader.SYN | TcpHeader.RST, NatDrop.TCP_SYN_RST),
            flags("lone FIN", TcpHeader.FIN, NatDrop.TCP_FLAGS),
            flags("lone URG", TcpHeader.URG, NatDrop.TCP_FLAGS),
            flags("RST and FIN", TcpHeader.RST | TcpHeader.FIN | TcpHeader.ACK, NatDrop.TCP_FLAGS));

    @TestFactory
    Stream<DynamicTest> N20_whatLinuxLeaksHasItsReason() {
        return N20.stream()
                .flatMap(defect -> Stream.of(false, true)
                        .map(ipv6 -> DynamicTest.dynamicTest(defect.name + (ipv6 ? ", IPv6" : ", IPv4"), () -> {
                            Packet packet = of(defect.protocol, ipv6);
                            assertThat(packet.classified()).isNotNegative();
                            defect.make.accept(packet);
                            long classified = packet.classified();
                            // Of the lone ones only the flow table can tell that they are alone.
                            long reason = classified < 0
                                    ? classified
                                    : PacketClass.withoutFlow(packet.buffer, AT, classified);
                            assertThat(drop(reason)).isEqualTo(defect.reason);
                        })));
    }

    @Test
    void N20_theFirstTenDefectsHaveTenReasons() {
        assertThat(N20.subList(0, 10).stream().map(Defect::reason)).doesNotHaveDuplicates();
    }

    @Test
    void N11_everyFlagOfARealConnectionIsTaken() {
        int[] real = {
            TcpHeader.SYN,
            TcpHeader.SYN | TcpHeader.ECE | TcpHeader.CWR,
            TcpHeader.SYN | TcpHeader.PSH,
            TcpHeader.SYN | TcpHeader.ACK,
            TcpHeader.ACK,
            TcpHeader.ACK | TcpHeader.PSH | TcpHeader.URG,
            TcpHeader.FIN | TcpHeader.ACK | TcpHeader.PSH,
            TcpHeader.RST,
            TcpHeader.RST | TcpHeader.ACK
        };
        for (int flags : real) {
            Packet packet = of(IpProtocol.TCP, false);
            TcpHeader.flags(packet.buffer, packet.at(), flags);
            packet.mendChecksum();
            assertThat(PacketClass.kind(packet.classified()))
                    .as("flags %x", flags)
                    .isEqualTo(PacketClass.PORTS);
        }
    }

    private static List<Packet> samples() {
        List<Packet> samples = new ArrayList<>();
        for (int protocol : Packets.PROTOCOLS) {
            samples.add(of(protocol, false));
            samples.add(of(protocol, true));
            samples.add(Packets.withOptions(of(protocol, false), (byte) 148, (byte) 4, (byte) 0, (byte) 0));
            samples.add(Packets.withExtensions(
                    of(protocol, true), IpProtocol.DESTINATION_OPTIONS, 0, new byte[] {0, 0, 1, 4, 0, 0, 0, 0}));
        }
        samples.add(
                Packets.icmp(3, 4, PEER, INSIDE, 1280, of(IpProtocol.UDP, false).bytes()));
        samples.add(
                Packets.icmp(1, 4, PEER6, INSIDE6, 0, of(IpProtocol.TCP, true).bytes()));
        return samples;
    }

    private static long classified(boolean ipv6, UnsafeBuffer bytes) {
        return ipv6
                ? PacketClass.ipv6(bytes, 0, bytes.capacity(), PacketClass.COMPLETE)
                : PacketClass.ipv4(bytes, 0, bytes.capacity(), PacketClass.COMPLETE);
    }

    @Test
    void row3_everyCutPacketIsDroppedWithoutAReadBehindItsEnd() {
        for (Packet packet : samples()) {
            byte[] whole = packet.bytes();
            assertThat(classified(packet.ipv6(), new UnsafeBuffer(whole))).isNotNegative();
            for (int length = 0; length < whole.length; length++) {
                UnsafeBuffer cut = new UnsafeBuffer(Arrays.copyOf(whole, length));
                assertThat(classified(packet.ipv6(), cut)).isNegative();
            }
        }
    }

    @Test
    void row4_noFlippedBitMakesAReadBehindTheEndAndEveryDropHasAReason() {
        RandomGenerator random = Packets.random(1);
        for (Packet packet : samples()) {
            for (int round = 0; round < 3_000; round++) {
                UnsafeBuffer bytes = new UnsafeBuffer(packet.bytes());
                for (int flips = random.nextInt(1, 6); flips > 0; flips--) {
                    int index = random.nextInt(Math.min(bytes.capacity(), 64));
                    bytes.putByte(index, (byte) (bytes.getByte(index) ^ (1 << random.nextInt(8))));
                }
                if (!packet.ipv6() && Ipv4Header.headerLength(bytes, 0) <= bytes.capacity()) {
                    Ipv4Header.updateChecksum(bytes, 0);
                }
                long classified = classified(packet.ipv6(), bytes);
                if (classified < 0) {
                    assertThat(NatDrop.of((int) classified).sentence()).isNotEmpty();
                } else if (PacketClass.kind(classified) == PacketClass.ICMP_ERROR) {
                    assertThat(IcmpErrors.quote(bytes, 0, classified)).isGreaterThanOrEqualTo(-NatDrop.count());
                }
            }
        }
    }
}
