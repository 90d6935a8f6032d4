package io.tapswitch.wire;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.List;
import java.util.random.RandomGenerator;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.pcap4j.packet.ArpPacket;
import org.pcap4j.packet.Dot1qVlanTagPacket;
import org.pcap4j.packet.EthernetPacket;
import org.pcap4j.packet.IcmpV4CommonPacket;
import org.pcap4j.packet.IcmpV4EchoPacket;
import org.pcap4j.packet.IcmpV6CommonPacket;
import org.pcap4j.packet.IcmpV6EchoRequestPacket;
import org.pcap4j.packet.IpV4Packet;
import org.pcap4j.packet.IpV4Rfc1349Tos;
import org.pcap4j.packet.IpV6Packet;
import org.pcap4j.packet.IpV6SimpleFlowLabel;
import org.pcap4j.packet.IpV6SimpleTrafficClass;
import org.pcap4j.packet.Packet;
import org.pcap4j.packet.TcpMaximumSegmentSizeOption;
import org.pcap4j.packet.TcpPacket;
import org.pcap4j.packet.UdpPacket;
import org.pcap4j.packet.UnknownPacket;
import org.pcap4j.packet.namednumber.ArpHardwareType;
import org.pcap4j.packet.namednumber.ArpOperation;
import org.pcap4j.packet.namednumber.IcmpV4Code;
import org.pcap4j.packet.namednumber.IcmpV4Type;
import org.pcap4j.packet.namednumber.IcmpV6Code;
import org.pcap4j.packet.namednumber.IcmpV6Type;
import org.pcap4j.packet.namednumber.IpNumber;
import org.pcap4j.packet.namednumber.IpVersion;
import org.pcap4j.packet.namednumber.TcpPort;
import org.pcap4j.packet.namednumber.UdpPort;

/** What an independent implementation writes is what the getters read, checksums included. */
class WeReadTheJudgeTest {
    private static final int ROUNDS = 50;
    private static final int L3 = EthernetHeader.LENGTH;

    private final RandomGenerator random;
    private final byte[] payload;
    private final int source;
    private final int destination;
    private final byte[] source6;
    private final byte[] destination6;
    private final int sourcePort;
    private final int destinationPort;

    WeReadTheJudgeTest(RepetitionInfo repetition) {
        random = Seeds.random(repetition.getCurrentRepetition());
        payload = Seeds.bytes(random, random.nextInt(1, 1400));
        source = random.nextInt();
        destination = random.nextInt();
        source6 = Seeds.bytes(random, 16);
        destination6 = Seeds.bytes(random, 16);
        sourcePort = random.nextInt(0x1_0000);
        destinationPort = random.nextInt(0x1_0000);
    }

    private static Inet4Address inet4(int address) throws Exception {
        return (Inet4Address)
                InetAddress.getByName(Ipv4Address.fromBits(address).toString());
    }

    private static Inet6Address inet6(byte[] address) throws Exception {
        address[0] = (byte) 0xFD;
        return Inet6Address.getByAddress(null, address, -1);
    }

    private Packet.Builder unknown() {
        return new UnknownPacket.Builder().rawData(payload);
    }

    private static UnsafeBuffer frame(org.pcap4j.packet.namednumber.EtherType type, Packet.Builder inside) {
        EthernetPacket packet = new EthernetPacket.Builder()
                .dstAddr(org.pcap4j.util.MacAddress.getByName("ff:ff:ff:ff:ff:ff"))
                .srcAddr(org.pcap4j.util.MacAddress.getByName("82:42:ac:12:00:fe"))
                .type(type)
                .payloadBuilder(inside)
                .paddingAtBuild(true)
                .build();
        UnsafeBuffer frame = new UnsafeBuffer(packet.getRawData());
        assertThat(EthernetHeader.destination(frame, 0)).isEqualTo(EthernetHeader.BROADCAST);
        assertThat(EthernetHeader.source(frame, 0)).isEqualTo(0x8242_AC12_00FEL);
        assertThat(EthernetHeader.isGroup(EthernetHeader.destination(frame, 0))).isTrue();
        assertThat(EthernetHeader.isGroup(EthernetHeader.source(frame, 0))).isFalse();
        return frame;
    }

    private UnsafeBuffer ipv4(IpNumber protocol, Packet.Builder inside) throws Exception {
        return frame(
                org.pcap4j.packet.namednumber.EtherType.IPV4,
                new IpV4Packet.Builder()
                        .version(IpVersion.IPV4)
                        .tos(IpV4Rfc1349Tos.newInstance((byte) 0xB8))
                        .identification((short) 0xFACE)
                        .dontFragmentFlag(true)
                        .ttl((byte) 255)
                        .protocol(protocol)
                        .srcAddr(inet4(source))
                        .dstAddr(inet4(destination))
                        .payloadBuilder(inside)
                        .correctChecksumAtBuild(true)
                        .correctLengthAtBuild(true));
    }

