package io.tapswitch.nat;

import static io.tapswitch.nat.NatWorld.A;
import static io.tapswitch.nat.NatWorld.ACK;
import static io.tapswitch.nat.NatWorld.C;
import static io.tapswitch.nat.NatWorld.RST;
import static io.tapswitch.nat.NatWorld.SYN;
import static io.tapswitch.nat.NatWorld.TCP;
import static io.tapswitch.nat.NatWorld.UDP;
import static io.tapswitch.nat.NatWorld.destination;
import static io.tapswitch.nat.NatWorld.segment;
import static io.tapswitch.nat.NatWorld.source;
import static io.tapswitch.nat.NatWorld.syn;
import static io.tapswitch.nat.NatWorld.udp;
import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.IpProtocol;
import java.util.HashSet;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** One peer and one of its ports at two published ports of one service: both work, and none is taken for the other. */
class SeenPeersTest {
    private static final String HOST = "192.0.2.1";
    private static final String HOST6 = "2001:db8::1";
    private static final String PEER = "198.51.100.7";
    private static final String PEER6 = "2001:db8:7::7";

    private NatWorld world = new NatWorld();

    private static Stream<Arguments> protocolsAndFamilies() {
        return Stream.of(TCP, UDP, IpProtocol.SCTP)
                .flatMap(protocol -> Stream.of(Arguments.of(protocol, false), Arguments.of(protocol, true)));
    }

    /** Ports 8080 and 8081 lead to A's port 80. */
    private void publishTwice(int protocol) {
        for (int id = 1; id <= 2; id++) {
            world.publish(id, DnatRule.ANY, protocol, 8079 + id, A, 80);
            world.publish6(id, DnatRule.ANY, protocol, 8079 + id, A, 80);
        }
        world.take();
    }

    private static Packet packet(int protocol, String from, int fromPort, String to, int toPort, int flags) {
        return protocol == TCP
                ? segment(from, fromPort, to, toPort, flags, 1000, flags == SYN ? 0 : 1001, 0)
                : Packets.of(
                        protocol,
                        NatWorld.address(from),
                        fromPort,
                        NatWorld.address(to),
                        toPort,
                        NatWorld.DATA.clone());
    }

    /** {@return the port under which A sees the sender, who goes to one of the published ports} */
    private int arrives(int protocol, String from, int fromPort, String to, int toPort) {
        Packet packet = packet(protocol, from, fromPort, to, toPort, SYN);
        world.arrives(A, packet);
        return port(packet, from);
    }

    /** {@return the port of a packet's source, which has that address} */
    private static int port(Packet packet, String address) {
        assertThat(source(packet)).startsWith(address + " ");
        return Integer.parseInt(source(packet).substring(address.length() + 1));
    }

    private void fromHost(Packet packet) {
        assertThat(world.fromHost(packet)).isEqualTo(NatEngine.FORWARD);
        assertThat(packet.isValid()).isTrue();
    }

    private void answers(Packet answer, String from, String to) {
        assertThat(world.out(A, answer, false)).isEqualTo(NatEngine.FORWARD);
        assertThat(answer.isValid()).isTrue();
        assertThat(source(answer)).isEqualTo(from);
        assertThat(destination(answer)).isEqualTo(to);
    }

    @ParameterizedTest
    @MethodSource("protocolsAndFamilies")
    void N28_aPeersSecondFlowToOneServiceIsShownWithAnotherPort(int protocol, boolean ipv6) {
        publishTwice(protocol);
        String peer = ipv6 ? PEER6 : PEER;
        String host = ipv6 ? HOST6 : HOST;
        String inside = ipv6 ? A.ipv6 : A.ipv4;
        assertThat(arrives(protocol, peer, 602, host, 8080)).isEqualTo(602);
        int seen = arrives(protocol, peer, 602, host, 8081);
        assertThat(seen).isGreaterThanOrEqualTo(1024);

        answers(packet(protocol, inside, 80, peer, 602, SYN | ACK), host + " 8080", peer + " 602");
        answers(packet(protocol, inside, 80, peer, seen, SYN | ACK), host + " 8081", peer + " 602");
        Packet more = packet(protocol, peer, 602, host, 8081, ACK);
        world.arrives(A, more);
        assertThat(source(more)).isEqualTo(peer + " " + seen);
        assertThat(destination(more)).isEqualTo(inside + " 80");
        more = packet(protocol, peer, 602, host, 8080, ACK);
        world.arrives(A, more);
        assertThat(source(more)).isEqualTo(peer + " 602");

        // Who looks at the flows is told of the peer's own port.
        Set<String> shown = new HashSet<>();
        world.engine.flows(
                0, 100, (flows, slot, endsMs) -> shown.add(flows.outsidePort(slot) + " " + flows.peerPort(slot)));
        assertThat(shown).containsExactlyInAnyOrder("8080 602", "8081 602");
    }

