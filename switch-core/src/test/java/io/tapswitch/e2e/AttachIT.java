package io.tapswitch.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.lab.Flow;
import io.tapswitch.lab.Json;
import io.tapswitch.lab.Lab;
import io.tapswitch.lab.LabContainer;
import io.tapswitch.lab.LabNamespace;
import io.tapswitch.lab.Outcome;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Containers come, connect, disconnect and go: behaviours A-ATT, rule C11. */
@Tag("netns")
@Timeout(120)
final class AttachIT {
    @RegisterExtension
    static final Lab LAB = Lab.withDaemon();

    @Test
    void A_ATT_01_eachConnectIsOneMoreInterfaceInOrder() {
        LAB.cli("network", "create", "dev");
        LAB.cli("network", "create", "ops");
        LabContainer one = LAB.attached("one");
        assertThat(one.links()).containsExactly("lo", "eth0");
        one.connect("ops");
        assertThat(one.links()).containsExactly("lo", "eth0", "eth1");
        one.connect("dev");
        assertThat(one.links()).containsExactly("lo", "eth0", "eth1", "eth2");
        List<String> addresses = List.of("172.17.0.2", "172.19.0.2", "172.18.0.2");
        for (int i = 0; i < 3; i++) {
            String address = addresses.get(i);
            assertThat(one.ip("-o link show eth" + i))
                    .contains("mtu 1500")
                    .contains(",UP")
                    .contains("LOWER_UP");
            assertThat(one.addressOf("eth" + i)).isEqualTo(address + "/16");
            assertThat(one.ip("route show dev eth" + i))
                    .contains(address.replace(".0.2", ".0.0/16"))
                    .contains("src " + address);
        }
        assertThat(one.ip("route show default").strip().lines())
                .as("one default route, of the first network")
                .hasSize(1)
                .allMatch(line -> line.startsWith("default via 172.17.0.1 dev eth0"));
    }

    @Test
    void A_ATT_01_severalNetworksAtCreation() {
        LAB.cli("network", "create", "dev");
        LAB.cli("network", "create", "ops");
        LabContainer one = LAB.attached("one", "--network", "ops", "--network", "dev");
        assertThat(one.addressOf("eth0")).isEqualTo("172.19.0.2/16");
        assertThat(one.addressOf("eth1")).isEqualTo("172.18.0.2/16");
        assertThat(one.ip("route show default")).contains("via 172.19.0.1 dev eth0");
        one.ping("172.18.0.1");
        one.ping("172.19.0.1");
    }

    @Test
    void A_ATT_02_runningContainerGetsOneMoreNetworkAndBothWorkAtOnce() {
        LAB.cli("network", "create", "dev");
        LabContainer onBridge = LAB.attached("onbridge");
        LabContainer onDev = LAB.attached("ondev", "--network", "dev");
        LabContainer both = LAB.attached("both");
        try (Flow flow = Flow.start(onBridge, "172.17.0.3", both, 500)) {
            both.connect("dev");
            assertThat(both.addressOf("eth1")).isEqualTo("172.18.0.3/16");
            both.ping("172.18.0.2");
            onDev.ping("172.18.0.3");
            both.ping("172.17.0.2");
            flow.end().nothingLost();
        }
    }

    @Test
    void A_ATT_03_networkAtCreationIsTheOnlyOne() {
        LAB.cli("network", "create", "--subnet", "10.20.0.0/24", "dev");
        LabContainer one = LAB.attached("one", "--network", "dev");
        assertThat(one.links()).containsExactly("lo", "eth0");
        assertThat(one.addressOf("eth0")).isEqualTo("10.20.0.2/24");
        assertThat(LAB.inspected("inspect", "one")
                        .at("NetworkSettings")
                        .at("Networks")
                        .elements())
                .hasSize(1);
        Outcome shown = LAB.daemon().cli("run", "--rm", "--net", "dev", "--", "ip", "-br", "addr");
        assertThat(shown.ok().out()).contains("10.20.0.3/24").doesNotContain("eth1");
    }

