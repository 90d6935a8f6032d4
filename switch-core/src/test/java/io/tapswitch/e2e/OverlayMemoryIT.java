package io.tapswitch.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.lab.ClusterLab;
import io.tapswitch.lab.Eventually;
import io.tapswitch.lab.LabContainer;
import io.tapswitch.lab.Waiting;
import io.tapswitch.lab.World;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What hosts remember of a cluster whose store was emptied, copied, or is away; and a host that moves. */
@Tag("netns")
@Timeout(150)
final class OverlayMemoryIT {
    private final List<ClusterLab> labs = new ArrayList<>();

    private ClusterLab lab(int hosts) {
        ClusterLab lab = new ClusterLab(hosts);
        labs.add(lab);
        return lab;
    }

    @AfterEach
    void close() {
        labs.forEach(ClusterLab::close);
    }

    private static String ip(LabContainer container) {
        return container.endpoint("mesh").text("IPAddress");
    }

    /** As when its disk is replaced: another etcd by the same address, with nothing in it. */
    private static void empty(ClusterLab lab) throws IOException {
        lab.etcd().kill();
        Path data = lab.host(1).directory().resolve("etcd");
        try (Stream<Path> all = Files.walk(data)) {
            for (Path file : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
        lab.etcd().start();
    }

    @Test
    @Waiting
    void row92_inTheMinuteAfterTheStoreWasEmptiedNothingThatIsRememberedIsGivenAway() throws IOException {
        ClusterLab lab = lab(2).joined();
        World one = lab.host(1);
        World two = lab.host(2);
        one.cli("network", "create", "-d", "overlay", "mesh");
        ClusterLab.awaitNetwork(two, "mesh");
        LabContainer a = one.attached("a", "--network", "mesh");
        LabContainer b = two.attached("b", "--network", "mesh");
        ClusterLab.awaitName(b, "a");
        // Nobody but the host that is away has a container in it.
        one.cli("network", "create", "-d", "overlay", "away");
        one.cli("network", "connect", "away", "a");
        ClusterLab.awaitNetwork(two, "away");
        one.daemon().process().kill();
        empty(lab);
        Eventually.until(
                Duration.ofSeconds(20), "noticed", () -> two.cli("status").contains("is not as it was"));
        Eventually.until("joined again", () -> two.cli("node", "ls").contains("ready"));
        assertThat(two.cli("node", "ls", "--format", "{{.Status}}").lines().skip(1))
                .as("a host that was dead before is not alive")
                .allMatch(status -> status.startsWith("unseen"));
        assertThat(two.cli("status")).contains("1 alive of 2");
        assertThat(two.refused("network", "create", "-d", "overlay", "--opt", vni(4_097), "wants"))
                .contains("VNI 4097 is that of network away");
        two.cli("network", "create", "-d", "overlay", "new");
        assertThat(two.cli("network", "inspect", "new")).contains("\"4098\"");
        lab.join(1);
        ClusterLab.awaitNetwork(one, "new");
        Eventually.until(
                Duration.ofSeconds(20),
                "all is registered",
                () -> one.cli("node", "ls").contains("ready"));
        b.ping(ip(a));
        assertThat(one.cli("status")).doesNotContain("is not known to the cluster", "any more");
        assertThat(two.cli("network", "verify", "mesh")).doesNotContain("differs");
    }

    private static String vni(int number) {
        return "com.docker.network.driver.overlay.vxlanid_list=" + number;
    }

    @Test
    @Waiting
    void V12_aDaemonThatStartsWithoutTheStoreDoesNotJudgeWhatTheStoreHas() throws IOException {
        ClusterLab lab = lab(2).joined();
        World one = lab.host(1);
        World two = lab.host(2);
        one.cli("network", "create", "-d", "overlay", "mesh");
        ClusterLab.awaitNetwork(two, "mesh");
        one.cli("network", "create", "-d", "overlay", "unused");
        ClusterLab.awaitNetwork(two, "unused");
        LabContainer b = two.attached("b", "--network", "mesh");
        LabContainer c = two.attached("c", "--network", "mesh");
        lab.etcd().kill();
        two.stop();
        Files.delete(two.state().resolve("cluster.json"));
        lab.join(2);
        assertThat(two.cli("status")).contains("cluster store unreachable").doesNotContain("any more");
        assertThat(two.cli("network", "ls")).contains("mesh", "unused");
        assertThat(two.refused("network", "rm", "unused")).contains("cluster store unreachable");
        b.ping(ip(c));
        assertThat(two.daemon().log())
                .as("an ordinary refusal is one line")
                .contains("cluster store unreachable")
                .doesNotContain("StoreException", "\tat ");
        lab.etcd().start();
        // The sign of life of the id that it had before lasts for 15 s.
        Eventually.until(
                Duration.ofSeconds(40), "joined", () -> two.cli("status").contains("joined for"));
        assertThat(two.cli("network", "ls")).contains("mesh", "unused");
        b.ping(ip(c));
        two.daemon().expectLog("came first and is alive");
    }

    @Test
    @Waiting
    void row94_aCopyOfAStateDirectoryIsRefusedAndSaysWhatToDo() throws IOException {
        ClusterLab lab = lab(2);
        World one = lab.join(1);
        ClusterLab.awaitJoined(one);
        one.cli("network", "create", "-d", "overlay", "mesh");
        World two = lab.host(2);
        Files.createDirectories(two.state());
        Path copy = two.state().resolve("cluster.json");
        Files.copy(one.state().resolve("cluster.json"), copy);
        lab.join(2);
        two.daemon().expectLog("has registered with the id|its last sign of life from before");
        Eventually.until("refused", () -> two.cli("status").contains("this host takes no part in the cluster"));
        // For as long as a sign of life lasts, it may be its own of before.
        assertThat(two.cli("status")).doesNotContain("copy");
        Eventually.until(
                Duration.ofSeconds(30),
                "known as a copy",
                () -> two.cli("status").contains("one of the two state directories is a copy"));
        assertThat(two.cli("status"))
                .contains(
                        "at " + ClusterLab.address(1) + " has registered with the id that this host has in " + copy,
                        "delete that file, start the daemon again, and remove the containers that came with the copy",
                        "at " + ClusterLab.address(2));
        assertThat(two.cli("node", "ls", "--format", "{{.Address}} {{.Status}}"))
                .contains(ClusterLab.address(2) + " refused");
        assertThat(one.cli("node", "ls", "--format", "{{.Address}} {{.Status}}"))
                .isEqualToIgnoringNewLines(ClusterLab.address(1) + " ready");
        assertThat(one.cli("status")).contains("joined for");
        two.stop();
        Files.delete(copy);
        lab.join(2);
        ClusterLab.awaitJoined(two);
        ClusterLab.awaitNetwork(two, "mesh");
        Eventually.until("both", () -> one.cli("status").contains("2 alive of 2"));
    }

    @Test
    void row94_anAddressThatChangesWhileTheDaemonRunsIsFollowed_andOneThatWasSaidAndIsGoneIsKnownToAll() {
        ClusterLab lab = lab(2);
        World one = lab.host(1);
        World two = lab.host(2);
        String second = "198.18.0.51";
        String third = "198.18.0.53";
        lab.join(1);
        // By number, beside another one by which it reaches the store all the time.
        List.of(one, two).forEach(each -> each.host().exec("sysctl", "-qw", "net.ipv4.conf.all.promote_secondaries=1"));
        two.host().ip("addr add 198.18.0.52/24 dev wire0");
        lab.join(2, "--cluster-advertise", ClusterLab.address(2));
        ClusterLab.awaitJoined(one);
        ClusterLab.awaitJoined(two);
        one.cli("network", "create", "-d", "overlay", "mesh");
        ClusterLab.awaitNetwork(two, "mesh");
        LabContainer a = one.attached("a", "--network", "mesh");
        LabContainer b = two.attached("b", "--network", "mesh");
        ClusterLab.awaitName(b, "a");
        b.ping(ip(a));
        // As with DHCP: for some seconds there is none.
        one.host().ip("addr del " + ClusterLab.address(1) + "/24 dev wire0");
        Eventually.until(
                "an alarm",
                () -> one.cli("status").contains("interface wire0 of --cluster-advertise does not have the address"));
        String address = ip(a);
        one.host().ip("addr add " + second + "/24 dev wire0");
        awaitTraffic(two, second, b, address);
        a.ping(ip(b));
        // As with a lease that ends: another one at once, and the old one is gone with all connections from it.
        one.host().ip("addr add " + third + "/24 dev wire0");
        one.host().ip("addr del " + second + "/24 dev wire0");
        awaitTraffic(two, third, b, address);
        one.host().ip("addr add " + second + "/24 dev wire0");
        one.host().ip("addr del " + third + "/24 dev wire0");
        awaitTraffic(two, second, b, address);
        assertThat(one.daemon().log()).contains("registered at " + third + ", no longer at " + second);
        assertThat(one.cli("status")).contains("at " + second).doesNotContain("--cluster-advertise");
        assertThat(one.cli("peers")).contains(ClusterLab.address(2));
        assertThat(two.cli("peers")).contains(second).doesNotContain(ClusterLab.address(1) + " ");

        two.host().ip("addr del " + ClusterLab.address(2) + "/24 dev wire0");
        Eventually.until(
                "what to do", () -> two.cli("status").contains("start the daemon with another --cluster-advertise"));
        for (World host : List.of(one, two)) {
            Eventually.until(
                    Duration.ofSeconds(10),
                    "not ready",
                    () -> host.cli("node", "ls", "--format", "{{.Address}} {{.Status}}")
                            .contains(ClusterLab.address(2) + " unreachable"));
        }
        two.host().ip("addr add " + ClusterLab.address(2) + "/24 dev wire0");
        Eventually.until(Duration.ofSeconds(10), "it is back", () -> b.reaches(ip(a)));
        Eventually.until("ready", () -> !one.cli("node", "ls").contains("unreachable"));
        one.daemon().expectLog("advertise|unreachable|no end here");
        two.daemon().expectLog("advertise|unreachable|no end here");
    }

    /** A look each second, and some round trips; the time limit of a call to the store alone would be 5 s. */
    private static void awaitTraffic(World knowing, String moved, LabContainer from, String to) {
        Eventually.until(
                Duration.ofSeconds(4),
                "traffic goes to " + moved,
                () -> knowing.cli("node", "ls").contains(moved) && from.reaches(to));
    }

    @Test
    @Waiting
    void row94_aDaemonThatWasKilledAndStartsWithAnotherAddressIsNotTakenForACopy() {
        ClusterLab lab = lab(2).joined();
        World one = lab.host(1);
        World two = lab.host(2);
        String second = "198.18.0.51";
        one.daemon().process().kill();
        one.host().ip("addr del " + ClusterLab.address(1) + "/24 dev wire0");
        one.host().ip("addr add " + second + "/24 dev wire0");
        lab.join(1);
        assertThat(one.cli("status"))
                .contains("has not ended yet: it joins as soon as it has")
                .doesNotContain("copy");
        Eventually.until(
                Duration.ofSeconds(25), "joined", () -> one.cli("status").contains("joined for"));
        assertThat(one.daemon().log()).doesNotContain("copy");
        Eventually.until(
                "ready",
                () -> two.cli("node", "ls", "--format", "{{.Address}} {{.Status}}")
                        .contains(second + " ready"));
        one.daemon().expectLog("its last sign of life from before");
        two.daemon().expectLog("no end here");
    }
}
