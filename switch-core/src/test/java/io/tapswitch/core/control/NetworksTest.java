package io.tapswitch.core.control;

import static io.tapswitch.core.control.TestControl.refused;
import static io.tapswitch.core.control.TestControl.refusedWithCode;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.tapswitch.core.model.Container;
import io.tapswitch.core.model.Network;
import io.tapswitch.core.model.ObjectName;
import io.tapswitch.core.model.Refusal;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NetworksTest {
    @TempDir
    Path directory;

    private TestControl control;

    @BeforeEach
    void start() {
        control = new TestControl(directory);
    }

    @AfterEach
    void stop() {
        control.close();
    }

    private List<String> names() {
        return control.controller.networks(Filters.NONE).stream()
                .map(view -> view.network().name())
                .toList();
    }

    private Network driver(String driver) {
        return control.controller.createNetwork(
                new NetworkRequest("x", driver, null, null, null, null, null, null, null, null, null));
    }

    @Test
    @DisplayName("A-NET-02 bridge, host and none exist from the start, with docker's drivers")
    void beginsWithThree() {
        assertThat(names()).containsExactly("bridge", "host", "none");
        assertThat(control.controller.networks(Filters.NONE))
                .extracting(view -> view.network().driver().word())
                .containsExactly("bridge", "host", "null");
        assertThat(control.dataplane.networks).hasSize(1);
    }

    @Test
    @DisplayName("A-IPAM-01 bridge is 172.17.0.0/16, the next networks 172.18, 172.19")
    void networksGetTheDefaultPools() {
        assertThat(control.controller
                        .network("bridge")
                        .network()
                        .subnets()
                        .getFirst()
                        .prefix())
                .hasToString("172.17.0.0/16");
        assertThat(control.create("web").subnets().getFirst().prefix()).hasToString("172.18.0.0/16");
        assertThat(control.create("db").subnets().getFirst().prefix()).hasToString("172.19.0.0/16");
    }

    @Test
    @DisplayName("A-NET-03 networks are listed in byte order, capital letters first")
    void listsInByteOrder() {
        control.create("web");
        control.create("Zoo");
        assertThat(names()).containsExactly("Zoo", "bridge", "host", "none", "web");
    }

    @Test
    @DisplayName("A-NET-06 name, full id and unique prefix all find a network; an ambiguous prefix is refused")
    void findsByReference() {
        Network web = control.create("web");
        assertThat(control.controller.network(web.id()).network()).isEqualTo(web);
        assertThat(control.controller.network(ObjectName.shortId(web.id())).network())
                .isEqualTo(web);
        refused(Refusal.Kind.UNKNOWN, () -> control.controller.network("nowhere"), "network nowhere not found");
        for (int i = 0; i < 20; i++) {
            control.create("n" + i, "10.0." + i + ".0/24");
        }
        // With 24 networks two ids begin with the same of 16 digits.
        String digit = control.controller.networks(Filters.NONE).stream()
                .map(view -> view.network().id().substring(0, 1))
                .sorted()
                .reduce("", (found, next) -> found.length() == 2 ? found : found.equals(next) ? next + next : next)
                .substring(0, 1);
        refusedWithCode("ambiguous_reference", () -> control.controller.network(digit), "is ambiguous");
    }

    @Test
    @DisplayName("A-NET-01, row 78 names and subnets that cannot be are refused, and nothing is made")
    void refusesNetworksThatCannotBe() {
        control.create("web", "10.1.0.0/16");
        refusedWithCode("network_exists", () -> control.create("web"), "network with name web already exists");
        refusedWithCode("subnet_overlap", () -> control.create("db", "10.1.1.0/24"), "network web");
        refused(Refusal.Kind.BAD_INPUT, () -> control.create("a b"), "only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed");
        refused(Refusal.Kind.BAD_INPUT, () -> control.create(""), "name is empty");
        refusedWithCode("network_predefined", () -> control.create("host"), "predefined host network");
        control.hostReaches("10.9.0.0/16", "the host's route by eth0");
        refusedWithCode("subnet_overlap", () -> control.create("nine", "10.9.1.0/24"), "the host's route by eth0");
        assertThat(control.dataplane.networks).hasSize(2);
    }

    @Test
    @DisplayName("A-IPAM-12 an internal network may lie over another one")
    void internalNetworksMayOverlap() {
        control.create("web", "10.1.0.0/16");
        assertThat(control.create("vault", true, false, "10.1.1.0/24").internal())
                .isTrue();
        assertThat(control.create("vault2", true, false, "10.1.1.0/24").internal())
                .isTrue();
    }

    @Test
    @DisplayName("A-DRV-08, A-DRV-09 unknown drivers are refused, those of later versions by that word")
    void refusesDrivers() {
        for (String later : List.of("macvlan", "ipvlan")) {
            refused(
                    Refusal.Kind.NOT_IN_THIS_VERSION,
                    () -> driver(later),
                    "network driver " + later + " is not in this version");
        }
        refusedWithCode("driver_not_found", () -> driver("weavemesh"), "plugin \"weavemesh\" not found");
        refused(Refusal.Kind.CONFLICT, () -> driver("host"), "only one instance of \"host\" network is allowed");
        refused(Refusal.Kind.CONFLICT, () -> driver("null"), "only one instance of \"null\" network is allowed");
    }

    @Test
    @DisplayName("A-NET-07, A-NET-08, A-NET-09 a network goes when nobody is in it, the predefined ones never")
    void removesNetworks() {
        Network web = control.create("web");
        Container one = control.attach("one", "web");
        refusedWithCode(
                "network_in_use",
                () -> control.controller.removeNetwork("web"),
                "error while removing network: network web id " + web.id() + " has active endpoints");
        control.controller.removeContainer(one.id(), false);
        assertThat(control.controller.removeNetwork("web")).isEqualTo("web");
        assertThat(control.dataplane.networks).hasSize(1);
        refused(Refusal.Kind.UNKNOWN, () -> control.controller.removeNetwork("web"), "network web not found");
        for (String name : List.of("bridge", "host", "none")) {
            refusedWithCode(
                    "network_predefined",
                    () -> control.controller.removeNetwork(name),
                    name + " is a pre-defined network and cannot be removed");
        }
    }

    @Test
    @DisplayName("A-NET-12 prune removes the networks that nobody is in, never bridge, host or none")
    void prunes() {
        control.create("web");
        control.create("db");
        control.attach("one", "web");
        assertThat(control.controller.pruneNetworks(Filters.NONE)).containsExactly("db");
        assertThat(control.controller.pruneNetworks(Filters.NONE)).isEmpty();
        assertThat(names()).containsExactly("bridge", "host", "none", "web");
    }

    @Test
    @DisplayName("A-IPAM-14 a network with --ipv6 gives both families, on the interface and in the tables")
    void givesBothFamilies() {
        control.create("six", false, true, "10.6.0.0/24", "fd00:6::/64");
        Container one = control.attach("one", "six");
        assertThat(one.endpoints().getFirst().ipv6Address()).hasToString("fd00:6::2");
        assertThat(control.plumbing.plugs.values())
                .extracting(plan -> plan.addresses() + " " + plan.defaultGateways())
                .containsExactly("[10.6.0.2/24, fd00:6::2/64] [10.6.0.1, fd00:6::1]");
    }

    @Test
    @DisplayName("R13 networks, their ids and settings are the same after a restart")
    void networksSurviveTheDaemon() {
        control.controller.createNetwork(new NetworkRequest(
                "web",
                null,
                List.of("10.1.0.0/16"),
                List.of("10.1.0.9"),
                List.of("10.1.1.0/24"),
                Map.of("printer", "10.1.1.2"),
                true,
                false,
                true,
                Map.of(NetworkOptions.MTU, "1400"),
                Map.of("tier", "front")));
        List<Controller.NetworkView> before = control.controller.networks(Filters.NONE);
        control.restart();
        assertThat(control.controller.networks(Filters.NONE)).isEqualTo(before);
        assertThat(control.dataplane.networks).hasSize(2);
    }

    private String inTheWay(Network web, Map<String, List<String>> elsewhere) {
        String sentence = catchThrowableOfType(
                        Refusal.class,
                        () -> NetworkRules.checkRemovable(control.controller.state(), web, new TreeMap<>(elsewhere)))
                .sentence();
        assertThat(sentence).contains("disconnect or remove container ").endsWith(" first");
        return sentence.substring(sentence.indexOf("container ") + 10, sentence.length() - 6);
    }

    @Test
    @DisplayName("A-NET-08, V11 who is in a network that is to be removed is named, each with its host")
    void saysOnWhichHostEachIs() {
        Network web = control.create("web");
        control.attach("two", "web");
        assertThat(inTheWay(web, Map.of("h-a", List.of("one")))).isEqualTo("two here, one on host h-a");
        control.attach("clever_heron", "web");
        assertThat(inTheWay(web, Map.of())).isEqualTo("two, clever_heron");
        assertThat(inTheWay(web, Map.of("h-c", List.of("three"), "h-a", List.of("one"))))
                .isEqualTo("two and clever_heron here, one on host h-a, three on host h-c");
        assertThat(inTheWay(web, Map.of("h-a", List.of("a", "b"), "h-c", List.of("c", "d"), "h-d", List.of("e"))))
                .isEqualTo("two and clever_heron here, a and b on host h-a, c on host h-c and 2 more");
        List.of("four", "five", "six", "seven").forEach(name -> control.attach(name, "web"));
        assertThat(inTheWay(web, Map.of())).isEqualTo("two, clever_heron, four, five, six and 1 more");
        assertThat(inTheWay(web, Map.of("h-a", List.of("one"))))
                .isEqualTo("two, clever_heron, four, five and six here and 2 more");
    }
}
