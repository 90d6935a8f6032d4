package io.tapswitch.nat;

import static io.tapswitch.nat.Packet.AT;
import static io.tapswitch.nat.Packets.address;
import static io.tapswitch.nat.Packets.hi;
import static io.tapswitch.nat.Packets.lo;
import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.wire.IcmpHeader;
import io.tapswitch.wire.Icmpv6Header;
import io.tapswitch.wire.IpProtocol;
import io.tapswitch.wire.Ipv4Header;
import java.net.InetAddress;
import java.util.Arrays;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * An error comes back with the quote as the sender wrote it: packets are translated out, quoted by somebody on the way,
 * and the error is translated in. The judge finds every outer checksum right.
 */
class IcmpErrorsTest {
    private static final InetAddress INSIDE = address("10.9.0.2");
    private static final InetAddress OUTSIDE = address("192.0.2.1");
    private static final InetAddress PEER = address("192.0.2.9");
    private static final InetAddress ROUTER = address("192.0.2.77");
    private static final int MOST_QUOTED = 600;

    private static Stream<Arguments> protocolsAndFamilies() {
        return Packets.PROTOCOLS.stream()
                .flatMap(protocol -> Stream.of(Arguments.of(protocol, false), Arguments.of(protocol, true)));
    }

    private static String seed() {
        return "-Dseed=" + Packets.SEED;
    }

    private static Packet error(int type, int code, InetAddress from, InetAddress to, int word, byte[] quote) {
        return Packets.icmp(type, code, from, to, word, quote);
    }

    private static byte[] head(Packet packet, int length) {
        return Arrays.copyOf(packet.bytes(), Math.min(length, packet.length));
    }

    private static long quote(Packet error) {
        return IcmpErrors.quote(error.buffer, AT, error.classified());
    }

    private static NatDrop drop(Packet error) {
        long quote = quote(error);
        assertThat(quote).isNegative();
        return NatDrop.of((int) quote);
    }

    private static byte[] quoteOf(Packet error) {
        return Arrays.copyOfRange(error.bytes(), error.transport() + IcmpHeader.LENGTH, error.length);
    }

    private static int quotedSourcePort(Packet error) {
        return PacketClass.sourcePort(error.buffer, IcmpErrors.quoted(AT, error.classified()), quote(error));
    }

    private static int quotedDestinationPort(Packet error) {
        return PacketClass.destinationPort(error.buffer, IcmpErrors.quoted(AT, error.classified()), quote(error));
    }

    private static void toInside(Packet error, InetAddress inside, int port) {
        IcmpErrors.toInside(error.buffer, AT, error.classified(), quote(error), hi(inside), lo(inside), port);
    }

    private static void toOutside(Packet error, InetAddress outside, int port) {
        IcmpErrors.toOutside(error.buffer, AT, error.classified(), quote(error), hi(outside), lo(outside), port);
    }

    /** {@return a length of a quote that a sender may choose: 8 bytes behind the IP header, or all of the transport's} */
    private static int quotedLength(RandomGenerator random, Packet packet) {
        return packet.transport() + (random.nextBoolean() ? 8 : random.nextInt(18, MOST_QUOTED));
    }

    @Test
    void N19_theErrorThatLinuxWasMeasuredWith() {
        Packet sent = Packets.udp(OUTSIDE, 7004, PEER, 9000, new byte[1400]);
        Packet error = error(3, 4, ROUTER, OUTSIDE, 1280, head(sent, 28));

        assertThat(quotedSourcePort(error)).isEqualTo(7004);
        assertThat(quotedDestinationPort(error)).isEqualTo(9000);
        toInside(error, INSIDE, 7004);

        assertThat(error.isValid()).isTrue();
        assertThat(error.judged().getHeader().getSrcAddr()).isEqualTo(ROUTER);
        assertThat(error.judged().getHeader().getDstAddr()).isEqualTo(INSIDE);
        assertThat(IcmpHeader.type(error.buffer, error.at())).isEqualTo(3);
        assertThat(IcmpHeader.code(error.buffer, error.at())).isEqualTo(4);
        assertThat(IcmpHeader.nextHopMtu(error.buffer, error.at())).isEqualTo(1280);
        assertThat(quoteOf(error)).isEqualTo(head(Packets.udp(INSIDE, 7004, PEER, 9000, new byte[1400]), 28));
    }

