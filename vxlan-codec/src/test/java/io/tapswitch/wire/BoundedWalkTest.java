package io.tapswitch.wire;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HexFormat;
import java.util.random.RandomGenerator;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The lists that a hostile sender shapes: IPv4 options, TCP options, IPv6 extension headers. */
@Timeout(60)
class BoundedWalkTest {
    private final RandomGenerator random = Seeds.random();

    private static UnsafeBuffer ipv4WithOptions(String hex) {
        byte[] options = HexFormat.of().parseHex(hex);
        UnsafeBuffer buffer = new UnsafeBuffer(new byte[20 + options.length]);
        buffer.putBytes(20, options);
        Ipv4Header.headerLength(buffer, 0, 20 + options.length);
        return buffer;
    }

    private static UnsafeBuffer tcpWithOptions(String hex) {
        byte[] options = HexFormat.of().parseHex(hex);
        UnsafeBuffer buffer = new UnsafeBuffer(new byte[20 + options.length]);
        buffer.putBytes(20, options);
        TcpHeader.dataOffset(buffer, 0, 20 + options.length);
        return buffer;
    }

    /** An IPv6 packet of nothing but a first next header and what stands behind the fixed header. */
    private static UnsafeBuffer ipv6(int nextHeader, String hexBehind) {
        byte[] behind = HexFormat.of().parseHex(hexBehind.replace(" ", ""));
        UnsafeBuffer buffer = new UnsafeBuffer(new byte[40 + behind.length]);
        Ipv6Header.trafficClassAndFlowLabel(buffer, 0, 0, 0);
        Ipv6Header.nextHeader(buffer, 0, nextHeader);
        buffer.putBytes(40, behind);
        return buffer;
    }

    private static long walk(UnsafeBuffer packet) {
        return Ipv6Extensions.walk(packet, 0, packet.capacity());
    }

    @Test
    void aHeaderWithoutOptionsIsPlain() {
        assertThat(Ipv4Options.verdict(ipv4WithOptions(""), 0)).isEqualTo(Ipv4Options.PLAIN);
        assertThat(TcpOptions.wellFormed(tcpWithOptions(""), 0)).isTrue();
    }

    @Test
    void N25_sourceRoutesAreSeenWhereverTheyStand() {
        assertThat(Ipv4Options.hasSourceRoute(ipv4WithOptions("83070400000000" + "00"), 0))
                .isTrue();
        assertThat(Ipv4Options.hasSourceRoute(ipv4WithOptions("0189070400000000"), 0))
                .isTrue();
        assertThat(Ipv4Options.verdict(ipv4WithOptions("94040000"), 0)).isEqualTo(Ipv4Options.PLAIN);
        // Behind the end of the list a byte 131 is padding.
        assertThat(Ipv4Options.hasSourceRoute(ipv4WithOptions("0083030000000000"), 0))
                .isFalse();
    }

    @Test
    void ipv4OptionsOfLengthZeroOneOrBeyondTheHeaderAreMalformed() {
        assertThat(Ipv4Options.wellFormed(ipv4WithOptions("83000000"), 0)).isFalse();
        assertThat(Ipv4Options.wellFormed(ipv4WithOptions("83010000"), 0)).isFalse();
        assertThat(Ipv4Options.wellFormed(ipv4WithOptions("83050000"), 0)).isFalse();
        assertThat(Ipv4Options.wellFormed(ipv4WithOptions("01010183"), 0)).isFalse();
        assertThat(Ipv4Options.wellFormed(ipv4WithOptions("01018302"), 0)).isTrue();
    }

    @Test
    void tcpOptionsOfLengthZeroOneOrBeyondTheHeaderAreMalformed() {
        assertThat(TcpOptions.wellFormed(tcpWithOptions("02000000"), 0)).isFalse();
        assertThat(TcpOptions.wellFormed(tcpWithOptions("02010000"), 0)).isFalse();
        assertThat(TcpOptions.wellFormed(tcpWithOptions("02050000"), 0)).isFalse();
        assertThat(TcpOptions.wellFormed(tcpWithOptions("01010102"), 0)).isFalse();
    }

