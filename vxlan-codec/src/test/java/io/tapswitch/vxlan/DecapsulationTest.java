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
import io.tapswitch.wire.Ipv6Header;
import io.tapswitch.wire.Seeds;
import io.tapswitch.wire.TcpHeader;
import io.tapswitch.wire.UdpHeader;
import java.util.random.RandomGenerator;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DecapsulationTest {
    private static final int SOURCE = 0xC000_0201;

    private final RandomGenerator random = Seeds.random();
    private final UnsafeBuffer slot = InnerFrames.slot();
    private final Decapsulation decapsulation = new Decapsulation(true);

    private boolean ipv6;
    private int at;
    private int length;

    private static Encapsulation tunnel(boolean ipv6, int vni) {
        return ipv6
                ? Encapsulation.ipv6(1, 2, 0xFD00L << 48, 1, 0xFD00L << 48, 2, VxlanHeader.PORT, vni)
                : Encapsulation.ipv4(1, 2, SOURCE, 0xC000_0202, VxlanHeader.PORT, vni);
    }

    private void encapsulate(int plainLength, int vni) {
        at = tunnel(ipv6, vni).apply(slot, AT, plainLength, 7);
        assertThat(at).isPositive();
        length = AT + plainLength - at;
    }

    /** A packet as it comes from a wire: every checksum complete. */
    private Shape packet(boolean overIpv6, boolean innerIpv6) {
        ipv6 = overIpv6;
        Shape shape = new Shape(innerIpv6, true, 12, 1000, TcpHeader.ACK);
        int plainLength = InnerFrames.lay(slot, random, shape);
        InnerFrames.complete(slot, shape);
        encapsulate(plainLength, 4096);
        EncapsulationTest.finish(slot, at, at + length);
        TunnelHeader.clear(slot, at);
        return shape;
    }

    private int ip() {
        return at + TunnelHeader.LENGTH + 14;
    }

    private int udp() {
        return ip() + (ipv6 ? 40 : 20);
    }

    private int read() {
        return decapsulation.read(slot, at, length);
    }

    private int open() {
        assertThat(read()).isEqualTo(VxlanDrop.PASS);
        return decapsulation.open(slot, false);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void V1_whatWentInComesOutWithItsVirtioHeader(boolean overIpv6) {
        ipv6 = overIpv6;
        for (int round = 0; round < 500; round++) {
            boolean large = random.nextBoolean();
            Shape shape = Shape.random(random, large ? 60_000 : 1400);
            int plainLength = InnerFrames.lay(slot, random, shape);
            boolean complete = !large && random.nextBoolean();
            if (large) {
                InnerFrames.superFrame(slot, shape, 1 + random.nextInt(shape.payload()));
            } else if (complete) {
                InnerFrames.complete(slot, shape);
            } else {
                InnerFrames.partial(slot, shape);
            }
            byte[] before = InnerFrames.bytes(slot, AT, plainLength);
            boolean piece = TunnelHeader.gsoSize(slot, AT) >= shape.payload();
            int vni = random.nextInt(VxlanHeader.MAX_VNI + 1);

            encapsulate(plainLength, vni);
            if (random.nextBoolean() && TunnelHeader.gsoType(slot, at) == 0) {
                // Over a wire.
                EncapsulationTest.finish(slot, at, at + length);
                TunnelHeader.clear(slot, at);
            }

            assertThat(read()).as(Seeds.description()).isEqualTo(VxlanDrop.PASS);
            assertThat(decapsulation.vni()).isEqualTo(vni);
            assertThat(decapsulation.isTrain()).isFalse();
            assertThat(decapsulation.innerOffset()).isEqualTo(FRAME);
            assertThat(decapsulation.sourceHi()).isEqualTo(ipv6 ? 0xFD00L << 48 : 0);
            assertThat(decapsulation.sourceLo()).isEqualTo(ipv6 ? 1 : Ipv4Address.mapped(SOURCE));
            assertThat(decapsulation.open(slot, false)).as(Seeds.description()).isEqualTo(AT);
            assertThat(decapsulation.length()).isEqualTo(plainLength);
            if (complete || (large && !piece)) {
                assertThat(InnerFrames.bytes(slot, AT, plainLength)).isEqualTo(before);
            } else {
                assertThat(TunnelHeader.flags(slot, AT)).isZero();
                assertThat(InnerFrames.isRight(slot, FRAME, shape)).isTrue();
            }
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aPartialInnerChecksumStaysOneAndTheOuterIsVerifiedWithoutIt(boolean overIpv6) {
        Shape shape = packet(overIpv6, true);
        // As a kernel's vxlan device sends it to a veth: the outer checksum is that of the finished packet.
        int field = FRAME + shape.transport() + shape.csumOffset();
        slot.putShort(
                field, Short.reverseBytes((short) InternetChecksum.fold(InnerFrames.pseudoHeader(slot, FRAME, shape))));
        int shift = FRAME - at - TunnelHeader.LENGTH;
        TunnelHeader.checksum(slot, at, TunnelHeader.NEEDS_CSUM, shape.transport() + shift, shape.csumOffset());
        byte[] before = slot.byteArray().clone();
        assertThat(open()).isEqualTo(AT);
        assertThat(TunnelHeader.flags(slot, AT)).isEqualTo(TunnelHeader.NEEDS_CSUM);
        assertThat(TunnelHeader.csumStart(slot, AT)).isEqualTo(shape.transport());
        assertThat(TunnelHeader.csumOffset(slot, AT)).isEqualTo(shape.csumOffset());
        assertThat(TunnelHeader.gsoType(slot, AT)).isZero();

        slot.putBytes(0, before);
        UdpHeader.checksum(slot, udp(), UdpHeader.checksum(slot, udp()) ^ 1);
        assertThat(open()).isEqualTo(VxlanDrop.UDP_CHECKSUM.code());
        for (int[] wrong :
                new int[][] {{20, 6}, {shift + 13, 6}, {shift + 15, 6}, {shift + 34, 7}, {shift + 1080, 6}}) {
            slot.putBytes(0, before);
            TunnelHeader.checksum(slot, at, TunnelHeader.NEEDS_CSUM, wrong[0], wrong[1]);
            assertThat(open()).isEqualTo(VxlanDrop.OFFLOAD.code());
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void V3_aWrongOuterChecksumIsRefusedAndOneThatTheCardHasVerifiedIsNotSummed(boolean overIpv6) {
        packet(overIpv6, false);
        byte[] before = slot.byteArray().clone();
        slot.putByte(FRAME + 500, (byte) ~slot.getByte(FRAME + 500));
        assertThat(open()).isEqualTo(VxlanDrop.UDP_CHECKSUM.code());
        TunnelHeader.checksum(slot, at, TunnelHeader.DATA_VALID, 0, 0);
        assertThat(open()).isEqualTo(AT);
        assertThat(TunnelHeader.flags(slot, AT)).isZero();
        slot.putBytes(0, before);
        assertThat(open()).isEqualTo(AT);
    }

    @Test
    void V3_noOuterChecksumIsTakenOverIpv4AndOverIpv6OnlyIfSoConfigured() {
        packet(false, false);
        UdpHeader.checksum(slot, udp(), 0);
        assertThat(open()).isEqualTo(AT);
        packet(true, false);
        UdpHeader.checksum(slot, udp(), 0);
        assertThat(open()).isEqualTo(VxlanDrop.UDP_CHECKSUM_ABSENT.code());
        Decapsulation lenient = new Decapsulation(false);
        assertThat(lenient.read(slot, at, length)).isEqualTo(VxlanDrop.PASS);
        assertThat(lenient.open(slot, false)).isEqualTo(AT);
    }

    /** Inner and outer mark, and what leaves; -1 for a drop: figure 4 of RFC 6040. */
    @ParameterizedTest
    @CsvSource({
        "0,0,0", "0,2,0", "0,1,0", "0,3,-1", "2,0,2", "2,2,2", "2,1,1", "2,3,3",
        "1,0,1", "1,2,1", "1,1,1", "1,3,3", "3,0,3", "3,2,3", "3,1,3", "3,3,3"
    })
    void V14_congestionIsCarriedOut(int inner, int outer, int expected) {
        for (int families = 0; families < 4; families++) {
            boolean innerIpv6 = (families & 1) != 0;
            Shape shape = packet((families & 2) != 0, innerIpv6);
            int packet = FRAME + 14;
            if (innerIpv6) {
                Ipv6Header.trafficClassAndFlowLabel(slot, packet, 0x58 | inner, 0xABCDE);
            } else {
                Ipv4Header.dscp(slot, packet, 0x16);
                Ipv4Header.ecn(slot, packet, inner);
                Ipv4Header.updateChecksum(slot, packet);
            }
            if (ipv6) {
                Ipv6Header.trafficClassAndFlowLabel(slot, ip(), outer, 0);
            } else {
                Ipv4Header.ecn(slot, ip(), outer);
                Ipv4Header.updateChecksum(slot, ip());
            }
            UdpHeader.checksum(slot, udp(), 0);
            Decapsulation lenient = new Decapsulation(false);
            assertThat(lenient.read(slot, at, length)).isEqualTo(VxlanDrop.PASS);
            assertThat(lenient.mark()).isEqualTo(outer);
            int opened = lenient.open(slot, false);
            if (expected < 0) {
                assertThat(opened).isEqualTo(VxlanDrop.INNER_ECN.code());
                continue;
            }
            assertThat(opened).isEqualTo(AT);
            if (innerIpv6) {
                assertThat(Ipv6Header.trafficClass(slot, packet)).isEqualTo(0x58 | expected);
                assertThat(Ipv6Header.flowLabel(slot, packet)).isEqualTo(0xABCDE);
            } else {
                assertThat(Ipv4Header.ecn(slot, packet)).isEqualTo(expected);
                assertThat(Ipv4Header.dscp(slot, packet)).isEqualTo(0x16);
                assertThat(Ipv4Header.checksumValid(slot, packet)).isTrue();
            }
            assertThat(InnerFrames.isRight(slot, FRAME, shape)).isTrue();
        }
    }

    @Test
    void V14_whatIsNotIpLeavesWithoutAMark() {
        packet(false, false);
        EthernetHeader.etherType(slot, FRAME, EtherType.ARP);
        Ipv4Header.ecn(slot, ip(), 3);
        Ipv4Header.updateChecksum(slot, ip());
        UdpHeader.checksum(slot, udp(), 0);
        byte[] before = InnerFrames.bytes(slot, FRAME, 1000);
        assertThat(open()).isEqualTo(AT);
        assertThat(InnerFrames.bytes(slot, FRAME, 1000)).isEqualTo(before);
    }

    @Test
    void V4_V6_innerFramesThatNoNetworkTakesAreRefused() {
        packet(false, false);
        EthernetHeader.source(slot, FRAME, 0x0100_5E00_0001L);
        assertThat(open()).isEqualTo(VxlanDrop.INNER_SOURCE.code());
        packet(false, false);
        EthernetHeader.etherType(slot, FRAME, EtherType.VLAN);
        assertThat(open()).isEqualTo(VxlanDrop.INNER_TAG.code());
        UdpHeader.checksum(slot, udp(), 0);
        assertThat(decapsulation.open(slot, true)).isEqualTo(AT);
    }

    @Test
    void V15_outerHeadersAreRefusedEachUnderItsReason() {
        refused(VxlanDrop.OUTER_PROTOCOL, () -> EthernetHeader.etherType(slot, at + 24, EtherType.ARP));
        refused(VxlanDrop.OUTER_LENGTH, () -> slot.putByte(ip(), (byte) 0x65));
        refused(VxlanDrop.OUTER_LENGTH, () -> slot.putByte(ip(), (byte) 0x44));
        refused(VxlanDrop.OUTER_LENGTH, () -> Ipv4Header.totalLength(slot, ip(), length));
        refused(VxlanDrop.OUTER_LENGTH, () -> Ipv4Header.totalLength(slot, ip(), 19));
        refused(VxlanDrop.OUTER_CHECKSUM, () -> Ipv4Header.ttl(slot, ip(), 3));
        refused(VxlanDrop.OUTER_FRAGMENT, () -> {
            Ipv4Header.fragment(slot, ip(), false, true, 0);
            Ipv4Header.updateChecksum(slot, ip());
        });
        refused(VxlanDrop.OUTER_PROTOCOL, () -> {
            Ipv4Header.protocol(slot, ip(), 6);
            Ipv4Header.updateChecksum(slot, ip());
        });
        refused(VxlanDrop.UDP_LENGTH, () -> UdpHeader.length(slot, udp(), 7));
        refused(VxlanDrop.UDP_LENGTH, () -> UdpHeader.length(slot, udp(), UdpHeader.length(slot, udp()) + 1));
        refused(VxlanDrop.VXLAN_TRUNCATED, () -> UdpHeader.length(slot, udp(), 15));
        refused(VxlanDrop.INNER_TRUNCATED, () -> UdpHeader.length(slot, udp(), 29));
        refused(VxlanDrop.VXLAN_NO_VNI, () -> slot.putByte(udp() + 8, (byte) 0));
    }

    private void refused(VxlanDrop reason, Runnable change) {
        packet(false, false);
        change.run();
        assertThat(read()).isEqualTo(reason.code());
    }

    @Test
    void V15_outerIpv6HeadersAreRefusedEachUnderItsReason() {
        packet(true, false);
        Ipv6Header.nextHeader(slot, ip(), 44);
        assertThat(read()).isEqualTo(VxlanDrop.OUTER_FRAGMENT.code());
        Ipv6Header.nextHeader(slot, ip(), 0);
        assertThat(read()).isEqualTo(VxlanDrop.OUTER_PROTOCOL.code());
        Ipv6Header.payloadLength(slot, ip(), length);
        assertThat(read()).isEqualTo(VxlanDrop.OUTER_LENGTH.code());
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aTunnelHeaderThatContradictsTheFrameIsRefused(boolean overIpv6) {
        ipv6 = overIpv6;
        int right = ipv6 ? 0x41 : 0x21;
        int[][] wrong = {{1, 1000}, {0x61, 1000}, {right ^ 0x60, 1000}, {right, 0}, {3, 1000}, {5, 21}};
        for (int[] w : wrong) {
            packet(overIpv6, false);
            TunnelHeader.gso(slot, at, w[0], 0, w[1]);
            TunnelHeader.tunnel(slot, at, ipv6 ? 54 : 34, ipv6 ? 84 : 64);
            assertThat(read()).as("type %x, size %d", w[0], w[1]).isEqualTo(VxlanDrop.OFFLOAD.code());
        }
        for (int away : new int[] {2, 0}) {
            Shape shape = packet(overIpv6, false);
            TunnelHeader.gso(slot, at, right, 5, 100);
            TunnelHeader.tunnel(slot, at, ipv6 ? 54 : 34, ipv6 ? 84 : 64);
            TunnelHeader.checksum(slot, at, 1, FRAME - at - 24 + shape.transport() + away, 16);
            assertThat(open()).isEqualTo(away == 0 ? AT : VxlanDrop.OFFLOAD.code());
            // What the kernel says of the headers' length is only a hint.
            assertThat(TunnelHeader.hdrLen(slot, AT)).isEqualTo(away == 0 ? shape.headers() : 0);
        }
    }

    @Test
    void V4_aFrameCutAtAnyByteIsRefusedWithinItsBounds() {
        for (boolean overIpv6 : new boolean[] {false, true}) {
            packet(overIpv6, false);
            for (int cut = 0; cut < length; cut++) {
                UnsafeBuffer exact = new UnsafeBuffer(InnerFrames.bytes(slot, at, cut));
                assertThat(decapsulation.read(exact, 0, cut))
                        .as("%d bytes", cut)
                        .isNegative();
            }
        }
    }
}
