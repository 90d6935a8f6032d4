package io.tapswitch.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.lab.ClusterLab;
import io.tapswitch.lab.Description;
import io.tapswitch.lab.Eventually;
import io.tapswitch.lab.Json;
import io.tapswitch.lab.LabContainer;
import io.tapswitch.lab.Outcome;
import io.tapswitch.lab.Waiting;
import io.tapswitch.lab.World;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What people see of a cluster of two hosts with a real etcd: node ls, peers, network verify, status. */
@Tag("netns")
@Timeout(150)
final class ClusterCommandsIT {
    private final ClusterLab lab = new ClusterLab(2);

    @AfterEach
    void close() {
        lab.close();
    }

    private static void awaitNetwork(World host) {
        Eventually.until("wide", () -> host.cli("network", "ls").contains(" wide "));
    }

    private static String name(World host) {
        return host.daemon().api().get("/status").at("cluster").text("name");
    }

    private static List<String> cells(String table) {
        return table.lines().map(line -> line.strip().replaceAll(" {2,}", "|")).toList();
    }

    /** {@return how many keys of questions and answers the store has} */
    private String asked() {
        String from = base64("/tapswitch/v1-answers/");
        String to = base64("/tapswitch/v1-answers0");
        String answers = lab.etcd().curl("/v3/kv/range", "{\"key\":\"" + from + "\",\"range_end\":\"" + to + "\"}");
        String begin = base64("/tapswitch/v1/questions/");
        String end = base64("/tapswitch/v1/questions0");
        return answers + lab.etcd().curl("/v3/kv/range", "{\"key\":\"" + begin + "\",\"range_end\":\"" + end + "\"}");
    }