    private boolean segmentValid(UnsafeBuffer frame, int protocol) {
        int length = Ipv4Header.totalLength(frame, L3) - 20;
        return InternetChecksum.isValid(InternetChecksum.pseudoHeader(source, destination, protocol, length)
                + InternetChecksum.sum(frame, L3 + 20, length));
    }

    @RepeatedTest(ROUNDS)
    void arp() throws Exception {
        UnsafeBuffer frame = frame(
                org.pcap4j.packet.namednumber.EtherType.ARP,
                new ArpPacket.Builder()
                        .hardwareType(ArpHardwareType.ETHERNET)
                        .protocolType(org.pcap4j.packet.namednumber.EtherType.IPV4)
                        .hardwareAddrLength((byte) 6)
                        .protocolAddrLength((byte) 4)
                        .operation(ArpOperation.REQUEST)
                        .srcHardwareAddr(org.pcap4j.util.MacAddress.getByName("82:42:ac:12:00:fe"))
                        .srcProtocolAddr(inet4(source))
                        .dstHardwareAddr(org.pcap4j.util.MacAddress.getByName("f0:0f:00:ff:00:01"))
                        .dstProtocolAddr(inet4(destination)));

        assertThat(EthernetHeader.etherType(frame, 0)).isEqualTo(EtherType.ARP);
        assertThat(ArpHeader.isIpv4OverEthernet(frame, L3)).isTrue();
        assertThat(ArpHeader.operation(frame, L3)).isEqualTo(ArpHeader.REQUEST);
        assertThat(ArpHeader.senderMac(frame, L3)).isEqualTo(0x8242_AC12_00FEL);
        assertThat(ArpHeader.senderAddress(frame, L3)).isEqualTo(source);
        assertThat(ArpHeader.targetMac(frame, L3)).isEqualTo(0xF00F_00FF_0001L);
        assertThat(ArpHeader.targetAddress(frame, L3)).isEqualTo(destination);
        for (int field : new int[] {0, 2, 4, 5}) {
            byte right = frame.getByte(L3 + field);
            frame.putByte(L3 + field, (byte) (right ^ 0x40));
            assertThat(ArpHeader.isIpv4OverEthernet(frame, L3)).isFalse();
            frame.putByte(L3 + field, right);
        }
    }

    @RepeatedTest(ROUNDS)
    void vlanTag() {
        int vlanId = random.nextInt(4096);
        int priority = random.nextInt(8);
        boolean dropEligible = random.nextBoolean();
        UnsafeBuffer frame = frame(
                org.pcap4j.packet.namednumber.EtherType.DOT1Q_VLAN_TAGGED_FRAMES,
                new Dot1qVlanTagPacket.Builder()
                        .vid((short) vlanId)
                        .priority((byte) priority)
                        .cfi(dropEligible)
                        .type(org.pcap4j.packet.namednumber.EtherType.getInstance((short) 0x88B5))
                        .payloadBuilder(unknown()));

        assertThat(EtherType.isTag(EthernetHeader.etherType(frame, 0))).isTrue();
        assertThat(VlanTag.vlanId(frame, 12)).isEqualTo(vlanId);
        assertThat(VlanTag.priority(frame, 12)).isEqualTo(priority);
        assertThat(VlanTag.dropEligible(frame, 12)).isEqualTo(dropEligible);
        assertThat(VlanTag.etherType(frame, 12)).isEqualTo(0x88B5);
    }

