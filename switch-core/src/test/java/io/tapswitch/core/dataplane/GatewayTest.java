package io.tapswitch.core.dataplane;

import static io.tapswitch.core.dataplane.TestSwitch.GATEWAY;
import static io.tapswitch.core.dataplane.TestSwitch.GATEWAY_MAC;
import static io.tapswitch.core.dataplane.TestSwitch.address;
import static io.tapswitch.core.dataplane.TestSwitch.mac;
import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.core.dataplane.DatapathCounters.Term;
import io.tapswitch.core.dataplane.Frames.Frame;
import io.tapswitch.tapio.VirtioNetHeader;
import io.tapswitch.wire.ArpHeader;
import io.tapswitch.wire.EtherType;
import io.tapswitch.wire.EthernetHeader;
import io.tapswitch.wire.IcmpHeader;
import io.tapswitch.wire.InternetChecksum;
import io.tapswitch.wire.IpProtocol;
import io.tapswitch.wire.Ipv4Header;
import io.tapswitch.wire.Ipv6Header;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the gateway answers and what it drops: catalogue rows 20 to 28, and A-IPAM-07. */
class GatewayTest {
    private static final int IP = EthernetHeader.LENGTH;
    private static final int ICMP = IP + Ipv4Header.MIN_LENGTH;

    private TestSwitch tested = TestSwitch.withPorts(2);

    @AfterEach
    void framesAreConserved() {
        tested.assertConserved();
    }

    private static Frame ping(int payloadLength) {
        return Frames.echoRequest(GATEWAY_MAC, mac(0), address(0), GATEWAY, payloadLength);
    }

    private UnsafeBuffer answer() {
        byte[] bytes = tested.written.getFirst().bytes();
        return new UnsafeBuffer(bytes, VirtioNetHeader.LENGTH, bytes.length - VirtioNetHeader.LENGTH);
    }

    private void dropped(Frame frame, DropReason reason) {
        long before = tested.drops(0, reason);
        assertThat(tested.send(0, frame)).isEmpty();
        assertThat(tested.drops(0, reason)).as(reason.word()).isEqualTo(before + 1);
    }

    /** Dropped for a reason, and told so. */
    private void refused(Frame frame, DropReason reason, int type, int code) {
        long before = tested.drops(0, reason);
        assertThat(tested.send(0, frame)).containsExactly(0);
        assertThat(tested.drops(0, reason)).as(reason.word()).isEqualTo(before + 1);
        assertThat(EthernetHeader.destination(answer(), 0)).isEqualTo(mac(0));
        assertThat(EthernetHeader.source(answer(), 0)).isEqualTo(GATEWAY_MAC);
        boolean ipv4 = EthernetHeader.etherType(answer(), 0) == EtherType.IPV4;
        int icmp = ipv4 ? ICMP : IP + Ipv6Header.LENGTH;
        assertThat(IcmpHeader.type(answer(), icmp)).isEqualTo(type);
        assertThat(IcmpHeader.code(answer(), icmp)).isEqualTo(code);
    }

    @Test
    void A_IPAM_07_answersArpForTheGatewayAndFloodsNothing() {
        Frame request = Frames.arp(ArpHeader.REQUEST, Frames.BROADCAST, mac(0), address(0), 0, GATEWAY);
        assertThat(tested.send(0, request)).containsExactly(0);
        UnsafeBuffer reply = answer();
        assertThat(EthernetHeader.destination(reply, 0)).isEqualTo(mac(0));
        assertThat(EthernetHeader.source(reply, 0)).isEqualTo(GATEWAY_MAC);
        assertThat(ArpHeader.operation(reply, IP)).isEqualTo(ArpHeader.REPLY);
        assertThat(ArpHeader.senderMac(reply, IP)).isEqualTo(GATEWAY_MAC);
        assertThat(ArpHeader.senderAddress(reply, IP)).isEqualTo(GATEWAY);
        assertThat(ArpHeader.targetMac(reply, IP)).isEqualTo(mac(0));
        assertThat(ArpHeader.targetAddress(reply, IP)).isEqualTo(address(0));
        assertThat(tested.term(Term.CONSUMED)).isEqualTo(1);
        assertThat(tested.term(Term.GENERATED)).isEqualTo(1);
    }

