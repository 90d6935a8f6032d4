package io.tapswitch.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.lab.ClusterLab;
import io.tapswitch.lab.Eventually;
import io.tapswitch.lab.Flow;
import io.tapswitch.lab.Json;
import io.tapswitch.lab.LabContainer;
import io.tapswitch.lab.Waiting;
import io.tapswitch.lab.World;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Hosts that share networks by a real etcd: A-OVL-01 to A-OVL-18, V10 to V12. */
@Tag("netns")
@Timeout(240)
final class OverlayClusterIT {
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

    private static String id(World host, String network) {
        return host.inspected("network", "inspect", network).text("Id");
    }

    /** {@return a namespace that is a container already, but none of the network} */
    private static String spare(World host) {
        return host.attached("spare", "--network", "none").name();
    }

    private static String ip(LabContainer container) {
        return container.endpoint("mesh").text("IPAddress");
    }

    @Test
    void A_OVL_02_to_06_aNetworkMadeOnOneHostIsOnAllWithTheSameId_andContainersFindEachOther() {
        ClusterLab lab = lab(2);
        World one = lab.join(1);
        ClusterLab.awaitJoined(one);
        String id = one.cli("network", "create", "-d", "overlay", "mesh").strip();
        assertThat(one.cli("network", "ls")).containsPattern("mesh +overlay +global");
        // A-OVL-03: a host that joins later, with no command on it.
        World two = lab.join(2);
        ClusterLab.awaitNetwork(two, "mesh");
        assertThat(id(two, "mesh")).isEqualTo(id);
        assertThat(two.cli("network", "ls")).containsPattern("mesh +overlay +global");

        // A-OVL-04: one pool, no address twice.
        LabContainer a = one.attached("a", "--network", "mesh");
        LabContainer b = two.attached("b", "--network", "mesh");
        Set<String> addresses = new HashSet<>();
        for (int i = 0; i < 4; i++) {
            World host = i % 2 == 0 ? one : two;
            addresses.add(ip(host.attached("c" + i, "--network", "mesh")));
        }
        addresses.add(ip(a));
        addresses.add(ip(b));
        assertThat(addresses).hasSize(6).allMatch(address -> address.startsWith("10.0.0."));

        // A-OVL-05: the other host's container under its endpoint's id, our own under its id.
        Json local =
                one.inspected("network", "inspect", "mesh").at("Containers").at(a.id());
        Eventually.until(
                "a is known to two",
                () -> two.cli("network", "inspect", "mesh").contains("ep-" + local.text("EndpointID")));
        Json remote =
                two.inspected("network", "inspect", "mesh").at("Containers").at("ep-" + local.text("EndpointID"));
        for (String key : new String[] {"Name", "EndpointID", "MacAddress", "IPv4Address"}) {
            assertThat(remote.text(key)).as(key).isEqualTo(local.text(key));
        }

        // A-OVL-06: by name, and back by address.
        ClusterLab.awaitName(b, "a");
        ClusterLab.awaitName(a, "b");
        assertThat(b.exec("ping", "-c", "5", "-i", "0.1", "-W", "2", ClusterLab.lookup(b, "a"))
                        .ok()
                        .out())
                .contains(" 0% packet loss");
        a.ping(ClusterLab.lookup(a, "b"));
        assertThat(two.cli("run", "--rm", "--network", "mesh", "--", "ping", "-c", "2", "-i", "0.2", "-W", "2", "a"))
                .contains("PING a", " 0% packet loss");
        one.assertNoTrouble();
        two.assertNoTrouble();
    }

