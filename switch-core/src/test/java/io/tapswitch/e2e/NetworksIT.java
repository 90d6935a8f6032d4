package io.tapswitch.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.lab.Api;
import io.tapswitch.lab.Json;
import io.tapswitch.lab.Lab;
import io.tapswitch.lab.LabContainer;
import io.tapswitch.lab.Outcome;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Networks as a user makes, lists, inspects and removes them: behaviours A-NET (14: {@link ConfigFileIT}). */
@Tag("netns")
@Timeout(120)
final class NetworksIT {
    @RegisterExtension
    static final Lab LAB = Lab.withDaemon();

    @Test
    void A_NET_01_createPrintsOneLineWithTheFullIdAndMakesABridge() {
        Outcome made = LAB.daemon().cli("network", "create", "dev").ok();
        assertThat(made.out()).matches("[0-9a-f]{64}\n");
        assertThat(made.err()).isEmpty();
        assertThat(inspected("dev").text("Driver")).isEqualTo("bridge");
        assertThat(inspected("dev").text("Id")).isEqualTo(made.text());
    }

    @Test
    void A_NET_02_freshEngineHasBridgeHostAndNone() {
        List<String> rows = LAB.cli("network", "ls").lines().toList();
        assertThat(rows.getFirst()).matches("NETWORK ID {3,}NAME {3,}DRIVER {3,}SCOPE *");
        assertThat(rows.stream().skip(1).map(NetworksIT::cells))
                .containsExactly(
                        List.of(shortId("bridge"), "bridge", "bridge", "local"),
                        List.of(shortId("host"), "host", "host", "local"),
                        List.of(shortId("none"), "none", "null", "local"));
    }

    /** What lets other tests call the command line instead of starting a JVM for each command. */
    @Test
    void aCommandOfItsOwnProcessSaysAndReturnsTheSameAsACall() {
        LAB.cli("network", "create", "dev");
        for (String words : List.of("network ls", "network inspect dev nothing", "ps -a", "rm x", "port x y")) {
            Outcome called = LAB.daemon().cli(words.split(" "));
            Outcome typed = LAB.daemon().cliOnHost(words.split(" "));
            assertThat(called.command()).as("it was a call").doesNotContain("ip");
            assertThat(typed.exit()).as("%s", typed).isEqualTo(called.exit());
            assertThat(typed.err()).isEqualTo(called.err());
            assertThat(typed.out()).isEqualTo(called.out());
        }
    }

    @Test
    void A_NET_03_newRowAppearsInTheByteOrderOfNames() {
        String id = LAB.cli("network", "create", "dev");
        LAB.cli("network", "create", "Zebra");
        LAB.cli("network", "create", "n10");
        LAB.cli("network", "create", "n9");
        List<String> rows = LAB.cli("network", "ls").lines().skip(1).toList();
        assertThat(rows.stream().map(row -> cells(row).get(1)))
                .containsExactly("Zebra", "bridge", "dev", "host", "n10", "n9", "none");
        assertThat(rows.stream().map(NetworksIT::cells))
                .contains(List.of(id.substring(0, 12), "dev", "bridge", "local"));
    }

    @Test
    void A_NET_04_inspectHasTheKeysOfDocker() {
        String id = LAB.cli("network", "create", "--label", "team=blue", "-o", "tapswitch.vlan=drop", "dev");
        Json array = Json.parse(LAB.cli("network", "inspect", "dev"));
        assertThat(array.elements()).hasSize(1);
        Json dev = array.at(0);
        assertThat(dev.text("Name")).isEqualTo("dev");
        assertThat(dev.text("Id")).isEqualTo(id);
        assertThat(dev.text("Created"))
                .matches("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{1,9}(Z|[+-]\\d\\d:\\d\\d)");
        assertThat(dev.text("Scope")).isEqualTo("local");
        assertThat(dev.text("Driver")).isEqualTo("bridge");
        for (String no : List.of("EnableIPv6", "Internal", "Attachable")) {
            assertThat(dev.at(no).node().isBoolean()).as(no).isTrue();
            assertThat(dev.is(no)).as(no).isFalse();
        }
        assertThat(dev.at("IPAM").text("Driver")).isEqualTo("default");
        assertThat(dev.at("IPAM").has("Options")).isTrue();
        assertThat(dev.at("IPAM").at("Config").at(0).text("Subnet")).isEqualTo("172.18.0.0/16");
        assertThat(dev.at("Containers").node().isObject()).isTrue();
        assertThat(dev.at("Containers").elements()).isEmpty();
        assertThat(dev.at("Options").text("tapswitch.vlan")).isEqualTo("drop");
        assertThat(dev.at("Labels").text("team")).isEqualTo("blue");
        assertThat(Json.parse(LAB.cli("network", "inspect", "dev", "bridge")).elements())
                .hasSize(2);
        assertThat(LAB.refused("network", "inspect", "nowhere")).contains("nowhere");
    }

