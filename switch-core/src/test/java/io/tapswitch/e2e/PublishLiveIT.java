package io.tapswitch.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.lab.Background;
import io.tapswitch.lab.Eventually;
import io.tapswitch.lab.Hammer;
import io.tapswitch.lab.Held;
import io.tapswitch.lab.Lab;
import io.tapswitch.lab.LabContainer;
import io.tapswitch.lab.LabNamespace;
import io.tapswitch.lab.Outside;
import io.tapswitch.lab.Talk;
import io.tapswitch.lab.UdpSocket;
import io.tapswitch.lab.World;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Published ports that change while everything runs: A-PORT-19, A-PORT-20, P5, P8, P9, N29. */
@Tag("netns")
@Timeout(120)
final class PublishLiveIT {
    @RegisterExtension
    static final Lab LAB = Lab.withOutside();

    private static LabNamespace remote() {
        return LAB.outside().router();
    }

    @Test
    void A_PORT_19_aMappingFollowsItsContainerOutAndIn() {
        LAB.cli("network", "create", "dev");
        LabContainer one = LAB.attached("one", "--network", "dev", "-p", "8080:80");
        try (Background server = Talk.answer(one, "80", "")) {
            Talk.ask(remote(), "tcp", Outside.HOST, 8080).as(Outside.ONE);
            one.disconnect("dev");
            assertThat(Talk.ask(remote(), "tcp", Outside.HOST, 8080).error()).isEqualTo("refused");
            try (Background host = LAB.host().serve(8080)) {
                assertThat(remote().fetch("http://192.0.2.1:8080/"))
                        .as("the port is the host's again")
                        .contains("I see you");
                assertThat(host.alive()).isTrue();
            }
            one.connect("dev");
            Eventually.until(
                    "restored",
                    () -> Talk.ask(remote(), "tcp", Outside.HOST, 8080).answered());
            assertThat(LAB.cli("port", "one")).contains("80/tcp -> 0.0.0.0:8080");
            assertThat(server.alive()).isTrue();
        }
        LAB.cli("rm", "-f", "one");
        assertThat(Talk.ask(remote(), "tcp", Outside.HOST, 8080).error()).isEqualTo("refused");
    }

    @Test
    void A_ATT_14_A_PORT_20_portsComeAndGoWithoutHurtingOthers() {
        LabContainer one = LAB.attached("one", "-p", "8080:80");
        LabContainer two = LAB.attached("two");
        try (Background server = Talk.answer(one, "80,81", "");
                Background outside = Talk.answer(remote());
                Held in = Held.open(remote(), 5, Talk.target(Outside.HOST, 8080));
                Held out = Held.open(two, 5, Talk.target(Outside.ONE, Talk.PORT))) {
            in.all(5);
            out.all(5);
            LAB.cli("publish", "one", "8081:81");
            Talk.ask(remote(), "tcp", Outside.HOST, 8081).as(Outside.ONE);
            try (Held doomed = Held.open(remote(), 1, Talk.target(Outside.HOST, 8081))) {
                doomed.all(1).assertAlive();
                LAB.cli("unpublish", "one", "8081:81");
                assertThat(Talk.ask(remote(), "tcp", Outside.HOST, 8081).error())
                        .isEqualTo("refused");
            }
            in.assertAlive();
            out.assertAlive();
            LAB.cli("unpublish", "one", "8080:80");
            out.assertAlive();
            assertThat(LAB.cli("port", "one")).isEmpty();
            assertThat(LAB.refused("unpublish", "one", "8080:80")).contains("8080");
            assertThat(server.alive() && outside.alive()).isTrue();
        }
    }

    @Test
    void P5_whilePublishingNobodyIsRefusedOrLeftHanging() {
        LabContainer one = LAB.attached("one");
        try (Background server = Talk.answer(one, "80", "");
                Hammer hammer = Hammer.on(remote(), Outside.HOST, 8080, 1_000)) {
            Eventually.measureFor(Duration.ofMillis(300));
            LAB.cli("publish", "one", "8080:80");
            Eventually.measureFor(Duration.ofMillis(500));
            LAB.cli("unpublish", "one", "8080:80");
            Eventually.measureFor(Duration.ofMillis(300));
            LAB.cli("publish", "one", "8080:80");
            Eventually.measureFor(Duration.ofMillis(300));
            // a client that was connected and not yet greeted when its port went is reset: N29
            assertThat(hammer.end())
                    .matches("refused (timeout )?answered ((reset|timeout|answered) )*refused (timeout )?answered");
            assertThat(server.alive()).isTrue();
        }
    }