    @Test
    void findsTheOptionsOfALinuxSyn() {
        UnsafeBuffer syn = tcpWithOptions("020405b40402080a0000000100000000" + "01030307");
        assertThat(TcpOptions.maxSegmentSize(syn, 0)).isEqualTo(1460);
        assertThat(TcpOptions.find(syn, 0, TcpOptions.SACK_PERMITTED)).isEqualTo(24);
        assertThat(TcpOptions.find(syn, 0, TcpOptions.TIMESTAMPS)).isEqualTo(26);
        assertThat(TcpOptions.length(syn, 26)).isEqualTo(10);
        assertThat(TcpOptions.find(syn, 0, TcpOptions.WINDOW_SCALE)).isEqualTo(37);
        assertThat(TcpOptions.find(syn, 0, 254)).isEqualTo(TcpOptions.ABSENT);
        assertThat(TcpOptions.maxSegmentSize(tcpWithOptions("02030500"), 0)).isEqualTo(TcpOptions.MALFORMED);
    }

    @Test
    void optionWalksEndOnRandomBytesAndNeverReadBehindTheHeader() {
        for (int round = 0; round < 200_000; round++) {
            int length = 20 + 4 * random.nextInt(11);
            // The buffer ends with the header: Agrona's bounds check throws on any read behind it.
            UnsafeBuffer ip = new UnsafeBuffer(Seeds.bytes(random, length));
            Ipv4Header.headerLength(ip, 0, length);
            assertThat(Ipv4Options.verdict(ip, 0)).as(Seeds.description()).isBetween(-1, 1);
            UnsafeBuffer tcp = new UnsafeBuffer(Seeds.bytes(random, length));
            TcpHeader.dataOffset(tcp, 0, length);
            int found = TcpOptions.find(tcp, 0, random.nextInt(2, 256));
            assertThat(found).as(Seeds.description()).isBetween(TcpOptions.MALFORMED, length - 2);
        }
    }

    @Test
    void headerLengthsBelowTheMinimumAreNotWalked() {
        UnsafeBuffer buffer = new UnsafeBuffer(new byte[20]);
        Ipv4Header.headerLength(buffer, 0, 0);
        assertThat(Ipv4Options.verdict(buffer, 0)).isEqualTo(Ipv4Options.PLAIN);
        assertThat(TcpOptions.wellFormed(buffer, 0)).isTrue();
    }

    @Test
    void anIpv6PacketWithoutExtensionsEndsAtItsHeader() {
        long walked = walk(ipv6(IpProtocol.UDP, "0000000000080000"));
        assertThat(Ipv6Extensions.protocol(walked)).isEqualTo(IpProtocol.UDP);
        assertThat(Ipv6Extensions.offset(walked)).isEqualTo(40);
        assertThat(Ipv6Extensions.isLaterFragment(walked)).isFalse();
    }

    @Test
    void walksEveryKindOfExtensionHeader() {
        String hopByHop = "2b00 0502 0000 0100";
        String routingType2 = "3c02 0201" + "00".repeat(20);
        String destinationOptions = "3300 0104 00000000";
        String authentication = "3204" + "00".repeat(22);
        long walked = walk(ipv6(IpProtocol.HOP_BY_HOP, hopByHop + routingType2 + destinationOptions + authentication));
        assertThat(Ipv6Extensions.protocol(walked)).isEqualTo(IpProtocol.ESP);
        assertThat(Ipv6Extensions.offset(walked)).isEqualTo(40 + 8 + 24 + 8 + 24);
    }