    @Test
    void A_NET_05_gatewayIsTheFirstAddressAlsoWhenOnlyTheSubnetWasGiven() {
        LAB.cli("network", "create", "--subnet", "10.11.0.0/24", "dev");
        assertThat(inspected("dev").at("IPAM").at("Config").at(0).text("Subnet"))
                .isEqualTo("10.11.0.0/24");
        LabContainer one = LAB.attached("one", "--network", "dev");
        assertThat(one.exec("arping", "-c1", "-w2", "-I", "eth0", "10.11.0.1")
                        .ok()
                        .out())
                .contains("Unicast reply from 10.11.0.1")
                .contains("Received 1 response");
    }

    @Test
    void A_NET_06_everyCommandTakesNameIdAndUniquePrefix() {
        String id = LAB.cli("network", "create", "dev");
        LabContainer one = LAB.attached("one", "--network", "bridge");
        for (String reference : List.of("dev", id, id.substring(0, 12), id.substring(0, 6))) {
            assertThat(inspected(reference).text("Id")).isEqualTo(id);
            LAB.cli("network", "connect", reference, "one");
            assertThat(one.links()).containsExactly("lo", "eth0", "eth1");
            LAB.cli("network", "disconnect", reference, one.id().substring(0, 10));
            assertThat(one.links()).containsExactly("lo", "eth0");
        }
        LabContainer two = LAB.attached("two", "--network", id.substring(0, 7));
        assertThat(two.addressOf("eth0")).startsWith("172.18.0.");
        LAB.cli("rm", "-f", two.id().substring(0, 9));
        assertThat(LAB.cli("network", "rm", id.substring(0, 8))).isEqualTo(id.substring(0, 8));
    }

    @Test
    void A_NET_06_prefixOfTwoIdsIsRefusedAsAmbiguous() {
        Set<String> seen = new TreeSet<>();
        String shared = "";
        // There are 16 first digits: of 17 ids two must share one.
        for (int i = 0; shared.isEmpty(); i++) {
            String id = LAB.cli("network", "create", "n" + i);
            shared = seen.add(id.substring(0, 1)) ? "" : id.substring(0, 1);
        }
        assertThat(LAB.refused("network", "inspect", shared)).containsIgnoringCase("ambiguous");
    }

    @Test
    void A_NET_07_rmPrintsTheNameAndTheNetworkIsGone() {
        LAB.cli("network", "create", "dev");
        LAB.cli("network", "create", "ops");
        assertThat(LAB.cli("network", "rm", "dev", "ops").lines()).containsExactly("dev", "ops");
        assertThat(names("network", "ls")).containsExactly("bridge", "host", "none");
        assertThat(LAB.refused("network", "rm", "dev")).contains("dev");
    }

    @Test
    void A_NET_08_predefinedNetworksAreNotRemoved() {
        String before = LAB.cli("network", "inspect", "bridge", "host", "none");
        for (String name : List.of("bridge", "host", "none")) {
            assertThat(LAB.refused("network", "rm", name)).contains(name).contains("pre-defined network");
        }
        assertThat(LAB.cli("network", "inspect", "bridge", "host", "none")).isEqualTo(before);
        assertThat(LAB.refused("network", "create", "bridge"))
                .contains("operation is not permitted on predefined bridge network");
    }