    @ParameterizedTest
    @MethodSource("protocolsAndFamilies")
    void N19_theInsideSenderFindsItsOwnPacketQuoted(int protocol, boolean ipv6) {
        RandomGenerator random = Packets.random(400 + protocol);
        for (int round = 0; round < 150; round++) {
            InetAddress inside = Packets.host(random, ipv6);
            InetAddress outside = Packets.host(random, ipv6);
            InetAddress router = Packets.host(random, ipv6);
            int insidePort = random.nextInt(1, 0x1_0000);
            int outsidePort = random.nextInt(1, 0x1_0000);
            Packet packet = Packets.of(
                    protocol,
                    inside,
                    insidePort,
                    Packets.host(random, ipv6),
                    random.nextInt(1, 0x1_0000),
                    Packets.bytes(random, 4 * random.nextInt(300)));
            Packet sent = packet.copy();
            Translator.source(sent.buffer, AT, sent.classified(), hi(outside), lo(outside), outsidePort);
            Translator.hop(sent.buffer, AT, packet.classified());
            Translator.hop(packet.buffer, AT, packet.classified());
            int quoted = quotedLength(random, packet);
            Packet error = error(ipv6 ? 1 : 11, 0, router, outside, 0, head(sent, quoted));

            assertThat(quotedSourcePort(error)).isEqualTo(outsidePort);
            toInside(error, inside, insidePort);

            assertThat(error.isValid()).as(seed()).isTrue();
            assertThat(error.judged().getHeader().getSrcAddr()).isEqualTo(router);
            assertThat(error.judged().getHeader().getDstAddr()).isEqualTo(inside);
            assertThat(quoteOf(error)).as(seed()).isEqualTo(head(packet, quoted));
        }
    }

    @ParameterizedTest
    @MethodSource("protocolsAndFamilies")
    void N19_theClientOfAPublishedPortFindsItsOwnPacketQuotedByTheHost(int protocol, boolean ipv6) {
        RandomGenerator random = Packets.random(500 + protocol);
        for (int round = 0; round < 150; round++) {
            InetAddress inside = Packets.host(random, ipv6);
            InetAddress outside = Packets.host(random, ipv6);
            InetAddress peer = Packets.host(random, ipv6);
            int insidePort = random.nextInt(1, 0x1_0000);
            int outsidePort = random.nextInt(1, 0x1_0000);
            byte[] payload = Packets.bytes(random, 4 * random.nextInt(300));
            // Of ICMP it is a reply that comes in, and has its destination's identifier translated.
            Packet packet = protocol == IpProtocol.ICMP
                    ? Packets.echo(false, peer, outside, outsidePort, 9, payload)
                    : Packets.of(protocol, peer, 1234, outside, outsidePort, payload);
            Packet received = packet.copy();
            Translator.destination(received.buffer, AT, received.classified(), hi(inside), lo(inside), insidePort);
            int quoted = quotedLength(random, packet);
            Packet error = error(ipv6 ? 1 : 3, 4, inside, peer, 0, head(received, quoted));

            assertThat(quotedDestinationPort(error)).isEqualTo(insidePort);
            toOutside(error, outside, outsidePort);

            assertThat(error.isValid()).as(seed()).isTrue();
            assertThat(error.judged().getHeader().getSrcAddr()).isEqualTo(outside);
            assertThat(error.judged().getHeader().getDstAddr()).isEqualTo(peer);
            assertThat(quoteOf(error)).as(seed()).isEqualTo(head(packet, quoted));
        }
    }

    @Test
    void N27_theErrorOfAHairpinIsTranslatedBothWays() {
        InetAddress server = address("10.9.0.3");
        Packet sent = Packets.udp(INSIDE, 6001, OUTSIDE, 8053, new byte[40]);
        Packet delivered = Packets.udp(OUTSIDE, 40_000, server, 53, new byte[40]);
        Packet error = error(3, 3, server, OUTSIDE, 0, delivered.bytes());

        toOutside(error, OUTSIDE, 8053);
        toInside(error, INSIDE, 6001);

        assertThat(error.isValid()).isTrue();
        assertThat(error.judged().getHeader().getSrcAddr()).isEqualTo(OUTSIDE);
        assertThat(error.judged().getHeader().getDstAddr()).isEqualTo(INSIDE);
        assertThat(quoteOf(error)).isEqualTo(sent.bytes());
    }

