package io.tapswitch.core.dataplane;

import static io.tapswitch.core.dataplane.TestSwitch.GATEWAY;
import static io.tapswitch.core.dataplane.TestSwitch.GATEWAY_MAC;
import static io.tapswitch.core.dataplane.TestSwitch.address;
import static io.tapswitch.core.dataplane.TestSwitch.mac;
import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.core.dataplane.DatapathCounters.Term;
import io.tapswitch.core.dataplane.Frames.Frame;
import io.tapswitch.tapio.VirtioNetHeader;
import io.tapswitch.wire.EthernetHeader;
import io.tapswitch.wire.IcmpHeader;
import io.tapswitch.wire.Icmpv6Header;
import io.tapswitch.wire.InternetChecksum;
import io.tapswitch.wire.IpProtocol;
import io.tapswitch.wire.Ipv4Address;
import io.tapswitch.wire.Ipv4Header;
import io.tapswitch.wire.Ipv6Address;
import io.tapswitch.wire.Ipv6Header;
import io.tapswitch.wire.TcpHeader;
import io.tapswitch.wire.UdpHeader;
import java.nio.ByteOrder;
import java.util.List;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** N23 and B17: the gateway's ICMP errors, what they quote, and what they are never sent about. */
class IcmpErrorTest {
    private static final int IP = Frames6.IP;
    private static final int ICMP = IP + Ipv4Header.MIN_LENGTH;
    private static final int QUOTE = ICMP + IcmpHeader.LENGTH;
    private static final int QUOTE6 = Frames6.ICMP + Icmpv6Header.LENGTH;
    private static final int FAR = 0xc000_0201;
    private static final Ipv6Address FAR6 = Ipv6Address.parse("2001:db8::99");
    private static final int GATEWAY_2 = 0x0a00_0201;

    private static final NetworkSettings NETWORK = new NetworkSettings(
            0,
            List.of(
                    new GatewayAddress(Ipv4Address.fromBits(GATEWAY), 24),
                    new GatewayAddress(Ipv4Address.fromBits(GATEWAY_2), 24),
                    new GatewayAddress(Frames6.GATEWAY, 64),
                    new GatewayAddress(Ipv6Address.parse("fd00:2::1"), 64)),
            GATEWAY_MAC,
            1500,
            false,
            true,
            false,
            0,
            0,
            64,
            1024);

    private final TestSwitch tested = Frames6.withPorts(1, NETWORK, 2);

    @AfterEach
    void framesAreConserved() {
        tested.assertConserved();
    }

    private UnsafeBuffer answer(Frame question) {
        assertThat(tested.send(0, question)).containsExactly(0);
        byte[] bytes = tested.written.getFirst().bytes();
        assertThat(new UnsafeBuffer(bytes).getLong(0)).as("virtio_net_hdr").isZero();
        UnsafeBuffer answer = new UnsafeBuffer(bytes, VirtioNetHeader.LENGTH, bytes.length - VirtioNetHeader.LENGTH);
        if (EthernetHeader.etherType(answer, 0) == 0x0800) {
            assertThat(Ipv4Header.checksumValid(answer, IP)).isTrue();
            assertThat(Ipv4Header.totalLength(answer, IP)).isEqualTo(answer.capacity() - IP);
            assertThat(IcmpHeader.checksumValid(answer, ICMP, answer.capacity() - ICMP))
                    .isTrue();
        } else {
            assertThat(Ipv6Header.payloadLength(answer, IP)).isEqualTo(answer.capacity() - Frames6.ICMP);
            assertThat(Frames6.isChecksumRight(answer)).isTrue();
        }
        return answer;
    }

    private void silent(Frame frame, DropReason reason) {
        long before = tested.drops(0, reason);
        assertThat(tested.send(0, frame)).isEmpty();
        assertThat(tested.drops(0, reason)).as(reason.word()).isEqualTo(before + 1);
    }

