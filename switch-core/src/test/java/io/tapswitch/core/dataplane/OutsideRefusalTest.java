package io.tapswitch.core.dataplane;

import static io.tapswitch.core.dataplane.NatFrames.IP;
import static io.tapswitch.core.dataplane.OutsideWorld.ETH0;
import static io.tapswitch.core.dataplane.OutsideWorld.HOST4;
import static io.tapswitch.core.dataplane.OutsideWorld.HOST6;
import static io.tapswitch.core.dataplane.OutsideWorld.LO;
import static io.tapswitch.core.dataplane.OutsideWorld.container;
import static io.tapswitch.core.dataplane.OutsideWorld.end;
import static io.tapswitch.core.dataplane.OutsideWorld.outside;
import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.core.dataplane.Frames.Frame;
import io.tapswitch.core.dataplane.NatFrames.End;
import io.tapswitch.tapio.VirtioNetHeader;
import io.tapswitch.wire.IcmpHeader;
import io.tapswitch.wire.Icmpv6Header;
import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.IpProtocol;
import io.tapswitch.wire.TcpHeader;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What does not get through, and who hears of it. */
class OutsideRefusalTest {
    private static final End PEER = End.of("198.51.100.9", 443);
    private static final End PEER6 = End.of("2001:db8:9::9", 443);

    private final OutsideWorld world = new OutsideWorld(2);

    @AfterEach
    void conserved() {
        world.tested.assertConserved();
        assertThat(world.tested.news).isEmpty();
    }

    private static End peer(boolean ipv6) {
        return ipv6 ? PEER6 : PEER;
    }

    private static Frame tcp(int flags) {
        return container(0).tcp(end(0, false, 4000), PEER, flags, 1000, 0, 0);
    }

    /** The ten malformed classes of N20, of which kernel NAT lets most out with an inside source. */
    static List<Frame> malformed() {
        Frame udpChecksum = container(0).udp(end(0, false, 4000), PEER, 20);
        udpChecksum.with16(IP + 26, 0x1111);
        Frame udpLength = container(0).udp(end(0, false, 4000), PEER, 20);
        udpLength.with16(IP + 24, 200);
        Frame dataOffset = tcp(TcpHeader.SYN);
        TcpHeader.dataOffset(dataOffset.ethernet(), IP + 20, 12);
        Frame tcpChecksum = tcp(TcpHeader.SYN).with16(IP + 36, 0x1111);
        return List.of(
                udpChecksum,
                udpLength,
                tcp(TcpHeader.SYN | TcpHeader.FIN),
                tcp(0),
                tcp(TcpHeader.FIN | TcpHeader.PSH | TcpHeader.URG),
                tcp(TcpHeader.RST),
                tcp(TcpHeader.FIN | TcpHeader.ACK),
                NatFrames.checksum(dataOffset),
                tcpChecksum,
                container(0).echo(end(0, false, 0), PEER, false, 77, 20));
    }

    @ParameterizedTest
    @MethodSource("malformed")
    void N20_whatCannotBeTranslatedNeverLeaves(Frame frame) {
        world.tested.send(0, frame);
        assertThat(world.all(ETH0)).isEmpty();
        assertThat(world.all(LO)).isEmpty();
        assertThat(world.drops().values().stream().mapToLong(Long::longValue).sum())
                .isEqualTo(1);
        assertThat(world.drops().keySet().iterator().next().word()).startsWith("nat_");
    }