    @Test
    void N19_quotedOptionsAreSkippedByTheirLengthUpToTheLongest() {
        for (int options = 4; options <= 40; options += 4) {
            byte[] noOperations = new byte[options];
            Arrays.fill(noOperations, (byte) 1);
            Packet packet = Packets.withOptions(Packets.tcp(INSIDE, 7004, PEER, 80, new byte[100]), noOperations);
            Packet sent = packet.copy();
            Translator.source(sent.buffer, AT, sent.classified(), hi(OUTSIDE), lo(OUTSIDE), 40_000);
            int quoted = 20 + options + 8;
            Packet error = error(11, 0, ROUTER, OUTSIDE, 0, head(sent, quoted));
            toInside(error, INSIDE, 7004);
            assertThat(error.isValid()).isTrue();
            assertThat(quoteOf(error)).isEqualTo(head(packet, quoted));
            assertThat(drop(error(11, 0, ROUTER, OUTSIDE, 0, head(sent, quoted - 1))))
                    .isEqualTo(NatDrop.ICMP_QUOTE_SHORT);
        }
    }

    @Test
    void N19_quotedExtensionHeadersAreSkipped() {
        InetAddress inside = address("fd00:9::2");
        InetAddress outside = address("2001:db8::1");
        InetAddress router = address("2001:db8::77");
        Packet udp = Packets.udp(inside, 7004, address("2001:db8::9"), 9000, new byte[50]);
        byte[][] headers = {{0, 0, 1, 4, 0, 0, 0, 0}, {0, 0, 0, 1, 0, 0, 0, 9}};
        int[] kinds = {IpProtocol.DESTINATION_OPTIONS, IpProtocol.FRAGMENT};
        for (int i = 0; i < headers.length; i++) {
            Packet packet = Packets.withExtensions(udp, kinds[i], 0, headers[i]);
            Packet sent = Packets.withExtensions(
                    Packets.udp(outside, 40_000, address("2001:db8::9"), 9000, new byte[50]), kinds[i], 0, headers[i]);
            Packet error = error(2, 0, router, outside, 1280, sent.bytes());
            toInside(error, inside, 7004);
            assertThat(error.isValid()).isTrue();
            assertThat(quoteOf(error)).isEqualTo(packet.bytes());
        }
        Packet later = Packets.withExtensions(udp, IpProtocol.FRAGMENT, 0, new byte[] {0, 0, 0, 8, 0, 0, 0, 9});
        assertThat(drop(error(2, 0, router, inside, 1280, later.bytes()))).isEqualTo(NatDrop.ICMP_QUOTE);
    }

    @Test
    void N19_nothingButTheQuotedHeadsIsTouched() {
        byte[] payload = Packets.bytes(Packets.random(7), 33);
        Packet sent = Packets.udp(OUTSIDE, 40_000, PEER, 9000, payload);
        Packet error = error(11, 0, ROUTER, OUTSIDE, 0x0020_0000, sent.bytes());
        byte[] before = error.bytes();
        toInside(error, INSIDE, 7004);
        byte[] after = error.bytes();
        // The quoted payload, where RFC 4884's extensions are too, and the length field that tells of them.
        assertThat(Arrays.copyOfRange(after, 56, after.length))
                .isEqualTo(Arrays.copyOfRange(before, 56, before.length));
        assertThat(Arrays.copyOfRange(after, 24, 28)).isEqualTo(Arrays.copyOfRange(before, 24, 28));
        assertThat(error.isValid()).isTrue();
    }