    @Test
    void N29_theNextContainerGetsTheFirstDatagramOfAClientThatNeverStopped() {
        LAB.cli("network", "create", "--subnet", "10.66.0.0/16", "dev");
        LabContainer first = LAB.attached("first", "--network", "dev", "-p", "8053:53/udp");
        try (UdpSocket client = UdpSocket.bind(remote(), Outside.ONE, 7053)) {
            try (UdpSocket server = UdpSocket.bind(first, "0.0.0.0", 53)) {
                client.send(Outside.HOST, 8053, "one");
                assertThat(server.hears("one").address()).isEqualTo(Outside.ONE);
                server.send(Outside.ONE, 7053, "answer");
                assertThat(client.hears("answer").port()).isEqualTo(8053);
            }
            LAB.cli("rm", "-f", "first");
            client.send(Outside.HOST, 8053, "to nobody");
            LabContainer second = LAB.attached("second", "--network", "dev", "--ip", "10.66.0.77", "-p", "8053:53/udp");
            try (UdpSocket server = UdpSocket.bind(second, "0.0.0.0", 53)) {
                client.hear(Duration.ofMillis(50));
                client.send(Outside.HOST, 8053, "two");
                assertThat(server.hears("two").address()).isEqualTo(Outside.ONE);
                server.send(Outside.ONE, 7053, "answer of the second");
                assertThat(client.hears("answer of the second").port()).isEqualTo(8053);
            }
        }
    }

    @Test
    void A_PORT_20_P8_P9_thePortsFileIsHotAndAtomic() throws IOException {
        try (World world = World.withOutside()) {
            Path file = world.file("ports.yaml", """
                    publish:
                      - {container: web, ports: ["8080:80", "8443:443"]}
                      - {container: later, ports: ["9090:90"], allow: ["192.0.2.10/32"]}
                    """);
            world.start("--uplink", "shared", "--ports", file.toString());
            LabContainer web = world.attached("web");
            LabNamespace remote = world.outside().router();
            try (Background server = Talk.answer(web, "80,81,443", "")) {
                Talk.ask(remote, "tcp", Outside.HOST, 8080).as(Outside.ONE);
                LabContainer later = world.attached("later");
                try (Background other = Talk.answer(later, "90", "");
                        Held held = Held.open(remote, 5, Talk.target(Outside.HOST, 8080))) {
                    held.all(5);
                    Talk.askAs(remote, Outside.TWO, "tcp", Outside.HOST, 9090).as(Outside.TWO);
                    assertThat(Talk.askAs(remote, Outside.ONE, "tcp", Outside.HOST, 9090)
                                    .answered())
                            .as("not on the list of the allowed")
                            .isFalse();
                    replace(file, """
                            publish:
                              - {container: web, ports: ["8080:80", "8081:81", "[::1]:8086:80"]}
                              - {container: later, ports: ["9090:90"], allow: ["192.0.2.0/24"]}
                            """);
                    Eventually.until(
                            "8081 is open",
                            () -> Talk.ask(remote, "tcp", Outside.HOST, 8081).answered());
                    assertThat(Talk.ask(remote, "tcp", Outside.HOST, 8443).error())
                            .isEqualTo("refused");
                    Talk.askAs(remote, Outside.ONE, "tcp", Outside.HOST, 9090).as(Outside.ONE);
                    held.assertAlive();
                    world.daemon().expectLog("ports.yaml");
                    assertThat(world.cli("status"))
                            .contains("ports.yaml:2: Published ports of container web are not in force: [::1]:8086:80");
                    replace(file, "publish:\n  - {container: web, ports: [\"8080:80\", \"8081-8085:81-82\"]}\n");
                    Eventually.until(
                            "the error is told", () -> world.daemon().log().contains("invalid ranges"));
                    Talk.ask(remote, "tcp", Outside.HOST, 8081).as(Outside.ONE);
                    held.assertAlive();
                    assertThat(world.refused("unpublish", "web", "8080:80")).contains("ports.yaml");
                    assertThat(other.alive() && server.alive()).isTrue();
                }
            }
            world.assertNoTrouble();
        }
    }

    @Test
    void A_PORT_19_aStoppedContainersPortsAreFreeAndComeBackWithIt() {
        LAB.cli("run", "-d", "--name", "web", "-p", "8080:80", "--", "/usr/bin/python3", "-m", "http.server", "80");
        for (int round = 0; round < 2; round++) {
            Eventually.until(
                    "it serves", () -> remote().fetch("http://192.0.2.1:8080/").contains("Directory"));
            LAB.cli("stop", "web");
            assertThat(Talk.ask(remote(), "tcp", Outside.HOST, 8080).error()).isEqualTo("refused");
            if (round == 0) {
                LAB.cli("start", "web");
            }
        }
    }

    private static void replace(Path file, String content) throws IOException {
        Path next = file.resolveSibling("next.yaml");
        Files.writeString(next, content);
        Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }
}