    @Test
    void A_NET_09_networkWithEndpointsIsOnlyRemovedWhenTheyAreGone() {
        LAB.cli("network", "create", "dev");
        LabContainer one = LAB.attached("one", "--network", "dev");
        LabContainer two = LAB.attached("two", "--network", "bridge");
        two.connect("dev");
        assertThat(LAB.refused("network", "rm", "dev")).contains("dev").contains("has active endpoints");
        one.ping("172.18.0.3");
        one.disconnect("dev");
        assertThat(LAB.refused("network", "rm", "dev")).contains("has active endpoints");
        two.disconnect("dev");
        assertThat(LAB.cli("network", "rm", "dev")).isEqualTo("dev");
    }

    @Test
    void A_NET_10_optionAfterTheName() {
        LAB.cli("network", "create", "my_bridge", "--driver", "bridge");
        assertThat(inspected("my_bridge").text("Driver")).isEqualTo("bridge");
    }

    @Test
    void A_NET_11_ownSubnetGivesAddressesAndMacsInOrder() {
        LAB.cli("network", "create", "-d", "bridge", "--subnet", "10.0.0.0/24", "ps-bridge");
        LabContainer one = LAB.attached("one", "--network", "ps-bridge");
        LabContainer two = LAB.attached("two", "--network", "ps-bridge");
        assertThat(one.addressOf("eth0")).isEqualTo("10.0.0.2/24");
        assertThat(two.addressOf("eth0")).isEqualTo("10.0.0.3/24");
        assertThat(one.ip("link show eth0")).contains("link/ether 02:42:0a:00:00:02");
        assertThat(two.ip("link show eth0")).contains("link/ether 02:42:0a:00:00:03");
        one.ping("10.0.0.3");
    }

    @Test
    void A_NET_12_pruneRemovesOnlyCustomNetworksWithoutContainers() {
        LAB.cli("network", "create", "idle");
        LAB.cli("network", "create", "--label", "keep=yes", "kept");
        LAB.cli("network", "create", "used");
        LAB.attached("one", "--network", "used");

        assertThat(LAB.daemon().cliWithInput("n\n", "network", "prune").out()).contains("[y/N]");
        assertThat(names("network", "ls")).contains("idle", "kept", "used");
        assertThat(LAB.cli("network", "prune", "-f", "--filter", "until=1h")).doesNotContain("idle");
        assertThat(LAB.cli("network", "prune", "-f", "--filter", "label!=keep=yes")
                        .strip()
                        .lines())
                .containsExactly("Deleted Networks:", "idle");
        LAB.cli("network", "create", "idle");
        assertThat(LAB.cli("network", "prune", "-f", "--filter", "label=keep")
                        .strip()
                        .lines())
                .containsExactly("Deleted Networks:", "kept");
        assertThat(LAB.daemon().cliWithInput("y\n", "network", "prune").ok().out())
                .contains("Deleted Networks:\nidle");
        assertThat(names("network", "ls")).containsExactly("bridge", "host", "none", "used");
        assertThat(LAB.refused("network", "prune", "-f", "--filter", "name=used"))
                .contains("name");
    }

    @Test
    void A_NET_13_listFilters() {
        String dev = LAB.cli("network", "create", "--label", "team=blue", "--label", "tier=1", "dev");
        LAB.cli("network", "create", "--label", "team=red", "devops");
        LAB.cli("network", "create", "plain");
        assertThat(filtered("driver=bridge")).containsExactly("bridge", "dev", "devops", "plain");
        assertThat(filtered("driver=null")).containsExactly("none");
        assertThat(filtered("id=" + dev.substring(0, 12))).containsExactly("dev");
        assertThat(filtered("label=team")).containsExactly("dev", "devops");
        assertThat(filtered("label=team=blue")).containsExactly("dev");
        assertThat(filtered("name=dev")).containsExactly("dev", "devops");
        assertThat(filtered("scope=local")).hasSize(6);
        assertThat(filtered("scope=global")).isEmpty();
        assertThat(filtered("type=custom")).containsExactly("dev", "devops", "plain");
        assertThat(filtered("type=builtin")).containsExactly("bridge", "host", "none");
        assertThat(filtered("driver=host", "driver=null")).containsExactly("host", "none");
        assertThat(filtered("name=dev", "label=team=red")).containsExactly("devops");
        assertThat(LAB.refused("network", "ls", "--filter", "colour=red")).contains("colour");
    }