    @Test
    void A_OVL_07_aliasesPointersConnectDisconnectRenameAndPorts_asOnABridge() {
        ClusterLab lab = lab(2).joined();
        World one = lab.host(1);
        World two = lab.host(2);
        one.cli("network", "create", "-d", "overlay", "mesh");
        ClusterLab.awaitNetwork(two, "mesh");
        LabContainer a = one.attached("a", "--network", "mesh", "--network-alias", "db");
        LabContainer b = two.attached("b", "--network", "mesh");
        ClusterLab.awaitName(b, "db");
        String address = ip(a);
        assertThat(ClusterLab.lookup(b, "-x", address)).isEqualTo("a.mesh.");
        assertThat(ClusterLab.lookup(b, "db.mesh")).isEqualTo(address);

        one.cli("rename", "a", "first");
        ClusterLab.awaitName(b, "first");
        Eventually.until("the old name goes", () -> ClusterLab.lookup(b, "a").isEmpty());

        one.cli("network", "disconnect", "mesh", "first");
        Eventually.until("it is gone", () -> ClusterLab.lookup(b, "first").isEmpty());
        assertThat(b.reaches(address)).isFalse();
        one.cli("network", "connect", "--alias", "again", "mesh", "first");
        ClusterLab.awaitName(b, "again");
        b.ping(ClusterLab.lookup(b, "again"));

        // A port of host 2's container, from host 1 and its container.
        b.serve(80);
        two.cli("publish", "b", "8080:80");
        assertThat(one.host()
                        .exec("curl", "-sS", "-m", "5", "http://" + ClusterLab.address(2) + ":8080/")
                        .exit())
                .isZero();
        // The container on host 1 leaves by its own host's address.
        assertThat(a.exec("curl", "-sS", "-m", "5", "http://" + ClusterLab.address(2) + ":8080/")
                        .exit())
                .isZero();
        one.assertNoTrouble();
        two.assertNoTrouble();
    }

    @Test
    void A_OVL_08_theWireCarriesVxlanOnItsPortWithTheNetworksNumber_andContainersHaveTheSmallerMtu() {
        ClusterLab lab = lab(2).joined();
        lab.host(1).cli("network", "create", "-d", "overlay", "mesh");
        ClusterLab.awaitNetwork(lab.host(2), "mesh");
        LabContainer a = lab.host(1).attached("a", "--network", "mesh");
        LabContainer b = lab.host(2).attached("b", "--network", "mesh");
        ClusterLab.awaitName(a, "b");
        assertThat(a.ip("-o link show eth0")).contains(" mtu 1450 ");
        try (var tcpdump = lab.wire().start("tcpdump", "-ni", "p2", "-c", "1", "-U", "udp port 4789")) {
            tcpdump.awaitWords("listening on");
            a.ping(ip(b));
            tcpdump.awaitWords("VXLAN, flags [I] (0x08), vni 4096");
        }
    }

    @Test
    void A_OVL_17_A_NET_12_networksGoEverywhereWhenNobodyIsInThem_andANameIsGivenOnce() {
        ClusterLab lab = lab(2).joined();
        World one = lab.host(1);
        World two = lab.host(2);
        one.cli("network", "create", "-d", "overlay", "mesh");
        ClusterLab.awaitNetwork(two, "mesh");
        assertThat(two.refused("network", "create", "-d", "overlay", "mesh"))
                .contains("network with name mesh already exists");
        LabContainer svc = one.attached("svc", "--network", "mesh");
        for (World host : new World[] {one, two}) {
            assertThat(host.refused("network", "rm", "mesh")).contains("has active endpoints", "svc");
        }
        assertThat(two.refused("attach", "--netns", spare(two), "--name", "svc", "--network", "mesh"))
                .contains("endpoint with name svc already exists in network mesh");
        assertThat(two.cli("network", "prune", "-f")).doesNotContain("mesh");
        svc.detach();
        Eventually.until(
                "svc is gone", () -> !two.cli("network", "inspect", "mesh").contains("svc"));
        two.cli("network", "rm", "mesh");
        Eventually.until("mesh is gone", () -> !one.cli("network", "ls").contains("mesh"));
        assertThat(one.refused("network", "inspect", "mesh")).contains("network mesh not found");
        // The same name is free at once, for another network.
        one.cli("network", "create", "-d", "overlay", "mesh");
        ClusterLab.awaitNetwork(two, "mesh");
        assertThat(two.cli("network", "prune", "-f")).contains("Deleted Networks:", "mesh");
        Eventually.until("mesh is gone again", () -> !one.cli("network", "ls").contains("mesh"));
    }