    @Test
    void N20_nothingWithAnotherSourceThanThePortsOwnLeaves() {
        world.tested.put(new PortSettings(
                0,
                0,
                0,
                List.of(0),
                TestSwitch.mac(0),
                world.settings(0).ipv4(),
                world.settings(0).ipv6(),
                false));
        world.take();
        world.tested.send(0, container(0).udp(End.of("10.0.0.77", 4000), PEER, 20));
        world.tested.send(0, container(0).udp(End.of("203.0.113.3", 4000), PEER, 20));
        world.tested.send(0, container(0).udp(End.of("fd00::77", 4000), PEER6, 20));
        assertThat(world.all(ETH0)).isEmpty();
        assertThat(world.tested.drops(0, DropReason.SPOOF_IP)).isEqualTo(3);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void N23_theLastHopIsToldToTheSender(boolean ipv6) {
        Frame frame = NatFrames.ttl(container(1).udp(end(1, ipv6, 4000), peer(ipv6), 20), 1);
        Frame error = world.send(1, frame, 1);
        assertError(error, ipv6, IcmpHeader.TIME_EXCEEDED, 0, Icmpv6Header.TIME_EXCEEDED, 0);
        assertThat(NatFrames.sourceAddress(error)).isEqualTo(IpAddress.parse(ipv6 ? "fd00::1" : "10.0.0.1"));
        assertThat(world.tested.drops(1, DropReason.NAT_TTL_EXPIRED)).isEqualTo(1);
    }

    private static void assertError(Frame error, boolean ipv6, int type4, int code4, int type6, int code6) {
        int at = NatFrames.transport(error);
        assertThat(NatFrames.protocol(error)).isEqualTo(ipv6 ? IpProtocol.ICMPV6 : IpProtocol.ICMP);
        assertThat(IcmpHeader.type(error.ethernet(), at)).isEqualTo(ipv6 ? type6 : type4);
        assertThat(IcmpHeader.code(error.ethernet(), at)).isEqualTo(ipv6 ? code6 : code4);
        assertThat(NatFrames.checksumsRight(error)).isTrue();
    }

    private static int mtu(Frame error, boolean ipv6) {
        int at = NatFrames.transport(error);
        return ipv6 ? Icmpv6Header.mtu(error.ethernet(), at) : IcmpHeader.nextHopMtu(error.ethernet(), at);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void O11_whatIsTooBigForTheWayOutIsToldToTheSender(boolean ipv6) {
        world.routes.mtus.put(peer(ipv6).address(), 1400);
        Frame frame = container(1).udp(end(1, ipv6, 4000), peer(ipv6), 1400);
        Frame error = world.send(1, ipv6 ? frame : NatFrames.dontFragment(frame), 1);
        assertError(
                error,
                ipv6,
                IcmpHeader.DESTINATION_UNREACHABLE,
                IcmpHeader.FRAGMENTATION_NEEDED,
                Icmpv6Header.PACKET_TOO_BIG,
                0);
        assertThat(mtu(error, ipv6)).isEqualTo(1400);
        assertThat(world.tested.drops(1, DropReason.NAT_TOO_BIG)).isEqualTo(1);
    }

    @Test
    void O11_aSuperFramesSegmentsAreMeasuredAndNotItself() {
        world.routes.mtus.put(PEER.address(), 1400);
        assertThat(world.all(ETH0)).isEmpty();
        world.tested.send(0, NatFrames.dontFragment(superFrame(1448)));
        assertThat(world.tested.drops(0, DropReason.NAT_TOO_BIG)).isEqualTo(1);
        assertThat(world.one(0)).isNotNull();
        world.tested.send(0, NatFrames.dontFragment(superFrame(1360)));
        // A stray segment, whose sender hears a reset: it fits the way.
        assertThat(world.tested.drops(0, DropReason.NAT_TCP_STRAY)).isEqualTo(1);
    }

    private static Frame superFrame(int gsoSize) {
        Frame frame = NatFrames.partial(container(0).tcp(end(0, false, 4000), PEER, TcpHeader.ACK, 1000, 7, 10_000));
        return frame.offload(VirtioNetHeader.NEEDS_CSUM, VirtioNetHeader.GSO_TCPV4, gsoSize, 54, 34, 16);
    }

    @ParameterizedTest
    @CsvSource({"false,false", "false,true"})
    void O11_whatMayBeFragmentedIsFragmentedInOrder(boolean ipv6, boolean partial) {
        world.routes.mtus.put(PEER.address(), 576);
        Frame frame = container(1).udp(end(1, ipv6, 4000), PEER, 1400);
        world.tested.send(1, partial ? NatFrames.partial(frame) : frame);
        List<Frame> pieces = world.all(ETH0);
        assertThat(pieces).hasSize(3);
        assertThat(pieces).allSatisfy(piece -> {
            assertThat(piece.bytes.length - VirtioNetHeader.LENGTH - IP).isLessThanOrEqualTo(576);
            assertThat(NatFrames.sourceAddress(piece)).isEqualTo(IpAddress.parse(HOST4));
        });
        assertThat(NatFrames.checksumsRight(OutsideFragmentTest.joined(pieces))).isTrue();
        assertThat(world.tested.term(DatapathCounters.Term.SPLIT)).isEqualTo(2);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void O11_whatIsTooBigForTheNetworkIsToldToThePeerInTheHostsName(boolean ipv6) {
        OutsideWorld small = new OutsideWorld(2, withMtu(1300));
        small.publish(9, IpProtocol.UDP, 8080, 1, 80);
        End published = End.of(ipv6 ? HOST6 : HOST4, 8080);
        Frame frame = outside().udp(peer(ipv6), published, 1400);
        Frame error = small.arrive(ETH0, ipv6 ? frame : NatFrames.dontFragment(frame), ETH0);
        assertError(
                error,
                ipv6,
                IcmpHeader.DESTINATION_UNREACHABLE,
                IcmpHeader.FRAGMENTATION_NEEDED,
                Icmpv6Header.PACKET_TOO_BIG,
                0);
        assertThat(mtu(error, ipv6)).isEqualTo(1300);
        assertThat(NatFrames.sourceAddress(error)).isEqualTo(published.address());
        assertThat(NatFrames.destinationAddress(error)).isEqualTo(peer(ipv6).address());
        assertThat(small.tested.drops(ETH0, DropReason.NAT_TOO_BIG)).isEqualTo(1);
        small.tested.assertConserved();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void O11_theHostsOwnClientsAreNotToldButServedInPieces(boolean ipv6) {
        OutsideWorld small = new OutsideWorld(2, withMtu(1300));
        small.publish(9, IpProtocol.UDP, 8080, 1, 80);
        End client = End.of(ipv6 ? "::1" : "127.0.0.1", 40_000);
        Frame frame = OutsideWorld.local().udp(client, new End(client.address(), 8080), 3000);
        small.bring(LO, ipv6 ? frame : NatFrames.dontFragment(frame));
        assertThat(small.all(1)).hasSize(3);
        small.tested.assertConserved();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void N27_whatIsTooBigForAHairpinsNetworkIsToldToTheContainer(boolean ipv6) {
        OutsideWorld small = new OutsideWorld(2, withMtu(1300));
        small.publish(9, IpProtocol.UDP, 8080, 1, 80);
        End published = End.of(ipv6 ? HOST6 : HOST4, 8080);
        for (int client : new int[] {4, 5}) {
            Frame frame = container(client).udp(end(client, ipv6, 5000), published, 1400);
            Frame error = small.send(client, ipv6 ? frame : NatFrames.dontFragment(frame), client);
            assertThat(mtu(error, ipv6)).isEqualTo(1300);
            assertThat(NatFrames.destinationAddress(error)).isEqualTo(OutsideWorld.address(client, ipv6));
        }
        small.tested.assertConserved();
    }

    private static NetworkSettings withMtu(int mtu) {
        NetworkSettings network = Frames6.network(0, "10.0.0.1", "fd00::1", false, true);
        return new NetworkSettings(
                0, network.gateways(), network.gatewayMac(), mtu, false, true, false, 0, 10_000, 64, 1024);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aRouteThatIsNotThereOrLeadsToNoUplinkIsToldToTheSender(boolean ipv6) {
        world.routes.kinds.put(peer(ipv6).address(), RouteSource.Route.UNREACHABLE);
        Frame error = world.send(0, container(0).udp(end(0, ipv6, 4000), peer(ipv6), 20), 0);
        assertError(
                error,
                ipv6,
                IcmpHeader.DESTINATION_UNREACHABLE,
                IcmpHeader.NET_UNREACHABLE,
                Icmpv6Header.DESTINATION_UNREACHABLE,
                Icmpv6Header.NO_ROUTE);
        IpAddress other = IpAddress.parse(ipv6 ? "2001:db8:7::7" : "198.51.100.7");
        world.routes.devices.put(other, 77);
        world.send(0, container(0).udp(end(0, ipv6, 4000), new End(other, 9), 20), 0);
        assertThat(world.tested.drops(0, DropReason.NAT_NO_ROUTE)).isEqualTo(2);
    }

    @Test
    void routesAreAskedOncePerDestinationUntilTheyChange() {
        for (int i = 0; i < 5; i++) {
            world.send(0, container(0).udp(end(0, false, 4000), PEER, 20), ETH0);
        }
        assertThat(world.routes.asked).isEqualTo(1);
        world.tested.workers[0].onRoutesChanged();
        world.send(0, container(0).udp(end(0, false, 4000), PEER, 20), ETH0);
        assertThat(world.routes.asked).isEqualTo(2);
        world.tested.passMs(RouteCache.LIFE_MS + 1);
        world.send(0, container(0).udp(end(0, false, 4000), PEER, 20), ETH0);
        assertThat(world.routes.asked).isEqualTo(3);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void N31_anInternalNetworkHasNeitherAWayOutNorOneIn(boolean ipv6) {
        OutsideWorld internal = new OutsideWorld(2, Frames6.network(0, "10.0.0.1", "fd00::1", true, true));
        internal.tested.send(0, container(0).udp(end(0, ipv6, 4000), peer(ipv6), 20));
        internal.tested.send(0, container(0).udp(end(0, ipv6, 4000), End.of(ipv6 ? HOST6 : HOST4, 8080), 20));
        assertThat(internal.all(ETH0)).isEmpty();
        internal.publish(9, IpProtocol.UDP, 8080, 1, 80);
        internal.bring(ETH0, outside().udp(peer(ipv6), End.of(ipv6 ? HOST6 : HOST4, 8080), 20));
        assertThat(internal.all(1)).isEmpty();
        internal.tested.assertConserved();
    }

    @Test
    void N31_containersThatMayNotTalkReachEachOthersPublishedPorts() {
        OutsideWorld apart = new OutsideWorld(2, Frames6.network(0, "10.0.0.1", "fd00::1", false, false));
        apart.publish(9, IpProtocol.UDP, 8080, 1, 80);
        Frame in = apart.send(0, container(0).udp(end(0, false, 5000), End.of(HOST4, 8080), 20), 1);
        assertThat(apart.send(1, container(1).udp(end(1, false, 80), NatFrames.source(in), 20), 0))
                .isNotNull();
        apart.tested.send(
                0, new NatFrames(TestSwitch.mac(1), TestSwitch.mac(0)).udp(end(0, false, 5000), end(1, false, 80), 20));
        assertThat(apart.tested.drops(0, DropReason.ICC_DISABLED)).isEqualTo(1);
    }

    @Test
    void N15_whatBelongsToNobodyIsNeverAnswered() {
        world.bring(ETH0, outside().udp(PEER, End.of(HOST4, 9999), 20));
        world.nothing();
        world.bring(ETH0, outside().udp(PEER, End.of("192.0.2.77", 9999), 20));
        world.nothing();
        world.bring(ETH0, outside().tcp(PEER, End.of(HOST4, 9999), TcpHeader.SYN, 1, 0, 0));
        world.nothing();
        world.bring(ETH0, outside().echo(PEER, End.of(HOST4, 0), false, 4711, 20));
        world.nothing();
        assertThat(world.drops().values().stream().mapToLong(Long::longValue).sum())
                .isEqualTo(4);
    }

    @Test
    void P7_nobodyOutsideHasOneOfOurAddressesAndNobodyOnLoAnothers() {
        world.publish(9, IpProtocol.UDP, 8080, 1, 80);
        End published = End.of(HOST4, 8080);
        for (String forged : List.of("10.0.0.2", "10.1.0.2", HOST4, "127.0.0.1")) {
            world.bring(ETH0, outside().udp(End.of(forged, 5000), published, 20));
            world.nothing();
        }
        assertThat(world.tested.drops(ETH0, DropReason.IP_SOURCE)).isEqualTo(4);
        world.bring(LO, OutsideWorld.local().udp(PEER, published, 20));
        world.nothing();
        assertThat(world.tested.drops(LO, DropReason.HOST_SOURCE)).isEqualTo(1);
    }

    @Test
    void P6_aPortOfLoopbackIsNotReachedFromAContainerOrFromOutside() {
        world.publish(9, IpProtocol.UDP, 8080, 1, 80);
        world.tested.send(0, container(0).udp(end(0, false, 5000), End.of("127.0.0.1", 8080), 20));
        assertThat(world.all(1)).isEmpty();
        world.bring(ETH0, outside().udp(PEER, End.of("127.0.0.1", 8080), 20));
        world.nothing();
    }

    @Test
    void N29_aFlowGoesWithItsRuleAndItsEndpoint() {
        world.publish(9, IpProtocol.UDP, 8080, 1, 80);
        End published = End.of(HOST4, 8080);
        world.arrive(ETH0, outside().udp(PEER, published, 20), 1);
        Frame out = world.send(2, container(2).udp(end(2, false, 4000), PEER, 20), ETH0);
        world.rules.clear();
        world.take();
        world.bring(ETH0, outside().udp(PEER, published, 20));
        world.nothing();
        // The other flow did not notice.
        world.arrive(ETH0, outside().udp(PEER, NatFrames.source(out), 20), 2);
        world.tested.outside(null);
        world.tested.removePort(2);
        world.take();
        world.bring(ETH0, outside().udp(PEER, NatFrames.source(out), 20));
        world.nothing();
    }

    @Test
    void withoutAnOutsideAllIsAsItWas() {
        world.tested.outside(null);
        Frame error = world.send(0, container(0).udp(end(0, false, 4000), PEER, 20), 0);
        assertError(error, false, IcmpHeader.DESTINATION_UNREACHABLE, IcmpHeader.NET_UNREACHABLE, 0, 0);
        assertThat(world.tested.drops(0, DropReason.NO_ROUTE)).isEqualTo(1);
        assertThat(world.tested.ios[0].file(ETH0)).isEqualTo(-1);
    }

    @Test
    void aVerifiedChecksumIsHandedOnAsUnfinished() {
        world.publish(9, IpProtocol.TCP, 8080, 1, 80);
        Frame syn = outside().tcp(PEER, End.of(HOST4, 8080), TcpHeader.SYN, 1, 0, 0);
        VirtioNetHeader.flags(syn.buffer(), 0, VirtioNetHeader.DATA_VALID);
        Frame in = world.arrive(ETH0, syn, 1);
        assertThat(VirtioNetHeader.flags(in.buffer(), 0)).isEqualTo(VirtioNetHeader.NEEDS_CSUM);
        assertThat(NatFrames.checksumsRight(in)).isTrue();
    }

    @Test
    void N14_aStrayOfAContainerIsReset() {
        Frame reset = world.send(0, container(0).tcp(end(0, false, 4000), PEER, TcpHeader.ACK, 1000, 777, 10), 0);
        int at = NatFrames.transport(reset);
        assertThat(TcpHeader.flags(reset.ethernet(), at)).isEqualTo(TcpHeader.RST);
        assertThat(TcpHeader.sequence(reset.ethernet(), at)).isEqualTo(777);
        assertThat(NatFrames.source(reset)).isEqualTo(PEER);
        assertThat(NatFrames.checksumsRight(reset)).isTrue();
    }
}