    @Test
    void A_ATT_04_withoutNetworkItIsTheBridge() {
        LabContainer one = LAB.attached("one");
        assertThat(one.addressOf("eth0")).isEqualTo("172.17.0.2/16");
        assertThat(LAB.inspected("network", "inspect", "bridge")
                        .at("Containers")
                        .has(one.id()))
                .isTrue();
        String id = LAB.cli("run", "-d", "--name", "two", "--", "sleep", "300");
        assertThat(LAB.inspected("network", "inspect", "bridge")
                        .at("Containers")
                        .has(id))
                .isTrue();
    }

    @Test
    void A_ATT_05_connectTakesNetworkThenContainerAndPrintsNothing() {
        LAB.cli("network", "create", "dev");
        LAB.attached("one");
        Outcome connected = LAB.daemon().cli("network", "connect", "dev", "one");
        assertThat(connected.exit()).isZero();
        assertThat(connected.out() + connected.err()).isEmpty();
        assertThat(LAB.refused("network", "connect", "one", "dev")).contains("one");
        assertThat(LAB.refused("network", "connect", "dev", "nobody")).contains("nobody");
        assertThat(LAB.refused("network", "connect", "nowhere", "one")).contains("nowhere");
        Outcome disconnected = LAB.daemon().cli("network", "disconnect", "dev", "one");
        assertThat(disconnected.exit()).isZero();
        assertThat(disconnected.out() + disconnected.err()).isEmpty();
    }

    @Test
    void A_ATT_06_inspectOfTheNetworkListsItsMembers() {
        LAB.cli("network", "create", "dev");
        LabContainer one = LAB.attached("one", "--network", "dev");
        LabContainer two = LAB.attached("two", "--network", "dev");
        Json members = LAB.inspected("network", "inspect", "dev").at("Containers");
        assertThat(members.elements()).hasSize(2);
        Json first = members.at(one.id());
        assertThat(first.text("Name")).isEqualTo("one");
        assertThat(first.text("EndpointID")).matches("[0-9a-f]{64}");
        assertThat(first.text("MacAddress")).isEqualTo("02:42:ac:12:00:02");
        assertThat(first.text("IPv4Address")).isEqualTo("172.18.0.2/16");
        assertThat(first.text("IPv6Address")).isEmpty();
        assertThat(members.at(two.id()).text("IPv4Address")).isEqualTo("172.18.0.3/16");
        assertThat(one.endpoint("dev").text("EndpointID")).isEqualTo(first.text("EndpointID"));
    }

    @Test
    void A_ATT_07_disconnectRemovesEverythingAtOnceAndAReconnectIsANewEndpoint() {
        LAB.cli("network", "create", "dev");
        LabContainer one = LAB.attached("one", "--network", "dev");
        one.connect("bridge");
        String before = one.endpoint("dev").text("EndpointID");
        one.disconnect("dev");
        assertThat(one.ip("-o addr show")).doesNotContain("172.18.").doesNotContain("eth0");
        assertThat(one.ip("route show")).doesNotContain("172.18.");
        assertThat(one.ip("route show default"))
                .as("the next network's gateway takes over")
                .contains("via 172.17.0.1 dev eth1");
        assertThat(LAB.inspected("network", "inspect", "dev").at("Containers").elements())
                .isEmpty();
        assertThat(LAB.cli("fdb", "dev")).doesNotContain("02:42:ac:12:00:02");
        one.connect("dev");
        assertThat(one.endpoint("dev").text("EndpointID"))
                .matches("[0-9a-f]{64}")
                .isNotEqualTo(before);
        one.ping("172.18.0.1");
        assertThat(LAB.refused("network", "disconnect", "none", "one")).contains("one");
    }