    @Test
    void N28_whoseOwnPortIsTakenByAnotherHasToGetOneToo() {
        publishTwice(UDP);
        arrives(UDP, PEER, 6002, HOST, 8080);
        int seen = arrives(UDP, PEER, 6002, HOST, 8081);
        int later = arrives(UDP, PEER, seen, HOST, 8080);
        assertThat(later).isNotIn(6002, seen);
        answers(udp(A.ipv4, 80, PEER, later), HOST + " 8080", PEER + " " + seen);
        answers(udp(A.ipv4, 80, PEER, seen), HOST + " 8081", PEER + " 6002");
        assertThat(arrives(UDP, "198.51.100.8", seen, HOST, 8080)).isEqualTo(seen);
        world.rules.removeIf(rule -> rule.id() == 1);
        world.take();
        assertThat(arrives(UDP, PEER, 6002, HOST, 8081)).isEqualTo(seen);
        assertThat(world.engine.count(NatCounter.FLOWS)).isEqualTo(1);
    }

    @Test
    void N28_aConnectionThatIsOverKeepsWhatTheContainerMayRemember() {
        publishTwice(TCP);
        arrives(TCP, PEER, 6002, HOST, 8080);
        answers(segment(A.ipv4, 80, PEER, 6002, RST | ACK, 0, 1001, 0), HOST + " 8080", PEER + " 6002");
        int seen = arrives(TCP, PEER, 6002, HOST, 8081);
        assertThat(seen).isNotEqualTo(6002);
        answers(segment(A.ipv4, 80, PEER, seen, SYN | ACK, 9, 1001, 0), HOST + " 8081", PEER + " 6002");
    }

    @Test
    void N6_theSearchIsBoundedAndWhatIsOverGivesWayAtLast() {
        world = new NatWorld(new FlowLimits(1 << 17, 64, 8, 1 << 17));
        publishTwice(TCP);
        for (int port = 1024; port < 0x1_0000; port++) {
            assertThat(world.in(syn(PEER, port, HOST, 8080))).isEqualTo(NatEngine.FORWARD);
        }
        assertThat(world.dropped(world.in(syn(PEER, 6002, HOST, 8081)))).isEqualTo(NatDrop.FLOW_CLASH);
        assertThat(world.engine.answer()).isEqualTo(NatEngine.SILENCE);
        assertThat(arrives(TCP, PEER, 600, HOST, 8081)).isEqualTo(600);
        answers(segment(A.ipv4, 80, PEER, 6002, RST | ACK, 0, 1001, 0), HOST + " 8080", PEER + " 6002");
        assertThat(arrives(TCP, PEER, 6002, HOST, 8081)).isEqualTo(6002);
        answers(segment(A.ipv4, 80, PEER, 6002, SYN | ACK, 9, 1001, 0), HOST + " 8081", PEER + " 6002");
    }

    @Test
    void N5_whichPortItIsNobodyCanSay() {
        world = new NatWorld(new FlowLimits(1 << 13, 64, 8, 1 << 13));
        publishTwice(UDP);
        int[] bins = new int[16];
        for (int port = 2000; port < 3000; port++) {
            arrives(UDP, PEER, port, HOST, 8080);
            int seen = arrives(UDP, PEER, port, HOST, 8081);
            bins[(seen - 1024) * 16 / (0x1_0000 - 1024)]++;
        }
        // 62 or 63 are to be expected; 8 standard deviations are 61.
        for (int count : bins) {
            assertThat(count).isBetween(2, 123);
        }
    }

