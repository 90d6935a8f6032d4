package io.tapswitch.vxlan;

import static io.tapswitch.vxlan.InnerFrames.AT;
import static io.tapswitch.vxlan.InnerFrames.FRAME;
import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.vxlan.InnerFrames.Shape;
import io.tapswitch.wire.EtherType;
import io.tapswitch.wire.EthernetHeader;
import io.tapswitch.wire.InternetChecksum;
import io.tapswitch.wire.Ipv4Address;
import io.tapswitch.wire.Ipv4Header;
import io.tapswitch.wire.Ipv6Address;
import io.tapswitch.wire.Ipv6Header;
import io.tapswitch.wire.Seeds;
import io.tapswitch.wire.TcpHeader;
import io.tapswitch.wire.UdpHeader;
import java.net.Inet4Address;
import java.net.Inet6Address;
import java.util.HexFormat;
import java.util.random.RandomGenerator;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.pcap4j.packet.EthernetPacket;
import org.pcap4j.packet.IpV4Packet;
import org.pcap4j.packet.IpV6Packet;
import org.pcap4j.packet.UdpPacket;

class EncapsulationTest {
    private static final long SOURCE_MAC = 0x0200_0000_000AL;
    private static final long DESTINATION_MAC = 0x0200_0000_000BL;
    private static final int VNI = 0xABCDEF;
    private static final Encapsulation V4 =
            Encapsulation.ipv4(SOURCE_MAC, DESTINATION_MAC, 0xC000_0201, 0xC000_0202, VxlanHeader.PORT, VNI);
    private static final Encapsulation V6 = Encapsulation.ipv6(
            SOURCE_MAC, DESTINATION_MAC, 0x2001_0DB8L << 32, 1, 0x2001_0DB8L << 32, 2, VxlanHeader.PORT, VNI);

    private final RandomGenerator random = Seeds.random();
    private final UnsafeBuffer slot = InnerFrames.slot();

    static Encapsulation tunnel(boolean ipv6) {
        return ipv6 ? V6 : V4;
    }

    /** Finishes the checksum that a tunnel header leaves to the kernel, as skb_checksum_help does. */
    static void finish(UnsafeBuffer slot, int at, int end) {
        if ((TunnelHeader.flags(slot, at) & TunnelHeader.NEEDS_CSUM) != 0) {
            int start = at + TunnelHeader.LENGTH + TunnelHeader.csumStart(slot, at);
            InternetChecksum.complete(slot, start, TunnelHeader.csumOffset(slot, at), end - start);
        }
    }

    private EthernetPacket judge(int at, int length) throws Exception {
        int outer = at + TunnelHeader.LENGTH;
        int end = AT + length;
        finish(slot, at, end);
        return EthernetPacket.newPacket(slot.byteArray(), outer, end - outer);
    }

    /**
     * What scapy 2.5 (scapy.layers.vxlan) makes of the same fields: Ether/IP(ttl=64, id=0x1234, flags="DF",
     * tos=1)/UDP(sport, dport=4789)/VXLAN(flags=8, vni=0xABCDEF)/inner, and with IPv6(hlim=64, tc=1); the source port
     * is ours, as nothing prescribes it.
     */
    @Test
    void V1_V14_theBytesAreThoseOfAnIndependentEncoder() {
        String inner =
                "02420a00000302420a00000208004501002500014000401126c20a0000020a000003045708ae0011a6207461707377697463"
                        + "68";
        byte[] frame = HexFormat.of().parseHex(inner);
        TunnelHeader.clearPlain(slot, AT);
        slot.putBytes(FRAME, frame);
        int length = TunnelHeader.PLAIN_LENGTH + frame.length;

        int at = V4.apply(slot, AT, length, 0x1234);
        finish(slot, at, AT + length);
        byte[] outer = InnerFrames.bytes(slot, at + 24, 50);
        assertThat(HexFormat.of().formatHex(outer))
                .isEqualTo("02000000000b02000000000a0800" + "45010057123440004011a45dc0000201c0000202"
                        + "e30812b50043d675" + "08000000abcdef00");

        at = V6.apply(slot, AT, layAgain(frame), 0);
        finish(slot, at, AT + length);
        outer = InnerFrames.bytes(slot, at + 24, 70);
        assertThat(HexFormat.of().formatHex(outer))
                .isEqualTo("02000000000b02000000000a86dd" + "6010000000431140" + "20010db8000000000000000000000001"
                        + "20010db8000000000000000000000002" + "e30812b50043ff04" + "08000000abcdef00");
    }