    private static String base64(String text) {
        return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void V11_nodesPeersStatusAndAVerificationOfHostsThatAgree() {
        lab.joined();
        World one = lab.host(1);
        World two = lab.host(2);
        one.cli("network", "create", "-d", "overlay", "--subnet", "10.68.0.0/24", "wide");
        awaitNetwork(two);
        LabContainer a = one.attached("a", "--network", "wide");
        LabContainer b = two.attached("b", "--network", "wide");
        String address = b.endpoint("wide").text("IPAddress");
        Eventually.until("b is reached", () -> a.reaches(address));
        Eventually.until("one knows b", () -> cells(one.cli("node", "ls")).size() == 3);

        // A machine's name is one for both namespaces: the second got the begin of its id behind it.
        String first = name(one);
        String second = name(two);
        assertThat(second).startsWith(first + "-");
        List<String> nodes = cells(one.cli("node", "ls"));
        assertThat(nodes.getFirst()).isEqualTo("ID|HOSTNAME|ADDRESS|STATUS|NETWORKS|CONTAINERS");
        assertThat(nodes.get(1)).matches("[0-9a-f]{12} \\*\\|" + first + "\\|198\\.18\\.0\\.1\\|ready\\|1\\|1");
        assertThat(nodes.get(2)).matches("[0-9a-f]{12}\\|" + second + "\\|198\\.18\\.0\\.2\\|ready\\|1\\|1");
        assertThat(one.cli("node", "ls", "-q", "--filter", "name=" + second)).hasSize(12);
        Json node = two.daemon().api().get("/nodes").at(0);
        assertThat(node.text("address")).as("the host that answers comes first").isEqualTo("198.18.0.2");

        List<String> peers = cells(one.cli("peers", "wide"));
        assertThat(peers).hasSize(2);
        assertThat(peers.get(1))
                .matches(
                        "wide\\|\\d+\\|" + second
                                + "\\|198\\.18\\.0\\.2\\|cluster\\|1500\\|1\\|[1-9]\\d*\\|[1-9]\\d*\\|[1-9]\\d*\\|[1-9]\\d*\\|\\d+\\|\\d+s ago");
        assertThat(cells(one.cli("status")))
                .anyMatch(line -> line.matches("cluster\\|etcd://198\\.18\\.0\\.100:2379, joined for .*"))
                .contains("cluster hosts|2 alive of 2");

        assertThat(cells(two.cli("network", "verify", "wide")))
                .containsExactly(
                        "HOST|ADDRESS|ENDPOINTS|VERDICT",
                        first + "|198.18.0.1|2|agrees",
                        second + "|198.18.0.2|2|agrees");
        assertThat(asked()).as("nothing is left in the store").doesNotContain("kvs");
        assertThat(one.refused("network", "verify", "bridge")).contains("network bridge is this host's own");
        one.assertNoTrouble();
        two.assertNoTrouble();
    }

    @Test
    void V11_aHostWithoutTheNetworkDiffers() {
        lab.joined();
        World one = lab.host(1);
        World two = lab.host(2);
        two.cli("network", "create", "wide");
        one.cli("network", "create", "-d", "overlay", "--subnet", "10.68.0.0/24", "wide");
        one.attached("a", "--network", "wide");
        two.daemon().expectLog("a network of its own has that name");
        Outcome outcome = one.daemon().cli("network", "verify", "wide");
        assertThat(outcome.exit()).isEqualTo(1);
        assertThat(cells(outcome.text()))
                .contains(
                        name(one) + "|198.18.0.1|1|agrees",
                        name(two) + "|198.18.0.2|0|differs",
                        "host " + name(two) + ": it does not have the network; tapswitch status says why there");
        two.cli("network", "rm", "wide");
        Eventually.until(
                Duration.ofSeconds(20),
                "the cluster's network has come",
                () -> one.daemon().cli("network", "verify", "wide").exit() == 0);
    }

    @Test
    void V11_hostsWithTunnelAddressesOfTwoFamiliesSayThatThisIsTheCause() {
        World one = lab.join(1);
        World two = lab.join(2, "--cluster-advertise", ClusterLab.address6(2));
        ClusterLab.awaitJoined(one);
        ClusterLab.awaitJoined(two);
        one.cli("network", "create", "-d", "overlay", "--subnet", "10.68.0.0/24", "wide");
        awaitNetwork(two);
        one.attached("a", "--network", "wide");
        two.attached("b", "--network", "wide");
        Outcome outcome = one.daemon().cli("network", "verify", "wide");
        assertThat(outcome.exit()).isEqualTo(1);
        assertThat(cells(outcome.text()))
                .contains(
                        "host " + name(one) + " does not have 10.68.0.3 (b), the store says it is at host " + name(two),
                        "host " + name(one) + " says: host " + name(two) + " of the cluster has the tunnel address "
                                + ClusterLab.address6(2) + ", of another family than this host's: its containers are"
                                + " not reached; set --cluster-advertise there");
        Json answer = new Description(one.daemon()).held(200, "POST", "/networks/{ref}/verify", "wide");
        assertThat(answer.at("causes").elements()).hasSize(2);
    }

    /** Everything that takes a container, and is refused of another host's. */
    private static final List<String> OF_A_CONTAINER = List.of(
            "inspect far",
            "inspect --type container far",
            "rm far",
            "rm -f far",
            "rename far c",
            "stop far",
            "start far",
            "exec far true",
            "logs far",
            "publish far 8080:80",
            "unpublish far 8080:80",
            "port far",
            "stats far",
            "flows --container far",
            "capture -c 1 far",
            "dns lookup a --from far",
            "network connect own far",
            "network disconnect own far",
            "run --rm --network container:far -- true");

    @Test
    void V11_answersAboutOtherHostsAreAsDescribed_andTheirContainersAreSaidToBeThere() {
        lab.joined();
        World one = lab.host(1);
        World two = lab.host(2);
        one.cli("network", "create", "-d", "overlay", "--subnet", "10.68.0.0/24", "wide");
        one.cli("network", "create", "own");
        awaitNetwork(two);
        LabContainer a = one.attached("a", "--network", "wide");
        LabContainer far = two.attached("far", "--network", "wide");
        Eventually.until("far is reached", () -> a.reaches(far.endpoint("wide").text("IPAddress")));

        Description description = new Description(one.daemon());
        assertThat(description.held(200, "GET", "/nodes", "").elements()).hasSize(2);
        assertThat(description.held(200, "GET", "/peers", "").elements()).hasSize(1);
        Json verified = description.held(200, "POST", "/networks/{ref}/verify", "wide");
        assertThat(verified.at("hosts").elements()).hasSize(2);
        assertThat(description.held(200, "GET", "/status", "").at("cluster").number("hosts"))
                .isEqualTo(2);
        assertThat(description
                        .held(200, "GET", "/networks/{ref}", "wide")
                        .at("Containers")
                        .toString())
                .contains("ep-");

        String there = "It is on host " + name(two) + " (198.18.0.2): run the command there";
        for (String command : OF_A_CONTAINER) {
            assertThat(one.refused(command.split(" "))).as(command).contains("No such container: far", there);
        }
        Json refusal = description.held(409, "GET", "/containers/{ref}", "far");
        assertThat(refusal.text("code")).isEqualTo("container_elsewhere");
        for (String query : List.of("/stats?container=far", "/ports?container=far", "/flows?container=far")) {
            assertThat(one.daemon().api().ask(query).status()).as(query).isEqualTo(409);
        }
        assertThat(one.refused("inspect", "nobody")).contains("No such object: nobody");
        assertThat(one.cli("inspect", "wide")).as("a network").contains("10.68.0.0/24");
        assertThat(one.refused("network", "rm", "wide"))
                .contains("disconnect or remove container a here, far on host " + name(two) + " first");
        String begin = a.id().substring(0, 4);
        two.attached(begin, "--network", "wide");
        Eventually.until(
                "one knows it", () -> one.cli("network", "inspect", "wide").contains("\"Name\": \"" + begin + "\""));
        assertThat(one.refused("rm", begin))
                .as("a name goes before the beginning of an id")
                .contains("No such container: " + begin, there);
        two.cli("rm", begin);
        one.cli("rm", "a");
        Eventually.until(
                "the store knows that a is gone",
                () -> one.refused("network", "rm", "wide")
                        .contains("disconnect or remove container far on host " + name(two) + " first"));
        assertThat(two.cli("inspect", "far")).contains("10.68.0.3");
    }

    @Test
    void V11_aHostThatJoinsOrWasKilledAndIsBackAnswersAtOnce() {
        lab.joined();
        World one = lab.host(1);
        World two = lab.host(2);
        one.cli("network", "create", "-d", "overlay", "--subnet", "10.68.0.0/24", "wide");
        awaitNetwork(two);
        two.attached("b", "--network", "wide");
        for (boolean isKilled : new boolean[] {true, false}) {
            if (isKilled) {
                two.daemon().process().kill();
            } else {
                two.stop();
            }
            lab.join(2);
            Eventually.until(
                    "joined",
                    () -> two.daemon()
                            .api()
                            .get("/status")
                            .at("cluster")
                            .text("standing")
                            .equals("joined"));
            Outcome outcome = one.daemon().cli("network", "verify", "wide");
            assertThat(outcome.exit()).as(outcome.text()).isZero();
            assertThat(cells(outcome.text())).contains(name(two) + "|198.18.0.2|1|agrees");
        }
    }

    @Test
    @Waiting
    void V12_aHostThatIsCutOffFromTheStoreIsSilentThenUnseenAndSaysItselfThatItIsAway() {
        lab.joined();
        World one = lab.host(1);
        World two = lab.host(2);
        one.cli("network", "create", "-d", "overlay", "--subnet", "10.68.0.0/24", "wide");
        awaitNetwork(two);
        String second = name(two);
        lab.cut(2);
        Outcome outcome = one.daemon().cli("network", "verify", "wide");
        assertThat(outcome.exit()).isEqualTo(1);
        assertThat(cells(outcome.text()))
                .contains(second + "|198.18.0.2|0|silent", "host " + second + " did not answer within 3 s");
        Eventually.until(
                Duration.ofSeconds(30),
                "unseen",
                () -> one.cli("node", "ls", "--filter", "status=unseen").contains(second));
        assertThat(one.cli("node", "ls", "--format", "{{.Status}}")).containsPattern("(?m)^unseen for \\d+s$");
        assertThat(one.daemon().cli("network", "verify", "wide").exit())
                .as("the dead are not waited for")
                .isZero();
        Eventually.until(
                Duration.ofSeconds(30),
                "two is away",
                () -> two.cli("node", "ls").contains("unknown"));
        assertThat(two.cli("status"))
                .contains("away for ", "unknown; the store had 2 when it was read last, 2 of them alive");
        assertThat(two.refused("network", "verify", "wide")).contains("cluster store");
        lab.heal(2);
        Eventually.until(
                Duration.ofSeconds(30),
                "two is back",
                () -> one.daemon().cli("network", "verify", "wide").text().contains(second + " ")
                        && !one.cli("node", "ls").contains("unseen"));
    }
}
