package io.tapswitch.nat;

import static io.tapswitch.nat.Packet.AT;
import static io.tapswitch.nat.Packets.address;
import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.wire.IpProtocol;
import io.tapswitch.wire.Ipv4Header;
import io.tapswitch.wire.Ipv6Header;
import io.tapswitch.wire.TcpHeader;
import java.net.InetAddress;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class PacketClassTest {
    private static final InetAddress INSIDE = address("10.9.0.2");
    private static final InetAddress PEER = address("192.0.2.9");
    private static final InetAddress INSIDE6 = address("fd00:9::2");
    private static final InetAddress PEER6 = address("2001:db8::9");
    private static final byte[] PAYLOAD = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};

    private static Packet of(int protocol, boolean ipv6) {
        return Packets.of(protocol, ipv6 ? INSIDE6 : INSIDE, 7004, ipv6 ? PEER6 : PEER, 9000, PAYLOAD);
    }

    private static NatDrop drop(Packet packet) {
        return drop(packet.classified());
    }

    private static NatDrop drop(long classified) {
        assertThat(classified).isNegative();
        return NatDrop.of((int) classified);
    }

    @Test
    void N14_withoutAFlowOnlyAnOpeningPacketGoesOn() {
        Packet syn = of(IpProtocol.TCP, false);
        TcpHeader.flags(syn.buffer, syn.at(), TcpHeader.SYN);
        syn.mendChecksum();
        assertThat(PacketClass.withoutFlow(syn.buffer, AT, syn.classified())).isZero();
        Packet middle = of(IpProtocol.TCP, false);
        assertThat(drop(PacketClass.withoutFlow(middle.buffer, AT, middle.classified())))
                .isEqualTo(NatDrop.TCP_STRAY);
        TcpHeader.flags(syn.buffer, syn.at(), TcpHeader.SYN | TcpHeader.ACK);
        syn.mendChecksum();
        assertThat(drop(PacketClass.withoutFlow(syn.buffer, AT, syn.classified())))
                .isEqualTo(NatDrop.TCP_STRAY);
        for (int protocol : new int[] {IpProtocol.UDP, IpProtocol.SCTP, IpProtocol.ICMP}) {
            Packet packet = of(protocol, true);
            assertThat(PacketClass.withoutFlow(packet.buffer, AT, packet.classified()))
                    .isZero();
        }
        Packet reply = Packets.echo(false, INSIDE, PEER, 1, 1, PAYLOAD);
        assertThat(drop(PacketClass.withoutFlow(reply.buffer, AT, reply.classified())))
                .isEqualTo(NatDrop.ICMP_STRAY_REPLY);
    }

    @Test
    void N25_aSourceRouteIsDroppedAndARouterAlertIsNot() {
        Packet plain = of(IpProtocol.UDP, false);
        assertThat(drop(Packets.withOptions(
                        plain, (byte) 131, (byte) 7, (byte) 4, (byte) 1, (byte) 2, (byte) 3, (byte) 4, (byte) 0)))
                .isEqualTo(NatDrop.SOURCE_ROUTE);
        assertThat(drop(Packets.withOptions(plain, (byte) 137, (byte) 3, (byte) 4, (byte) 0)))
                .isEqualTo(NatDrop.SOURCE_ROUTE);
        assertThat(drop(Packets.withOptions(plain, (byte) 7, (byte) 1, (byte) 4, (byte) 0)))
                .isEqualTo(NatDrop.IP_OPTIONS);
        assertThat(drop(Packets.withOptions(plain, (byte) 7, (byte) 9, (byte) 4, (byte) 0)))
                .isEqualTo(NatDrop.IP_OPTIONS);
        Packet alert = Packets.withOptions(plain, (byte) 148, (byte) 4, (byte) 0, (byte) 0);
        assertThat(PacketClass.transport(alert.classified())).isEqualTo(24);
        assertThat(PacketClass.sourcePort(alert.buffer, AT, alert.classified())).isEqualTo(7004);
    }

    @Test
    void N25_lengthsThatContradictEachOtherAreDropped() {
        Packet ihl = of(IpProtocol.UDP, false);
        Ipv4Header.headerLength(ihl.buffer, AT, 16);
        assertThat(drop(ihl)).isEqualTo(NatDrop.IP_HEADER_LENGTH);
        Packet longHeader = of(IpProtocol.UDP, false);
        Ipv4Header.headerLength(longHeader.buffer, AT, 60);
        assertThat(drop(longHeader)).isEqualTo(NatDrop.IP_HEADER_LENGTH);
        Packet beyond = of(IpProtocol.UDP, false);
        Ipv4Header.totalLength(beyond.buffer, AT, beyond.length + 1);
        Ipv4Header.updateChecksum(beyond.buffer, AT);
        assertThat(drop(beyond)).isEqualTo(NatDrop.IP_TOTAL_LENGTH);
        Packet within = of(IpProtocol.UDP, false);
        Ipv4Header.totalLength(within.buffer, AT, 19);
        Ipv4Header.updateChecksum(within.buffer, AT);
        assertThat(drop(within)).isEqualTo(NatDrop.IP_TOTAL_LENGTH);
        Packet checksum = of(IpProtocol.UDP, false);
        checksum.flip(8, 0);
        assertThat(drop(checksum)).isEqualTo(NatDrop.IP_CHECKSUM);
        Packet beyond6 = of(IpProtocol.UDP, true);
        Ipv6Header.payloadLength(beyond6.buffer, AT, beyond6.length - 39);
        assertThat(drop(beyond6)).isEqualTo(NatDrop.IP_TOTAL_LENGTH);
        assertThat(drop(PacketClass.ipv4(beyond6.buffer, AT, beyond6.length, 0)))
                .isEqualTo(NatDrop.IP_VERSION);
        assertThat(drop(PacketClass.ipv6(ihl.buffer, AT, 40, 0))).isEqualTo(NatDrop.IP_VERSION);
    }

    @Test
    void N26_port0IsNeverGivenAMapping() {
        for (int protocol : new int[] {IpProtocol.TCP, IpProtocol.UDP, IpProtocol.SCTP}) {
            assertThat(drop(Packets.of(protocol, INSIDE, 0, PEER, 9000, PAYLOAD)))
                    .isEqualTo(NatDrop.PORT_ZERO);
            assertThat(drop(Packets.of(protocol, INSIDE6, 7004, PEER6, 0, PAYLOAD)))
                    .isEqualTo(NatDrop.PORT_ZERO);
        }
        // An identifier of 0 is as good as any other.
        assertThat(PacketClass.kind(
                        Packets.echo(true, INSIDE, PEER, 0, 1, PAYLOAD).classified()))
                .isEqualTo(PacketClass.ICMP_REQUEST);
    }

    @Test
    void N18_anIdentifierIsThePortOfTheSideThatAsked() {
        Packet request = Packets.echo(true, INSIDE, PEER, 77, 1, PAYLOAD);
        assertThat(PacketClass.kind(request.classified())).isEqualTo(PacketClass.ICMP_REQUEST);
        assertThat(PacketClass.sourcePort(request.buffer, AT, request.classified()))
                .isEqualTo(77);
        assertThat(PacketClass.destinationPort(request.buffer, AT, request.classified()))
                .isZero();
        Packet reply = Packets.echo(false, PEER6, INSIDE6, 77, 1, PAYLOAD);
        assertThat(PacketClass.kind(reply.classified())).isEqualTo(PacketClass.ICMP_REPLY);
        assertThat(PacketClass.sourcePort(reply.buffer, AT, reply.classified())).isZero();
        assertThat(PacketClass.destinationPort(reply.buffer, AT, reply.classified()))
                .isEqualTo(77);
        Packet timestamp = Packets.icmp(13, 0, INSIDE, PEER, 77 << 16, new byte[12]);
        assertThat(PacketClass.sourcePort(timestamp.buffer, AT, timestamp.classified()))
                .isEqualTo(77);
    }

    @Test
    void N19_onlyErrorsThatMeanSomethingBehindNatAreTaken() {
        for (int type = 0; type < 256; type++) {
            long v4 = Packets.icmp(type, 0, PEER, INSIDE, 0, PAYLOAD).classified();
            assertThat(v4 >= 0 && PacketClass.kind(v4) == PacketClass.ICMP_ERROR)
                    .as("type %d", type)
                    .isEqualTo(type == 3 || type == 11 || type == 12);
            assertThat(v4 < 0).isEqualTo(!List.of(0, 3, 8, 11, 12, 13, 14).contains(type));
            long v6 = Packets.icmp(type, 0, PEER6, INSIDE6, 0, PAYLOAD).classified();
            assertThat(v6 >= 0 && PacketClass.kind(v6) == PacketClass.ICMP_ERROR)
                    .as("ICMPv6 type %d", type)
                    .isEqualTo(type >= 1 && type <= 4);
            assertThat(v6 < 0).isEqualTo(!List.of(1, 2, 3, 4, 128, 129).contains(type));
        }
    }

    @Test
    void N22_fragmentsAreToldApart() {
        Packet first = of(IpProtocol.UDP, false);
        Ipv4Header.fragment(first.buffer, AT, false, true, 0);
        Ipv4Header.updateChecksum(first.buffer, AT);
        assertThat(PacketClass.kind(first.classified())).isEqualTo(PacketClass.FRAGMENT);
        assertThat(drop(first.classified(PacketClass.partial(20, 6)))).isEqualTo(NatDrop.OFFLOAD);
        Packet later = of(IpProtocol.UDP, false);
        Ipv4Header.fragment(later.buffer, AT, false, false, 8);
        Ipv4Header.updateChecksum(later.buffer, AT);
        assertThat(PacketClass.kind(later.classified())).isEqualTo(PacketClass.FRAGMENT);
        Packet udp6 = of(IpProtocol.UDP, true);
        byte[][] fragmentHeaders = {{0, 0, 0, 1, 0, 0, 0, 9}, {0, 0, 0, 8, 0, 0, 0, 9}, {0, 0, 1, 0, 0, 0, 0, 9}};
        for (byte[] header : fragmentHeaders) {
            Packet packet = Packets.withExtensions(udp6, IpProtocol.FRAGMENT, 0, header);
            assertThat(PacketClass.kind(packet.classified())).isEqualTo(PacketClass.FRAGMENT);
        }
        Packet atomic = Packets.withExtensions(udp6, IpProtocol.FRAGMENT, 0, new byte[] {0, 0, 0, 0, 0, 0, 0, 9});
        assertThat(PacketClass.kind(atomic.classified())).isEqualTo(PacketClass.PORTS);
        assertThat(PacketClass.transport(atomic.classified())).isEqualTo(48);
    }

    @Test
    void N32_protocolsThatCoverTheAddressesAreRefusedAndOthersGoByAddress() {
        for (int protocol :
                new int[] {IpProtocol.DCCP, IpProtocol.UDP_LITE, IpProtocol.AUTHENTICATION, IpProtocol.ICMPV6}) {
            assertThat(drop(Packets.opaque(protocol, INSIDE, PEER, new byte[40])))
                    .isEqualTo(NatDrop.PROTOCOL);
        }
        assertThat(drop(Packets.opaque(IpProtocol.ICMP, INSIDE6, PEER6, new byte[40])))
                .isEqualTo(NatDrop.PROTOCOL);
        for (int protocol : new int[] {IpProtocol.GRE, IpProtocol.ESP, 41, 253}) {
            Packet packet = Packets.opaque(protocol, INSIDE, PEER, new byte[3]);
            assertThat(PacketClass.kind(packet.classified())).isEqualTo(PacketClass.OTHER);
            assertThat(PacketClass.protocol(packet.classified())).isEqualTo(protocol);
            assertThat(PacketClass.sourcePort(packet.buffer, AT, packet.classified()))
                    .isZero();
            assertThat(drop(packet.classified(PacketClass.partial(20, 1)))).isEqualTo(NatDrop.OFFLOAD);
        }
    }

    @Test
    void N32_extensionHeadersThatDoNotSurviveTranslationAreRefused() {
        Packet udp = of(IpProtocol.UDP, true);
        byte[] options = {0, 0, 1, 4, 0, 0, 0, 0};
        Packet fine = Packets.withExtensions(udp, IpProtocol.DESTINATION_OPTIONS, 0, options);
        assertThat(PacketClass.transport(fine.classified())).isEqualTo(48);
        byte[] segments = {0, 0, 4, 1, 0, 0, 0, 0};
        assertThat(drop(Packets.withExtensions(udp, IpProtocol.ROUTING, 0, segments)))
                .isEqualTo(NatDrop.SOURCE_ROUTE);
        byte[] type0 = {0, 0, 0, 0, 0, 0, 0, 0};
        assertThat(drop(Packets.withExtensions(udp, IpProtocol.ROUTING, 0, type0)))
                .isEqualTo(NatDrop.SOURCE_ROUTE);
        byte[] usedUp = {0, 0, 4, 0, 0, 0, 0, 0};
        assertThat(Packets.withExtensions(udp, IpProtocol.ROUTING, 0, usedUp).classified())
                .isNotNegative();
        byte[] signed = new byte[12];
        signed[1] = 1;
        assertThat(drop(Packets.withExtensions(udp, IpProtocol.AUTHENTICATION, 0, signed)))
                .isEqualTo(NatDrop.PROTOCOL);
        byte[] behindOptions = new byte[20];
        behindOptions[0] = IpProtocol.AUTHENTICATION;
        behindOptions[2] = 1;
        behindOptions[3] = 4;
        behindOptions[9] = 1;
        assertThat(drop(Packets.withExtensions(udp, IpProtocol.DESTINATION_OPTIONS, 8, behindOptions)))
                .isEqualTo(NatDrop.PROTOCOL);
        byte[] tooLong = {0, 9, 1, 4, 0, 0, 0, 0};
        assertThat(drop(Packets.withExtensions(udp, IpProtocol.DESTINATION_OPTIONS, 0, tooLong)))
                .isEqualTo(NatDrop.IP6_EXTENSION);
    }

    @Test
    void aGroupOrAnAddressThatCouldBeTakenForAnotherIsNoHost() {
        for (String bad : List.of("224.0.0.1", "255.255.255.255", "0.0.0.0", "240.0.0.1")) {
            assertThat(drop(Packets.udp(INSIDE, 1, address(bad), 2, PAYLOAD))).isEqualTo(NatDrop.IP_ADDRESS);
            assertThat(drop(Packets.udp(address(bad), 1, PEER, 2, PAYLOAD))).isEqualTo(NatDrop.IP_ADDRESS);
        }
        for (String bad : List.of("ff02::1", "::")) {
            assertThat(drop(Packets.udp(INSIDE6, 1, address(bad), 2, PAYLOAD))).isEqualTo(NatDrop.IP_ADDRESS);
            assertThat(drop(Packets.udp(address(bad), 1, PEER6, 2, PAYLOAD))).isEqualTo(NatDrop.IP_ADDRESS);
        }
        // 10.9.0.2 as IPv6, which Java would make an Inet4Address of.
        Packet mapped = Packets.udp(INSIDE6, 1, PEER6, 2, PAYLOAD);
        Ipv6Header.source(mapped.buffer, AT, 0, PacketClass.mapped(0x0A09_0002));
        mapped.mendChecksum();
        assertThat(drop(mapped)).isEqualTo(NatDrop.IP_ADDRESS);
        // The host's own clients come from there; who else may is for the caller to say.
        assertThat(Packets.udp(address("127.0.0.1"), 1, address("127.0.0.1"), 2, PAYLOAD)
                        .classified())
                .isNotNegative();
        assertThat(Packets.udp(address("::1"), 1, address("::1"), 2, PAYLOAD).classified())
                .isNotNegative();
    }

    @Test
    void O3_aPartialChecksumIsBelievedOnlyAtTheTransportsField() {
        int[] protocols = {IpProtocol.TCP, IpProtocol.UDP, IpProtocol.SCTP};
        int[] fields = {16, 6, 8};
        for (int i = 0; i < protocols.length; i++) {
            for (boolean ipv6 : new boolean[] {false, true}) {
                Packet packet = of(protocols[i], ipv6);
                int start = packet.transport();
                packet.flip(packet.length - 1, 0);
                assertThat(PacketClass.isPartial(packet.classified(PacketClass.partial(start, fields[i]))))
                        .isTrue();
                int[][] elsewhere = {
                    {start, fields[i] + 2},
                    {start + 2, fields[i]},
                    {start - 8, 4},
                    {0, 12},
                    {-1, 0},
                    {start, -1},
                    {40_000, 0}
                };
                for (int[] place : elsewhere) {
                    assertThat(drop(packet.classified(PacketClass.partial(place[0], place[1]))))
                            .as(Arrays.toString(place))
                            .isEqualTo(NatDrop.OFFLOAD);
                }
            }
        }
        assertThat(drop(of(IpProtocol.ICMP, false).classified(PacketClass.partial(20, 2))))
                .isEqualTo(NatDrop.OFFLOAD);
        assertThat(drop(of(IpProtocol.ICMP, true).classified(PacketClass.partial(40, 2))))
                .isEqualTo(NatDrop.OFFLOAD);
    }

    @Test
    void N24_whatTheCardHasVerifiedIsNotSummedAgain() {
        for (int protocol : new int[] {IpProtocol.TCP, IpProtocol.UDP}) {
            Packet packet = of(protocol, true).flip(59, 1);
            assertThat(packet.classified()).isNegative();
            assertThat(packet.classified(PacketClass.VERIFIED)).isNotNegative();
        }
        assertThat(of(IpProtocol.ICMP, false).flip(39, 1).classified(PacketClass.VERIFIED))
                .isNegative();
    }

    @Test
    void everyReasonIsItsCodesAndSaysWhatHappened() {
        for (NatDrop reason : NatDrop.values()) {
            assertThat(reason.code()).isNegative();
            assertThat(NatDrop.of(reason.code())).isEqualTo(reason);
            assertThat(reason.word()).matches("[a-z0-9_]+");
            assertThat(reason.sentence()).isNotEmpty();
        }
        assertThat(NatDrop.count()).isEqualTo(NatDrop.values().length);
    }
}
