package io.tapswitch.nat;

import static io.tapswitch.nat.Packet.AT;
import static io.tapswitch.nat.Packets.address;
import static io.tapswitch.nat.Packets.hi;
import static io.tapswitch.nat.Packets.lo;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.tapswitch.wire.InternetChecksum;
import io.tapswitch.wire.IpProtocol;
import io.tapswitch.wire.Ipv4Header;
import io.tapswitch.wire.Ipv6Header;
import io.tapswitch.wire.SctpHeader;
import io.tapswitch.wire.TcpHeader;
import io.tapswitch.wire.UdpHeader;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.util.BitSet;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The judge finds right what was right before, and wrong what was wrong. */
class TranslatorTest {
    private static final int ROUNDS = 200;
    private static final InetAddress INSIDE = address("10.9.0.2");
    private static final InetAddress OUTSIDE = address("192.0.2.1");
    private static final InetAddress PEER = address("192.0.2.9");
    private static final InetAddress INSIDE6 = address("fd00:9::2");
    private static final InetAddress OUTSIDE6 = address("2001:db8::1");
    private static final InetAddress PEER6 = address("2001:db8::9");

    private static Stream<Arguments> protocolsAndFamilies() {
        return Packets.PROTOCOLS.stream()
                .flatMap(protocol -> Stream.of(Arguments.of(protocol, false), Arguments.of(protocol, true)));
    }

    private static Packet random(RandomGenerator random, int protocol, boolean ipv6) {
        return Packets.of(
                protocol,
                Packets.host(random, ipv6),
                random.nextInt(1, 0x1_0000),
                Packets.host(random, ipv6),
                random.nextInt(1, 0x1_0000),
                Packets.bytes(random, 4 * random.nextInt(300) + random.nextInt(protocol == IpProtocol.SCTP ? 1 : 4)));
    }

    private static String seed() {
        return "-Dseed=" + Packets.SEED;
    }

    @ParameterizedTest
    @MethodSource("protocolsAndFamilies")
    void N18_N24_N32_checksumsAreValidAfterTranslation(int protocol, boolean ipv6) {
        RandomGenerator random = Packets.random(protocol);
        for (int round = 0; round < ROUNDS; round++) {
            Packet packet = random(random, protocol, ipv6);
            InetAddress source = Packets.host(random, ipv6);
            InetAddress destination = Packets.host(random, ipv6);
            int sourcePort = random.nextInt(1, 0x1_0000);
            int destinationPort = random.nextInt(1, 0x1_0000);
            long classified = packet.classified();

            Translator.source(packet.buffer, AT, classified, hi(source), lo(source), sourcePort);
            Translator.destination(packet.buffer, AT, classified, hi(destination), lo(destination), destinationPort);

            assertThat(packet.isValid()).as(seed()).isTrue();
            assertThat(packet.judged().getHeader().getSrcAddr()).isEqualTo(source);
            assertThat(packet.judged().getHeader().getDstAddr()).isEqualTo(destination);
            assertThat(packet.classified()).as("%s", seed()).isEqualTo(classified);
            assertThat(PacketClass.sourcePort(packet.buffer, AT, classified)).isEqualTo(sourcePort);
            assertThat(PacketClass.destinationPort(packet.buffer, AT, classified))
                    .isEqualTo(protocol == IpProtocol.ICMP ? 0 : destinationPort);
        }
    }

    @ParameterizedTest
    @MethodSource("protocolsAndFamilies")
    void N24_thereAndBackGivesTheSameBytesAlsoOfAWrongPacket(int protocol, boolean ipv6) {
        RandomGenerator random = Packets.random(100 + protocol);
        for (int round = 0; round < ROUNDS; round++) {
            Packet packet = random(random, protocol, ipv6);
            boolean wrong = random.nextBoolean();
            long classified = packet.classified();
            if (wrong) {
                // Beyond ports and addresses, so that the class stays what it is; the checksum itself included.
                int first = packet.transport() + 4;
                packet.flip(random.nextInt(first, packet.length), random.nextInt(8));
            }
            boolean valid = packet.isValid();
            byte[] before = packet.bytes();
            long sourceHi = PacketClass.sourceHi(packet.buffer, AT, classified);
            long sourceLo = PacketClass.sourceLo(packet.buffer, AT, classified);
            int sourcePort = PacketClass.sourcePort(packet.buffer, AT, classified);
            InetAddress other = Packets.host(random, ipv6);

            Translator.source(packet.buffer, AT, classified, hi(other), lo(other), random.nextInt(0x1_0000));
            assertThat(packet.isValid()).as(seed()).isEqualTo(valid);
            Translator.source(packet.buffer, AT, classified, sourceHi, sourceLo, sourcePort);

            assertThat(withOneZero(packet, protocol)).as(seed()).isEqualTo(withOneZero(before, packet, protocol));
        }
    }