    @Test
    void A_NET_13_listFormats() {
        String dev = LAB.cli("network", "create", "--label", "team=blue", "dev");
        assertThat(LAB.cli("network", "ls", "-q", "-f", "name=dev")).isEqualTo(dev.substring(0, 12));
        assertThat(LAB.cli("network", "ls", "-q", "--no-trunc", "-f", "name=dev"))
                .isEqualTo(dev);
        assertThat(LAB.cli("network", "ls", "--no-trunc")).contains(dev);
        assertThat(LAB.cli("network", "ls", "--format", "{{.Name}}\\t{{.Driver}}/{{.Scope}}", "-f", "type=custom"))
                .isEqualTo("dev\tbridge/local");
        assertThat(LAB.cli("network", "ls", "--format", "table {{.Name}}\\t{{.ID}}")
                        .lines()
                        .map(NetworksIT::cells))
                .startsWith(List.of("NAME", "NETWORK ID"))
                .contains(List.of("dev", dev.substring(0, 12)));
        for (String format : List.of("json", "{{json .}}")) {
            List<Json> lines = LAB.cli("network", "ls", "--format", format)
                    .lines()
                    .map(Json::parse)
                    .toList();
            assertThat(lines.stream().map(line -> line.text("Name"))).containsExactly("bridge", "dev", "host", "none");
            assertThat(lines.get(1).text("ID")).startsWith(dev.substring(0, 12));
        }
        assertThat(LAB.cli("network", "inspect", "--format", "{{.Name}} {{json .Labels}}", "dev"))
                .isEqualTo("dev {\"team\":\"blue\"}");
        assertThat(LAB.cli(
                        "network",
                        "inspect",
                        "--format",
                        "{{range .IPAM.Config}}{{.Subnet}}{{end}} {{index .Labels \"team\"}}",
                        "dev"))
                .isEqualTo("172.18.0.0/16 blue");
        assertThat(LAB.refused("network", "ls", "--format", "{{if .Name}}x{{end}}"))
                .containsPattern("\\d")
                .contains("if");
    }

    @Test
    void row80_namesThatAreNoNames() {
        for (String bad : List.of("", " ", "a b", "-x-", "é", "a/b", ".hidden", "x".repeat(300))) {
            Api.Answer answer = LAB.daemon().api().post("/networks", "{\"name\":\"" + bad + "\"}");
            assertThat(answer.status()).as("'%s'", bad).isEqualTo(400);
            assertThat(answer.body().text("message")).isNotBlank();
        }
        LAB.cli("network", "create", "Upper.case_and-dots.9");
        assertThat(LAB.refused("network", "create", "Upper.case_and-dots.9"))
                .contains("network with name Upper.case_and-dots.9 already exists");
        assertThat(names("network", "ls")).containsExactly("Upper.case_and-dots.9", "bridge", "host", "none");
    }

    private static List<String> filtered(String... filters) {
        List<String> words = Arrays.stream(filters)
                .flatMap(filter -> List.of("--filter", filter).stream())
                .collect(Collectors.toCollection(java.util.ArrayList::new));
        words.addAll(0, List.of("network", "ls"));
        return names(words.toArray(String[]::new));
    }

    private static List<String> names(String... words) {
        return LAB.cli(words).lines().skip(1).map(row -> cells(row).get(1)).toList();
    }

    private static List<String> cells(String row) {
        return List.of(row.strip().split(" {2,}|\t", -1));
    }

    private static String shortId(String name) {
        return inspected(name).text("Id").substring(0, 12);
    }

    private static Json inspected(String network) {
        return LAB.inspected("network", "inspect", network);
    }
}
