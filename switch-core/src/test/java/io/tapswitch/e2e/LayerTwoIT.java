package io.tapswitch.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.lab.Background;
import io.tapswitch.lab.Capture;
import io.tapswitch.lab.Eventually;
import io.tapswitch.lab.Frames;
import io.tapswitch.lab.Lab;
import io.tapswitch.lab.LabContainer;
import io.tapswitch.lab.Outcome;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Members of a network as neighbours on a wire: behaviours A-L2. Its ways of I/O are in {@link CoreSuite}. */
@Tag("netns")
@Timeout(120)
final class LayerTwoIT {
    @RegisterExtension
    static final Lab LAB = Lab.withDaemon();

    @Test
    void A_L2_01_pingLosesNothingAndCountsFromOne() {
        LAB.cli("network", "create", "dev");
        LabContainer one = LAB.attached("one", "--network", "dev");
        LAB.attached("two", "--network", "dev");
        Outcome ping = one.exec("ping", "-c5", "-i0.05", "-W2", "172.18.0.3").ok();
        assertThat(ping.out())
                .contains("5 packets transmitted, 5 received, 0% packet loss")
                .doesNotContain("DUP!");
        for (int i = 1; i <= 5; i++) {
            assertThat(ping.out()).containsPattern("64 bytes from 172.18.0.3: icmp_seq=" + i + " ttl=64 ");
        }
    }

    @Test
    void A_L2_02_tcpBothWays() {
        LAB.cli("network", "create", "dev");
        LabContainer one = LAB.attached("one", "--network", "dev");
        LabContainer two = LAB.attached("two", "--network", "dev");
        assertThat(echo(one, two, "172.18.0.3")).isEqualTo("are you there?");
        assertThat(echo(two, one, "172.18.0.2")).isEqualTo("are you there?");
        assertThat(one.exec("socat", "-u", "TCP:172.18.0.3:1089,connect-timeout=2", "-")
                        .err())
                .as("nobody listens any more")
                .contains("Connection refused");
    }

    private static String echo(LabContainer client, LabContainer server, String address) {
        try (Background listening = server.start("socat", "TCP-LISTEN:1089,reuseaddr", "EXEC:cat")) {
            Eventually.until("it listens", () -> server.exec("ss", "-ltn").out().contains(":1089"));
            String answer = client.exec(
                            java.time.Duration.ofSeconds(10),
                            "are you there?",
                            List.of("socat", "-t2", "-", "TCP:" + address + ":1089"))
                    .ok()
                    .out();
            listening.await(java.time.Duration.ofSeconds(5)).ok();
            return answer;
        }
    }

    @Test
    void A_L2_03_thirdMemberNeedsNothingOfTheOthers() {
        LAB.cli("network", "create", "dev");
        LabContainer one = LAB.attached("one", "--network", "dev");
        LabContainer two = LAB.attached("two", "--network", "dev");
        one.ping("172.18.0.3");
        Eventually.until("the kernel has settled", () -> !one.ip("-o addr").contains("tentative"));
        String before = one.ip("-o addr") + one.ip("route");
        LabContainer three = LAB.attached("three", "--network", "dev");
        one.ping("172.18.0.4");
        two.ping("172.18.0.4");
        three.ping("172.18.0.2");
        assertThat(one.ip("-o addr") + one.ip("route")).isEqualTo(before);
    }

    @Test
    void A_L2_04_membersOfDifferentNetworksHaveNoConnectivityAlsoByAddress() {
        LAB.cli("network", "create", "dev");
        LAB.cli("network", "create", "ops");
        LabContainer one = LAB.attached("one", "--network", "dev");
        LabContainer two = LAB.attached("two", "--network", "ops");
        try (Capture atTwo = Capture.in(two, "host 172.18.0.2")) {
            assertThat(one.reaches("172.19.0.2")).isFalse();
            assertThat(one.exec("socat", "-u", "TCP:172.19.0.2:80,connect-timeout=1", "-")
                            .exit())
                    .isNotZero();
            two.ping("172.19.0.1");
            assertThat(atTwo.lines()).isEmpty();
        }
        assertThat(one.drops("isolated")).isPositive();
    }

    @Test
    void A_L2_05_broadcastAndUnknownGoToAllMembersAndNobodyElse() {
        LAB.cli("network", "create", "dev");
        LAB.cli("network", "create", "ops");
        LabContainer one = LAB.attached("one", "--network", "dev");
        LabContainer two = LAB.attached("two", "--network", "dev");
        LabContainer three = LAB.attached("three", "--network", "dev");
        LabContainer stranger = LAB.attached("stranger", "--network", "ops");
        String mac = "02:42:ac:12:00:02";
        try (Capture atTwo = Capture.in(two, "ether proto 0x88b5");
                Capture atThree = Capture.in(three, "ether proto 0x88b5");
                Capture atStranger = Capture.in(stranger, "ether proto 0x88b5")) {
            one.send(Frames.experimental("02:00:00:00:00:99", mac, "unknown unicast"), 3);
            one.send(Frames.experimental("02:42:ac:12:00:03", mac, "for two alone"), 4);
            one.send(Frames.experimental("ff:ff:ff:ff:ff:ff", mac, "lastword"), 1);
            atTwo.awaitLine("ff:ff:ff:ff:ff:ff");
            atThree.awaitLine("ff:ff:ff:ff:ff:ff");
            assertThat(Frames.linesTo(atTwo.lines(), "02:00:00:00:00:99")).hasSize(3);
            assertThat(Frames.linesTo(atThree.lines(), "02:00:00:00:00:99")).hasSize(3);
            assertThat(Frames.linesTo(atTwo.lines(), "02:42:ac:12:00:03")).hasSize(4);
            assertThat(Frames.linesTo(atThree.lines(), "02:42:ac:12:00:03")).isEmpty();
            assertThat(atStranger.lines()).isEmpty();
        }
    }

    @Test
    void A_L2_06_C10_onTheDefaultBridgeOnlyTheOwnNameResolves() {
        LAB.cli("run", "-d", "--name", "other", "--", "sleep", "300");
        String id = LAB.cli("run", "-d", "--name", "web", "--", "sleep", "300");
        assertThat(LAB.cli("exec", "web", "getent", "hosts", id.substring(0, 12)))
                .startsWith("172.17.0.3");
        assertThat(LAB.daemon().cli("exec", "web", "getent", "hosts", "other").exit())
                .isNotZero();
        assertThat(LAB.cli("exec", "web", "sh", "-c", "ping -c1 -W1 $(hostname)"))
                .contains("172.17.0.3")
                .contains("1 received");
    }
}
