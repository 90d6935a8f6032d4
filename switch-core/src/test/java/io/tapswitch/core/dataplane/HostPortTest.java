package io.tapswitch.core.dataplane;

import static io.tapswitch.core.dataplane.TestSwitch.GATEWAY;
import static io.tapswitch.core.dataplane.TestSwitch.GATEWAY_MAC;
import static io.tapswitch.core.dataplane.TestSwitch.HOST_MAC;
import static io.tapswitch.core.dataplane.TestSwitch.PEER_MAC;
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
import io.tapswitch.wire.Icmpv6Header;
import io.tapswitch.wire.IpProtocol;
import io.tapswitch.wire.Ipv4Address;
import io.tapswitch.wire.Ipv4Header;
import io.tapswitch.wire.Ipv6Address;
import io.tapswitch.wire.Ipv6Header;
import io.tapswitch.wire.NeighbourOptions;
import java.util.Set;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** C8 and P7: the host behind port 10, with the gateways' addresses and two of its own; two guarded containers. */
class HostPortTest {
    private static final int HOST = 10;
    private static final int IP = Frames6.IP;
    private static final int ICMP = IP + Ipv4Header.MIN_LENGTH;
    private static final int OWN = 0xc0a8_0105;
    private static final Ipv6Address OWN6 = Ipv6Address.parse("2001:db8::5");
    private static final int STRANGER = 0xc0a8_0163;

    private TestSwitch tested = withHost(1, Frames6.network(false, true));

    private static TestSwitch withHost(int workers, NetworkSettings network) {
        TestSwitch made = Frames6.withPorts(workers, network, 2);
        made.host(HOST, Set.of(Ipv4Address.fromBits(GATEWAY), Ipv4Address.fromBits(OWN), Frames6.GATEWAY, OWN6));
        return made;
    }

    @BeforeEach
    void nothingIsAnnouncedToTheHost() {
        assertThat(tested.announced).noneMatch(written -> written.port() == HOST);
    }

    @AfterEach
    void framesAreConserved() {
        tested.assertConserved();
    }

    private UnsafeBuffer sent() {
        byte[] bytes = tested.written.getFirst().bytes();
        return new UnsafeBuffer(bytes, VirtioNetHeader.LENGTH, bytes.length - VirtioNetHeader.LENGTH);
    }

    private void dropped(int port, Frame frame, DropReason reason) {
        long before = tested.drops(port, reason);
        assertThat(tested.send(port, frame)).isEmpty();
        assertThat(tested.drops(port, reason)).as(reason.word()).isEqualTo(before + 1);
    }

    @Test
    void P7_theHostsIpv4AddressIsNoIpv6Source() {
        Ipv6Address mapped = new Ipv6Address(0, 0xffff_0000_0000L | (OWN & 0xffff_ffffL));
        Frame frame = Frames6.udp(PEER_MAC, HOST_MAC, mapped, Frames6.address(1), 64);
        dropped(HOST, frame, DropReason.HOST_SOURCE);
    }

    @Test
    void B17_aVersionDoesNotFillTheHostsBucketOfErrors() {
        Frame toNobody = fromHost(GATEWAY, 0x0a00_0063);
        int answered = 0;
        for (int i = 0; i < 300; i++) {
            answered += tested.send(HOST, toNobody).length;
        }
        assertThat(answered).isEqualTo(100);
        tested.put(Frames6.port(2, 0, true));
        assertThat(tested.send(HOST, toNobody)).isEmpty();
        tested.host(HOST, Set.of(Ipv4Address.fromBits(GATEWAY)));
        assertThat(tested.send(HOST, toNobody)).isEmpty();
        tested.passMs(1);
        assertThat(tested.send(HOST, toNobody)).containsExactly(HOST);
    }

    private static Frame toHost(int to) {
        return Frames.udp(GATEWAY_MAC, mac(0), address(0), to, 64);
    }

    private static Frame toHost6(Ipv6Address to) {
        return Frames6.udp(GATEWAY_MAC, mac(0), Frames6.address(0), to, 64);
    }

