package io.tapswitch.wire;

import static org.assertj.core.api.Assertions.assertThat;

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
import org.pcap4j.packet.IcmpV6NeighborSolicitationPacket;
import org.pcap4j.packet.IpV4Packet;
import org.pcap4j.packet.IpV6Packet;
import org.pcap4j.packet.TcpPacket;
import org.pcap4j.packet.UdpPacket;
import org.pcap4j.packet.namednumber.ArpOperation;

/** What the setters write is what an independent implementation reads. */
class JudgeReadsOursTest {
    private static final int ROUNDS = 50;
    private static final int L3 = EthernetHeader.LENGTH;

    private final UnsafeBuffer frame = new UnsafeBuffer(new byte[200]);
    private final RandomGenerator random;
    private final long destination;
    private final long source;

    JudgeReadsOursTest(RepetitionInfo repetition) {
        random = Seeds.random(repetition.getCurrentRepetition());
        destination = random.nextLong() >>> 16;
        source = random.nextLong() >>> 16;
    }

    private EthernetPacket judge(int etherType, int length) throws Exception {
        EthernetHeader.destination(frame, 0, destination);
        EthernetHeader.source(frame, 0, source);
        EthernetHeader.etherType(frame, 0, etherType);
        EthernetPacket packet = EthernetPacket.newPacket(frame.byteArray(), 0, length);
        assertThat(packet.getHeader().getDstAddr())
                .hasToString(MacAddress.fromBits(destination).toString());
        assertThat(packet.getHeader().getSrcAddr())
                .hasToString(MacAddress.fromBits(source).toString());
        assertThat(packet.getHeader().getType().value() & 0xFFFF).isEqualTo(etherType);
        return packet;
    }

    private int ipv4(int protocol, int payloadLength) {
        Ipv4Header.headerLength(frame, L3, 20);
        Ipv4Header.totalLength(frame, L3, 20 + payloadLength);
        Ipv4Header.ttl(frame, L3, 64);
        Ipv4Header.protocol(frame, L3, protocol);
        Ipv4Header.sourceAddress(frame, L3, random.nextInt());
        Ipv4Header.destinationAddress(frame, L3, random.nextInt());
        Ipv4Header.updateChecksum(frame, L3);
        return L3 + 20;
    }

    private long pseudoHeader(int protocol, int length) {
        return InternetChecksum.pseudoHeader(
                Ipv4Header.sourceAddress(frame, L3), Ipv4Header.destinationAddress(frame, L3), protocol, length);
    }

    @RepeatedTest(ROUNDS)
    void arp() throws Exception {
        ArpHeader.ipv4OverEthernet(frame, L3);
        ArpHeader.operation(frame, L3, ArpHeader.REPLY);
        ArpHeader.senderMac(frame, L3, source);
        ArpHeader.senderAddress(frame, L3, 0xC0A80001);
        ArpHeader.targetMac(frame, L3, destination);
        ArpHeader.targetAddress(frame, L3, 0xAC12FF02);

        ArpPacket.ArpHeader judged =
                judge(EtherType.ARP, 42).get(ArpPacket.class).getHeader();

        assertThat(judged.getOperation()).isEqualTo(ArpOperation.REPLY);
        assertThat(judged.getHardwareType().value()).isEqualTo((short) 1);
        assertThat(judged.getProtocolType().value()).isEqualTo((short) 0x0800);
        assertThat(judged.getHardwareAddrLength()).isEqualTo((byte) 6);
        assertThat(judged.getProtocolAddrLength()).isEqualTo((byte) 4);
        assertThat(judged.getSrcHardwareAddr())
                .hasToString(MacAddress.fromBits(source).toString());
        assertThat(judged.getSrcProtocolAddr().getHostAddress()).isEqualTo("192.168.0.1");
        assertThat(judged.getDstHardwareAddr())
                .hasToString(MacAddress.fromBits(destination).toString());
        assertThat(judged.getDstProtocolAddr().getHostAddress()).isEqualTo("172.18.255.2");
    }

    @RepeatedTest(ROUNDS)
    void vlanTag() throws Exception {
        int vlanId = random.nextInt(4096);
        int priority = random.nextInt(8);
        boolean dropEligible = random.nextBoolean();
        VlanTag.control(frame, EthernetHeader.ETHER_TYPE_OFFSET, priority, dropEligible, vlanId);
        VlanTag.etherType(frame, EthernetHeader.ETHER_TYPE_OFFSET, 0x88B5);

        Dot1qVlanTagPacket.Dot1qVlanTagHeader judged =
                judge(EtherType.VLAN, 64).get(Dot1qVlanTagPacket.class).getHeader();

        assertThat(judged.getVidAsInt()).isEqualTo(vlanId);
        assertThat(judged.getPriority()).isEqualTo((byte) priority);
        assertThat(judged.getCfi()).isEqualTo(dropEligible);
        assertThat(judged.getType().value()).isEqualTo((short) 0x88B5);
        assertThat(VlanTag.tagProtocol(frame, EthernetHeader.ETHER_TYPE_OFFSET)).isEqualTo(EtherType.VLAN);
    }