    @Test
    void A_ATT_08_C11_pingToADisconnectedPeerIsUnreachableAndOthersAreUndisturbed() {
        LAB.cli("network", "create", "dev");
        LabContainer one = LAB.attached("one", "--network", "dev");
        LabContainer two = LAB.attached("two", "--network", "dev");
        LabContainer three = LAB.attached("three", "--network", "dev");
        one.ping("172.18.0.3");
        try (Flow flow = Flow.start(one, "172.18.0.4", three, 1_000)) {
            two.disconnect("dev");
            one.ip("neigh flush to 172.18.0.3");
            Outcome ping = one.exec("ping", "-c2", "-i0.2", "-W4", "172.18.0.3");
            assertThat(ping.exit()).isNotZero();
            assertThat(ping.out())
                    .contains("From 172.18.0.2 icmp_seq=1 Destination Host Unreachable")
                    .contains("100% packet loss");
            flow.end().nothingLost();
        }
    }

    /** {@return whether a container finds a name} */
    private static boolean knows(LabContainer asker, String name) {
        return !asker.exec("dig", "+short", "+tries=1", "+time=2", "@169.254.53.53", "-q", name)
                .ok()
                .text()
                .isBlank();
    }

    @Test
    void A_ATT_09_fromTheDisconnectedSideTheAddressDoesNotAnswer() {
        LAB.cli("network", "create", "dev");
        LAB.attached("one", "--network", "dev");
        LabContainer two = LAB.attached("two", "--network", "dev");
        two.connect("bridge");
        assertThat(knows(two, "one")).isTrue();
        two.disconnect("dev");
        assertThat(two.reaches("172.18.0.2")).isFalse();
        assertThat(knows(two, "one")).isFalse();
        two.disconnect("bridge");
        assertThat(two.exec("ping", "-c1", "-W1", "172.18.0.2").err()).contains("Network is unreachable");
    }

    @Test
    void A_ATT_10_containerInTwoNetworksReachesBothAndTheyDoNotReachEachOther() {
        LAB.cli("network", "create", "net1");
        LAB.cli("network", "create", "net2");
        LabContainer a = LAB.attached("a", "--network", "net1");
        LabContainer b = LAB.attached("b", "--network", "net2");
        LabContainer c = LAB.attached("c", "--network", "net1");
        c.connect("net2");
        c.ping("172.18.0.2");
        c.ping("172.19.0.2");
        a.ping("172.18.0.3");
        b.ping("172.19.0.3");
        assertThat(a.reaches("172.19.0.2")).isFalse();
        assertThat(b.reaches("172.18.0.2")).isFalse();
        assertThat(knows(c, "a") && knows(c, "b")).as("who is in both").isTrue();
        assertThat(knows(a, "c") && knows(b, "c")).as("who is in the same").isTrue();
        assertThat(knows(a, "b") || knows(b, "a")).as("by way of c").isFalse();
        // Not even when C is made a router and both send by it: what it forwards does not bear its own address.
        c.exec("sysctl", "-qw", "net.ipv4.ip_forward=1").ok();
        a.ip("route add 172.19.0.0/16 via 172.18.0.3");
        b.ip("route add 172.18.0.0/16 via 172.19.0.3");
        assertThat(a.reaches("172.19.0.2")).isFalse();
        assertThat(b.reaches("172.18.0.2")).isFalse();
        assertThat(c.drops("spoof_ip")).isPositive();
    }

    @Test
    void A_ATT_11_orderOfConnectingIsIrrelevantAndTwiceIsAnError() {
        LAB.cli("network", "create", "dev");
        LAB.cli("network", "create", "ops");
        LabContainer one = LAB.attached("one");
        LabContainer two = LAB.attached("two");
        one.connect("dev");
        one.connect("ops");
        two.connect("ops");
        two.connect("dev");
        one.ping(two.endpoint("dev").text("IPAddress"));
        one.ping(two.endpoint("ops").text("IPAddress"));
        two.ping(one.endpoint("dev").text("IPAddress"));
        assertThat(LAB.refused("network", "connect", "dev", "one"))
                .contains("endpoint with name one already exists in network dev");
        assertThat(one.links()).containsExactly("lo", "eth0", "eth1", "eth2");
    }

