package io.tapswitch.core.dataplane;

import static io.tapswitch.core.dataplane.OutsideWorld.ETH0;
import static io.tapswitch.core.dataplane.OutsideWorld.HOST;
import static io.tapswitch.core.dataplane.OutsideWorld.HOST4;
import static io.tapswitch.core.dataplane.OutsideWorld.HOST6;
import static io.tapswitch.core.dataplane.OutsideWorld.LO;
import static io.tapswitch.core.dataplane.OutsideWorld.container;
import static io.tapswitch.core.dataplane.OutsideWorld.end;
import static io.tapswitch.core.dataplane.OutsideWorld.local;
import static io.tapswitch.core.dataplane.OutsideWorld.outside;
import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.core.dataplane.Frames.Frame;
import io.tapswitch.core.dataplane.NatFrames.End;
import io.tapswitch.tapio.PortMarks;
import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.IpProtocol;
import io.tapswitch.wire.TcpHeader;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The way of a packet out and in, with one worker and with two, in both families. */
@ParameterizedClass
@ValueSource(ints = {1, 2})
class OutsideTest {
    private static final int SYN = TcpHeader.SYN;
    private static final int ACK = TcpHeader.ACK;

    private final OutsideWorld world;

    OutsideTest(int workers) {
        world = new OutsideWorld(workers);
    }

    @AfterEach
    void conserved() {
        world.tested.assertConserved();
        assertThat(world.tested.news).isEmpty();
    }

    private static End peer(boolean ipv6, int port) {
        return End.of(ipv6 ? "2001:db8:9::9" : "198.51.100.9", port);
    }