    private static Frame fromHost(int from, int to) {
        return Frames.udp(PEER_MAC, HOST_MAC, from, to, 64);
    }

    private static Frame fromHost6(Ipv6Address from, Ipv6Address to) {
        return Frames6.udp(PEER_MAC, HOST_MAC, from, to, 64);
    }

    /** The frame went to one port, whole, and nothing in it changed but the two MAC addresses. */
    private void carried(int ingress, Frame frame, int egress, long destination, long source) {
        byte[] before = frame.bytes.clone();
        assertThat(tested.send(ingress, frame)).containsExactly(egress);
        UnsafeBuffer expected =
                new UnsafeBuffer(before, VirtioNetHeader.LENGTH, before.length - VirtioNetHeader.LENGTH);
        EthernetHeader.destination(expected, 0, destination);
        EthernetHeader.source(expected, 0, source);
        assertThat(tested.written.getFirst().bytes()).isEqualTo(before);
    }

    @Test
    void C8_packetsForAnAddressOfTheHostGoToItUnchanged() {
        carried(0, toHost(OWN), HOST, HOST_MAC, PEER_MAC);
        carried(0, toHost(GATEWAY).with(IP + 8, 1).ipChecksum(), HOST, HOST_MAC, PEER_MAC);
        carried(0, toHost6(OWN6), HOST, HOST_MAC, PEER_MAC);
        carried(0, toHost6(Frames6.GATEWAY), HOST, HOST_MAC, PEER_MAC);
        assertThat(tested.term(Term.GENERATED)).isZero();
    }

    @Test
    void C8_packetsOfTheHostGoToTheEndpointFromTheGateway() {
        carried(HOST, fromHost(GATEWAY, address(1)), 1, mac(1), GATEWAY_MAC);
        carried(HOST, fromHost(OWN, address(0)), 0, mac(0), GATEWAY_MAC);
        carried(HOST, fromHost6(OWN6, Frames6.address(1)), 1, mac(1), GATEWAY_MAC);
    }

    @Test
    void superFramesStayWholeBothWays() {
        Frame up = Frames.ipv4(GATEWAY_MAC, mac(0), address(0), OWN, IpProtocol.TCP, 30_000);
        carried(0, up.with(IP + 32, 0x50).offload(1, 1, 1460, 54, 34, 16), HOST, HOST_MAC, PEER_MAC);
        Frame down = Frames.ipv4(PEER_MAC, HOST_MAC, OWN, address(0), IpProtocol.TCP, 30_000);
        carried(HOST, down.with(IP + 32, 0x50).offload(1, 1, 1460, 54, 34, 16), 0, mac(0), GATEWAY_MAC);
        Frame large = Frames.ipv4(PEER_MAC, HOST_MAC, OWN, address(0), IpProtocol.TCP, 30_000);
        dropped(HOST, large.with(IP + 32, 0x50).offload(1, 1, 8_000, 54, 34, 16), DropReason.OVERSIZE);
    }

    @Test
    void theGatewaysAddressIsPingedAtTheSwitchAndTheHostGetsWhatItWaitsFor() {
        assertThat(tested.send(0, Frames.echoRequest(GATEWAY_MAC, mac(0), address(0), GATEWAY, 56)))
                .containsExactly(0);
        assertThat(tested.send(0, Frames6.echoRequest(GATEWAY_MAC, mac(0), Frames6.address(0), Frames6.GATEWAY, 56)))
                .containsExactly(0);
        assertThat(tested.send(0, Frames.echoRequest(GATEWAY_MAC, mac(0), address(0), OWN, 56)))
                .containsExactly(HOST);
        Frame reply =
                Frames.echoRequest(GATEWAY_MAC, mac(0), address(0), GATEWAY, 56).with(ICMP, 0);
        carried(0, reply, HOST, HOST_MAC, PEER_MAC);
        Frame later = Frames.echoRequest(GATEWAY_MAC, mac(0), address(0), GATEWAY, 56);
        carried(0, later.with16(IP + 6, 100).ipChecksum(), HOST, HOST_MAC, PEER_MAC);
    }

