package io.tapswitch.nat;

import static io.tapswitch.nat.NatWorld.A;
import static io.tapswitch.nat.NatWorld.ACK;
import static io.tapswitch.nat.NatWorld.B;
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

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** R4: another process takes the flows over, and what they do not fit any more goes with its first version. */
class NatRecoveryTest {
    private static final String PEER = "198.51.100.7";

    private final NatWorld world = new NatWorld();
    private int port;

    @BeforeEach
    void connections() {
        world.publish(1, DnatRule.ANY, TCP, 8080, B, 80);
        world.take();
        world.sent(B, syn(B.ipv4, 6000, PEER, 81));
        port = world.sent(A, syn(A.ipv4, 6000, PEER, 80));
        world.arrives(A, segment(PEER, 80, "192.0.2.1", port, SYN | ACK, 5000, 1001, 0));
        world.sent(A, segment(A.ipv4, 6000, PEER, 80, ACK, 1001, 5001, 0));
        world.arrives(B, syn(PEER, 7000, "192.0.2.1", 8080));
        world.sent(B, segment(B.ipv4, 80, PEER, 7000, SYN | ACK, 5000, 1001, 0));
        world.arrives(B, segment(PEER, 7000, "192.0.2.1", 8080, ACK, 1001, 5001, 0));
        assertThat(port).isNotEqualTo(6000);
    }

    private void kill() {
        world.owned.clear();
        world.nowMs += 700;
        world.open();
    }

    private void goesOn() {
        Packet out = segment(A.ipv4, 6000, PEER, 80, ACK, 1001, 5001, 10);
        assertThat(world.sent(A, out)).isEqualTo(port);
        world.arrives(A, segment(PEER, 80, "192.0.2.1", port, ACK, 5001, 1011, 10));
        world.arrives(B, segment(PEER, 7000, "192.0.2.1", 8080, ACK, 1001, 5001, 10));
        Packet answer = segment(B.ipv4, 80, PEER, 7000, ACK, 5001, 1011, 10);
        world.sent(B, answer);
        assertThat(source(answer)).isEqualTo("192.0.2.1 8080");
    }

    @Test
    void R4_connectionsGoOnWithTheirPorts() {
        kill();
        assertThat(world.engine.count(NatCounter.RECOVERED)).isEqualTo(3);
        assertThat(world.engine.count(NatCounter.FLOWS)).isEqualTo(3);
        world.take();
        assertThat(world.owned).containsExactlyInAnyOrder("0/6/6000", "0/6/" + port);
        goesOn();
        assertThat(world.engine.count(NatCounter.REMOVED)).isZero();
    }

    @Test
    void R4_alsoBeforeTheFirstVersionComes() {
        kill();
        goesOn();
        assertThat(world.dropped(world.out(A, udp(A.ipv4, 1, PEER, 1)))).isEqualTo(NatDrop.UNKNOWN_ENDPOINT);
        assertThat(world.dropped(world.in(syn(PEER, 7001, "192.0.2.1", 8080)))).isEqualTo(NatDrop.NO_MAPPING);
        world.take();
        goesOn();
    }

    @Test
    void R4_windowsHoldAgainWhenBothSidesWereHeard() {
        kill();
        world.take();
        goesOn();
        assertThat(world.dropped(world.in(segment(PEER, 80, "192.0.2.1", port, RST, 900_000_000, 0, 0))))
                .isEqualTo(NatDrop.TCP_RESET_WINDOW);
    }

    @Test
    void R4_portsOfRecoveredFlowsAreNotGivenAgain() {
        kill();
        world.take();
        for (int i = 0; i < 500; i++) {
            assertThat(world.sent(A, udp(A.ipv4, 2000 + i, PEER, 53))).isPositive();
        }
        assertThat(world.sent(A, syn(A.ipv4, port, PEER, 53))).isNotEqualTo(port);
        assertThat(world.sent(A, segment(A.ipv4, 6000, PEER, 8888, SYN, 1, 0, 0)))
                .isEqualTo(port);
    }

    @Test
    void R4_N29_whatIsGoneMeanwhileTakesItsFlowsWithIt() {
        kill();
        world.endpoints.remove(NatWorld.endpoint(A));
        world.take();
        assertThat(world.engine.count(NatCounter.FLOWS)).isEqualTo(2);
        assertThat(world.owned).containsExactly("0/6/6000");
        kill();
        world.rules.clear();
        world.take();
        assertThat(world.engine.count(NatCounter.FLOWS)).isEqualTo(1);
        kill();
        world.addresses.set(0, NatWorld.outside(NatWorld.HOST, "192.0.2.99"));
        world.take();
        assertThat(world.engine.count(NatCounter.FLOWS)).isZero();
        assertThat(world.owned).isEmpty();
    }

    @Test
    void R4_aPortThatWasPublishedMeanwhileStaysItsFlowsOnly() {
        kill();
        world.publish(2, DnatRule.ANY, TCP, port, port, B.ipv4, B, 22);
        world.take();
        goesOn();
        assertThat(world.owned).containsExactly("0/6/6000");
        assertThat(world.sent(A, syn(A.ipv4, 6000, PEER, 8888))).isNotEqualTo(port);
    }

    @Test
    void N14_unknownConnectionsAreTakenUpForAWhile() {
        kill();
        world.take();
        int taken = world.sent(A, segment(A.ipv4, 9000, PEER, 80, ACK, 1, 1, 10));
        world.arrives(A, segment(PEER, 80, "192.0.2.1", taken, ACK, 1, 11, 10));
        world.nowMs += NatEngine.LOOSE_MS;
        assertThat(world.dropped(world.out(A, segment(A.ipv4, 9001, PEER, 80, ACK, 1, 1, 10))))
                .isEqualTo(NatDrop.TCP_STRAY);
    }

    @Test
    void R4_aHostsOwnClientIsStillShownAsTheGateway() {
        Packet question = syn("127.0.0.1", 6002, "127.0.0.1", 8080);
        assertThat(world.fromHost(question)).isEqualTo(NatEngine.FORWARD);
        world.publish6(1, DnatRule.ANY, TCP, 8080, B, 80);
        world.take();
        assertThat(world.fromHost(syn("::1", 6002, "::1", 8080))).isEqualTo(NatEngine.FORWARD);
        kill();
        world.take();
        assertThat(world.engine.count(NatCounter.FLOWS)).isEqualTo(5);
        Packet answer = segment(B.ipv4, 80, "10.9.0.1", 6002, SYN | ACK, 5, 1001, 0);
        assertThat(world.out(B, answer, false)).isEqualTo(NatEngine.FORWARD);
        assertThat(destination(answer)).isEqualTo("127.0.0.1 6002");
        Packet six = segment(B.ipv6, 80, "fd09::1", 6002, SYN | ACK, 5, 1001, 0);
        assertThat(world.out(B, six, false)).isEqualTo(NatEngine.FORWARD);
        assertThat(destination(six)).isEqualTo("::1 6002");
    }

    @Test
    void N9_anUnansweredFlowStillEndsAtItsTime() {
        world.sent(A, udp(A.ipv4, 6000, PEER, 53));
        kill();
        world.take();
        world.nowMs += 122_000;
        world.engine.tick(world.nowMs, 100);
        assertThat(world.engine.count(NatCounter.EXPIRED)).isEqualTo(1);
        assertThat(world.owned).noneMatch(name -> name.startsWith("0/" + UDP));
    }
}