    @RepeatedTest(ROUNDS)
    void ipv4() throws Exception {
        int identification = random.nextInt(0x1_0000);
        boolean dontFragment = random.nextBoolean();
        int fragmentOffset = 8 * random.nextInt(0x2000);
        int dscp = random.nextInt(64);
        int ecn = random.nextInt(4);
        Ipv4Header.identification(frame, L3, identification);
        Ipv4Header.fragment(frame, L3, dontFragment, !dontFragment, fragmentOffset);
        Ipv4Header.dscp(frame, L3, dscp);
        Ipv4Header.ecn(frame, L3, ecn);
        ipv4(253, 30);

        IpV4Packet packet = judge(EtherType.IPV4, L3 + 50).get(IpV4Packet.class);
        IpV4Packet.IpV4Header judged = packet.getHeader();

        assertThat(judged.hasValidChecksum(false)).as(Seeds.description()).isTrue();
        assertThat(judged.getTotalLengthAsInt()).isEqualTo(50);
        assertThat(judged.getIdentificationAsInt()).isEqualTo(identification);
        assertThat(judged.getDontFragmentFlag()).isEqualTo(dontFragment);
        assertThat(judged.getMoreFragmentFlag()).isEqualTo(!dontFragment);
        assertThat(judged.getFragmentOffset() * 8).isEqualTo(fragmentOffset);
        assertThat(judged.getTos().value() & 0xFF).isEqualTo(dscp << 2 | ecn);
        assertThat(judged.getTtlAsInt()).isEqualTo(64);
        assertThat(judged.getProtocol().value()).isEqualTo((byte) 253);
        assertThat(judged.getSrcAddr().getHostAddress())
                .isEqualTo(Ipv4Address.fromBits(Ipv4Header.sourceAddress(frame, L3))
                        .toString());
        assertThat(judged.getDstAddr().getHostAddress())
                .isEqualTo(Ipv4Address.fromBits(Ipv4Header.destinationAddress(frame, L3))
                        .toString());
    }

    @RepeatedTest(ROUNDS)
    void icmpEcho() throws Exception {
        int length = IcmpHeader.LENGTH + random.nextInt(100);
        int at = ipv4(IpProtocol.ICMP, length);
        IcmpHeader.type(frame, at, IcmpHeader.ECHO_REQUEST);
        IcmpHeader.code(frame, at, 0);
        IcmpHeader.identifier(frame, at, 0xBEEF);
        IcmpHeader.sequence(frame, at, 0xF00D);
        IcmpHeader.updateChecksum(frame, at, length);

        EthernetPacket packet = judge(EtherType.IPV4, at + length);

        assertThat(packet.get(IcmpV4CommonPacket.class).hasValidChecksum(false)).isTrue();
        IcmpV4EchoPacket.IcmpV4EchoHeader judged =
                packet.get(IcmpV4EchoPacket.class).getHeader();
        assertThat(judged.getIdentifierAsInt()).isEqualTo(0xBEEF);
        assertThat(judged.getSequenceNumberAsInt()).isEqualTo(0xF00D);
    }

    @RepeatedTest(ROUNDS)
    void udp() throws Exception {
        int length = UdpHeader.LENGTH + random.nextInt(100);
        int at = ipv4(IpProtocol.UDP, length);
        int sourcePort = random.nextInt(0x1_0000);
        int destinationPort = random.nextInt(0x1_0000);
        UdpHeader.sourcePort(frame, at, sourcePort);
        UdpHeader.destinationPort(frame, at, destinationPort);
        UdpHeader.length(frame, at, length);
        UdpHeader.checksum(frame, at, 0);
        frame.setMemory(at + 8, length - 8, (byte) 0xA5);
        long sum = pseudoHeader(IpProtocol.UDP, length) + InternetChecksum.sum(frame, at, length);
        UdpHeader.checksum(frame, at, InternetChecksum.finishUdp(sum));

        EthernetPacket packet = judge(EtherType.IPV4, at + length);
        IpV4Packet.IpV4Header ip = packet.get(IpV4Packet.class).getHeader();
        UdpPacket judged = packet.get(UdpPacket.class);

        assertThat(judged.getHeader().getSrcPort().valueAsInt()).isEqualTo(sourcePort);
        assertThat(judged.getHeader().getDstPort().valueAsInt()).isEqualTo(destinationPort);
        assertThat(judged.getHeader().getLengthAsInt()).isEqualTo(length);
        assertThat(judged.hasValidChecksum(ip.getSrcAddr(), ip.getDstAddr(), false))
                .isTrue();
    }