    @Test
    void whatGoesToTheHostBearsThePortsOwnAddressAlsoWithoutTheGuard() {
        tested.put(Frames6.port(0, 0, false));
        dropped(0, Frames.udp(GATEWAY_MAC, mac(0), address(1), OWN, 8), DropReason.SPOOF_IP);
        dropped(0, Frames6.udp(GATEWAY_MAC, mac(0), Frames6.address(1), OWN6, 8), DropReason.SPOOF_IP);
        dropped(0, Frames6.udp(GATEWAY_MAC, mac(0), Frames6.linkLocal(mac(0)), OWN6, 8), DropReason.SPOOF_IP);
        dropped(0, toHost(OWN).with(IP + 10, 1), DropReason.IP_CHECKSUM);
        carried(0, toHost(OWN), HOST, HOST_MAC, PEER_MAC);
    }

    @Test
    void neighbourDiscoveryDoesNotReachTheHost() {
        tested.put(Frames6.port(0, 0, false));
        Frame poison =
                Frames6.neighbour(136, GATEWAY_MAC, mac(0), Frames6.address(0), OWN6, Frames6.address(1), mac(0));
        dropped(0, poison, DropReason.GATEWAY_NO_SERVICE);
    }

    @Test
    void P7_whatTheHostForwardsForOthersIsDropped() {
        dropped(HOST, fromHost(STRANGER, address(0)), DropReason.HOST_SOURCE);
        dropped(HOST, fromHost(address(1), address(0)), DropReason.HOST_SOURCE);
        dropped(HOST, fromHost6(Ipv6Address.parse("2001:db8::66"), Frames6.address(0)), DropReason.HOST_SOURCE);
        Frame foreignMac = Frames.udp(PEER_MAC, 0x0200_0000_0066L, OWN, address(0), 8);
        dropped(HOST, foreignMac, DropReason.SPOOF_MAC);
    }

    @Test
    void theHostHearsOneMacAddressForEveryEndpointAndNoneForOthers() {
        Frame question = Frames.arp(ArpHeader.REQUEST, Frames.BROADCAST, HOST_MAC, GATEWAY, 0, address(1));
        assertThat(tested.send(HOST, question)).containsExactly(HOST);
        assertThat(ArpHeader.senderMac(sent(), IP)).isEqualTo(PEER_MAC);
        assertThat(EthernetHeader.source(sent(), 0)).isEqualTo(PEER_MAC);
        assertThat(ArpHeader.senderAddress(sent(), IP)).isEqualTo(address(1));
        Frame solicitation = Frames6.solicitation(HOST_MAC, Frames6.linkLocal(HOST_MAC), Frames6.address(0), HOST_MAC);
        assertThat(tested.send(HOST, solicitation)).containsExactly(HOST);
        assertThat(NeighbourOptions.find(sent(), IP + 64, sent().capacity(), NeighbourOptions.TARGET_LINK_LAYER))
                .isEqualTo(PEER_MAC);
        assertThat(Frames6.isChecksumRight(sent())).isTrue();

        Frame absent = Frames.arp(ArpHeader.REQUEST, Frames.BROADCAST, HOST_MAC, GATEWAY, 0, 0x0a00_0063);
        dropped(HOST, absent, DropReason.HOST_GROUP);
        tested.workers[0].onLinkState(1, false);
        dropped(
                HOST,
                Frames.arp(ArpHeader.REQUEST, Frames.BROADCAST, HOST_MAC, GATEWAY, 0, address(1)),
                DropReason.HOST_GROUP);
    }