    private int layAgain(byte[] frame) {
        TunnelHeader.clearPlain(slot, AT);
        slot.putBytes(FRAME, frame);
        return TunnelHeader.PLAIN_LENGTH + frame.length;
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void V1_V3_V14_aJudgeReadsTheOuterHeadersOfAnyPacket(boolean ipv6) throws Exception {
        for (int round = 0; round < 500; round++) {
            Shape shape = Shape.random(random, 1400);
            int length = InnerFrames.lay(slot, random, shape);
            boolean partial = random.nextBoolean();
            if (partial) {
                InnerFrames.partial(slot, shape);
            } else {
                InnerFrames.complete(slot, shape);
            }
            int mark = Congestion.mark(slot, FRAME, InnerPacket.find(slot, FRAME, shape.frame()));

            int at = tunnel(ipv6).apply(slot, AT, length, round);

            assertThat(at).isEqualTo(AT - tunnel(ipv6).headroom());
            assertThat(TunnelHeader.gsoType(slot, at)).isZero();
            assertThat(TunnelHeader.flags(slot, at)).isEqualTo(partial ? 0 : TunnelHeader.NEEDS_CSUM);
            EthernetPacket packet = judge(at, length);
            assertThat(InnerFrames.isRight(slot, FRAME, shape))
                    .as(Seeds.description())
                    .isTrue();
            judgeOuter(packet, ipv6, mark, shape.frame());
            byte[] vxlan = packet.get(UdpPacket.class).getPayload().getRawData();
            assertThat(HexFormat.of().formatHex(vxlan, 0, 8)).isEqualTo("08000000abcdef00");
            assertThat(vxlan).endsWith(InnerFrames.bytes(slot, FRAME, shape.frame()));
        }
    }

    private static void judgeOuter(EthernetPacket packet, boolean ipv6, int mark, int inner) throws Exception {
        assertThat(packet.getHeader().getDstAddr()).hasToString("02:00:00:00:00:0b");
        assertThat(packet.getHeader().getSrcAddr()).hasToString("02:00:00:00:00:0a");
        UdpPacket udp = packet.get(UdpPacket.class);
        if (ipv6) {
            IpV6Packet.IpV6Header ip = packet.get(IpV6Packet.class).getHeader();
            assertThat(ip.getTrafficClass().value() & 0xFF).isEqualTo(mark);
            assertThat(ip.getHopLimitAsInt()).isEqualTo(64);
            assertThat(ip.getPayloadLengthAsInt()).isEqualTo(inner + 16);
            Inet6Address source = ip.getSrcAddr();
            assertThat(Ipv6Address.parse(source.getHostAddress())).isEqualTo(Ipv6Address.parse("2001:db8::1"));
            assertThat(udp.hasValidChecksum(source, ip.getDstAddr(), false))
                    .as(Seeds.description())
                    .isTrue();
        } else {
            IpV4Packet.IpV4Header ip = packet.get(IpV4Packet.class).getHeader();
            assertThat(ip.hasValidChecksum(false)).as(Seeds.description()).isTrue();
            assertThat(ip.getTos().value() & 0xFF).isEqualTo(mark);
            assertThat(ip.getTtlAsInt()).isEqualTo(64);
            assertThat(ip.getDontFragmentFlag()).isTrue();
            assertThat(ip.getTotalLengthAsInt()).isEqualTo(inner + 36);
            Inet4Address source = ip.getSrcAddr();
            assertThat(source.getHostAddress())
                    .isEqualTo(Ipv4Address.fromBits(0xC000_0201).toString());
            assertThat(udp.hasValidChecksum(source, ip.getDstAddr(), false))
                    .as(Seeds.description())
                    .isTrue();
        }
        assertThat(udp.getHeader().getDstPort().valueAsInt()).isEqualTo(4789);
        assertThat(udp.getHeader().getSrcPort().valueAsInt()).isGreaterThanOrEqualTo(49_152);
        assertThat(udp.getHeader().getChecksum()).isNotZero();
        assertThat(udp.getHeader().getLengthAsInt()).isEqualTo(inner + 16);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void O6_aSuperFrameEntersWholeAndIsDescribed(boolean ipv6) {
        int overhead = ipv6 ? 70 : 50;
        for (int round = 0; round < 200; round++) {
            Shape shape = Shape.random(random, 60_000);
            int size = 1 + random.nextInt(1400);
            int length = InnerFrames.lay(slot, random, shape);
            InnerFrames.superFrame(slot, shape, size);
            byte[] before = InnerFrames.bytes(slot, FRAME, shape.frame());

            int at = tunnel(ipv6).apply(slot, AT, length, 9);

            if (shape.payload() <= size) {
                // One packet in truth: the kernel would not finish its outer checksum.
                assertThat(TunnelHeader.gsoType(slot, at)).isZero();
                assertThat(TunnelHeader.flags(slot, at)).isZero();
                assertThat(InnerFrames.isRight(slot, FRAME, shape)).isTrue();
                continue;
            }
            assertThat(InnerFrames.bytes(slot, FRAME, shape.frame())).isEqualTo(before);
            assertThat(TunnelHeader.flags(slot, at)).isEqualTo(9);
            assertThat(TunnelHeader.gsoType(slot, at)).isEqualTo(shape.gsoType() | (ipv6 ? 0x40 : 0x20));
            assertThat(TunnelHeader.gsoSize(slot, at)).isEqualTo(size);
            assertThat(TunnelHeader.hdrLen(slot, at)).isEqualTo(overhead + shape.headers());
            assertThat(TunnelHeader.csumStart(slot, at)).isEqualTo(overhead + shape.transport());
            assertThat(TunnelHeader.csumOffset(slot, at)).isEqualTo(shape.csumOffset());
            assertThat(TunnelHeader.outerTransport(slot, at)).isEqualTo(overhead - 16);
            assertThat(TunnelHeader.innerNetwork(slot, at)).isEqualTo(overhead + 14);
            int udp = at + 24 + overhead - 16;
            int udpLength = shape.frame() + 16;
            assertThat(UdpHeader.length(slot, udp)).isEqualTo(udpLength);
            int addresses = ipv6 ? 32 : 8;
            long pseudo = InternetChecksum.sum(slot, udp - addresses, addresses) + 17 + udpLength;
            assertThat(UdpHeader.checksum(slot, udp)).isEqualTo(InternetChecksum.fold(pseudo));
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aFrameThatIsTooLongForOneOuterPacketIsRefusedUntouched(boolean ipv6) {
        int longest = ipv6 ? 65_519 : 65_499;
        Shape fits = new Shape(false, true, 0, longest - 54, TcpHeader.ACK);
        int length = InnerFrames.lay(slot, random, fits);
        InnerFrames.superFrame(slot, fits, 1400);
        int at = tunnel(ipv6).apply(slot, AT, length, 0);
        assertThat(at).isPositive();
        int ip = at + 24 + 14;
        assertThat(ipv6 ? Ipv6Header.payloadLength(slot, ip) : Ipv4Header.totalLength(slot, ip))
                .isEqualTo(0xFFFF);

        Shape longer = new Shape(false, true, 0, longest - 53, TcpHeader.ACK);
        length = InnerFrames.lay(slot, random, longer);
        InnerFrames.superFrame(slot, longer, 1400);
        byte[] before = slot.byteArray().clone();
        assertThat(tunnel(ipv6).apply(slot, AT, length, 0)).isEqualTo(VxlanDrop.TOO_LONG.code());
        assertThat(slot.byteArray()).isEqualTo(before);
    }

    @Test
    void aVirtioHeaderThatContradictsTheFrameIsRefused() {
        Shape shape = new Shape(false, true, 12, 3000, TcpHeader.ACK);
        int length = InnerFrames.lay(slot, random, shape);
        int[][] wrong = { // flags, type, size, csumStart, csumOffset
            {0, 1, 1000, 34, 16},
            {1, 4, 1000, 34, 16},
            {1, 5, 1000, 34, 6},
            {1, 3, 1000, 34, 16},
            {1, 1, 0, 34, 16},
            {1, 1, 1000, 35, 16},
            {1, 1, 1000, 34, 6},
            {1, 0x21, 1000, 34, 16},
            {1, 2, 1000, 34, 16},
            {1, 0, 0, 33, 16},
            {1, 0, 0, 34, 15},
            {1, 0, 0, 12, 16},
            {1, 0, 0, 3064, 2},
            {1, 0, 0, 65534, 65534}
        };
        for (int[] w : wrong) {
            TunnelHeader.gso(slot, AT, w[1], 66, w[2]);
            TunnelHeader.checksum(slot, AT, w[0], w[3], w[4]);
            assertThat(V4.apply(slot, AT, length, 0)).as("%s", w).isEqualTo(VxlanDrop.OFFLOAD.code());
        }
        TunnelHeader.gso(slot, AT, 0x81, 66, 1000);
        TunnelHeader.checksum(slot, AT, 1, 34, 16);
        assertThat(V4.apply(slot, AT, length, 0)).isPositive();
    }

    @Test
    void V6_aTaggedSuperFrameSaysWhereItsPacketIs() {
        Shape shape = new Shape(true, true, 0, 3000, TcpHeader.ACK);
        InnerFrames.lay(slot, random, shape);
        byte[] packet = InnerFrames.bytes(slot, FRAME + 12, shape.frame() - 12);
        EthernetHeader.etherType(slot, FRAME, EtherType.VLAN);
        slot.putShort(FRAME + 14, (short) 0);
        slot.putBytes(FRAME + 16, packet);
        TunnelHeader.gso(slot, AT, TunnelHeader.GSO_TCPV6, 78, 1000);
        TunnelHeader.checksum(slot, AT, 1, 58, 16);
        int at = V6.apply(slot, AT, 10 + shape.frame() + 4, 0);
        assertThat(TunnelHeader.innerNetwork(slot, at)).isEqualTo(70 + 18);
        assertThat(TunnelHeader.csumStart(slot, at)).isEqualTo(70 + 58);
    }

    @Test
    void O10_theOverheadIs50And70AndTheHeadroomOfASlotIsEnough() {
        assertThat(V4.overhead()).isEqualTo(50);
        assertThat(V6.overhead()).isEqualTo(70);
        assertThat(V6.headroom()).isEqualTo(84).isLessThan(InnerFrames.HEADROOM);
    }
}
