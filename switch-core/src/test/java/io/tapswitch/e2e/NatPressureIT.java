package io.tapswitch.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.lab.Background;
import io.tapswitch.lab.Capture;
import io.tapswitch.lab.Flow;
import io.tapswitch.lab.Held;
import io.tapswitch.lab.Json;
import io.tapswitch.lab.Lab;
import io.tapswitch.lab.LabContainer;
import io.tapswitch.lab.LabNamespace;
import io.tapswitch.lab.Outside;
import io.tapswitch.lab.Talk;
import io.tapswitch.lab.UdpSocket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** NAT with more flows than ports, and with one container that wants them all: N3, N16, N17. */
@Tag("netns")
@Timeout(600)
final class NatPressureIT {
    @RegisterExtension
    static final Lab LAB = Lab.withOutside();

    private static final int CONNECTIONS = 70_000;
    private static final int CLIENTS = 5;
    private static final int SERVERS = 6;
    /** More than a worker's table has; the requirement's million where there is time for it. */
    private static final int FLOOD = Boolean.getBoolean("soak") ? 1_000_000 : 300_000;

    private static LabNamespace remote() {
        return LAB.outside().router();
    }

    @Test
    void N3_R12_seventyThousandConnectionsToTwoDestinationsAndTheirEndHoldsUpNobody() {
        LabContainer other = LAB.attached("other");
        for (int i = 0; i < SERVERS; i++) {
            LAB.closing(remote().startTalk("answer", "tcp", Talk.PORT, "share", 1));
        }
        List<Held> all = new ArrayList<>();
        for (int i = 0; i < CLIENTS; i++) {
            LabContainer client = LAB.attached("client" + i);
            all.add(LAB.closing(Held.open(
                    client,
                    Duration.ofMinutes(3),
                    CONNECTIONS / CLIENTS / 2,
                    Talk.target(Outside.ONE, Talk.PORT),
                    Talk.target(Outside.TWO, Talk.PORT))));
        }
        assertThat(all.stream().mapToLong(Held::count).sum())
                .as(
                        "failed: %s",
                        all.stream().map(held -> held.failed().toString()).toList())
                .isEqualTo(CONNECTIONS);
        all.forEach(Held::assertAlive);
        try (Flow flow = Flow.start(other, Outside.TWO, remote(), 200)) {
            for (int i = 0; i < CLIENTS; i++) {
                LAB.cli("rm", "-f", "client" + i);
            }
            Flow.Result result = flow.end();
            System.out.printf("N3: longest gap while %d flows end: %.0f ms%n", CONNECTIONS, result.longestGapMs());
            assertThat(result.sent() - result.received()).as("%s", result).isZero();
            assertThat(result.longestGapMs()).as("ms").isLessThan(1_000);
        }
    }

    @Test
    void N16_N17_oneContainersFloodOfFlowsHarmsNobodyElse() {
        LabContainer hostile = LAB.attached("hostile");
        LabContainer other = LAB.attached("other");
        String mac = hostile.mac("172.17.0.1");
        try (Background server = Talk.answer(remote());
                Held held = Held.open(other, 10, Talk.target(Outside.ONE, Talk.PORT));
                UdpSocket own = UdpSocket.bind(hostile, "0.0.0.0", 900);
                UdpSocket friend = UdpSocket.bind(remote(), Outside.TWO, 7001);
                Capture told = Capture.in(hostile, "icmp[0] = 3 and icmp[1] = 13");
                Flow flow = Flow.start(other, Outside.ONE, remote(), 200)) {
            held.all(10).assertAlive();
            own.send(Outside.TWO, 7001, "mine");
            int port = friend.hears("mine").port();
            friend.send(Outside.HOST, port, "yours");
            own.hears("yours");
            try (Background flood = hostile.startTalkUnready(
                    "flood", "source", "172.17.0.2", "to", "192.0.2.99", "mac", mac, "count", FLOOD, "rate", 100_000)) {
                while (flood.alive()) {
                    Talk.ask(other, "tcp", Outside.TWO, Talk.PORT).as(Outside.HOST);
                    Talk.ask(other, "udp", Outside.TWO, Talk.PORT).as(Outside.HOST);
                }
                Json sent = Json.parse(flood.await(Duration.ofSeconds(60)).ok().lastLine());
                assertThat(sent.number("sent")).isEqualTo(FLOOD);
            }
            held.assertAlive();
            Flow.Result result = flow.end();
            assertThat(result.sent() - result.received())
                    .as("datagrams that another container's flow lost: %s", result)
                    .isZero();
            told.awaitLine("admin prohibited");
            own.send(Outside.TWO, 7001, "still mine");
            assertThat(friend.hears("still mine").port()).isEqualTo(port);
            assertThat(server.alive()).isTrue();
        }
    }
}