    @Test
    void whatTheHostSendsToAnAddressThatNobodyHasIsAnswered() {
        assertThat(tested.send(HOST, fromHost(OWN, 0x0a00_0063))).containsExactly(HOST);
        UnsafeBuffer error = sent();
        assertThat(EthernetHeader.destination(error, 0)).isEqualTo(HOST_MAC);
        assertThat(Ipv4Header.sourceAddress(error, IP))
                .as("no address of the host")
                .isEqualTo(0x0a00_0063);
        assertThat(Ipv4Header.destinationAddress(error, IP)).isEqualTo(OWN);
        assertThat(IcmpHeader.type(error, ICMP)).isEqualTo(3);
        assertThat(IcmpHeader.code(error, ICMP)).isEqualTo(1);
        assertThat(tested.send(HOST, fromHost6(OWN6, Ipv6Address.parse("fd00::63"))))
                .containsExactly(HOST);
        assertThat(Icmpv6Header.type(sent(), Frames6.ICMP)).isEqualTo(1);
        assertThat(Icmpv6Header.code(sent(), Frames6.ICMP)).isEqualTo(3);
        assertThat(tested.drops(HOST, DropReason.HOST_UNKNOWN)).isEqualTo(2);
    }

    @Test
    void theHostsBroadcastsAndMulticastsStayWithIt() {
        dropped(HOST, Frames.udp(Frames.BROADCAST, HOST_MAC, OWN, 0x0a00_00ff, 8), DropReason.HOST_GROUP);
        dropped(HOST, Frames.udp(0x0100_5e00_00fbL, HOST_MAC, OWN, 0xe000_00fb, 8), DropReason.HOST_GROUP);
        dropped(HOST, Frames.arp(1, Frames.BROADCAST, HOST_MAC, OWN, 0, OWN), DropReason.HOST_GROUP);
        dropped(HOST, Frames.ethernet(PEER_MAC, HOST_MAC, 0x88b5, 46), DropReason.HOST_UNKNOWN);
        dropped(HOST, Frames.udp(mac(0), HOST_MAC, OWN, address(0), 8), DropReason.HOST_UNKNOWN);
        dropped(HOST, Frames.ethernet(PEER_MAC, HOST_MAC, EtherType.IPV4, 10), DropReason.TRUNCATED_IP);
        dropped(HOST, fromHost(OWN, address(0)).cut(13), DropReason.RUNT);
    }

    @Test
    void A_INT_02_aninternalNetworkHasNothingOfTheHost() {
        tested.assertConserved();
        tested = withHost(1, Frames6.network(true, true));
        assertThat(tested.send(0, toHost(GATEWAY))).containsExactly(0);
        assertThat(IcmpHeader.code(sent(), ICMP)).isEqualTo(IcmpHeader.PORT_UNREACHABLE);
        assertThat(tested.drops(0, DropReason.GATEWAY_NO_SERVICE)).isEqualTo(1);
        assertThat(tested.send(0, toHost(OWN))).containsExactly(0);
        assertThat(tested.drops(0, DropReason.NO_ROUTE)).isEqualTo(1);
        assertThat(tested.send(HOST, fromHost(OWN, address(0)))).containsExactly(HOST);
        assertThat(tested.drops(HOST, DropReason.HOST_UNKNOWN)).isEqualTo(1);
    }

    @Test
    void everyWorkerReachesTheHostItself() {
        tested.assertConserved();
        tested = withHost(2, Frames6.network(false, true));
        Frame frame = Frames.udp(GATEWAY_MAC, mac(1), address(1), OWN, 64);
        carried(1, frame, HOST, HOST_MAC, PEER_MAC);
        assertThat(tested.term(Term.HANDOFF_FRAMES)).isZero();
        carried(HOST, fromHost(OWN, address(1)), 1, mac(1), GATEWAY_MAC);
    }

    @Test
    void withoutItsPortTheHostIsGone() {
        tested.assertConserved();
        tested = Frames6.withPorts(1, Frames6.network(false, true), 2);
        assertThat(tested.send(0, toHost(OWN))).containsExactly(0);
        assertThat(tested.drops(0, DropReason.NO_ROUTE)).isEqualTo(1);
        assertThat(Ipv6Header.version(sent(), IP)).isEqualTo(4);
    }
}