    @RepeatedTest(ROUNDS)
    void ipv4AndUdp() throws Exception {
        UnsafeBuffer frame = ipv4(
                IpNumber.UDP,
                new UdpPacket.Builder()
                        .srcPort(UdpPort.getInstance((short) sourcePort))
                        .dstPort(UdpPort.getInstance((short) destinationPort))
                        .srcAddr(inet4(source))
                        .dstAddr(inet4(destination))
                        .payloadBuilder(unknown())
                        .correctChecksumAtBuild(true)
                        .correctLengthAtBuild(true));

        assertThat(Ipv4Header.version(frame, L3)).isEqualTo(4);
        assertThat(Ipv4Header.headerLength(frame, L3)).isEqualTo(20);
        assertThat(Ipv4Header.dscp(frame, L3)).isEqualTo(46);
        assertThat(Ipv4Header.ecn(frame, L3)).isZero();
        assertThat(Ipv4Header.totalLength(frame, L3)).isEqualTo(28 + payload.length);
        assertThat(Ipv4Header.identification(frame, L3)).isEqualTo(0xFACE);
        assertThat(Ipv4Header.dontFragment(frame, L3)).isTrue();
        assertThat(Ipv4Header.moreFragments(frame, L3)).isFalse();
        assertThat(Ipv4Header.fragmentOffset(frame, L3)).isZero();
        assertThat(Ipv4Header.isFragment(frame, L3)).isFalse();
        assertThat(Ipv4Header.ttl(frame, L3)).isEqualTo(255);
        assertThat(Ipv4Header.protocol(frame, L3)).isEqualTo(IpProtocol.UDP);
        assertThat(Ipv4Header.sourceAddress(frame, L3)).isEqualTo(source);
        assertThat(Ipv4Header.destinationAddress(frame, L3)).isEqualTo(destination);
        assertThat(Ipv4Header.checksumValid(frame, L3)).as(Seeds.description()).isTrue();
        assertThat(UdpHeader.sourcePort(frame, L3 + 20)).isEqualTo(sourcePort);
        assertThat(UdpHeader.destinationPort(frame, L3 + 20)).isEqualTo(destinationPort);
        assertThat(UdpHeader.length(frame, L3 + 20)).isEqualTo(8 + payload.length);
        assertThat(segmentValid(frame, IpProtocol.UDP)).as(Seeds.description()).isTrue();

        int checksum = Ipv4Header.checksum(frame, L3);
        Ipv4Header.ttl(frame, L3, 254);
        assertThat(Ipv4Header.checksumValid(frame, L3)).isFalse();
        Ipv4Header.checksum(frame, L3, InternetChecksum.update16(checksum, 255 << 8 | 17, 254 << 8 | 17));
        assertThat(Ipv4Header.checksumValid(frame, L3)).as(Seeds.description()).isTrue();
    }

    @RepeatedTest(ROUNDS)
    void tcpWithAnOption() throws Exception {
        int sequence = random.nextInt();
        int acknowledgement = random.nextInt();
        UnsafeBuffer frame = ipv4(
                IpNumber.TCP,
                new TcpPacket.Builder()
                        .srcPort(TcpPort.getInstance((short) sourcePort))
                        .dstPort(TcpPort.getInstance((short) destinationPort))
                        .sequenceNumber(sequence)
                        .acknowledgmentNumber(acknowledgement)
                        .psh(true)
                        .rst(true)
                        .fin(true)
                        .window((short) 0xF0F1)
                        .urgentPointer((short) 0x9001)
                        .options(List.of(new TcpMaximumSegmentSizeOption.Builder()
                                .maxSegSize((short) 8960)
                                .correctLengthAtBuild(true)
                                .build()))
                        .srcAddr(inet4(source))
                        .dstAddr(inet4(destination))
                        .payloadBuilder(unknown())
                        .paddingAtBuild(true)
                        .correctChecksumAtBuild(true)
                        .correctLengthAtBuild(true));

        int at = L3 + 20;
        assertThat(TcpHeader.sourcePort(frame, at)).isEqualTo(sourcePort);
        assertThat(TcpHeader.destinationPort(frame, at)).isEqualTo(destinationPort);
        assertThat(TcpHeader.sequence(frame, at)).isEqualTo(sequence);
        assertThat(TcpHeader.acknowledgement(frame, at)).isEqualTo(acknowledgement);
        assertThat(TcpHeader.dataOffset(frame, at)).isEqualTo(24);
        assertThat(TcpHeader.flags(frame, at)).isEqualTo(TcpHeader.PSH | TcpHeader.RST | TcpHeader.FIN);
        assertThat(TcpHeader.window(frame, at)).isEqualTo(0xF0F1);
        assertThat(TcpHeader.urgentPointer(frame, at)).isEqualTo(0x9001);
        assertThat(TcpOptions.maxSegmentSize(frame, at)).isEqualTo(8960);
        assertThat(segmentValid(frame, IpProtocol.TCP)).as(Seeds.description()).isTrue();
    }