    @Test
    void onlyTheFirstFragmentHasTheUpperHeader() {
        long first = walk(ipv6(IpProtocol.FRAGMENT, "1100 0001 00000001" + "00".repeat(8)));
        assertThat(Ipv6Extensions.isLaterFragment(first)).isFalse();
        long later = walk(ipv6(IpProtocol.FRAGMENT, "1100 0009 00000001" + "00".repeat(8)));
        assertThat(Ipv6Extensions.isLaterFragment(later)).isTrue();
        assertThat(Ipv6Extensions.protocol(later)).isEqualTo(IpProtocol.UDP);
        assertThat(Ipv6Extensions.offset(later)).isEqualTo(48);
    }

    @Test
    void refusesWhatFiltersAreEvadedWith() {
        assertThat(walk(ipv6(IpProtocol.ROUTING, "3b02 0001" + "00".repeat(20))))
                .isEqualTo(Ipv6Extensions.ROUTING_TYPE_0);
        assertThat(walk(ipv6(IpProtocol.FRAGMENT, "2c00 0001 00000001" + "1100 0001 00000001")))
                .isEqualTo(Ipv6Extensions.FRAGMENT_TWICE);
        assertThat(walk(ipv6(IpProtocol.DESTINATION_OPTIONS, "0000 0104 00000000" + "3b00 0104 00000000")))
                .isEqualTo(Ipv6Extensions.HOP_BY_HOP_NOT_FIRST);
        assertThat(walk(ipv6(IpProtocol.HOP_BY_HOP, "3b00 c204 00010000"))).isEqualTo(Ipv6Extensions.JUMBO);
        assertThat(walk(ipv6(IpProtocol.HOP_BY_HOP, "3b00 0509 00000000"))).isEqualTo(Ipv6Extensions.TRUNCATED);
        assertThat(walk(ipv6(IpProtocol.DESTINATION_OPTIONS, "3c00 0104 00000000".repeat(9))))
                .isEqualTo(Ipv6Extensions.TOO_MANY);
        long eight = walk(ipv6(IpProtocol.DESTINATION_OPTIONS, "3c00 0104 00000000".repeat(7) + "3b00 0104 00000000"));
        assertThat(Ipv6Extensions.protocol(eight)).isEqualTo(IpProtocol.NO_NEXT_HEADER);
        assertThat(Ipv6Extensions.offset(eight)).isEqualTo(40 + 8 * 8);
    }

    @Test
    void aChainCutAtAnyLengthIsTruncated() {
        UnsafeBuffer whole = ipv6(IpProtocol.HOP_BY_HOP, "2b00 0502 0000 0100" + "3a02 0201" + "00".repeat(20));
        for (int length = 40; length < whole.capacity(); length++) {
            UnsafeBuffer cut = new UnsafeBuffer(whole, 0, length);
            assertThat(Ipv6Extensions.walk(cut, 0, length))
                    .as("length %d", length)
                    .isEqualTo(Ipv6Extensions.TRUNCATED);
        }
        assertThat(Ipv6Extensions.protocol(walk(whole))).isEqualTo(IpProtocol.ICMPV6);
    }

    @Test
    void extensionWalksEndOnRandomBytesWithinThePacket() {
        int[] extensions = {0, 43, 44, 51, 60, 135, 139, 140};
        for (int round = 0; round < 200_000; round++) {
            int length = random.nextInt(40, 400);
            byte[] bytes = Seeds.bytes(random, length);
            UnsafeBuffer packet = new UnsafeBuffer(bytes);
            Ipv6Header.nextHeader(packet, 0, extensions[random.nextInt(extensions.length)]);
            // Short, likely headers, so that chains become long.
            for (int i = 40; i + 1 < length; i += 8) {
                bytes[i] = (byte) extensions[random.nextInt(extensions.length)];
                bytes[i + 1] = (byte) random.nextInt(2);
            }
            long walked = walk(packet);
            if (walked < 0) {
                assertThat(walked).as(Seeds.description()).isBetween(Ipv6Extensions.JUMBO, Ipv6Extensions.TRUNCATED);
            } else {
                assertThat(Ipv6Extensions.offset(walked))
                        .as(Seeds.description())
                        .isBetween(40, length);
            }
        }
    }
}
