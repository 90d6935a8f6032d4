package io.tapswitch.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.lab.Json;
import io.tapswitch.lab.Lab;
import io.tapswitch.lab.LabNamespace;
import io.tapswitch.lab.Outcome;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The command line as a user types it: behaviours A-NET, A-IPAM and A-ATT. */
@Tag("netns")
@Timeout(120)
final class NetworkCommandsIT {
    @RegisterExtension
    static final Lab LAB = Lab.withDaemon();

    @AfterEach
    void removeEverything() {
        for (Json container : LAB.daemon().api().get("/containers?all=true").elements()) {
            LAB.daemon()
                    .api()
                    .delete("/containers/" + container.text("Id") + "?force=true")
                    .ok();
        }
        for (Json network : LAB.daemon().api().get("/networks").elements()) {
            if (!List.of("bridge", "host", "none").contains(network.text("Name"))) {
                LAB.daemon().api().delete("/networks/" + network.text("Id")).ok();
            }
        }
    }

    @Test
    void A_NET_01_to_04_createListInspect() {
        String id = cli("network", "create", "dev");
        assertThat(id).matches("[0-9a-f]{64}");
        cli("network", "create", "Zebra");
        List<String> rows = cli("network", "ls").lines().toList();
        assertThat(rows.getFirst()).matches("NETWORK ID +NAME +DRIVER +SCOPE *");
        assertThat(rows).anyMatch(row -> row.matches(id.substring(0, 12) + " +dev +bridge +local *"));
        List<String> names =
                rows.stream().skip(1).map(row -> row.split(" +", -1)[1]).toList();
        assertThat(names).startsWith("Zebra", "bridge", "dev").isSorted();

        Json array = Json.parse(cli("network", "inspect", "dev"));
        assertThat(array.elements()).hasSize(1);
        Json dev = array.at(0);
        assertThat(dev.text("Name")).isEqualTo("dev");
        assertThat(dev.text("Id")).isEqualTo(id);
        assertThat(dev.text("Created"))
                .matches("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d+(Z|[+-]\\d\\d:\\d\\d)");
        assertThat(dev.text("Driver")).isEqualTo("bridge");
        assertThat(dev.text("Scope")).isEqualTo("local");
        for (String key : List.of("EnableIPv6", "Internal", "Attachable", "Options", "Labels")) {
            assertThat(dev.has(key)).as(key).isTrue();
        }
        assertThat(dev.at("IPAM").text("Driver")).isEqualTo("default");
        assertThat(dev.at("Containers").elements()).isEmpty();
    }

    @Test
    void A_NET_06_07_networkIsFoundByNameIdAndPrefixAndRemoved() {
        String id = cli("network", "create", "dev");
        for (String reference : List.of("dev", id, id.substring(0, 8))) {
            assertThat(Json.parse(cli("network", "inspect", reference)).at(0).text("Id"))
                    .isEqualTo(id);
        }
        assertThat(cli("network", "rm", "dev")).isEqualTo("dev");
        assertThat(cli("network", "ls")).doesNotContain("dev");
        assertThat(refused("network", "inspect", "dev")).contains("dev");
    }

    @Test
    void A_NET_08_09_builtinAndUsedNetworksAreNotRemoved() {
        refused("network", "rm", "bridge");
        cli("network", "create", "dev");
        attach(LAB.namespace("n"), "dev");
        assertThat(refused("network", "rm", "dev")).contains("has active endpoints");
    }

    @Test
    void A_NET_10_11_optionsAfterTheNameAndOwnSubnet() {
        cli("network", "create", "my_bridge", "--driver", "bridge");
        cli("network", "create", "-d", "bridge", "--subnet", "10.0.0.0/24", "ps-bridge");
        LabNamespace one = LAB.namespace("n");
        LabNamespace two = LAB.namespace("n");
        attach(one, "ps-bridge");
        attach(two, "ps-bridge");
        assertThat(one.ip("addr show eth0")).contains("inet 10.0.0.2/24").contains("02:42:0a:00:00:02");
        assertThat(two.ip("addr show eth0")).contains("inet 10.0.0.3/24").contains("02:42:0a:00:00:03");
        one.exec("ping", "-c1", "-W2", "10.0.0.3").ok();
    }