    @Test
    void C11_neverAnswersArpForAnybodyElse() {
        assertThat(tested.send(0, Frames.arp(ArpHeader.REQUEST, Frames.BROADCAST, mac(0), address(0), 0, address(77))))
                .containsExactly(1);
        assertThat(tested.written.getFirst().bytes()[VirtioNetHeader.LENGTH + IP + 7])
                .isEqualTo((byte) 1);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 7, 8, 56, 1400})
    void A_IPAM_07_answersPing(int payloadLength) {
        assertThat(tested.send(0, ping(payloadLength))).containsExactly(0);
        UnsafeBuffer reply = answer();
        assertThat(Ipv4Header.checksumValid(reply, IP)).isTrue();
        assertThat(Ipv4Header.sourceAddress(reply, IP)).isEqualTo(GATEWAY);
        assertThat(Ipv4Header.destinationAddress(reply, IP)).isEqualTo(address(0));
        assertThat(Ipv4Header.ttl(reply, IP)).isEqualTo(64);
        assertThat(IcmpHeader.type(reply, ICMP)).isEqualTo(IcmpHeader.ECHO_REPLY);
        assertThat(IcmpHeader.identifier(reply, ICMP)).isEqualTo(7);
        assertThat(IcmpHeader.sequence(reply, ICMP)).isEqualTo(1);
        long sum = InternetChecksum.sum(reply, ICMP, IcmpHeader.LENGTH + payloadLength);
        assertThat(InternetChecksum.isValid(sum)).isTrue();
    }

    @Test
    void anEchoRequestInFragmentsIsAnsweredFragmentByFragment() {
        Frame whole = ping(2000);
        int length = IcmpHeader.LENGTH + 2000;
        int split = 1480;
        Frame first = ping(2000)
                .cut(ICMP + split)
                .with16(IP + 2, 20 + split)
                .with16(IP + 6, 0x2000)
                .ipChecksum();
        Frame second = Frames.ipv4(GATEWAY_MAC, mac(0), address(0), GATEWAY, IpProtocol.ICMP, length - split)
                .with16(IP + 6, split / 8)
                .ipChecksum();
        System.arraycopy(whole.bytes, 10 + ICMP + split, second.bytes, 10 + ICMP, length - split);
        assertThat(tested.send(0, first)).containsExactly(0);
        byte[] assembled = new byte[length];
        answer().getBytes(ICMP, assembled, 0, split);
        assertThat(tested.send(0, second)).containsExactly(0);
        assertThat(Ipv4Header.fragmentOffset(answer(), IP)).isEqualTo(split);
        answer().getBytes(ICMP, assembled, split, length - split);
        assertThat(assembled[0]).isEqualTo((byte) IcmpHeader.ECHO_REPLY);
        assertThat(InternetChecksum.isValid(InternetChecksum.sum(new UnsafeBuffer(assembled), 0, length)))
                .isTrue();
    }

    @Test
    void N24_aWrongIcmpChecksumIsDroppedAndNeverRepaired() {
        dropped(ping(56).with(ICMP + 20, 0xee), DropReason.BAD_ICMP);
        dropped(ping(0).cut(ICMP + 4).with16(IP + 2, 24).ipChecksum(), DropReason.BAD_ICMP);
    }

    @Test
    void B17_answersAreLimitedInRate() {
        int answers = 0;
        for (int i = 0; i < 1500; i++) {
            answers += tested.send(0, ping(8)).length;
        }
        assertThat(answers).isEqualTo(1000);
        assertThat(tested.drops(0, DropReason.GATEWAY_RATE)).isEqualTo(500);
    }

    @Test
    void row02_anEtherTypeWithoutItsHeaderIsTruncated() {
        dropped(Frames.ethernet(GATEWAY_MAC, mac(0), EtherType.IPV4, 0), DropReason.TRUNCATED_IP);
        dropped(Frames.ethernet(GATEWAY_MAC, mac(0), EtherType.IPV4, 19), DropReason.TRUNCATED_IP);
        dropped(Frames.ethernet(GATEWAY_MAC, mac(0), EtherType.IPV6, 39), DropReason.TRUNCATED_IP);
        dropped(Frames.ethernet(mac(1), mac(0), EtherType.IPV4, 0), DropReason.TRUNCATED_IP);
    }

    @ParameterizedTest
    @CsvSource({
        "0x05, IP_VERSION",
        "0x55, IP_VERSION",
        "0xf5, IP_VERSION",
        "0x40, IP_HEADER_LENGTH",
        "0x44, IP_HEADER_LENGTH",
        "0x4f, IP_HEADER_LENGTH"
    })
    void row20_versionAndHeaderLength(String firstByte, DropReason reason) {
        dropped(ping(0).with(IP, Integer.decode(firstByte)), reason);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 19, 37, 65535})
    void row21_totalLength(int totalLength) {
        dropped(ping(8).with16(IP + 2, totalLength).ipChecksum(), DropReason.IP_TOTAL_LENGTH);
    }

    @Test
    void row22_headerChecksum() {
        dropped(ping(8).with(IP + 10, 0x12), DropReason.IP_CHECKSUM);
    }

    /** Options of eight bytes: type, length, and zeros. */
    private static Frame withOption(int type, int length) {
        Frame frame = Frames.ipv4(GATEWAY_MAC, mac(0), address(0), GATEWAY, IpProtocol.ICMP, 16);
        frame.with(IP, 0x47).with(ICMP, type).with(ICMP + 1, length);
        UnsafeBuffer b = frame.ethernet();
        IcmpHeader.type(b, ICMP + 8, IcmpHeader.ECHO_REQUEST);
        IcmpHeader.checksum(b, ICMP + 8, InternetChecksum.compute(b, ICMP + 8, 8));
        return frame.ipChecksum();
    }

    @ParameterizedTest
    @CsvSource({"131, 7", "137, 7", "7, 0", "7, 1", "7, 9", "68, 255"})
    void row23_sourceRoutesAndMalformedOptions(int type, int length) {
        dropped(withOption(type, length), DropReason.IP_OPTIONS);
    }

    @Test
    void row23_otherOptionsAreNoReasonToStaySilent() {
        assertThat(tested.send(0, withOption(148, 4))).containsExactly(0);
    }

    @ParameterizedTest
    @CsvSource({"0, TTL_EXPIRED, 11", "1, TTL_EXPIRED, 11", "2, NO_ROUTE, 3", "64, NO_ROUTE, 3"})
    void row24_N23_packetsToBeRouted(int ttl, DropReason reason, int type) {
        Frame frame = Frames.udp(GATEWAY_MAC, mac(0), address(0), 0xc000_0201, 8);
        refused(frame.with(IP + 8, ttl).ipChecksum(), reason, type, 0);
    }

    @ParameterizedTest
    @ValueSource(strings = {"127.0.0.1", "0.0.0.0", "224.0.0.1", "240.0.0.1", "255.255.255.255", "10.0.0.255"})
    void row25_impossibleSources(String source) {
        dropped(Frames.echoRequest(GATEWAY_MAC, mac(0), ip(source), GATEWAY, 8), DropReason.IP_SOURCE);
    }

    @Test
    void B17_nothingIsSentInTheGatewaysName() {
        dropped(Frames.echoRequest(GATEWAY_MAC, mac(0), GATEWAY, GATEWAY, 8), DropReason.SPOOF_IP);
        dropped(Frames.udp(mac(1), mac(0), GATEWAY, address(1), 8), DropReason.SPOOF_IP);
    }

    @Test
    void row25_land() {
        dropped(Frames.udp(GATEWAY_MAC, mac(0), 0xc000_0201, 0xc000_0201, 8), DropReason.IP_SOURCE);
    }

    private static int ip(String text) {
        int address = 0;
        for (String part : text.split("\\.", -1)) {
            address = address << 8 | Integer.parseInt(part);
        }
        return address;
    }

    @ParameterizedTest
    @CsvSource({"0, 2", "2, 2", "6, 3", "17, 3", "47, 2", "50, 2", "132, 2", "255, 2"})
    void row28_B17_protocolsThatTheGatewayDoesNotSpeak(int protocol, int code) {
        Frame frame = Frames.ipv4(GATEWAY_MAC, mac(0), address(0), GATEWAY, protocol, 40);
        refused(frame, DropReason.GATEWAY_NO_SERVICE, 3, code);
    }

    private static Frame ipv6(int nextHeader, int payloadLength) {
        Frame frame = Frames.ethernet(GATEWAY_MAC, mac(0), EtherType.IPV6, 40 + payloadLength);
        return frame.with(IP, 0x60)
                .with16(IP + 4, payloadLength)
                .with(IP + 6, nextHeader)
                .with(IP + 7, 64)
                .with16(IP + 8, 0x2001)
                .with16(IP + 24, 0x2002);
    }

    @Test
    void row27_ipv6ExtensionHeaders() {
        int payload = IP + 40;
        refused(ipv6(59, 0), DropReason.NO_ROUTE, 1, 0);
        dropped(ipv6(43, 8).with(payload, 59).with(payload + 2, 0), DropReason.IP6_EXTENSION);
        Frame twice = ipv6(44, 16).with(payload, 44).with(payload + 8, 59);
        dropped(twice, DropReason.IP6_EXTENSION);
        Frame deep = ipv6(60, 800);
        for (int i = 0; i < 100; i++) {
            deep.with(payload + i * 8, i == 99 ? 59 : 60);
        }
        dropped(deep, DropReason.IP6_EXTENSION);
        dropped(ipv6(17, 8).with16(IP + 4, 500), DropReason.IP_TOTAL_LENGTH);
        dropped(ipv6(17, 8).with(IP, 0x40), DropReason.IP_VERSION);
    }

    @Test
    void nothingElseIsSpokenAtTheGateway() {
        dropped(Frames.ethernet(GATEWAY_MAC, mac(0), 0x88b5, 46), DropReason.GATEWAY_NO_SERVICE);
        Frame reply = Frames.arp(ArpHeader.REPLY, GATEWAY_MAC, mac(0), address(0), GATEWAY_MAC, GATEWAY);
        dropped(reply, DropReason.GATEWAY_NO_SERVICE);
    }

    @Test
    void row16_malformedArpAndArpInTheGatewaysName() {
        Frame good = Frames.arp(ArpHeader.REQUEST, Frames.BROADCAST, mac(0), address(0), 0, address(1));
        dropped(good.with(IP + 4, 7), DropReason.BAD_ARP);
        dropped(good.with(IP + 4, 6).with16(IP + 6, 0), DropReason.BAD_ARP);
        dropped(good.with16(IP + 6, 65535), DropReason.BAD_ARP);
        dropped(good.with16(IP + 6, 1).cut(IP + 27), DropReason.BAD_ARP);
        dropped(Frames.arp(ArpHeader.REPLY, mac(1), mac(0), GATEWAY, mac(1), address(1)), DropReason.SPOOF_ARP);
    }
}