    @Test
    @Waiting
    void A_OVL_18_V11_aDeadHostsContainerIsForcedOutElsewhere_andMadeAgainWithTheSameAddress() {
        ClusterLab lab = lab(3).joined();
        World one = lab.host(1);
        World two = lab.host(2);
        World three = lab.host(3);
        one.cli("network", "create", "-d", "overlay", "--subnet", "10.66.0.0/24", "mesh");
        ClusterLab.awaitNetwork(two, "mesh");
        ClusterLab.awaitNetwork(three, "mesh");
        LabContainer watcher = three.attached("watcher", "--network", "mesh");
        LabContainer svc = one.attached("svc", "--network", "mesh", "--ip", "10.66.0.50");
        ClusterLab.awaitName(watcher, "svc");
        watcher.ping(ClusterLab.lookup(watcher, "svc"));
        assertThat(two.refused("network", "disconnect", "mesh", "svc")).contains("is on host", "disconnect it there");
        assertThat(two.refused("network", "disconnect", "-f", "mesh", "svc")).contains("is alive");
        one.daemon().process().kill();
        svc.ip("link set eth0 down");
        // Which container is meant, the network says: this one is not in it.
        LabContainer local = two.attached("svc");
        // Its lease lasts 15 s.
        Eventually.until(
                Duration.ofSeconds(25),
                "the dead host's container is removed",
                () -> two.daemon()
                                .cli("network", "disconnect", "-f", "mesh", "svc")
                                .exit()
                        == 0);
        local.detach();
        LabContainer again = two.attached("svc", "--network", "mesh", "--ip", "10.66.0.50");
        Eventually.until(Duration.ofSeconds(1), "all point to the new host", () -> watcher.reaches("10.66.0.50"));
        watcher.ping(ClusterLab.lookup(watcher, "svc"));
        assertThat(again.endpoint("mesh").text("MacAddress")).isEqualTo("02:42:0a:42:00:32");
        // The first comes back with a container whose address another one has: that one keeps it.
        lab.join(1);
        Eventually.until("an alarm", () -> one.cli("status").contains("is not known to the cluster as it is here"));
        watcher.ping(ClusterLab.lookup(watcher, "svc"));
        assertThat(three.cli("fdb", "mesh")).contains("(peer " + ClusterLab.address(2) + ")");
    }

    /**
     * The third host shares no network with it, and so cannot hear that it lives. A minute is too long for each day:
     * with {@code -Dsoak=true} all wait until it would be dead, without until the second host has told that it lives.
     */
    @Test
    @Waiting
    @Timeout(400)
    void V12_A_OVL_18_aHostThatIsCutOffFromTheStoreAndForwardsStaysAPeer_andADeadOneGoesByItself() throws Exception {
        boolean soak = Boolean.getBoolean("soak");
        ClusterLab lab = lab(3).joined();
        World one = lab.host(1);
        World two = lab.host(2);
        World three = lab.host(3);
        one.cli("network", "create", "-d", "overlay", "mesh");
        ClusterLab.awaitNetwork(two, "mesh");
        LabContainer a = one.attached("a", "--network", "mesh");
        LabContainer b = two.attached("b", "--network", "mesh");
        ClusterLab.awaitName(b, "a");
        String address = ip(a);
        lab.cut(1);
        // Its lease ends after 15 s, and 60 s later it would be dead; nobody sends anything but what the daemons say of
        // themselves.
        if (soak) {
            Thread.sleep(85_000);
        }
        Eventually.until(
                Duration.ofSeconds(60),
                "two says that it hears one",
                () -> heard(lab).contains("\"kvs\""));
        assertThat(one.cli("status")).contains("cluster store unreachable");
        assertThat(three.cli("node", "ls", "--filter", "status=unseen")).contains(ClusterLab.address(1));
        assertThat(three.daemon().log()).doesNotContain("is dead");
        assertThat(ClusterLab.lookup(b, "a")).isEqualTo(address);
        assertThat(three.cli("inspect", "mesh")).contains(address);
        b.ping(address);
        a.ping(ip(b));
        lab.heal(1);
        Eventually.until(
                Duration.ofSeconds(20), "it is back", () -> !one.cli("status").contains("cluster store unreachable"));
        assertThat(one.refused("network", "rm", "mesh")).contains("has active endpoints");
        b.ping(address);
        if (soak) {
            one.daemon().process().kill();
            long killed = System.nanoTime();
            Eventually.until(
                    Duration.ofSeconds(150),
                    "nobody is a any more",
                    () -> ClusterLab.lookup(b, "a").isEmpty());
            assertThat(Duration.ofNanos(System.nanoTime() - killed)).isGreaterThan(Duration.ofSeconds(58));
            assertThat(ip(two.attached("heir", "--network", "mesh"))).isEqualTo(address);
        }
    }