    private static byte[] bytes(UnsafeBuffer buffer, int offset, int length) {
        byte[] bytes = new byte[length];
        buffer.getBytes(offset, bytes);
        return bytes;
    }

    @ParameterizedTest
    @CsvSource({"0, 28", "8, 36", "519, 547", "520, 548", "521, 548", "1400, 548"})
    void N23_asMuchIsQuotedAsFitsInto576Bytes(int payload, int quoted) {
        Frame question = Frames.udp(GATEWAY_MAC, mac(0), address(0), FAR, payload)
                .with(IP + 8, 1)
                .ipChecksum();
        byte[] asked = bytes(question.ethernet(), IP, quoted);
        UnsafeBuffer error = answer(question);
        assertThat(error.capacity()).isEqualTo(QUOTE + quoted);
        assertThat(bytes(error, QUOTE, quoted)).isEqualTo(asked);
        assertThat(Ipv4Header.sourceAddress(error, IP)).isEqualTo(GATEWAY);
        assertThat(Ipv4Header.destinationAddress(error, IP)).isEqualTo(address(0));
        assertThat(IcmpHeader.type(error, ICMP)).isEqualTo(IcmpHeader.TIME_EXCEEDED);
        assertThat(error.getInt(ICMP + 4)).as("unused").isZero();
    }

    @ParameterizedTest
    @CsvSource({"0, 48", "1183, 1231", "1184, 1232", "1400, 1232"})
    void N23_asMuchIsQuotedAsFitsInto1280Bytes(int payload, int quoted) {
        Frame question = Frames6.udp(GATEWAY_MAC, mac(0), Frames6.address(0), FAR6, payload)
                .with(IP + 7, 1);
        byte[] asked = bytes(question.ethernet(), IP, quoted);
        UnsafeBuffer error = answer(question);
        assertThat(error.capacity()).isEqualTo(QUOTE6 + quoted);
        assertThat(bytes(error, QUOTE6, quoted)).isEqualTo(asked);
        assertThat(Ipv6Header.sourceLo(error, IP)).isEqualTo(Frames6.GATEWAY.lo());
        assertThat(Ipv6Header.destinationLo(error, IP))
                .isEqualTo(Frames6.address(0).lo());
        assertThat(Icmpv6Header.type(error, Frames6.ICMP)).isEqualTo(Icmpv6Header.TIME_EXCEEDED);
    }

    @Test
    void anUnfinishedChecksumIsFinishedInTheQuote() {
        Frame question = Frames.udp(GATEWAY_MAC, mac(0), address(0), FAR, 100).with(IP + 40, 0x5a);
        int length = 108;
        UnsafeBuffer b = question.ethernet();
        UdpHeader.length(b, ICMP, length);
        long pseudo = InternetChecksum.pseudoHeader(address(0), FAR, IpProtocol.UDP, length);
        UdpHeader.checksum(b, ICMP, InternetChecksum.fold(pseudo));
        UnsafeBuffer error = answer(question.offload(1, 0, 0, 0, ICMP, 6));
        assertThat(InternetChecksum.isValid(pseudo + InternetChecksum.sum(error, QUOTE + 20, length)))
                .isTrue();
    }

    /** A super-frame of 30 000 bytes with ACK, PSH and FIN, as a TAP delivers it. */
    private static Frame superFrame(boolean ipv4, int gsoSize) {
        int length = TcpHeader.MIN_LENGTH + 30_000;
        Frame frame = ipv4
                ? Frames.ipv4(GATEWAY_MAC, mac(0), address(0), FAR, IpProtocol.TCP, length)
                : Frames6.ipv6(GATEWAY_MAC, mac(0), Frames6.address(0), FAR6, IpProtocol.TCP, length);
        int tcp = ipv4 ? ICMP : Frames6.ICMP;
        UnsafeBuffer b = frame.ethernet();
        TcpHeader.dataOffset(b, tcp, TcpHeader.MIN_LENGTH);
        TcpHeader.flags(b, tcp, TcpHeader.ACK | TcpHeader.PSH | TcpHeader.FIN);
        for (int i = tcp + TcpHeader.MIN_LENGTH; i < b.capacity(); i++) {
            b.putByte(i, (byte) (i * 31));
        }
        TcpHeader.checksum(b, tcp, InternetChecksum.fold(pseudoHeader(ipv4, length)));
        int type = ipv4 ? VirtioNetHeader.GSO_TCPV4 : VirtioNetHeader.GSO_TCPV6;
        return frame.offload(1, type, gsoSize, tcp + TcpHeader.MIN_LENGTH, tcp, 16);
    }