    @Test
    void P10_clientsOnTheHostThatAreAllShownAsTheGatewayAreKeptApart() {
        publishTwice(TCP);
        Packet one = syn("127.0.0.1", 6002, "127.0.0.1", 8080);
        Packet other = syn("127.0.0.2", 6002, "127.0.0.1", 8080);
        Packet gateway = syn("10.9.0.1", 6002, "10.9.0.1", 8080);
        fromHost(one);
        fromHost(other);
        fromHost(gateway);
        Set<Integer> ports = Set.of(port(one, "10.9.0.1"), port(other, "10.9.0.1"), port(gateway, "10.9.0.1"));
        assertThat(ports).hasSize(3).contains(6002);
        int seen = port(other, "10.9.0.1");
        answers(segment(A.ipv4, 80, "10.9.0.1", seen, SYN | ACK, 5, 1001, 0), "127.0.0.1 8080", "127.0.0.2 6002");
        seen = port(gateway, "10.9.0.1");
        answers(segment(A.ipv4, 80, "10.9.0.1", seen, SYN | ACK, 5, 1001, 0), "10.9.0.1 8080", "10.9.0.1 6002");
        answers(segment(A.ipv4, 80, "10.9.0.1", 6002, SYN | ACK, 5, 1001, 0), "127.0.0.1 8080", "127.0.0.1 6002");
    }

    @Test
    void P10_theGatewaysOwnAddressIsNotTakenForLoopback() {
        String[] clients = {"fd09::1", "::1"};
        world.addresses.add(NatWorld.outside(5, "fd09::1"));
        for (int first = 0; first < 2; first++) {
            publishTwice(UDP);
            String own = clients[first];
            String later = clients[1 - first];
            Packet packet = udp(own, 6002, own, 8080);
            fromHost(packet);
            assertThat(source(packet)).isEqualTo("fd09::1 6002");
            packet = udp(later, 6002, later, 8080);
            fromHost(packet);
            int seen = port(packet, "fd09::1");
            assertThat(seen).isNotEqualTo(6002);

            answers(udp(A.ipv6, 80, "fd09::1", 6002), own + " 8080", own + " 6002");
            answers(udp(A.ipv6, 80, "fd09::1", seen), later + " 8080", later + " 6002");
            Packet complaint =
                    Packets.icmp(1, 4, Packets.address(A.ipv6), Packets.address("fd09::1"), 0, packet.bytes());
            answers(complaint, later + " 0", later + " 0");
            assertThat(PublishedPortTest.quoted(complaint)).isEqualTo(later + " 6002 > " + later + " 8080");
            world.rules.clear();
            world.take();
        }
    }

    @ParameterizedTest
    @EnumSource
    void N27_aContainersOnePortAtTwoPublishedOnesOfAContainer(NatWorld.Container server) {
        for (int id = 1; id <= 2; id++) {
            world.publish(id, DnatRule.ANY, UDP, 8052 + id, server, 53);
        }
        world.take();
        Packet[] questions = {udp(A.ipv4, 6001, HOST, 8053), udp(A.ipv4, 6001, HOST, 8054)};
        for (Packet question : questions) {
            // Both leave by one mapping (N1), so the server would see one client.
            assertThat(world.sent(A, question)).isEqualTo(6001);
            assertThat(world.hairpin(question)).isEqualTo(NatEngine.FORWARD);
            assertThat(world.engine.endpoint()).isEqualTo(server.id);
            assertThat(question.isValid()).isTrue();
        }
        assertThat(port(questions[0], HOST)).isEqualTo(6001);
        assertThat(port(questions[1], HOST)).isNotEqualTo(6001);
        for (int i = 1; i >= 0; i--) {
            Packet answer = udp(server.ipv4, 53, HOST, port(questions[i], HOST));
            assertThat(world.out(server, answer, false)).isEqualTo(NatEngine.FORWARD);
            assertThat(destination(answer)).isEqualTo(HOST + " 6001");
            assertThat(world.hairpin(answer)).isEqualTo(NatEngine.FORWARD);
            assertThat(world.engine.endpoint()).isEqualTo(A.id);
            assertThat(answer.isValid()).isTrue();
            assertThat(source(answer)).isEqualTo(HOST + " " + (8053 + i));
            assertThat(destination(answer)).isEqualTo(A.ipv4 + " 6001");
        }
        Packet complaint =
                Packets.icmp(3, 3, Packets.address(server.ipv4), Packets.address(HOST), 0, questions[1].bytes());
        assertThat(world.out(server, complaint, false)).isEqualTo(NatEngine.FORWARD);
        assertThat(world.hairpin(complaint)).isEqualTo(NatEngine.FORWARD);
        assertThat(complaint.isValid()).isTrue();
        assertThat(PublishedPortTest.quoted(complaint)).isEqualTo(A.ipv4 + " 6001 > " + HOST + " 8054");
    }