    /** {@return etcd's answer about whom hosts hear although it has no sign of life of them} */
    private static String heard(ClusterLab lab) {
        Base64.Encoder words = Base64.getEncoder();
        String from = words.encodeToString("/tapswitch/v1-heard/".getBytes(StandardCharsets.US_ASCII));
        String to = words.encodeToString("/tapswitch/v1-heard0".getBytes(StandardCharsets.US_ASCII));
        return lab.etcd().curl("/v3/kv/range", "{\"key\": \"" + from + "\", \"range_end\": \"" + to + "\"}");
    }

    @Test
    void A_OVL_09_10_whatIsWrongHasAMessageOfItsOwn() {
        ClusterLab lab = lab(3);
        World one = lab.join(1);
        ClusterLab.awaitJoined(one);
        one.cli("network", "create", "-d", "overlay", "mesh");
        LabContainer a = one.attached("a", "--network", "mesh");
        // An address that the host does not have: all is listed, nothing is reached.
        World wrong = lab.host(2);
        lab.join(2, "--cluster-advertise", "198.18.0.77");
        ClusterLab.awaitNetwork(wrong, "mesh");
        Eventually.until(
                "docker's words",
                () -> wrong.daemon()
                        .log()
                        .contains("Multi-Host overlay networking requires cluster-advertise(198.18.0.77) to be"
                                + " configured with a local ip-address that is reachable within the cluster"));
        LabContainer b = wrong.attached("b", "--network", "mesh");
        assertThat(wrong.cli("network", "inspect", "mesh")).contains("\"a\"", "\"b\"");
        assertThat(b.exec("ping", "-c", "1", "-W", "4", ip(a)).out()).contains("Destination Host Unreachable");
        assertThat(one.cli("network", "inspect", "mesh")).contains("\"a\"", "\"b\"");
        assertThat(a.exec("ping", "-c", "1", "-W", "4", ip(b)).out()).contains("Destination Host Unreachable");
        assertThat(one.cli("status")).contains("says that it does not have its tunnel address 198.18.0.77");
        wrong.daemon().expectLog("Multi-Host overlay networking requires|advertise");

        // No store: what is known stays, what is new is refused, and each says why.
        lab.etcd().kill();
        Eventually.until("unreachable", () -> one.cli("status").contains("cluster store unreachable"));
        assertThat(one.cli("network", "ls")).contains("mesh");
        assertThat(one.refused("network", "create", "-d", "overlay", "more")).contains("cluster store unreachable");
        World fresh = lab.join(3);
        assertThat(fresh.cli("network", "ls")).doesNotContain("mesh");
        assertThat(fresh.cli("status")).contains("cluster store unreachable");
        one.stop();
        lab.join(1);
        assertThat(one.cli("network", "ls")).as("saved state").contains("mesh");
    }