    @RepeatedTest(ROUNDS)
    void tcp() throws Exception {
        int length = TcpHeader.MIN_LENGTH + random.nextInt(100);
        int at = ipv4(IpProtocol.TCP, length);
        TcpHeader.sourcePort(frame, at, 40_000);
        TcpHeader.destinationPort(frame, at, 443);
        TcpHeader.sequence(frame, at, 0xFEDC_BA98);
        TcpHeader.acknowledgement(frame, at, 0x8765_4321);
        TcpHeader.dataOffset(frame, at, 20);
        TcpHeader.flags(frame, at, TcpHeader.SYN | TcpHeader.ACK | TcpHeader.URG);
        TcpHeader.window(frame, at, 0xFFFE);
        TcpHeader.urgentPointer(frame, at, 0x8001);
        TcpHeader.checksum(frame, at, 0);
        long sum = pseudoHeader(IpProtocol.TCP, length) + InternetChecksum.sum(frame, at, length);
        TcpHeader.checksum(frame, at, InternetChecksum.finish(sum));

        EthernetPacket packet = judge(EtherType.IPV4, at + length);
        IpV4Packet.IpV4Header ip = packet.get(IpV4Packet.class).getHeader();
        TcpPacket judged = packet.get(TcpPacket.class);

        assertThat(judged.hasValidChecksum(ip.getSrcAddr(), ip.getDstAddr(), false))
                .isTrue();
        assertThat(judged.getHeader().getSrcPort().valueAsInt()).isEqualTo(40_000);
        assertThat(judged.getHeader().getDstPort().valueAsInt()).isEqualTo(443);
        assertThat(judged.getHeader().getSequenceNumber()).isEqualTo(0xFEDC_BA98);
        assertThat(judged.getHeader().getAcknowledgmentNumber()).isEqualTo(0x8765_4321);
        assertThat(judged.getHeader().getSyn()).isTrue();
        assertThat(judged.getHeader().getAck()).isTrue();
        assertThat(judged.getHeader().getUrg()).isTrue();
        assertThat(judged.getHeader().getFin()).isFalse();
        assertThat(judged.getHeader().getRst()).isFalse();
        assertThat(judged.getHeader().getPsh()).isFalse();
        assertThat(judged.getHeader().getWindowAsInt()).isEqualTo(0xFFFE);
        assertThat(judged.getHeader().getUrgentPointerAsInt()).isEqualTo(0x8001);
    }

    @RepeatedTest(ROUNDS)
    void neighbourSolicitationOverIpv6() throws Exception {
        long[] address = {0xFD00_0000_0000_0012L, random.nextLong(), 0xFE80_0000_0000_0000L, random.nextLong()};
        int trafficClass = random.nextInt(256);
        int flowLabel = random.nextInt(1 << 20);
        Ipv6Header.trafficClassAndFlowLabel(frame, L3, trafficClass, flowLabel);
        Ipv6Header.payloadLength(frame, L3, Icmpv6Header.NEIGHBOUR_LENGTH);
        Ipv6Header.nextHeader(frame, L3, IpProtocol.ICMPV6);
        Ipv6Header.hopLimit(frame, L3, 255);
        Ipv6Header.source(frame, L3, address[0], address[1]);
        Ipv6Header.destination(frame, L3, address[2], address[3]);
        int at = L3 + Ipv6Header.LENGTH;
        Icmpv6Header.type(frame, at, Icmpv6Header.NEIGHBOUR_SOLICITATION);
        Icmpv6Header.code(frame, at, 0);
        Icmpv6Header.target(frame, at, address[2], address[3]);
        Icmpv6Header.checksum(frame, at, 0);
        long pseudo = InternetChecksum.pseudoHeader(
                address[0], address[1], address[2], address[3], IpProtocol.ICMPV6, Icmpv6Header.NEIGHBOUR_LENGTH);
        long sum = pseudo + InternetChecksum.sum(frame, at, Icmpv6Header.NEIGHBOUR_LENGTH);
        Icmpv6Header.checksum(frame, at, InternetChecksum.finish(sum));

        EthernetPacket packet = judge(EtherType.IPV6, at + Icmpv6Header.NEIGHBOUR_LENGTH);
        IpV6Packet.IpV6Header ip = packet.get(IpV6Packet.class).getHeader();

        assertThat(ip.getTrafficClass().value() & 0xFF).isEqualTo(trafficClass);
        assertThat(ip.getFlowLabel().value()).isEqualTo(flowLabel);
        assertThat(ip.getPayloadLengthAsInt()).isEqualTo(Icmpv6Header.NEIGHBOUR_LENGTH);
        assertThat(ip.getHopLimitAsInt()).isEqualTo(255);
        assertThat(packet.get(IcmpV6CommonPacket.class).hasValidChecksum(ip.getSrcAddr(), ip.getDstAddr(), false))
                .as(Seeds.description())
                .isTrue();
        assertThat(packet.get(IcmpV6NeighborSolicitationPacket.class)
                        .getHeader()
                        .getTargetAddress())
                .isEqualTo(ip.getDstAddr());
        UnsafeBuffer judgedAddress = new UnsafeBuffer(ip.getSrcAddr().getAddress());
        assertThat(Octets.int64(judgedAddress, 0)).isEqualTo(address[0]);
        assertThat(Octets.int64(judgedAddress, 8)).isEqualTo(address[1]);
    }
}