    @RepeatedTest(ROUNDS)
    void icmpEcho() throws Exception {
        UnsafeBuffer frame = ipv4(
                IpNumber.ICMPV4,
                new IcmpV4CommonPacket.Builder()
                        .type(IcmpV4Type.ECHO)
                        .code(IcmpV4Code.NO_CODE)
                        .correctChecksumAtBuild(true)
                        .payloadBuilder(new IcmpV4EchoPacket.Builder()
                                .identifier((short) 0xBEEF)
                                .sequenceNumber((short) 0xF00D)
                                .payloadBuilder(unknown())));

        int at = L3 + 20;
        assertThat(IcmpHeader.type(frame, at)).isEqualTo(IcmpHeader.ECHO_REQUEST);
        assertThat(IcmpHeader.code(frame, at)).isZero();
        assertThat(IcmpHeader.identifier(frame, at)).isEqualTo(0xBEEF);
        assertThat(IcmpHeader.sequence(frame, at)).isEqualTo(0xF00D);
        assertThat(IcmpHeader.checksumValid(frame, at, 8 + payload.length))
                .as(Seeds.description())
                .isTrue();
        frame.putByte(at + 8, (byte) (frame.getByte(at + 8) ^ 1));
        assertThat(IcmpHeader.checksumValid(frame, at, 8 + payload.length)).isFalse();
    }

    @RepeatedTest(ROUNDS)
    void icmpv6EchoOverIpv6() throws Exception {
        UnsafeBuffer frame = frame(
                org.pcap4j.packet.namednumber.EtherType.IPV6,
                new IpV6Packet.Builder()
                        .version(IpVersion.IPV6)
                        .trafficClass(IpV6SimpleTrafficClass.newInstance((byte) 0x9A))
                        .flowLabel(IpV6SimpleFlowLabel.newInstance(0xFEDCB))
                        .nextHeader(IpNumber.ICMPV6)
                        .hopLimit((byte) 200)
                        .srcAddr(inet6(source6))
                        .dstAddr(inet6(destination6))
                        .correctLengthAtBuild(true)
                        .payloadBuilder(new IcmpV6CommonPacket.Builder()
                                .type(IcmpV6Type.ECHO_REQUEST)
                                .code(IcmpV6Code.NO_CODE)
                                .srcAddr(inet6(source6))
                                .dstAddr(inet6(destination6))
                                .correctChecksumAtBuild(true)
                                .payloadBuilder(new IcmpV6EchoRequestPacket.Builder()
                                        .identifier((short) 0xBEEF)
                                        .sequenceNumber((short) 0xF00D)
                                        .payloadBuilder(unknown()))));

        UnsafeBuffer addresses = new UnsafeBuffer(new byte[32]);
        addresses.putBytes(0, source6);
        addresses.putBytes(16, destination6);
        assertThat(Ipv6Header.version(frame, L3)).isEqualTo(6);
        assertThat(Ipv6Header.trafficClass(frame, L3)).isEqualTo(0x9A);
        assertThat(Ipv6Header.flowLabel(frame, L3)).isEqualTo(0xFEDCB);
        assertThat(Ipv6Header.payloadLength(frame, L3)).isEqualTo(8 + payload.length);
        assertThat(Ipv6Header.hopLimit(frame, L3)).isEqualTo(200);
        assertThat(Ipv6Header.sourceHi(frame, L3)).isEqualTo(Octets.int64(addresses, 0));
        assertThat(Ipv6Header.sourceLo(frame, L3)).isEqualTo(Octets.int64(addresses, 8));
        assertThat(Ipv6Header.destinationHi(frame, L3)).isEqualTo(Octets.int64(addresses, 16));
        assertThat(Ipv6Header.destinationLo(frame, L3)).isEqualTo(Octets.int64(addresses, 24));
        long walked = Ipv6Extensions.walk(frame, L3, frame.capacity() - L3);
        assertThat(Ipv6Extensions.protocol(walked)).isEqualTo(IpProtocol.ICMPV6);
        int at = L3 + Ipv6Extensions.offset(walked);
        int length = Ipv6Header.payloadLength(frame, L3);
        assertThat(Icmpv6Header.type(frame, at)).isEqualTo(Icmpv6Header.ECHO_REQUEST);
        assertThat(Icmpv6Header.identifier(frame, at)).isEqualTo(0xBEEF);
        assertThat(Icmpv6Header.sequence(frame, at)).isEqualTo(0xF00D);
        long pseudo = InternetChecksum.pseudoHeader(
                Ipv6Header.sourceHi(frame, L3),
                Ipv6Header.sourceLo(frame, L3),
                Ipv6Header.destinationHi(frame, L3),
                Ipv6Header.destinationLo(frame, L3),
                IpProtocol.ICMPV6,
                length);
        assertThat(InternetChecksum.isValid(pseudo + InternetChecksum.sum(frame, at, length)))
                .as(Seeds.description())
                .isTrue();
    }
}