    @Test
    void A_IPAM_01_02_12_poolsInOrderOfCreationAndNoOverlap() {
        assertThat(subnet("bridge")).isEqualTo("172.17.0.0/16");
        for (int i = 18; i < 21; i++) {
            cli("network", "create", "n" + i);
            assertThat(subnet("n" + i)).isEqualTo("172." + i + ".0.0/16");
        }
        cli("network", "rm", "n19");
        cli("network", "create", "again");
        assertThat(subnet("again")).isEqualTo("172.19.0.0/16");
        assertThat(refused("network", "create", "--subnet", "172.18.4.0/24", "overlap"))
                .containsIgnoringCase("overlap");
        assertThat(refused("network", "create", "--subnet", "192.0.2.0/25", "host"))
                .isNotBlank();
        assertThat(refused("network", "create", "n18")).contains("n18").contains("already exists");
    }

    @Test
    void A_IPAM_03_lowestFreeAddressInOrderOfConnecting() {
        cli("network", "create", "dev");
        LabNamespace one = LAB.namespace("n");
        LabNamespace two = LAB.namespace("n");
        LabNamespace three = LAB.namespace("n");
        attach(one, "dev");
        attach(two, "dev");
        assertThat(two.ip("addr show eth0")).contains("inet 172.18.0.3/16");
        cli("rm", two.name());
        attach(three, "dev");
        assertThat(three.ip("addr show eth0")).contains("inet 172.18.0.3/16");
        attach(two, "dev");
        assertThat(two.ip("addr show eth0")).contains("inet 172.18.0.4/16");
    }

    @Test
    void A_IPAM_05_06_11_chosenAddressesAndWhatIsRefused() {
        cli("network", "create", "--subnet", "10.66.0.0/16", "--gateway", "10.66.0.254", "dev");
        LabNamespace one = LAB.namespace("n");
        cli("attach", "--netns", one.name(), "--name", "chosen", "--network", "dev", "--ip", "10.66.66.66");
        assertThat(one.ip("addr show eth0")).contains("inet 10.66.66.66/16").contains("02:42:0a:42:42:42");
        assertThat(one.ip("route show default")).contains("via 10.66.0.254");
        assertThat(Json.parse(cli("inspect", "chosen"))
                        .at(0)
                        .at("NetworkSettings")
                        .at("Networks")
                        .at("dev")
                        .text("MacAddress"))
                .isEqualTo("02:42:0a:42:42:42");
        LabNamespace two = LAB.namespace("n");
        for (String bad :
                List.of("10.67.0.1", "10.66.66.66", "10.66.0.254", "10.66.0.0", "10.66.255.255", "nonsense")) {
            assertThat(refused("attach", "--netns", two.name(), "--network", "dev", "--ip", bad))
                    .isNotBlank();
        }
        assertThat(two.ip("-o link").lines())
                .as("nothing left in the namespace")
                .hasSize(1);
        attach(two, "dev");
        assertThat(two.ip("addr show eth0")).contains("inet 10.66.0.1/16");
    }

    @Test
    void A_IPAM_13_exhaustedSubnetIsAClearError() {
        cli("network", "create", "--subnet", "10.5.0.0/29", "tiny");
        for (int i = 0; i < 5; i++) {
            attach(LAB.namespace("n"), "tiny");
        }
        LabNamespace last = LAB.namespace("n");
        assertThat(refused("attach", "--netns", last.name(), "--network", "tiny"))
                .containsIgnoringCase("address");
        assertThat(last.ip("-o link").lines()).hasSize(1);
        assertThat(Json.parse(cli("network", "inspect", "tiny"))
                        .at(0)
                        .at("Containers")
                        .elements())
                .hasSize(5);
    }

