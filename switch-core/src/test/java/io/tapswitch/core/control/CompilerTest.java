package io.tapswitch.core.control;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.core.control.CompilerCases.Case;
import io.tapswitch.core.dataplane.HostSettings;
import io.tapswitch.core.dataplane.NeighbourTable;
import io.tapswitch.core.dataplane.NetworkSettings;
import io.tapswitch.core.dataplane.PortSettings;
import io.tapswitch.core.dataplane.SwitchTables;
import io.tapswitch.core.dataplane.TableRules;
import io.tapswitch.core.model.Container;
import io.tapswitch.core.model.DesiredState;
import io.tapswitch.core.model.Driver;
import io.tapswitch.core.model.Endpoint;
import io.tapswitch.core.model.Network;
import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.Ipv4Address;
import io.tapswitch.wire.Ipv6Address;
import io.tapswitch.wire.MacAddress;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.Test;

/**
 * The compile function over the full cross product of options. What it makes is not compared with what it made before,
 * but asked: for every address that somebody might ask for, who has it? The answers come a second time from the state,
 * by looking through all of it for each question.
 */
class CompilerTest {
    /** Who is where, as the state says it. */
    private record Member(Container container, Endpoint endpoint, Network network) {
        Set<IpAddress> addresses() {
            Set<IpAddress> own = new HashSet<>();
            if (endpoint.ipv4() != null) {
                own.add(endpoint.ipv4().ip());
            }
            if (endpoint.ipv6() != null) {
                own.add(endpoint.ipv6().ip());
            }
            return own;
        }
    }

    @Test
    void everyCombinationOfOptionsKeepsWhatItPromises() {
        List<Case> cases = CompilerCases.all();
        assertThat(cases.size()).isEqualTo(5 * 3 * 5 * 32);
        for (Case tested : cases) {
            SwitchTables tables = tested.compile();
            assertThat(TableRules.faults(tables, tested.workers()))
                    .as("%s", tested)
                    .isEmpty();
            networks(tested, tables);
            ports(tested, tables);
            neighbours(tested, tables);
            host(tested, tables);
        }
    }

    private static List<Member> members(Case tested) {
        List<Member> members = new ArrayList<>();
        for (Container container : tested.state().containers()) {
            for (Endpoint endpoint : container.endpoints()) {
                Network network = tested.state().networksById().get(endpoint.networkId());
                if (network != null && !tested.fds(endpoint.id()).isEmpty()) {
                    members.add(new Member(container, endpoint, network));
                }
            }
        }
        return members;
    }

    private static void networks(Case tested, SwitchTables tables) {
        assertThat(tables.version()).isEqualTo(tested.state().version());
        List<Network> switched = tested.state().networks().stream()
                .filter(network -> network.driver() == Driver.BRIDGE)
                .toList();
        assertThat(tables.networks()).as("%s", tested).hasSameSizeAs(switched);
        for (Network network : switched) {
            NetworkSettings settings = Objects.requireNonNull(tables.networks().get(network.index()));
            assertThat(settings.internal()).as("%s", tested).isEqualTo(network.internal());
            assertThat(settings.gateways().stream()
                            .map(gateway -> gateway.address() + "/" + gateway.prefixLength())
                            .toList())
                    .as("%s: every subnet has its gateway", tested)
                    .containsExactlyInAnyOrderElementsOf(network.subnets().stream()
                            .map(subnet ->
                                    subnet.gateway() + "/" + subnet.prefix().length())
                            .toList());
            assertThat(settings.gateways().stream()
                            .map(gateway -> gateway.address() instanceof Ipv6Address)
                            .toList())
                    .as("%s: IPv4 first", tested)
                    .isSorted();
            String mac = MacAddress.fromBits(settings.gatewayMac()).toString();
            assertThat(mac).as("%s", tested).startsWith("02:42:");
            assertThat(mac).isEqualTo(Compiler.gatewayMac(network).toString());
            if (settings.gateways().getFirst().address() instanceof Ipv4Address four) {
                assertThat(mac)
                        .as("%s", tested)
                        .isEqualTo(MacAddress.ofContainer(four).toString());
            }
        }
        NetworkSettings main = Objects.requireNonNull(tables.networks().get(CompilerCases.MAIN_INDEX));
        assertThat(main.mtu()).as("%s", tested).isEqualTo(tested.mtu());
        assertThat(main.icc()).as("%s", tested).isEqualTo(tested.icc());
        assertThat(main.transparentVlan()).as("%s", tested).isEqualTo(tested.vlan());
        NetworkSettings other = Objects.requireNonNull(tables.networks().get(CompilerCases.OTHER_INDEX));
        assertThat(other.mtu())
                .as("%s: options of one network are not another's", tested)
                .isEqualTo(1500);
        assertThat(other.icc() && !other.transparentVlan()).as("%s", tested).isTrue();
    }

