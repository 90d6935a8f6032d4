package io.tapswitch.core.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tapswitch.core.config.ConfigFile;
import io.tapswitch.core.ipam.DefaultPools;
import io.tapswitch.core.ipam.Taken;
import io.tapswitch.core.model.Container;
import io.tapswitch.core.model.DesiredState;
import io.tapswitch.core.model.Driver;
import io.tapswitch.core.model.Network;
import io.tapswitch.core.model.NetworkMode;
import io.tapswitch.core.model.ObjectName;
import io.tapswitch.core.model.Origin;
import io.tapswitch.core.model.Refusal;
import io.tapswitch.wire.IpPrefix;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ReconcilerTest {
    private final List<Taken> host = new ArrayList<>();
    private DesiredState state = DesiredState.EMPTY;

    private Reconciler.Plan plan(String text) {
        return Reconciler.plan(
                state,
                ConfigFile.parse("f.yaml", text),
                new Reconciler.Surroundings(
                        host, DefaultPools.localPool("reconciler"), ObjectName::newId, () -> "2026-11-21T10:00:00Z"));
    }

    private Reconciler.Plan load(String text) {
        Reconciler.Plan plan = plan(text);
        state = plan.next();
        assertThat(StateRules.firstFault(state)).isNull();
        return plan;
    }

    private Network named(String name) {
        return state.networks().stream()
                .filter(network -> network.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    private static List<String> names(List<Network> networks) {
        return networks.stream().map(Network::name).toList();
    }

    private static List<String> subnets(Network network) {
        return network.subnets().stream().map(it -> it.prefix().toString()).toList();
    }

    private void join(String network, String ip) {
        state = state.with(States.container(
                "c" + ip,
                Container.Status.RUNNING,
                new NetworkMode.Own(),
                States.endpoint(named(network), state.containers().size(), ip, null)));
    }

    private void refused(String text, String sentence) {
        DesiredState before = state;
        assertThatThrownBy(() -> plan(text)).isInstanceOf(Refusal.class).hasMessageContaining(sentence);
        assertThat(state).isSameAs(before);
    }

    @Test
    void P8_declaredNetworksAreMadeWithTheirLines() {
        state = state.with(States.network("mine", 0, "10.9.0.0/16"));
        host.add(new Taken(IpPrefix.parse("172.17.0.0/16"), "the host's route by eth0", false));
        Reconciler.Plan plan = load("networks:\n  web: {subnet: 10.66.0.0/16}\n  auto:\n  both: {ipv6: true}\n");
        assertThat(names(plan.added())).containsExactly("web", "auto", "both");
        assertThat(plan.removed()).isEmpty();
        assertThat(state.version()).isEqualTo(2);
        assertThat(named("web").origin()).isEqualTo(new Origin.File("f.yaml", 2));
        assertThat(named("web").index()).isEqualTo(1);
        assertThat(subnets(named("web"))).containsExactly("10.66.0.0/16");
        assertThat(subnets(named("auto"))).containsExactly("172.18.0.0/16");
        assertThat(subnets(named("both"))).hasSize(2).first().isEqualTo("172.19.0.0/16");
        assertThat(named("mine").origin()).isEqualTo(new Origin.Command());
    }

    @Test
    void P9_theSameFileAgainIsNoChangeAtAll() {
        String text = """
                default-network: {subnet: 172.30.0.0/16}
                networks:
                  web:
                    subnet: [10.66.0.0/16, "fd00::/64"]
                    ipv6: true
                    aux-addresses: {a: 10.66.0.9}
                    options: {com.docker.network.driver.mtu: 1400}
                  auto: {labels: {a: b}}
                """;
        load(text);
        Reconciler.Plan again = plan(text);
        assertThat(again.next()).isSameAs(state);
        assertThat(again.added()).isEmpty();
        assertThat(again.removed()).isEmpty();
    }

    @Test
    void D15_row75_theSwitchItselfIsNoUpstream() {
        state = state.with(States.network("mine", 0, "10.9.0.0/16"));
        String why = ", which is the switch itself: name servers that it is to ask";
        refused(
                "dns: {upstream: [192.0.2.1, 10.9.0.1]}",
                "f.yaml:1: dns.upstream: 10.9.0.1 is the gateway of network mine" + why);
        refused(
                "\nnetworks:\n  web: {subnet: 10.1.0.0/16, dns: {upstream: '10.1.0.1:5353'}}\n",
                "f.yaml:3: networks.web.dns.upstream: 10.1.0.1 is the gateway of network web" + why);
        load("networks: {web: {subnet: 10.1.0.0/16, dns: {upstream: 10.1.0.2}}}");
    }

    @Test
    void P9_onlyTheLineIsNotedWhenAnEntryMoves() {
        load("networks: {web: {}}");
        Network before = named("web");
        Reconciler.Plan moved = load("\n\nnetworks: {web: {}}");
        assertThat(moved.added()).isEmpty();
        assertThat(moved.removed()).isEmpty();
        assertThat(named("web").origin()).isEqualTo(new Origin.File("f.yaml", 3));
        assertThat(named("web").subnets()).isEqualTo(before.subnets());
        assertThat(named("web").index()).isEqualTo(before.index());
    }

    @Test
    void P8_whatIsNotDeclaredAnyMoreIsRemovedAndWhatCommandsMadeStays() {
        state = state.with(States.network("mine", 0, "10.9.0.0/16"));
        load("networks: {web: {}, db: {}}");
        Reconciler.Plan plan = load("networks: {db: {}}");
        assertThat(names(plan.removed())).containsExactly("web");
        assertThat(state.networks()).extracting(Network::name).containsExactly("mine", "db");
    }

    @Test
    void P8_aChangedNetworkIsMadeAnewUnderTheSameIdAndAnotherIndex() {
        load("networks: {web: {subnet: 10.1.0.0/16}}");
        Network before = named("web");
        Reconciler.Plan plan = load("networks: {web: {subnet: 10.1.0.0/24}}");
        assertThat(plan.removed()).containsExactly(before);
        assertThat(plan.added()).containsExactly(named("web"));
        assertThat(named("web").id()).isEqualTo(before.id());
        assertThat(named("web").created()).isEqualTo(before.created());
        assertThat(named("web").index()).isNotEqualTo(before.index());
    }

    @ParameterizedTest
    @DisplayName("P8 each change but that of labels and attachable makes a network anew")
    @CsvSource(
            delimiter = '#',
            value = {
                "{subnet: 10.1.0.0/16, internal: true} # true",
                "{subnet: 10.1.0.0/16, ipv6: true} # true",
                "{subnet: 10.1.0.0/16, gateway: 10.1.0.9} # true",
                "{subnet: 10.1.0.0/16, gateway: 10.1.0.1} # false",
                "{subnet: 10.1.0.0/16, ip-range: 10.1.1.0/24} # true",
                "{subnet: 10.1.0.0/16, aux-addresses: {a: 10.1.0.5}} # true",
                "{subnet: 10.1.0.0/16, options: {com.docker.network.driver.mtu: 1400}} # true",
                "{subnet: [10.1.0.0/16, 10.2.0.0/16]} # true",
                "{} # true",
                "{subnet: 10.1.0.0/16, labels: {a: b}} # false",
                "{subnet: 10.1.0.0/16, attachable: true} # false",
                "{subnet: 10.1.0.0/16, driver: bridge} # false",
            })
    void P8_changes(String web, boolean isAnew) {
        load("networks: {web: {subnet: 10.1.0.0/16}}");
        Reconciler.Plan plan = load("networks: {web: " + web + "}");
        assertThat(plan.added()).hasSize(isAnew ? 1 : 0);
        assertThat(plan.removed()).hasSize(isAnew ? 1 : 0);
        assertThat(named("web").attachable()).isEqualTo(web.contains("attachable"));
        assertThat(named("web").labels()).hasSize(web.contains("labels") ? 1 : 0);
    }

    @Test
    void P8_aNetworkThatSomebodyIsInIsNeitherRemovedNorMadeAnew() {
        load("networks:\n  web: {subnet: 10.1.0.0/16}\n  db: {}\n");
        join("web", "10.1.0.2");
        refused(
                "networks: {new: {}}",
                "f.yaml: network web is not declared any more, but has active endpoints (c10.1.0.2): disconnect them"
                        + " first; nothing was changed");
        refused(
                "networks:\n  new: {}\n  web: {subnet: 10.2.0.0/16}\n",
                "f.yaml:3: networks.web: network web is declared otherwise than it is, but has active endpoints");
        load("networks:\n  web: {subnet: 10.1.0.0/16, labels: {a: b}}\n");
        assertThat(named("web").labels()).containsEntry("a", "b");
    }

    @Test
    void P8_aNameThatACommandGaveIsRefusedWithTheLine() {
        state = state.with(States.network("web", 0, "10.9.0.0/16"));
        refused(
                "networks:\n  db:\n  web:\n",
                "f.yaml:3: networks.web: network with name web already exists, made by a command: remove it with"
                        + " 'tapswitch network rm web', or take it out of the file");
    }

    private void ofCluster(String name) {
        Network like = States.network(name, 3, "10.68.0.0/24");
        state = state.with(new Network(
                like.id(),
                like.index(),
                name,
                like.created(),
                Driver.OVERLAY,
                false,
                false,
                false,
                like.subnets(),
                like.options(),
                like.labels(),
                new Origin.Cluster()));
    }

    @Test
    void A_OVL_02_aNetworkOfTheClusterIsNeitherTheFilesNorToBeRemoved() {
        ofCluster("wide");
        String sentence = "f.yaml:2: networks.wide: network wide is the cluster's, and the same on all its hosts: give"
                + " this one another name, or take it out of the file";
        refused("networks:\n  wide: {subnet: 10.66.0.0/16}\n", sentence);
        refused("networks:\n  wide: {driver: overlay, subnet: 10.68.0.0/24}\n", sentence);
    }

    @Test
    void V7_theFileNamesNoPeersOfANetworkOfTheCluster() {
        ofCluster("wide");
        String file = """
                networks:
                  mine: {driver: overlay, subnet: 10.69.0.0/24}
                overlay:
                  peers:
                    - {network: mine, vni: 7, remote: 192.0.2.7}
                    - {network: wide, vni: 8, remote: 192.0.2.7}
                """;
        refused(file, "f.yaml:6: overlay.peers[1].network: network wide is the cluster's, which knows by itself what");
        state = DesiredState.EMPTY;
        load(file);
        assertThat(named("mine").scope()).as("nobody else knows it").isEqualTo("local");
    }

    @Test
    void P8_aNetworkThatIsAsDeclaredIsTheFilesWhoeverMadeIt() {
        state = state.with(States.network("web", 0, "10.9.0.0/16"));
        Network made = named("web");
        load("networks:\n  web: {subnet: 10.9.0.0/16}\n");
        assertThat(named("web").id()).isEqualTo(made.id());
        assertThat(named("web").index()).isEqualTo(made.index());
        assertThat(named("web").origin()).isEqualTo(new Origin.File("f.yaml", 2));
        load("networks: {}\n");
        assertThat(state.networks()).extracting(Network::name).doesNotContain("web");
    }

    @Test
    void P8_whatACommandMayNotMakeAFileMayNotEither() {
        refused(
                "networks:\n  web:\n    ipv6: true\n    options: {com.docker.network.driver.mtu: '1279'}\n",
                "f.yaml:4: networks.web.options: invalid value \"1279\" for com.docker.network.driver.mtu: a network"
                        + " with IPv6 needs at least 1280");
    }

    @Test
    void row78_collisionsAreRefusedWithLineAndKey() {
        state = state.with(States.network("mine", 0, "10.9.0.0/16"));
        refused(
                "networks:\n  web:\n    subnet: 10.9.1.0/24\n",
                "f.yaml:3: networks.web.subnet: invalid pool request: Pool overlaps with other one on this address"
                        + " space: 10.9.1.0/24 overlaps 10.9.0.0/16 of network mine");
        refused(
                "networks:\n  a: {subnet: 10.1.0.0/16}\n  b: {subnet: 10.1.0.0/24}\n",
                "f.yaml:3: networks.b.subnet: invalid pool request: Pool overlaps with other one on this address"
                        + " space: 10.1.0.0/24 overlaps 10.1.0.0/16 of network a");
        refused(
                "networks:\n  web:\n    subnet: 10.1.0.0/16\n    gateway: 10.2.0.1\n",
                "f.yaml:4: networks.web.gateway: no matching subnet for gateway 10.2.0.1");
        refused(
                "networks:\n  web:\n    subnet: 10.1.0.0/16\n    ip-range: 10.2.0.0/24\n",
                "f.yaml:4: networks.web.ip-range: no matching subnet for range 10.2.0.0/24");
        refused(
                "networks:\n  web:\n    subnet: 10.1.0.0/16\n    aux-addresses: {a: 10.2.0.1}\n",
                "f.yaml:4: networks.web.aux-addresses: no matching subnet for aux-address 10.2.0.1");
        refused(
                "networks:\n  web:\n    subnet: 10.1.0.0/31\n",
                "f.yaml:3: networks.web.subnet: invalid subnet 10.1.0.0/31: the prefix length must be 8 to 30");
        refused(
                "networks:\n  web:\n    options: {com.docker.network.driver.mtu: 7}\n",
                "f.yaml:3: networks.web.options: invalid value \"7\" for com.docker.network.driver.mtu");
        refused(
                "networks:\n  web:\n    subnet: fd00::/64\n",
                "f.yaml:3: networks.web.subnet: invalid subnet fd00::/64: IPv6 is not enabled on this network");
        load("networks: {web: {subnet: 10.9.0.0/16, internal: true}}");
    }

    @Test
    void P8_networksMaySwapTheirSubnetsInOneReload() {
        load("networks: {a: {subnet: 10.1.0.0/16}, b: {subnet: 10.2.0.0/16}}");
        load("networks: {a: {subnet: 10.2.0.0/16}, b: {subnet: 10.1.0.0/16}}");
        assertThat(subnets(named("a"))).containsExactly("10.2.0.0/16");
        assertThat(subnets(named("b"))).containsExactly("10.1.0.0/16");
    }

    @Test
    void P8_defaultPoolsLeaveRoomForWhatComesLaterInTheFile() {
        load("networks: {auto: {}, web: {subnet: 172.17.0.0/16}}");
        assertThat(subnets(named("auto"))).containsExactly("172.18.0.0/16");
    }

    @Test
    void A_NET_14_theDefaultNetworkSetsTheSubnetOfBridge() {
        load("default-network: {subnet: 172.30.0.0/16}");
        assertThat(named("bridge").origin()).isEqualTo(new Origin.BuiltIn());
        assertThat(named("bridge").subnets().getFirst().gateway()).hasToString("172.30.0.1");
        Reconciler.Plan plan = load("default-network: {subnet: 172.31.0.0/16, gateway: 172.31.0.9}");
        assertThat(names(plan.removed())).containsExactly("bridge");
        assertThat(names(plan.added())).containsExactly("bridge");
        assertThat(named("bridge").subnets().getFirst().gateway()).hasToString("172.31.0.9");
        assertThat(load("").added()).isEmpty();
        assertThat(load("default-network:\n").added()).isEmpty();
        join("bridge", "172.31.0.2");
        refused(
                "\ndefault-network: {subnet: 172.30.0.0/16}",
                "f.yaml:2: default-network: network bridge is declared otherwise than it is, but has active endpoints");
    }

    @Test
    void A_NET_08_aCommandCannotRemoveWhatTheFileDeclares() {
        load("networks:\n  web:\n");
        assertThatThrownBy(() -> Reconciler.refuseRemovalByCommand(named("web")))
                .isInstanceOf(Refusal.class)
                .hasMessage("network web is declared in f.yaml:2: take it out of there, and it is removed");
        Reconciler.refuseRemovalByCommand(States.network("mine", 0, "10.9.0.0/16"));
    }

    @Test
    void P8_withoutAFileItsNetworksAreThoseOfCommands() {
        load("networks: {web: {}}");
        state = Reconciler.withoutFile(state);
        assertThat(named("web").origin()).isEqualTo(new Origin.Command());
        assertThat(Reconciler.withoutFile(state)).isSameAs(state);
    }

    @Test
    void row79_aThousandReloadsEndWithTheLast() {
        long seed = Long.getLong("seed", System.nanoTime());
        Random random = new Random(seed);
        for (int round = 0; round < 1_000; round++) {
            StringBuilder text = new StringBuilder("networks:\n");
            List<String> expected = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                if (random.nextBoolean()) {
                    text.append("  n").append(i).append(": {");
                    text.append(random.nextBoolean() ? "subnet: 10." + i + ".0.0/" + (16 + random.nextInt(8)) : "");
                    text.append("}\n");
                    expected.add("n" + i);
                }
            }
            load(text.toString());
            assertThat(state.networks())
                    .as("seed %d", seed)
                    .extracting(Network::name)
                    .hasSameElementsAs(expected);
            assertThat(plan(text.toString()).next()).as("seed %d", seed).isSameAs(state);
        }
    }
}