    @Test
    void row48_aQuoteOfTooFewBytesIsDroppedAtEveryLength() {
        for (int protocol : Packets.PROTOCOLS) {
            for (boolean ipv6 : new boolean[] {false, true}) {
                InetAddress outside = ipv6 ? address("2001:db8::1") : OUTSIDE;
                InetAddress router = ipv6 ? address("2001:db8::77") : ROUTER;
                Packet sent = Packets.of(protocol, outside, 7004, router, 9000, new byte[40]);
                int enough = sent.transport() + 8;
                for (int length = 0; length < enough; length++) {
                    assertThat(drop(error(3, 1, router, outside, 0, head(sent, length))))
                            .isEqualTo(NatDrop.ICMP_QUOTE_SHORT);
                }
                assertThat(quote(error(3, 1, router, outside, 0, head(sent, enough))))
                        .isNotNegative();
            }
        }
    }

    @Test
    void row48_anErrorAboutAnErrorAFragmentOrAnothersPacketIsDropped() {
        Packet sent = Packets.udp(OUTSIDE, 7004, PEER, 9000, new byte[40]);
        Packet unreachable = error(3, 3, OUTSIDE, PEER, 0, sent.bytes());
        assertThat(drop(error(11, 0, ROUTER, OUTSIDE, 0, unreachable.bytes()))).isEqualTo(NatDrop.ICMP_QUOTE);
        assertThat(drop(error(11, 0, ROUTER, PEER, 0, sent.bytes()))).isEqualTo(NatDrop.ICMP_QUOTE);
        Packet later = sent.copy();
        Ipv4Header.fragment(later.buffer, AT, false, false, 1024);
        assertThat(drop(error(11, 0, ROUTER, OUTSIDE, 0, later.bytes()))).isEqualTo(NatDrop.ICMP_QUOTE);
        Packet first = sent.copy();
        Ipv4Header.fragment(first.buffer, AT, false, true, 0);
        assertThat(quote(error(11, 0, ROUTER, OUTSIDE, 0, first.bytes()))).isNotNegative();
        Packet noHeader = sent.copy();
        noHeader.buffer.putByte(AT, (byte) 0x44);
        assertThat(drop(error(11, 0, ROUTER, OUTSIDE, 0, noHeader.bytes()))).isEqualTo(NatDrop.ICMP_QUOTE);
        Packet otherFamily = Packets.udp(address("fd00::1"), 1, address("fd00::2"), 2, new byte[9]);
        assertThat(drop(error(11, 0, ROUTER, OUTSIDE, 0, otherFamily.bytes()))).isEqualTo(NatDrop.ICMP_QUOTE);
        Packet chain = Packets.udp(address("fd00::1"), 1, address("fd00::2"), 2, new byte[99]);
        byte[] twice = {44, 0, 0, 1, 0, 0, 0, 9, 17, 0, 0, 1, 0, 0, 0, 9};
        Packet malformed = Packets.withExtensions(chain, IpProtocol.FRAGMENT, 8, twice);
        assertThat(drop(error(3, 0, address("fd00::3"), address("fd00::1"), 0, malformed.bytes())))
                .isEqualTo(NatDrop.ICMP_QUOTE);
    }

    @Test
    void N19_halfAChecksumAtTheQuotesEndIsLeftAlone() {
        int[][] protocolAndField = {{IpProtocol.TCP, 16, 2}, {IpProtocol.SCTP, 8, 4}};
        for (int[] row : protocolAndField) {
            Packet sent = Packets.of(row[0], OUTSIDE, 40_000, PEER, 9000, new byte[40]);
            for (int there = 1; there < row[2]; there++) {
                byte[] quote = head(sent, 20 + row[1] + there);
                Packet error = error(11, 0, ROUTER, OUTSIDE, 0, quote);
                toInside(error, INSIDE, 7004);
                assertThat(error.isValid()).isTrue();
                assertThat(Arrays.copyOfRange(quoteOf(error), 20 + row[1], quote.length))
                        .isEqualTo(Arrays.copyOfRange(quote, 20 + row[1], quote.length));
            }
        }
    }