    private static void ports(Case tested, SwitchTables tables) {
        List<Member> members = members(tested);
        assertThat(tables.ports()).as("%s", tested).hasSameSizeAs(members);
        for (Member member : members) {
            PortSettings port =
                    Objects.requireNonNull(tables.ports().get(member.endpoint().port()));
            assertThat(port.network()).isEqualTo(member.network().index());
            assertThat(port.fds()).isEqualTo(tested.fds(member.endpoint().id()));
            assertThat(port.mac()).isEqualTo(member.endpoint().mac().bits());
            assertThat(port.sourceGuard())
                    .as("%s", tested)
                    .isEqualTo(member.container().sourceGuard());
            Set<IpAddress> addresses = new HashSet<>();
            if (port.ipv4() != null) {
                addresses.add(port.ipv4());
            }
            if (port.ipv6() != null) {
                addresses.add(port.ipv6());
            }
            assertThat(addresses).as("%s", tested).isEqualTo(member.addresses());
            assertThat(port.worker()).as("%s", tested).isBetween(0, tested.workers() - 1);
        }
    }

    private static void neighbours(Case tested, SwitchTables tables) {
        for (IpAddress asked : tested.addressesOfInterest()) {
            for (Network network : tested.state().networks()) {
                NeighbourTable table = tables.neighbours().getOrDefault(network.index(), NeighbourTable.EMPTY);
                assertThat(answer(table, asked))
                        .as("%s: who is %s in %s?", tested, asked, network.name())
                        .isEqualTo(owner(tested, asked, network));
            }
        }
    }

    /** {@return who has an address in a network: port and MAC address, or nobody} */
    private static String owner(Case tested, IpAddress asked, Network network) {
        return members(tested).stream()
                .filter(member -> member.network().id().equals(network.id()))
                .filter(member -> member.addresses().contains(asked))
                .map(member ->
                        member.endpoint().port() + " " + member.endpoint().mac())
                .findAny()
                .orElse("nobody");
    }

    private static String answer(NeighbourTable table, IpAddress asked) {
        int index = switch (asked) {
            case Ipv4Address four -> table.find(four.bits());
            case Ipv6Address six -> table.find(six.hi(), six.lo());
        };
        return index == NeighbourTable.NONE
                ? "nobody"
                : table.port(index) + " " + MacAddress.fromBits(table.mac(index));
    }

    private static void host(Case tested, SwitchTables tables) {
        HostSettings host = tables.host();
        if (tested.host() == null || host == null) {
            assertThat(host).as("%s", tested).isNull();
            assertThat(tested.host()).as("%s", tested).isNull();
            return;
        }
        for (IpAddress asked : tested.addressesOfInterest()) {
            String expected = "nobody";
            for (Network network : tested.state().networks()) {
                String owner = owner(tested, asked, network);
                expected = network.internal() || owner.equals("nobody") ? expected : owner;
            }
            assertThat(answer(host.neighbours(), asked))
                    .as("%s: who is %s for the host?", tested, asked)
                    .isEqualTo(expected);
        }
        assertThat(host.addresses()).isEqualTo(tested.host().addresses());
    }

    @Test
    void removingAnythingRemovesAllThatHangsOnItAndNothingElse() {
        for (Case tested : CompilerCases.all()) {
            SwitchTables before = tested.compile();
            for (Container container : tested.state().containers()) {
                SwitchTables after = tested.with(tested.state().withoutContainer(container.id()))
                        .compile();
                Set<Integer> gone = new HashSet<>(before.ports().keySet());
                gone.removeAll(after.ports().keySet());
                assertThat(gone).as("%s without %s", tested, container.name()).isEqualTo(served(tested, container));
                after.ports()
                        .forEach((id, port) ->
                                assertThat(port).isEqualTo(before.ports().get(id)));
                assertThat(after.networks()).isEqualTo(before.networks());
            }
        }
    }

    private static Set<Integer> served(Case tested, Container container) {
        Set<Integer> ports = new HashSet<>();
        for (Endpoint endpoint : container.endpoints()) {
            if (!tested.fds(endpoint.id()).isEmpty()) {
                ports.add(endpoint.port());
            }
        }
        return ports;
    }

    @Test
    void anEndpointOfANetworkThatIsGoneHasNoPort() {
        Case tested = CompilerCases.all().getFirst();
        DesiredState without = tested.state().withoutNetwork(CompilerCases.MAIN_ID);
        SwitchTables tables = tested.with(without).compile();
        assertThat(TableRules.faults(tables, tested.workers())).isEmpty();
        assertThat(tables.ports().values()).isNotEmpty().allMatch(port -> port.network() == CompilerCases.OTHER_INDEX);
    }

    @Test
    void theSameStateGivesTheSameTables() {
        for (Case tested : CompilerCases.all()) {
            SwitchTables first = tested.compile();
            SwitchTables again = tested.compile();
            assertThat(again.networks()).isEqualTo(first.networks());
            assertThat(again.ports()).isEqualTo(first.ports());
            assertThat(again.neighbours().keySet()).isEqualTo(first.neighbours().keySet());
        }
    }
}