    @ParameterizedTest
    @MethodSource("protocolsAndFamilies")
    void N19_errorsQuoteWhatTheirReceiverKnows(int protocol, boolean ipv6) {
        publishTwice(protocol);
        String peer = ipv6 ? PEER6 : PEER;
        String host = ipv6 ? HOST6 : HOST;
        String inside = ipv6 ? A.ipv6 : A.ipv4;
        String router = ipv6 ? "2001:db8:9::9" : "203.0.113.1";
        int unreachable = ipv6 ? 1 : 3;
        arrives(protocol, peer, 6002, host, 8080);
        Packet question = packet(protocol, peer, 6002, host, 8081, SYN);
        world.arrives(A, question);
        int seen = port(question, peer);

        Packet complaint =
                Packets.icmp(unreachable, 3, Packets.address(inside), Packets.address(peer), 0, question.bytes());
        answers(complaint, host + " 0", peer + " 0");
        assertThat(PublishedPortTest.quoted(complaint)).isEqualTo(peer + " 6002 > " + host + " 8081");

        Packet answer = packet(protocol, inside, 80, peer, seen, SYN | ACK);
        answers(answer, host + " 8081", peer + " 6002");
        Packet lost = Packets.icmp(unreachable, 1, Packets.address(router), Packets.address(host), 0, answer.bytes());
        world.arrives(A, lost);
        assertThat(source(lost)).isEqualTo(router + " 0");
        assertThat(destination(lost)).isEqualTo(inside + " 0");
        assertThat(PublishedPortTest.quoted(lost)).isEqualTo(inside + " 80 > " + peer + " " + seen);
    }

    @Test
    void N4_alsoAtAMappingThatIsOpenToAll() {
        world.networks.set(1, new NatVersion.InsideNetwork(1, IpAddress.parse("10.9.0.1"), null, true));
        world.publish(1, DnatRule.ANY, UDP, 8080, C, 5000);
        world.take();
        int port = world.sent(C, udp(C.ipv4, 5000, "203.0.113.9", 53));
        world.arrives(C, udp(PEER, 6002, HOST, 8080));
        Packet unasked = udp(PEER, 6002, HOST, port);
        world.arrives(C, unasked);
        int seen = port(unasked, PEER);
        assertThat(seen).isNotEqualTo(6002);
        Packet answer = udp(C.ipv4, 5000, PEER, seen);
        assertThat(world.sent(C, answer)).isEqualTo(port);
        assertThat(destination(answer)).isEqualTo(PEER + " 6002");
        // What the container itself sends to the peer belongs to the flow by which it sees it.
        assertThat(world.sent(C, udp(C.ipv4, 5000, PEER, 6002))).isEqualTo(8080);
    }

    @Test
    void R4_anotherProcessShowsThePeerWithTheSamePort() {
        publishTwice(TCP);
        arrives(TCP, PEER, 6002, HOST, 8080);
        int seen = arrives(TCP, PEER, 6002, HOST, 8081);
        answers(segment(A.ipv4, 80, PEER, seen, SYN | ACK, 1000, 1001, 0), HOST + " 8081", PEER + " 6002");
        for (int life = 0; life < 3; life++) {
            world.open();
            assertThat(world.engine.count(NatCounter.RECOVERED)).isEqualTo(2);
            assertThat(world.engine.count(NatCounter.TORN)).isZero();
            world.take();
            Packet segment = segment(PEER, 6002, HOST, 8081, ACK, 1001, 1001, 0);
            world.arrives(A, segment);
            assertThat(source(segment)).isEqualTo(PEER + " " + seen);
            answers(segment(A.ipv4, 80, PEER, seen, ACK, 1001, 1001, 5), HOST + " 8081", PEER + " 6002");
            answers(segment(A.ipv4, 80, PEER, 6002, SYN | ACK, 9, 1001, 0), HOST + " 8080", PEER + " 6002");
        }
        assertThat(world.engine.count(NatCounter.FLOWS)).isEqualTo(2);
    }
}