    @Test
    void A_ATT_11_sameNamespaceOrNameTwiceIsRefused() {
        LabContainer one = LAB.attached("one");
        assertThat(LAB.refused("attach", "--netns", one.name(), "--name", "other"))
                .contains("one");
        assertThat(LAB.refused("attach", "--netns", "/run/netns/" + one.name(), "--name", "other"))
                .contains("one");
        assertThat(LAB.refused("attach", "--netns", LAB.namespace("n").name(), "--name", "one"))
                .contains("one")
                .contains("already in use");
        assertThat(one.links()).containsExactly("lo", "eth0");
    }

    @Test
    void A_ATT_12_containerModeSeesExactlyTheOthersInterfaces() {
        LAB.cli("network", "create", "dev");
        LabContainer three = LAB.attached("con3", "--network", "dev");
        three.connect("bridge");
        String seen = LAB.cli("run", "--rm", "--net", "container:con3", "--", "ip", "-o", "-4", "addr");
        assertThat(seen.strip()).isEqualTo(three.ip("-o -4 addr").strip());
        assertThat(seen).contains("172.18.0.2/16").contains("172.17.0.2/16");
        assertThat(LAB.refused("run", "--rm", "--net", "container:nobody", "--", "true"))
                .contains("nobody");
    }

    @Test
    void A_ATT_13_disconnectFromTheLastNetworkLeavesOnlyLo() {
        LabContainer one = LAB.attached("one");
        one.disconnect("bridge");
        assertThat(one.links()).containsExactly("lo");
        assertThat(one.ip("route show")).isEmpty();
        assertThat(LAB.cli("ps")).contains("one");
        one.connect("bridge");
        assertThat(one.links()).containsExactly("lo", "eth0");
        one.ping("172.17.0.1");
    }

    @Test
    void namespaceIsGivenByNamePathOrProcess() {
        LabNamespace named = LAB.namespace("n");
        LabNamespace byPath = LAB.namespace("n");
        LabNamespace byPid = LAB.namespace("n");
        LAB.cli("attach", "--netns", named.name());
        assertThat(LAB.inspected("inspect", named.name()).text("Name").replace("/", ""))
                .as("the namespace's name is the container's")
                .isEqualTo(named.name());
        LAB.cli("attach", "--netns", "/run/netns/" + byPath.name(), "--name", "path");
        var process = LAB.closing(byPid.start("sleep", "100"));
        LAB.cli("attach", "--netns", String.valueOf(process.pid()), "--name", "pid");
        for (LabNamespace each : List.of(named, byPath, byPid)) {
            assertThat(each.ip("-br link")).contains("eth0");
        }
        assertThat(LAB.refused("attach", "--netns", "no-such-place")).contains("no-such-place");
    }

    @Test
    void renamedContainerKeepsEverythingElse() {
        LabContainer one = LAB.attached("one");
        LabContainer two = LAB.attached("two");
        assertThat(LAB.cli("rename", "one", "uno")).isEmpty();
        assertThat(LAB.inspected("network", "inspect", "bridge")
                        .at("Containers")
                        .at(one.id())
                        .text("Name"))
                .isEqualTo("uno");
        two.ping("172.17.0.2");
        assertThat(LAB.refused("rename", "uno", "two")).contains("two").contains("already in use");
        assertThat(LAB.refused("inspect", "one")).contains("one");
    }

    @Test
    void psShowsTheColumnsOfDocker() {
        LAB.cli("network", "create", "dev");
        LabContainer one = LAB.attached("one", "--network", "dev", "--network", "bridge");
        List<String> rows = LAB.cli("ps").lines().toList();
        assertThat(rows.getFirst().split(" {2,}", -1))
                .startsWith("CONTAINER ID", "COMMAND", "CREATED", "STATUS", "PORTS", "NAMES", "NETWORKS");
        assertThat(rows.get(1))
                .startsWith(one.id().substring(0, 12))
                .contains("one")
                .containsPattern("(dev,bridge|bridge,dev)");
        assertThat(LAB.cli("ps", "-q")).isEqualTo(one.id().substring(0, 12));
        assertThat(LAB.cli("ps", "-q", "--no-trunc")).isEqualTo(one.id());
        LAB.attached("two");
        assertThat(LAB.cli("ps", "-l").lines().skip(1)).hasSize(1).allMatch(row -> row.contains("two"));
    }
}