    private static byte[] withOneZero(Packet packet, int protocol) {
        return withOneZero(packet.bytes(), packet, protocol);
    }

    /** TCP and ICMP have two ways to write a checksum of 0; a flipped bit may have made the one that nobody computes. */
    private static byte[] withOneZero(byte[] bytes, Packet packet, int protocol) {
        int field = packet.transport() + (protocol == IpProtocol.TCP ? TcpHeader.CHECKSUM_OFFSET : 2);
        if (protocol != IpProtocol.UDP && protocol != IpProtocol.SCTP && bytes[field] == -1 && bytes[field + 1] == -1) {
            bytes[field] = 0;
            bytes[field + 1] = 0;
        }
        return bytes;
    }

    @ParameterizedTest
    @MethodSource("protocolsAndFamilies")
    void N33_nothingButAddressPortAndChecksumsIsTouched(int protocol, boolean ipv6) {
        RandomGenerator random = Packets.random(200 + protocol);
        Packet packet = random(random, protocol, ipv6);
        int transport = packet.transport();
        BitSet allowed = new BitSet();
        allowed.set(ipv6 ? 8 : 10, ipv6 ? 24 : 16);
        switch (protocol) {
            case IpProtocol.TCP -> {
                allowed.set(transport, transport + 2);
                allowed.set(transport + 16, transport + 18);
            }
            case IpProtocol.UDP -> {
                allowed.set(transport, transport + 2);
                allowed.set(transport + 6, transport + 8);
            }
            case IpProtocol.SCTP -> {
                allowed.set(transport, transport + 2);
                allowed.set(transport + 8, transport + 12);
            }
            default -> allowed.set(transport + 2, transport + 6);
        }
        byte[] before = packet.bytes();
        InetAddress other = Packets.host(random, ipv6);
        Translator.source(packet.buffer, AT, packet.classified(), hi(other), lo(other), 1);
        byte[] after = packet.bytes();
        for (int i = 0; i < before.length; i++) {
            if (!allowed.get(i)) {
                assertThat(after[i]).as("byte %d, %s", i, seed()).isEqualTo(before[i]);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void N24_udpWithoutAChecksumStaysWithout(boolean ipv6) {
        Packet packet = Packets.udp(ipv6 ? INSIDE6 : INSIDE, 7004, ipv6 ? PEER6 : PEER, 9000, new byte[] {1, 2, 3});
        UdpHeader.checksum(packet.buffer, packet.at(), 0);
        InetAddress outside = ipv6 ? OUTSIDE6 : OUTSIDE;
        Translator.source(packet.buffer, AT, packet.classified(), hi(outside), lo(outside), 40_000);
        assertThat(UdpHeader.checksum(packet.buffer, packet.at())).isZero();
        assertThat(UdpHeader.sourcePort(packet.buffer, packet.at())).isEqualTo(40_000);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void N24_aComputedUdpChecksumOf0IsSentAsAllOnes(boolean rightBefore) {
        Packet packet = Packets.udp(INSIDE, 7004, PEER, 9000, new byte[] {1, 2, 3});
        if (!rightBefore) {
            packet.flip(packet.length - 1, 3);
        }
        long classified = packet.classified(PacketClass.VERIFIED);
        long outside = lo(OUTSIDE);
        int allOnes = 0;
        int none = 0;
        for (int port = 1; port < 0x1_0000; port++) {
            Translator.source(packet.buffer, AT, classified, 0, outside, port);
            int checksum = UdpHeader.checksum(packet.buffer, packet.at());
            none += checksum == 0 ? 1 : 0;
            if (checksum == 0xFFFF) {
                allOnes++;
                assertThat(packet.isValid()).isEqualTo(rightBefore);
            }
        }
        assertThat(none).isZero();
        assertThat(allOnes).isEqualTo(1);
    }

    @Test
    void N23_aHopTakesOneFromTheTimeToLiveAndNoneFromTheLast() {
        for (boolean ipv6 : new boolean[] {false, true}) {
            Packet packet = Packets.udp(ipv6 ? INSIDE6 : INSIDE, 7004, ipv6 ? PEER6 : PEER, 9000, new byte[7]);
            long classified = packet.classified();
            for (int left = 63; left >= 1; left--) {
                assertThat(Translator.hop(packet.buffer, AT, classified)).isTrue();
                int ttl = ipv6 ? Ipv6Header.hopLimit(packet.buffer, AT) : Ipv4Header.ttl(packet.buffer, AT);
                assertThat(ttl).isEqualTo(left);
                assertThat(packet.isValid()).isTrue();
            }
            byte[] before = packet.bytes();
            assertThat(Translator.hop(packet.buffer, AT, classified)).isFalse();
            assertThat(packet.bytes()).isEqualTo(before);
        }
    }

    @Test
    void N23_aTimeToLiveOf0IsNotCountedBelow() {
        Packet packet = Packets.udp(INSIDE, 7004, PEER, 9000, new byte[7]);
        Ipv4Header.ttl(packet.buffer, AT, 0);
        Ipv4Header.updateChecksum(packet.buffer, AT);
        assertThat(Translator.hop(packet.buffer, AT, packet.classified())).isFalse();
        assertThat(Ipv4Header.ttl(packet.buffer, AT)).isZero();
    }

    /** Makes of a complete packet what a TAP delivers with NEEDS_CSUM (O2). {@return its description} */
    private static int makePartial(Packet packet, int protocol) {
        int field = InternetChecksum.fold(packet.pseudoHeader(protocol));
        if (protocol == IpProtocol.TCP) {
            TcpHeader.checksum(packet.buffer, packet.at(), field);
        } else {
            UdpHeader.checksum(packet.buffer, packet.at(), field);
        }
        return PacketClass.partial(packet.transport(), offset(protocol));
    }

    private static int offset(int protocol) {
        return protocol == IpProtocol.TCP ? TcpHeader.CHECKSUM_OFFSET : UdpHeader.CHECKSUM_OFFSET;
    }

    private static int field(Packet packet, int protocol) {
        return protocol == IpProtocol.TCP
                ? TcpHeader.checksum(packet.buffer, packet.at())
                : UdpHeader.checksum(packet.buffer, packet.at());
    }

    @ParameterizedTest
    @ValueSource(ints = {IpProtocol.TCP, IpProtocol.UDP})
    void O3_aPartialChecksumIsRightOnceFinishedAlsoOfASuperFrame(int protocol) {
        RandomGenerator random = Packets.random(300 + protocol);
        for (int round = 0; round < 30; round++) {
            boolean ipv6 = random.nextBoolean();
            Packet packet = Packets.of(
                    protocol,
                    Packets.host(random, ipv6),
                    random.nextInt(1, 0x1_0000),
                    Packets.host(random, ipv6),
                    random.nextInt(1, 0x1_0000),
                    Packets.bytes(random, round % 3 == 0 ? 60_000 + random.nextInt(5_000) : random.nextInt(1_400)));
            long classified = packet.classified(makePartial(packet, protocol));
            assertThat(PacketClass.isPartial(classified)).isTrue();
            InetAddress source = Packets.host(random, ipv6);
            InetAddress destination = Packets.host(random, ipv6);

            Translator.source(packet.buffer, AT, classified, hi(source), lo(source), random.nextInt(1, 0x1_0000));
            Translator.destination(
                    packet.buffer, AT, classified, hi(destination), lo(destination), random.nextInt(1, 0x1_0000));

            int length = packet.length - packet.transport();
            InternetChecksum.complete(packet.buffer, packet.at(), offset(protocol), length);
            assertThat(packet.isValid()).as(seed()).isTrue();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {IpProtocol.TCP, IpProtocol.UDP})
    void O3_aPortDoesNotTouchAPartialChecksum(int protocol) {
        Packet packet = Packets.of(protocol, INSIDE, 7004, PEER, 9000, new byte[100]);
        long classified = packet.classified(makePartial(packet, protocol));
        int field = field(packet, protocol);
        Translator.source(packet.buffer, AT, classified, hi(INSIDE), lo(INSIDE), 40_000);
        Translator.destination(packet.buffer, AT, classified, hi(PEER), lo(PEER), 53);
        assertThat(field(packet, protocol)).isEqualTo(field);
        Translator.source(packet.buffer, AT, classified, hi(OUTSIDE), lo(OUTSIDE), 40_000);
        assertThat(field(packet, protocol)).isNotEqualTo(field);
    }

    @Test
    void O3_aPartialChecksumOfSctpIsLeftToTheFinisher() {
        Packet packet = Packets.sctp(INSIDE, 7004, PEER, 9000, new byte[100]);
        SctpHeader.checksum(packet.buffer, packet.at(), 0);
        int partial = PacketClass.partial(20, SctpHeader.CHECKSUM_OFFSET);
        Translator.source(packet.buffer, AT, packet.classified(partial), hi(OUTSIDE), lo(OUTSIDE), 40_000);
        assertThat(SctpHeader.checksum(packet.buffer, packet.at())).isZero();
        assertThat(SctpHeader.sourcePort(packet.buffer, packet.at())).isEqualTo(40_000);
    }

    @ParameterizedTest
    @ValueSource(ints = {IpProtocol.GRE, IpProtocol.ESP, 41, 253})
    void N32_anotherProtocolIsTranslatedByAddressOnly(int protocol) {
        byte[] payload = Packets.bytes(Packets.random(protocol), 77);
        for (boolean ipv6 : new boolean[] {false, true}) {
            InetAddress outside = ipv6 ? OUTSIDE6 : OUTSIDE;
            Packet packet = Packets.opaque(protocol, ipv6 ? INSIDE6 : INSIDE, ipv6 ? PEER6 : PEER, payload);
            Translator.source(packet.buffer, AT, packet.classified(), hi(outside), lo(outside), 40_000);
            assertThat(packet.isValid()).isTrue();
            assertThat(packet.bytes())
                    .isEqualTo(Packets.opaque(protocol, outside, ipv6 ? PEER6 : PEER, payload)
                            .bytes());
        }
    }

    @Test
    void N18_onlyTheSideThatAskedHasItsIdentifierTranslated() {
        Packet request = Packets.echo(true, INSIDE, PEER, 77, 1, new byte[8]);
        Translator.destination(request.buffer, AT, request.classified(), hi(OUTSIDE), lo(OUTSIDE), 99);
        assertThat(PacketClass.sourcePort(request.buffer, AT, request.classified()))
                .isEqualTo(77);
        Packet reply = Packets.echo(false, PEER, OUTSIDE, 99, 1, new byte[8]);
        Translator.source(reply.buffer, AT, reply.classified(), hi(PEER), lo(PEER), 1);
        assertThat(PacketClass.destinationPort(reply.buffer, AT, reply.classified()))
                .isEqualTo(99);
        Translator.destination(reply.buffer, AT, reply.classified(), hi(INSIDE), lo(INSIDE), 77);
        assertThat(reply.bytes())
                .isEqualTo(Packets.echo(false, PEER, INSIDE, 77, 1, new byte[8]).bytes());
    }

    @Test
    void R11_noTranslationAllocates() {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        List<Packet> packets = protocolsAndFamilies()
                .map(arguments -> random(Packets.random(9), (int) arguments.get()[0], (boolean)
                        arguments.get()[1]))
                .toList();
        long leastBytes = Long.MAX_VALUE;
        // The compiler may still replace code in the first measured runs, and deoptimisation allocates.
        for (int attempt = 0; attempt < 8 && leastBytes != 0; attempt++) {
            long before = threads.getCurrentThreadAllocatedBytes();
            for (int i = 0; i < packets.size(); i++) {
                translateOften(packets.get(i), attempt);
            }
            leastBytes = Math.min(leastBytes, threads.getCurrentThreadAllocatedBytes() - before);
        }
        assertThat(leastBytes).isZero();
    }

    private static void translateOften(Packet packet, int attempt) {
        for (int i = 1; i <= 5_000; i++) {
            long classified = packet.classified();
            if (classified < 0) {
                throw new AssertionError(NatDrop.of((int) classified));
            }
            long lo = 0xFFFF_0A09_0000L + i;
            Translator.source(packet.buffer, AT, classified, 0xFD00L << 48, lo, i + attempt);
            Translator.destination(packet.buffer, AT, classified, 0xFD00L << 48, lo + 1, i);
        }
    }
}