    @Test
    void N32_theQuoteOfAnotherProtocolIsTranslatedByAddress() {
        Packet sent = Packets.opaque(IpProtocol.GRE, OUTSIDE, PEER, new byte[30]);
        Packet error = error(3, 2, PEER, OUTSIDE, 0, head(sent, 28));
        assertThat(PacketClass.kind(quote(error))).isEqualTo(PacketClass.OTHER);
        toInside(error, INSIDE, 0);
        assertThat(error.isValid()).isTrue();
        assertThat(quoteOf(error)).isEqualTo(head(Packets.opaque(IpProtocol.GRE, INSIDE, PEER, new byte[30]), 28));
    }

    @Test
    void row47_anMtuBelowThatOfEveryPathIsRaisedOnTheWayIn() {
        int[][] fromTo = {{68, 576}, {1, 576}, {575, 576}, {576, 576}, {1280, 1280}, {0, 0}, {0xFFFF, 0xFFFF}};
        for (int[] mtu : fromTo) {
            Packet sent = Packets.udp(OUTSIDE, 7004, PEER, 9000, new byte[40]);
            Packet error = error(3, 4, ROUTER, OUTSIDE, mtu[0], sent.bytes());
            toInside(error, INSIDE, 7004);
            assertThat(IcmpHeader.nextHopMtu(error.buffer, error.at())).isEqualTo(mtu[1]);
            assertThat(error.isValid()).isTrue();
        }
        int[][] fromTo6 = {{68, 1280}, {1279, 1280}, {1280, 1280}, {1400, 1400}, {65_575, 65_575}};
        for (int[] mtu : fromTo6) {
            Packet sent = Packets.udp(address("2001:db8::1"), 7004, address("2001:db8::9"), 9000, new byte[40]);
            Packet error = error(2, 0, address("2001:db8::77"), address("2001:db8::1"), mtu[0], sent.bytes());
            toInside(error, address("fd00:9::2"), 7004);
            assertThat(Icmpv6Header.mtu(error.buffer, error.at())).isEqualTo(mtu[1]);
            assertThat(error.isValid()).isTrue();
        }
    }

    @Test
    void N19_theFieldOfOtherErrorsIsNoMtu() {
        Packet sent = Packets.udp(OUTSIDE, 7004, PEER, 9000, new byte[40]);
        for (int code : new int[] {0, 1, 3, 13}) {
            Packet error = error(3, code, ROUTER, OUTSIDE, 68, sent.bytes());
            toInside(error, INSIDE, 7004);
            assertThat(IcmpHeader.nextHopMtu(error.buffer, error.at())).isEqualTo(68);
            assertThat(error.isValid()).isTrue();
        }
    }

    @Test
    void row48_noFlippedBitOfAQuoteMakesAReadOrWriteBehindThePacket() {
        RandomGenerator random = Packets.random(8);
        for (int round = 0; round < 8_000; round++) {
            boolean ipv6 = random.nextBoolean();
            int protocol = Packets.PROTOCOLS.get(random.nextInt(4));
            InetAddress outside = Packets.host(random, ipv6);
            Packet sent = Packets.of(protocol, outside, 7004, Packets.host(random, ipv6), 9000, new byte[24]);
            byte[] head = head(sent, random.nextInt(20, 90));
            for (int flips = random.nextInt(4); flips > 0; flips--) {
                head[random.nextInt(Math.min(head.length, 44))] ^= (byte) (1 << random.nextInt(8));
            }
            Packet error = error(3, 1, Packets.host(random, ipv6), outside, 0, head);
            UnsafeBuffer exact = new UnsafeBuffer(error.bytes());
            long classified = ipv6
                    ? PacketClass.ipv6(exact, 0, exact.capacity(), PacketClass.COMPLETE)
                    : PacketClass.ipv4(exact, 0, exact.capacity(), PacketClass.COMPLETE);
            long quote = IcmpErrors.quote(exact, 0, classified);
            if (quote >= 0) {
                long inside = lo(INSIDE);
                IcmpErrors.toInside(exact, 0, classified, quote, 1, inside, 3);
                IcmpErrors.toOutside(exact, 0, classified, quote, 4, inside + 1, 6);
                // The judge's own checksum leaves out what such a quote belies; ours has the judge's word elsewhere.
                assertThat(new Packet(exact.byteArray()).classified())
                        .as(seed())
                        .isEqualTo(classified);
            }
        }
    }
}