    private static long pseudoHeader(boolean ipv4, int length) {
        Ipv6Address from = Frames6.address(0);
        return ipv4
                ? InternetChecksum.pseudoHeader(address(0), FAR, IpProtocol.TCP, length)
                : InternetChecksum.pseudoHeader(from.hi(), from.lo(), FAR6.hi(), FAR6.lo(), IpProtocol.TCP, length);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void ofASuperFrameTheFirstSegmentIsQuoted(boolean ipv4) {
        UnsafeBuffer error = answer(superFrame(ipv4, 400));
        int quote = ipv4 ? QUOTE : QUOTE6;
        int tcp = quote + (ipv4 ? Ipv4Header.MIN_LENGTH : Ipv6Header.LENGTH);
        int segment = TcpHeader.MIN_LENGTH + 400;
        assertThat(error.capacity()).isEqualTo(tcp + segment);
        if (ipv4) {
            assertThat(Ipv4Header.totalLength(error, quote)).isEqualTo(Ipv4Header.MIN_LENGTH + segment);
            assertThat(Ipv4Header.checksumValid(error, quote)).isTrue();
        } else {
            assertThat(Ipv6Header.payloadLength(error, quote)).isEqualTo(segment);
        }
        assertThat(TcpHeader.flags(error, tcp)).isEqualTo(TcpHeader.ACK);
        long sum = pseudoHeader(ipv4, segment) + InternetChecksum.sum(error, tcp, segment);
        assertThat(InternetChecksum.isValid(sum))
                .as("checksum of the quoted segment")
                .isTrue();
    }

    @Test
    void ofASuperFrameOfDatagramsTheFirstIsQuoted() {
        Frame question = Frames.udp(GATEWAY_MAC, mac(0), address(0), FAR, 2_000);
        UnsafeBuffer b = question.ethernet();
        UdpHeader.length(b, ICMP, 2_008);
        long pseudo = InternetChecksum.pseudoHeader(address(0), FAR, IpProtocol.UDP, 2_008);
        UdpHeader.checksum(b, ICMP, InternetChecksum.fold(pseudo));
        UnsafeBuffer error = answer(question.offload(1, VirtioNetHeader.GSO_UDP_L4, 200, ICMP + 8, ICMP, 6));
        assertThat(error.capacity()).isEqualTo(QUOTE + 20 + 208);
        assertThat(UdpHeader.length(error, QUOTE + 20)).isEqualTo(208);
        long first = InternetChecksum.pseudoHeader(address(0), FAR, IpProtocol.UDP, 208);
        assertThat(InternetChecksum.isValid(first + InternetChecksum.sum(error, QUOTE + 20, 208)))
                .isTrue();
    }

    @Test
    void theGatewayAnswersFromTheAddressThatWasAsked() {
        UnsafeBuffer pong = answer(Frames.echoRequest(GATEWAY_MAC, mac(0), address(0), GATEWAY_2, 56));
        assertThat(Ipv4Header.sourceAddress(pong, IP)).isEqualTo(GATEWAY_2);
        assertThat(IcmpHeader.type(pong, ICMP)).isEqualTo(IcmpHeader.ECHO_REPLY);
        UnsafeBuffer refused = answer(Frames.udp(GATEWAY_MAC, mac(0), address(0), GATEWAY_2, 8));
        assertThat(Ipv4Header.sourceAddress(refused, IP)).isEqualTo(GATEWAY_2);
        for (Ipv6Address own :
                List.of(Frames6.GATEWAY, Ipv6Address.parse("fd00:2::1"), Frames6.linkLocal(GATEWAY_MAC))) {
            Frame ping = Frames6.echoRequest(GATEWAY_MAC, mac(0), Frames6.address(0), own, 56);
            byte[] asked = bytes(ping.ethernet(), Frames6.ICMP + 4, 60);
            UnsafeBuffer pong6 = answer(ping);
            assertThat(Icmpv6Header.type(pong6, Frames6.ICMP)).isEqualTo(Icmpv6Header.ECHO_REPLY);
            assertThat(Ipv6Header.sourceHi(pong6, IP)).isEqualTo(own.hi());
            assertThat(Ipv6Header.sourceLo(pong6, IP)).isEqualTo(own.lo());
            assertThat(bytes(pong6, Frames6.ICMP + 4, 60)).isEqualTo(asked);
        }
    }

    @Test
    void anIpv6PingInFragmentsIsAnsweredFragmentByFragment() {
        Frame whole = Frames6.echoRequest(GATEWAY_MAC, mac(0), Frames6.address(0), Frames6.GATEWAY, 64);
        int checksum = Icmpv6Header.checksum(whole.ethernet(), Frames6.ICMP);
        Frame first = Frames6.behind(IpProtocol.FRAGMENT, whole, 0, 0, 1);
        assertThat(tested.send(0, first)).containsExactly(0);
        UnsafeBuffer reply = new UnsafeBuffer(tested.written.getFirst().bytes(), 10, first.bytes.length - 10);
        int icmp = Frames6.ICMP + 8;
        assertThat(Icmpv6Header.type(reply, icmp)).isEqualTo(Icmpv6Header.ECHO_REPLY);
        assertThat(Icmpv6Header.checksum(reply, icmp))
                .isEqualTo(InternetChecksum.update16(checksum, 128 << 8, 129 << 8));
        Frame later = Frames6.echoRequest(GATEWAY_MAC, mac(0), Frames6.address(0), Frames6.GATEWAY, 64);
        later = Frames6.behind(IpProtocol.FRAGMENT, later, 0, 0, 72);
        byte[] payload = bytes(later.ethernet(), icmp, 72);
        assertThat(tested.send(0, later)).containsExactly(0);
        assertThat(bytes(new UnsafeBuffer(tested.written.getFirst().bytes()), 10 + icmp, 72))
                .isEqualTo(payload);
    }

    @Test
    void B17_whatTheGatewayDoesNotSpeakInIpv6IsRefused() {
        UnsafeBuffer port = answer(Frames6.udp(GATEWAY_MAC, mac(0), Frames6.address(0), Frames6.GATEWAY, 8));
        assertThat(Icmpv6Header.type(port, Frames6.ICMP)).isEqualTo(1);
        assertThat(Icmpv6Header.code(port, Frames6.ICMP)).isEqualTo(4);
        Frame sctp = Frames6.ipv6(GATEWAY_MAC, mac(0), Frames6.address(0), Frames6.GATEWAY, IpProtocol.SCTP, 20);
        UnsafeBuffer header = answer(sctp);
        assertThat(Icmpv6Header.type(header, Frames6.ICMP)).isEqualTo(Icmpv6Header.PARAMETER_PROBLEM);
        assertThat(Icmpv6Header.code(header, Frames6.ICMP)).isEqualTo(1);
        assertThat(Icmpv6Header.pointer(header, Frames6.ICMP)).isEqualTo(6);
        Frame wrong = Frames6.echoRequest(GATEWAY_MAC, mac(0), Frames6.address(0), Frames6.GATEWAY, 8);
        silent(wrong.with(Frames6.ICMP + 9, 0x44), DropReason.BAD_ICMP);
    }

    @ParameterizedTest
    @ValueSource(ints = {3, 4, 11, 12})
    void noErrorIsSentAboutIcmpErrors(int type) {
        Frame error =
                Frames.echoRequest(GATEWAY_MAC, mac(0), address(0), FAR, 40).with(ICMP, type);
        silent(error, DropReason.NO_ROUTE);
    }

    @Test
    void noErrorIsSentAboutLaterFragmentsGroupsAndCutOffIcmp() {
        Frame later = Frames.udp(GATEWAY_MAC, mac(0), address(0), FAR, 40).with16(IP + 6, 100);
        silent(later.ipChecksum(), DropReason.NO_ROUTE);
        silent(Frames.udp(GATEWAY_MAC, mac(0), address(0), 0xe000_0105, 40), DropReason.NO_ROUTE);
        silent(Frames.udp(GATEWAY_MAC, mac(0), address(0), 0xffff_ffff, 40), DropReason.NO_ROUTE);
        silent(Frames.udp(GATEWAY_MAC, mac(0), address(0), 0x0a00_00ff, 40), DropReason.NO_ROUTE);
        silent(Frames.ipv4(GATEWAY_MAC, mac(0), address(0), FAR, IpProtocol.ICMP, 7), DropReason.NO_ROUTE);

        Ipv6Address own = Frames6.address(0);
        silent(Frames6.icmp(GATEWAY_MAC, mac(0), own, FAR6, 1, 40), DropReason.NO_ROUTE);
        silent(Frames6.ipv6(GATEWAY_MAC, mac(0), own, FAR6, IpProtocol.ICMPV6, 7), DropReason.NO_ROUTE);
        Frame fragment = Frames6.udp(GATEWAY_MAC, mac(0), own, FAR6, 40);
        silent(Frames6.behind(IpProtocol.FRAGMENT, fragment, 0, 0, 64), DropReason.NO_ROUTE);
        Ipv6Address group = Ipv6Address.parse("ff0e::5");
        silent(Frames6.udp(GATEWAY_MAC, mac(0), own, group, 40), DropReason.NO_ROUTE);
        assertThat(tested.term(Term.GENERATED)).isZero();
        // The source guard would drop it before.
        tested.put(Frames6.port(0, 0, false));
        Frame unspecified = Frames6.udp(GATEWAY_MAC, mac(0), Frames6.UNSPECIFIED, group, 40);
        silent(unspecified, DropReason.IP_SOURCE);
        assertThat(tested.term(Term.GENERATED)).isZero();
    }

    @Test
    void B17_errorsAreLimitedInRateAndTheReasonStays() {
        int told = 0;
        for (int i = 0; i < 250; i++) {
            told += tested.send(0, Frames.udp(GATEWAY_MAC, mac(0), address(0), FAR, 8)).length;
        }
        assertThat(told).isEqualTo(100);
        assertThat(tested.drops(0, DropReason.NO_ROUTE)).isEqualTo(250);
        tested.passMs(50);
        assertThat(tested.send(0, Frames.udp(GATEWAY_MAC, mac(0), address(0), FAR, 8)))
                .hasSize(1);
        assertThat(tested.send(0, Frames.echoRequest(GATEWAY_MAC, mac(0), address(0), GATEWAY, 8)))
                .as("pings have their own limit")
                .hasSize(1);
    }

    @Test
    void theLinkLocalSourceIsToldFromTheLinkLocalAddress() {
        Ipv6Address linkLocal = Frames6.linkLocal(mac(0));
        UnsafeBuffer error = answer(Frames6.udp(GATEWAY_MAC, mac(0), linkLocal, FAR6, 8));
        assertThat(Ipv6Header.sourceHi(error, IP)).isEqualTo(0xfe80_0000_0000_0000L);
        assertThat(error.getLong(IP + 32, ByteOrder.BIG_ENDIAN)).isEqualTo(linkLocal.lo());
    }
}