    @Test
    void A_ATT_01_04_interfaceIsUpAndWithoutNetworkItIsTheBridge() {
        LabNamespace one = LAB.namespace("n");
        String id = cli("attach", "--netns", one.name());
        assertThat(id).matches("[0-9a-f]{64}");
        assertThat(one.ip("-o link show eth0")).contains("mtu 1500").contains("UP");
        assertThat(one.ip("addr show eth0")).contains("inet 172.17.0.2/16");
        assertThat(Json.parse(cli("network", "inspect", "bridge"))
                        .at(0)
                        .at("Containers")
                        .has(id))
                .isTrue();
        assertThat(cli("ps")).contains(id.substring(0, 12)).contains(one.name()).contains("bridge");
        assertThat(cli("ps", "-q")).isEqualTo(id.substring(0, 12));
    }

    @Test
    void A_ATT_01_secondNetworkIsEth1() {
        cli("network", "create", "dev");
        cli("network", "create", "ops");
        LabNamespace one = LAB.namespace("n");
        cli("attach", "--netns", one.name(), "--network", "dev", "--network", "ops");
        assertThat(one.ip("addr show eth0")).contains("inet 172.18.0.2/16");
        assertThat(one.ip("addr show eth1")).contains("inet 172.19.0.2/16");
        assertThat(one.ip("route show default")).contains("via 172.18.0.1 dev eth0");
        one.exec("ping", "-c1", "-W2", "172.18.0.1").ok();
        one.exec("ping", "-c1", "-W2", "172.19.0.1").ok();
    }

    @Test
    void A_ATT_11_sameNamespaceOrNameTwiceIsRefused() {
        LabNamespace one = LAB.namespace("n");
        cli("attach", "--netns", one.name(), "--name", "one");
        refused("attach", "--netns", one.name(), "--name", "other");
        assertThat(refused("attach", "--netns", LAB.namespace("n").name(), "--name", "one"))
                .contains("one");
        assertThat(one.ip("-o link").lines()).hasSize(2);
    }

    @Test
    void statisticsShowFramesDropsAndAddresses() {
        cli("network", "create", "dev");
        LabNamespace one = LAB.namespace("n");
        LabNamespace two = LAB.namespace("n");
        attach(one, "dev");
        attach(two, "dev");
        one.exec("ping", "-c3", "-i0.1", "-W2", "172.18.0.3").ok();
        assertThat(cli("fdb", "dev"))
                .contains("02:42:ac:12:00:02")
                .contains("02:42:ac:12:00:03")
                .contains("pinned");
        assertThat(Json.parse(cli("fdb", "--format", "json")).elements()).hasSize(2);
        one.exec("ping", "-c1", "-W1", "8.8.8.8");
        assertThat(cli("drops")).contains("no_route");
        assertThat(cli("stats")).contains("CONTAINER").contains(one.name());
        Json stats = Json.parse(cli("stats", "--format", "json"));
        assertThat(stats.at("conservation").is("holds")).isTrue();
        assertThat(stats.at("containers").elements()).allMatch(row -> row.number("rxFrames") >= 3);
        assertThat(cli("status")).contains("none");
    }

    @Test
    void whatIsNotThereYetIsRefusedByName() {
        assertThat(refused("network", "create", "-d", "overlay", "mesh")).contains("not in this version");
        assertThat(refused("network", "create", "--internal", "quiet")).contains("not in this version");
        assertThat(refused("flows")).contains("not in this version");
        Outcome run = LAB.daemon().cli("run", "--publish", "80:80", "--", "true");
        assertThat(run.exit()).isEqualTo(125);
        assertThat(run.err()).contains("--publish").contains("not in this version");
    }

    private static void attach(LabNamespace namespace, String network) {
        cli("attach", "--netns", namespace.name(), "--network", network);
    }

    private static String subnet(String network) {
        return Json.parse(cli("network", "inspect", network))
                .at(0)
                .at("IPAM")
                .at("Config")
                .at(0)
                .text("Subnet");
    }

    private static String cli(String... words) {
        return LAB.daemon().cli(words).ok().text();
    }

    private static String refused(String... words) {
        Outcome outcome = LAB.daemon().cli(words);
        assertThat(outcome.exit()).as("%s", outcome).isNotZero();
        assertThat(outcome.err())
                .as("%s", outcome)
                .isNotBlank()
                .doesNotContain("Exception")
                .doesNotContain("\tat ");
        return outcome.err();
    }
}