    private static IpAddress hostAddress(boolean ipv6) {
        return IpAddress.parse(ipv6 ? HOST6 : HOST4);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void A_OUT_udpLeavesWithTheHostsAddressAndTheAnswerComesBack(boolean ipv6) {
        for (int port : new int[] {0, 1, 5}) {
            Frame out = world.send(port, container(port).udp(end(port, ipv6, 4000), peer(ipv6, 53), 40), ETH0);
            End mapping = NatFrames.source(out);
            assertThat(mapping.address()).isEqualTo(hostAddress(ipv6));
            assertThat(NatFrames.destination(out)).isEqualTo(peer(ipv6, 53));
            assertThat(NatFrames.ttl(out)).isEqualTo(63);
            assertThat(NatFrames.checksumsRight(out)).isTrue();

            Frame in = world.arrive(ETH0, outside().udp(peer(ipv6, 53), mapping, 60), port);
            assertThat(NatFrames.source(in)).isEqualTo(peer(ipv6, 53));
            assertThat(NatFrames.destination(in)).isEqualTo(end(port, ipv6, 4000));
            assertThat(NatFrames.ttl(in)).isEqualTo(63);
            assertThat(NatFrames.checksumsRight(in)).isTrue();
            assertThat(OutsideWorld.destinationMac(in)).isEqualTo(TestSwitch.mac(port));
            assertThat(OutsideWorld.sourceMac(in)).isEqualTo(OutsideWorld.gatewayMac(port));
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void A_OUT_tcpConnects(boolean ipv6) {
        for (int port : new int[] {0, 1}) {
            Frame syn = world.send(
                    port,
                    NatFrames.partial(container(port).tcp(end(port, ipv6, 4001), peer(ipv6, 443), SYN, 1000, 0, 0)),
                    ETH0);
            assertThat(NatFrames.checksumsRight(syn)).isTrue();
            End mapping = NatFrames.source(syn);
            Frame answer = world.arrive(ETH0, outside().tcp(peer(ipv6, 443), mapping, SYN | ACK, 5000, 1001, 0), port);
            assertThat(NatFrames.destination(answer)).isEqualTo(end(port, ipv6, 4001));
            Frame data = world.send(
                    port, container(port).tcp(end(port, ipv6, 4001), peer(ipv6, 443), ACK, 1001, 5001, 500), ETH0);
            assertThat(NatFrames.source(data)).isEqualTo(mapping);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void A_OUT_pingIsAnswered(boolean ipv6) {
        for (int port : new int[] {0, 1}) {
            Frame out = world.send(port, container(port).echo(end(port, ipv6, 0), peer(ipv6, 0), true, 77, 56), ETH0);
            int identifier = NatFrames.source(out).port();
            Frame reply = outside().echo(peer(ipv6, 0), new End(hostAddress(ipv6), 0), false, identifier, 56);
            Frame in = world.arrive(ETH0, reply, port);
            assertThat(NatFrames.destination(in)).isEqualTo(end(port, ipv6, 77));
            assertThat(NatFrames.checksumsRight(in)).isTrue();
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void A_OUT_aFlowWhoseRouteMovesToAnotherUplinkLeavesWithThatOnesAddress(boolean ipv6) {
        IpAddress other = IpAddress.parse(ipv6 ? OutsideWorld.OTHER6 : OutsideWorld.OTHER4);
        world.send(1, container(1).udp(end(1, ipv6, 4000), peer(ipv6, 53), 40), ETH0);
        world.send(1, container(1).tcp(end(1, ipv6, 4001), peer(ipv6, 443), SYN, 1000, 0, 0), ETH0);
        world.routes.devices.put(peer(ipv6, 0).address(), OutsideWorld.DEVICE_ETH1);
        world.tested.passMs(RouteCache.LIFE_MS);
        Frame out = world.send(1, container(1).udp(end(1, ipv6, 4000), peer(ipv6, 53), 40), OutsideWorld.ETH1);
        assertThat(NatFrames.source(out).address()).isEqualTo(other);
        world.arrive(OutsideWorld.ETH1, outside().udp(peer(ipv6, 53), NatFrames.source(out), 60), 1);
        // The peer knows this connection by another address: it is over, and the container hears of it.
        Frame segment = container(1).tcp(end(1, ipv6, 4001), peer(ipv6, 443), ACK, 1001, 1, 10);
        Frame reset = world.send(1, segment, 1);
        assertThat(TcpHeader.flags(reset.ethernet(), NatFrames.transport(reset)))
                .isEqualTo(TcpHeader.RST);
    }

    @ParameterizedTest
    @CsvSource({"false,6", "true,6", "false,17", "true,17"})
    void A_PORT_aPublishedPortIsReachedFromOutsideWithTheClientsAddress(boolean ipv6, int protocol) {
        for (int port : new int[] {0, 1, 6}) {
            int number = 8080 + port;
            world.publish(port, protocol, number, port, 80);
            End published = new End(hostAddress(ipv6), number);
            Frame in = world.arrive(ETH0, first(protocol, outside(), peer(ipv6, 5000), published), port);
            assertThat(NatFrames.source(in)).isEqualTo(peer(ipv6, 5000));
            assertThat(NatFrames.destination(in)).isEqualTo(end(port, ipv6, 80));
            assertThat(NatFrames.checksumsRight(in)).isTrue();
            Frame out =
                    world.send(port, answer(protocol, container(port), end(port, ipv6, 80), peer(ipv6, 5000)), ETH0);
            assertThat(NatFrames.source(out)).isEqualTo(published);
            assertThat(NatFrames.destination(out)).isEqualTo(peer(ipv6, 5000));
            assertThat(NatFrames.checksumsRight(out)).isTrue();
        }
    }

    @ParameterizedTest
    @CsvSource({"false,6,127.0.0.1", "true,6,::1", "false,17,127.0.0.1", "true,17,::1", "false,6,192.0.2.1"})
    void A_PORT_16_aPublishedPortIsReachedFromTheHostByLo(boolean ipv6, int protocol, String client) {
        for (int port : new int[] {0, 1, 6}) {
            int number = 8080 + port;
            world.publish(port, protocol, number, port, 80);
            End from = End.of(client, 40_000);
            End published = End.of(client, number);
            Frame in = world.arrive(LO, first(protocol, local(), from, published), port);
            String gateway = (ipv6 ? "fd0" + port / 4 + "::1" : "10." + port / 4 + ".0.1");
            String shown = client.equals(HOST4) ? client : gateway;
            assertThat(NatFrames.source(in).address()).isEqualTo(IpAddress.parse(shown));
            assertThat(NatFrames.destination(in)).isEqualTo(end(port, ipv6, 80));
            Frame out =
                    world.send(port, answer(protocol, container(port), end(port, ipv6, 80), NatFrames.source(in)), LO);
            assertThat(NatFrames.source(out)).isEqualTo(published);
            assertThat(NatFrames.destination(out)).isEqualTo(from);
            assertThat(OutsideWorld.destinationMac(out)).isZero();
            assertThat(NatFrames.checksumsRight(out)).isTrue();
        }
    }

    @ParameterizedTest
    @CsvSource({
        "false,6,0,0",
        "false,17,0,0",
        "true,6,0,0",
        "true,17,0,0",
        "false,6,0,2",
        "false,17,0,1",
        "true,6,0,1",
        "true,17,0,2",
        "false,6,0,5",
        "false,17,0,4",
        "true,6,1,4",
        "true,17,1,6"
    })
    void N27_aPublishedPortIsReachedByHairpin(boolean ipv6, int protocol, int client, int server) {
        world.publish(9, protocol, 8080, server, 80);
        End published = new End(hostAddress(ipv6), 8080);
        Frame in = world.send(client, first(protocol, container(client), end(client, ipv6, 5000), published), server);
        End mapping = NatFrames.source(in);
        assertThat(mapping.address()).isEqualTo(hostAddress(ipv6));
        assertThat(NatFrames.destination(in)).isEqualTo(end(server, ipv6, 80));
        assertThat(NatFrames.ttl(in)).isEqualTo(63);
        assertThat(NatFrames.checksumsRight(in)).isTrue();
        Frame back = world.send(server, answer(protocol, container(server), end(server, ipv6, 80), mapping), client);
        assertThat(NatFrames.source(back)).isEqualTo(published);
        assertThat(NatFrames.destination(back)).isEqualTo(end(client, ipv6, 5000));
        assertThat(NatFrames.ttl(back)).isEqualTo(63);
        assertThat(NatFrames.checksumsRight(back)).isTrue();
    }

    private static Frame first(int protocol, NatFrames frames, End from, End to) {
        return protocol == IpProtocol.TCP ? frames.tcp(from, to, SYN, 1000, 0, 0) : frames.udp(from, to, 30);
    }

    private static Frame answer(int protocol, NatFrames frames, End from, End to) {
        return protocol == IpProtocol.TCP ? frames.tcp(from, to, SYN | ACK, 5000, 1001, 0) : frames.udp(from, to, 50);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void theHostsOtherPortsAreTheHostsAndKnowTheContainerByItsOwnAddress(boolean ipv6) {
        for (int port : new int[] {0, 1}) {
            End service = new End(hostAddress(ipv6), 22);
            Frame seen = world.send(port, container(port).tcp(end(port, ipv6, 4001), service, SYN, 1, 0, 0), HOST);
            assertThat(NatFrames.source(seen)).isEqualTo(end(port, ipv6, 4001));
            assertThat(NatFrames.ttl(seen)).isEqualTo(64);
            world.send(port, container(port).tcp(end(port, ipv6, 4001), service, ACK, 2, 9, 100), HOST);
            world.send(port, container(port).echo(end(port, ipv6, 0), service, true, 7, 10), HOST);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void N19_anErrorFromOutsideReachesWhoSentThePacket(boolean ipv6) {
        for (int port : new int[] {0, 1}) {
            Frame out = world.send(port, container(port).udp(end(port, ipv6, 4000), peer(ipv6, 53), 20), ETH0);
            End router = End.of(ipv6 ? "2001:db8:7::7" : "198.51.100.7", 0);
            Frame error = outside().portUnreachable(router, NatFrames.source(out), out);
            // The kernel steers it by the port of what it quotes.
            world.tested.written.clear();
            world.tested.arrive(ETH0, port % world.workers, error);
            world.tested.settle();
            Frame in = world.one(port);
            assertThat(NatFrames.sourceAddress(in)).isEqualTo(router.address());
            assertThat(NatFrames.source(NatFrames.quoted(in))).isEqualTo(end(port, ipv6, 4000));
            assertThat(NatFrames.checksumsRight(in)).isTrue();
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void N19_aContainersErrorReachesThePeerInTheHostsName(boolean ipv6) {
        for (int port : new int[] {0, 1}) {
            world.publish(port, IpProtocol.UDP, 8080 + port, port, 80);
            End published = new End(hostAddress(ipv6), 8080 + port);
            Frame in = world.arrive(ETH0, outside().udp(peer(ipv6, 5000), published, 20), port);
            Frame error = container(port).portUnreachable(end(port, ipv6, 80), peer(ipv6, 5000), in);
            Frame out = world.send(port, error, ETH0);
            assertThat(NatFrames.sourceAddress(out)).isEqualTo(hostAddress(ipv6));
            assertThat(NatFrames.destination(NatFrames.quoted(out))).isEqualTo(published);
            assertThat(NatFrames.checksumsRight(out)).isTrue();
        }
    }

    @ParameterizedTest
    @CsvSource({"false,0,1", "true,0,1", "false,0,0", "false,0,2", "true,1,4"})
    void N27_anErrorAboutAHairpinReachesTheClient(boolean ipv6, int client, int server) {
        world.publish(9, IpProtocol.UDP, 8080, server, 80);
        End published = new End(hostAddress(ipv6), 8080);
        Frame in = world.send(client, container(client).udp(end(client, ipv6, 5000), published, 20), server);
        Frame error = container(server).portUnreachable(end(server, ipv6, 80), NatFrames.source(in), in);
        Frame back = world.send(server, error, client);
        assertThat(NatFrames.sourceAddress(back)).isEqualTo(hostAddress(ipv6));
        Frame quoted = NatFrames.quoted(back);
        assertThat(NatFrames.source(quoted)).isEqualTo(end(client, ipv6, 5000));
        assertThat(NatFrames.destination(quoted)).isEqualTo(published);
        assertThat(NatFrames.checksumsRight(back)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void B10_anotherNetworkIsNotReachedByTheWayOut(boolean ipv6) {
        Frame frame = container(0).udp(end(0, ipv6, 4000), end(5, ipv6, 80), 10);
        world.send(0, frame, 0);
        assertThat(world.drops()).containsOnlyKeys(DropReason.ISOLATED);
    }

    @Test
    void portsThatADaemonBeforeMarkedAndNobodyHasAreTheHostsAgain() {
        world.publish(1, IpProtocol.TCP, 8080, 0, 80);
        End mapping = NatFrames.source(world.send(0, container(0).udp(end(0, false, 4000), peer(false, 53), 40), ETH0));
        int slot = OutsideWorld.ADDRESSES.indexOf(HOST4);
        PortMarks now = PortMarks.inMemory();
        now.mark(PortMarks.UDP, mapping.port(), 0);
        now.mark(PortMarks.UDP, 5555, 0);
        now.mark(PortMarks.TCP, 8080, 0);
        now.mark(PortMarks.TCP, 6666, world.workers + 3);
        now.mark(PortMarks.ICMP_ID, 77, world.workers - 1);
        now.markTunnel(4789);
        world.marks.put(slot, now);
        world.take();
        assertThat(now.owner(PortMarks.UDP, mapping.port())).isZero();
        assertThat(now.owner(PortMarks.TCP, 8080)).isZero();
        assertThat(now.owner(PortMarks.UDP, 5555)).isEqualTo(-1);
        assertThat(now.owner(PortMarks.TCP, 6666)).isEqualTo(-1);
        assertThat(now.owner(PortMarks.ICMP_ID, 77)).isEqualTo(-1);
        assertThat(now.isTunnel(4789)).as("it is no worker's").isTrue();
    }
}