    /** For 60 s and with 100 changes with {@code -Dsoak=true}, as the contract says. */
    @Test
    @Timeout(400)
    void A_OVL_12_V12_withoutTheStoreTrafficGoesOn_changesWait_andAreEverywhereAfterwards() throws Exception {
        boolean soak = Boolean.getBoolean("soak");
        int changes = soak ? 100 : 10;
        ClusterLab lab = lab(2).joined();
        World one = lab.host(1);
        World two = lab.host(2);
        one.cli("network", "create", "-d", "overlay", "mesh");
        ClusterLab.awaitNetwork(two, "mesh");
        LabContainer a = one.attached("a", "--network", "mesh");
        LabContainer b = two.attached("b", "--network", "mesh");
        List<LabContainer> many = new ArrayList<>();
        for (int i = 0; i < changes; i++) {
            many.add(lab.host(1 + i % 2).attached("c" + i, "--network", "mesh"));
        }
        ClusterLab.awaitName(b, "c" + (changes - 2));
        ClusterLab.awaitName(a, "c" + (changes - 1));
        Set<String> expected = new TreeSet<>(Set.of("a", "b"));
        try (Flow flow = Flow.start(a, ip(b), b, 500)) {
            lab.etcd().kill();
            long killed = System.nanoTime();
            for (World host : new World[] {one, two}) {
                Eventually.until("away", () -> host.cli("status").contains("cluster store unreachable"));
                assertThat(host.refused("attach", "--netns", spare(host), "--name", "new", "--network", "mesh"))
                        .contains("cluster store unreachable");
            }
            for (int i = 0; i < changes; i++) {
                if (i % 4 < 2) {
                    many.get(i).detach();
                } else {
                    lab.host(1 + i % 2).cli("rename", "c" + i, "d" + i);
                    expected.add("d" + i);
                }
            }
            one.cli("publish", "a", "8081:80");
            assertThat(one.cli("port", "a")).contains("8081");
            if (soak) {
                Thread.sleep(Math.max(0, 60_000 - (System.nanoTime() - killed) / 1_000_000));
            }
            lab.etcd().start();
            Eventually.until(
                    Duration.ofSeconds(soak ? 2 : 4),
                    "all changes at both",
                    () -> names(one).equals(expected) && names(two).equals(expected));
            flow.end().nothingLost();
        }
        assertThat(ClusterLab.lookup(a, "d3")).isNotEmpty();
        assertThat(ClusterLab.lookup(b, "d2")).isNotEmpty();
        assertThat(ClusterLab.lookup(b, "c0")).isEmpty();
    }

    private static Set<String> names(World host) {
        Set<String> names = new TreeSet<>();
        Json.parse(host.cli("network", "inspect", "mesh"))
                .at(0)
                .at("Containers")
                .node()
                .forEach(member -> names.add(member.get("Name").asString()));
        return names;
    }

    @Test
    void A_OVL_12_aDaemonThatStartsWithoutTheStoreKnowsWhatItKnew() {
        ClusterLab lab = lab(2).joined();
        World two = lab.host(2);
        lab.host(1).cli("network", "create", "-d", "overlay", "mesh");
        ClusterLab.awaitNetwork(two, "mesh");
        LabContainer a = lab.host(1).attached("a", "--network", "mesh");
        LabContainer b = two.attached("b", "--network", "mesh");
        ClusterLab.awaitName(b, "a");
        // What was heard is on the disk a moment later.
        Eventually.until(
                "saved", () -> read(two.state().resolve("cluster.json")).contains("\\\"a\\\""));
        lab.etcd().kill();
        two.daemon().process().kill();
        lab.join(2);
        b.ping(ip(a));
        a.ping(ip(b));
        assertThat(ClusterLab.lookup(b, "a")).isNotEmpty();
        lab.etcd().start();
        ClusterLab.awaitJoined(two);
        two.attached("later", "--network", "mesh");
        ClusterLab.awaitName(a, "later");
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
