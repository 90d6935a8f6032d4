package io.tapswitch.core.control;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.core.config.Configuration;
import io.tapswitch.core.control.OutsideKernel.HostSocket;
import io.tapswitch.core.dataplane.OutsideSettings.UplinkSettings;
import io.tapswitch.core.dataplane.SwitchTables;
import io.tapswitch.core.model.Container;
import io.tapswitch.core.model.DesiredState;
import io.tapswitch.core.model.Endpoint;
import io.tapswitch.core.model.Network;
import io.tapswitch.core.model.NetworkMode;
import io.tapswitch.core.model.Origin;
import io.tapswitch.core.model.PortSpec;
import io.tapswitch.core.model.Publication;
import io.tapswitch.nat.DnatRule;
import io.tapswitch.nat.NatVersion;
import io.tapswitch.nat.NatVersion.OutsideAddress;
import io.tapswitch.nat.NatVersion.PortRange;
import io.tapswitch.tapio.PortMarks;
import io.tapswitch.wire.IpAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the way to the outside makes of a version and of the host, in which order. */
class OutsideWiringTest {
    private static final IpAddress OUTSIDE = IpAddress.parse("192.0.2.1");
    private static final IpAddress LOCAL = IpAddress.parse("127.0.0.1");

    private final Network web = States.network("web", 3, "10.66.0.0/16");
    private final Endpoint endpoint = States.endpoint(web, 7, "10.66.0.2", null);
    private final Container container =
            States.container("c", Container.Status.RUNNING, new NetworkMode.Own(), endpoint);

    @TempDir
    Path directory;

    private FakeOutside kernel;
    private OutsideWiring wiring;
    private DesiredState state = DesiredState.EMPTY.with(web).with(container);

    @BeforeEach
    void begin() {
        kernel = new FakeOutside(directory);
        wiring = new OutsideWiring(kernel, 2, () -> true, () -> Abroad.NONE);
    }

    private DesiredState publish(String... specs) {
        List<Publication> publications = new ArrayList<>(state.publications());
        for (String text : specs) {
            PortSpec spec = PortSpec.parse(text);
            publications.add(new Publication(
                    state.nextRule() + publications.size(),
                    container.id(),
                    spec,
                    spec.firstHostPort(),
                    List.of(),
                    new Origin.Command()));
        }
        return state.withPublications(publications);
    }

    private OutsideView bring(DesiredState next) {
        OutsideView view = wiring.prepare(next, PublishedPorts.active(next));
        wiring.unmark();
        kernel.told.add("version");
        wiring.settle();
        state = next;
        return view;
    }

    private int owner(IpAddress address, int port) {
        return kernel.marks(address).owner(PortMarks.TCP, port);
    }

    @Test
    void eachDeviceWithAnAddressIsAnUplink_andLoIs() {
        kernel.devices.add(new OutsideKernel.Device(3, "eth1", 1500, true, false, 1, List.of()));
        kernel.devices.add(
                new OutsideKernel.Device(4, "tapswitch0", 1500, true, false, 1, List.of(IpAddress.parse("10.66.0.1"))));
        wiring.look();
        OutsideView view = bring(state);
        assertThat(view.uplinks()).extracting(UplinkSettings::device).containsExactly(1, 2);
        assertThat(kernel.steered).containsExactly(1, 2);
        assertThat(view.addresses())
                .extracting(address -> address.address().toString())
                .contains("127.0.0.1", "::1", "192.0.2.1", "2001:db8::1", "10.66.0.1");
        assertThat(kernel.beats()).isPositive();
    }

    @Test
    void theNamedDeviceAloneIsUsedBesidesLo_andMissedWhileItIsNotThere() {
        kernel.only = "eth9";
        wiring = new OutsideWiring(kernel, 1, () -> true, () -> Abroad.NONE);
        assertThat(bring(state).uplinks()).hasSize(1);
        assertThat(wiring.warnings())
                .containsExactly(
                        "the host has no interface eth9, which the uplink shared:eth9 names: containers have no"
                                + " way to the outside until it is there");
        List<IpAddress> addresses = List.of(IpAddress.parse("192.0.2.9"));
        kernel.devices.add(new OutsideKernel.Device(9, "eth9", 1500, false, false, 1, addresses));
        assertThat(wiring.look()).isTrue();
        bring(state);
        assertThat(wiring.warnings()).singleElement().asString().startsWith("the interface eth9 is down, which");
        kernel.devices.set(2, new OutsideKernel.Device(9, "eth9", 1500, true, false, 1, addresses));
        assertThat(wiring.look()).isTrue();
        bring(state);
        assertThat(wiring.warnings()).isEmpty();
    }

    @Test
    void P5_thePacketsComeWhenThereIsARule_andGoToTheHostBeforeItGoes() {
        bring(state);
        DesiredState next = publish("8080:80");
        wiring.prepare(next, PublishedPorts.active(next));
        wiring.unmark();
        assertThat(owner(OUTSIDE, 8080)).isEqualTo(-1);
        wiring.settle();
        state = next;
        assertThat(owner(OUTSIDE, 8080)).isEqualTo(1);
        assertThat(owner(LOCAL, 8080)).isEqualTo(1);
        wiring.prepare(state.withPublications(List.of()), List.of());
        wiring.unmark();
        assertThat(owner(OUTSIDE, 8080)).isEqualTo(-1);
    }

    @Test
    void A_PORT_06_onOneAddressItIsMarkedThereOnly() {
        bring(publish("127.0.0.1:5432:5432"));
        assertThat(owner(LOCAL, 5432)).isEqualTo(1);
        assertThat(owner(OUTSIDE, 5432)).isEqualTo(-1);
    }

    @Test
    void A_PORT_21_anAddressThatComesLaterIsPublishedOnToo() {
        bring(publish("8080:80"));
        IpAddress later = IpAddress.parse("192.0.2.77");
        kernel.devices.add(new OutsideKernel.Device(5, "eth2", 1500, true, false, 1, List.of(later)));
        assertThat(wiring.look()).isTrue();
        bring(state);
        assertThat(owner(later, 8080)).isEqualTo(1);
        assertThat(kernel.steered).containsExactly(1, 2, 5);
    }

    @Test
    void P9_theSameVersionAgainTouchesNothing() {
        bring(publish("8080:80", "9000-9100:9000-9100/udp"));
        kernel.told.clear();
        assertThat(wiring.look()).isFalse();
        bring(state);
        assertThat(kernel.told).containsExactly("version");
    }

    @Test
    void aDeviceThatIsGoneLosesItsTapWhenTheDataplaneHasLetGo() {
        bring(state);
        kernel.devices.remove(FakeOutside.ETH0);
        wiring.look();
        assertThat(bring(state).uplinks()).hasSize(1);
        assertThat(kernel.taps).hasSize(1);
        assertThat(kernel.marks).doesNotContainKey(OUTSIDE);
    }

    @Test
    void aDeviceThatIsRenamedStaysTheUplinkItIs() {
        UplinkSettings before = bring(state).uplinks().get(1);
        OutsideKernel.Device eth0 = FakeOutside.ETH0;
        kernel.devices.set(
                1,
                new OutsideKernel.Device(eth0.index(), "wan0", eth0.mtu(), true, false, eth0.mac(), eth0.addresses()));
        assertThat(wiring.look()).isTrue();
        kernel.told.clear();
        assertThat(bring(state).uplinks().get(1)).isEqualTo(before);
        assertThat(kernel.told).containsExactly("version");
        assertThat(kernel.taps).hasSize(2);
        assertThat(wiring.state().uplinks())
                .extracting(OutsideState.Uplink::device)
                .contains("wan0");
        kernel.devices.set(
                1, new OutsideKernel.Device(eth0.index(), "eth9", eth0.mtu(), true, false, 99, eth0.addresses()));
        assertThat(wiring.look()).isTrue();
        assertThat(bring(state).uplinks().get(1)).isNotEqualTo(before);
    }

    @Test
    void of256AddressesOneIsReplacedWhenTheMarksOfTheOtherAreGone_andGatewaysComeLast() {
        List<IpAddress> many = new ArrayList<>();
        for (int i = 0; i < 253; i++) {
            many.add(IpAddress.parse("198.18.0." + i));
        }
        kernel.devices = new ArrayList<>(
                List.of(FakeOutside.LO, new OutsideKernel.Device(2, "eth0", 1500, true, false, 1, many)));
        wiring.look();
        assertThat(bring(state).addresses())
                .hasSize(256)
                .extracting(OutsideAddress::address)
                .contains(IpAddress.parse("10.66.0.1"));
        IpAddress other = IpAddress.parse("198.18.9.9");
        many.set(7, other);
        kernel.devices.set(1, new OutsideKernel.Device(2, "eth0", 1500, true, false, 1, many));
        assertThat(wiring.look()).isTrue();
        assertThat(bring(state).addresses()).hasSize(255);
        assertThat(kernel.most).isEqualTo(256);
        assertThat(wiring.look()).isTrue();
        assertThat(bring(state).addresses())
                .hasSize(256)
                .extracting(OutsideAddress::address)
                .contains(other);
        assertThat(kernel.most).isEqualTo(256);
        assertThat(wiring.look()).isFalse();

        IpAddress oneMore = IpAddress.parse("198.18.9.10");
        many.add(oneMore);
        kernel.devices.set(1, new OutsideKernel.Device(2, "eth0", 1500, true, false, 1, many));
        assertThat(wiring.look()).isTrue();
        bring(state);
        assertThat(wiring.look()).isTrue();
        assertThat(bring(state).addresses())
                .extracting(OutsideAddress::address)
                .contains(oneMore)
                .doesNotContain(IpAddress.parse("10.66.0.1"));
        assertThat(kernel.most).isEqualTo(256);
        assertThat(wiring.warnings()).singleElement().asString().contains("10.66.0.1");
    }

    @Test
    void theNumbersOfAddressesOutliveTheDaemon() {
        List<OutsideAddress> before = bring(state).addresses();
        kernel.devices.remove(FakeOutside.LO);
        kernel.devices.add(FakeOutside.LO);
        OutsideWiring next = new OutsideWiring(kernel, 2, () -> true, () -> Abroad.NONE);
        assertThat(next.prepare(state, List.of()).addresses()).containsExactlyInAnyOrderElementsOf(before);
    }

    @Test
    void theTablesSayWhoMayGoOutAndWhatLeadsIn() {
        DesiredState next = publish("8080-8089:80-89");
        OutsideView view = bring(next);
        SwitchTables tables = Compiler.compile(next, 2, id -> List.of(5), null, view, null);
        NatVersion nat = Objects.requireNonNull(tables.outside()).nat();
        assertThat(nat.rules())
                .containsExactly(new DnatRule(
                        next.publications().getFirst().id(),
                        DnatRule.ANY,
                        6,
                        8080,
                        8089,
                        3,
                        7,
                        IpAddress.parse("10.66.0.2"),
                        80,
                        List.of()));
        assertThat(nat.endpoints())
                .singleElement()
                .satisfies(inside -> assertThat(inside.id()).isEqualTo(7));
        assertThat(nat.options().excludedFirst()).isEqualTo(32_768);
    }

    @Test
    void itsStateIsShown_alsoWhileAnotherVersionIsMade() {
        assertThat(wiring.state().uplinks()).isEmpty();
        kernel.devices.remove(FakeOutside.LO);
        wiring.look();
        bring(state);
        assertThat(wiring.state().uplinks())
                .extracting(OutsideState.Uplink::device, OutsideState.Uplink::mtu, OutsideState.Uplink::steered)
                .containsExactly(org.assertj.core.groups.Tuple.tuple("eth0", 1500, true));
        assertThat(wiring.state().addresses()).contains(OUTSIDE);
        assertThat(wiring.state().grace().toSeconds()).isEqualTo(5);
    }

    @Test
    void N4_aNetworkMayLetAnybodySendToItsMappings() {
        Network open = new Network(
                web.id(),
                web.index(),
                "web",
                "",
                web.driver(),
                false,
                false,
                false,
                web.subnets(),
                Map.of(NetworkOptions.FILTERING, "endpoint-independent"),
                web.labels(),
                web.origin());
        for (Network network : List.of(web, open)) {
            DesiredState next = state.with(network);
            SwitchTables tables = Compiler.compile(next, 2, id -> List.of(5), null, bring(next), null);
            assertThat(Objects.requireNonNull(tables.outside()).nat().networks())
                    .singleElement()
                    .satisfies(inside -> assertThat(inside.endpointIndependentFiltering())
                            .isEqualTo(network.options().size() == 1));
        }
    }

    @Test
    void aVersionThatFailedLeavesTheMarksOfTheOneBefore() {
        bring(publish("8080:80"));
        wiring.prepare(state.withPublications(List.of()), List.of());
        wiring.unmark();
        assertThat(owner(OUTSIDE, 8080)).isEqualTo(-1);
        bring(state);
        assertThat(owner(OUTSIDE, 8080)).isEqualTo(1);
    }

    @Test
    void P5_aPortThatStaysPublishedByAnotherRuleKeepsItsMarkMeanwhile() {
        bring(publish("8000-8010:80-90"));
        state = state.withPublications(List.of());
        DesiredState next = publish("8000-8011:80-91");
        wiring.prepare(next, PublishedPorts.active(next));
        wiring.unmark();
        assertThat(owner(OUTSIDE, 8005)).isEqualTo(1);
        wiring.settle();
        assertThat(owner(OUTSIDE, 8011)).isEqualTo(1);
    }

    @Test
    void aDeviceThatCannotBeAnUplinkStopsNothingElse() {
        kernel.broken = new IllegalStateException("the vault has files under it already");
        OutsideView view = bring(state);
        assertThat(view.uplinks()).isEmpty();
        assertThat(wiring.warnings()).hasSize(2);
        kernel.broken = null;
        assertThat(wiring.look()).isTrue();
        assertThat(bring(state).uplinks()).hasSize(2);
    }

    @Test
    void otherDevicesOfTheHostComeAndGoUnnoticed_andOurOwnSocketsAreNobodyElses() {
        bring(publish("8080:80"));
        kernel.devices.add(new OutsideKernel.Device(9, "veth9", 1500, true, false, 1, List.of()));
        kernel.sockets = List.of(new HostSocket(6, 8080, null));
        assertThat(wiring.look()).isFalse();
        kernel.sockets = List.of(new HostSocket(6, 8081, null));
        assertThat(wiring.look()).isTrue();
        assertThat(bring(state).reserved()).hasSize(1);
    }

    @Test
    void N7_portsOfSocketsAreTakenWhereTheSocketsAre() {
        bring(publish("127.0.0.1:8080:80"));
        kernel.sockets = List.of(
                new HostSocket(6, 8080, LOCAL),
                new HostSocket(6, 8080, OUTSIDE),
                new HostSocket(17, 5353, null),
                new HostSocket(17, 5354, IpAddress.parse("127.9.9.9")));
        assertThat(wiring.look()).isTrue();
        OutsideView view = bring(state);
        int slot = view.addresses().stream()
                .filter(address -> address.address().equals(OUTSIDE))
                .findFirst()
                .orElseThrow()
                .slot();
        assertThat(view.reserved())
                .containsExactly(
                        new PortRange(slot, 6, 8080, 8080, true), new PortRange(DnatRule.ANY, 17, 5353, 5353, true));
        assertThat(view.homes()).containsEntry(slot, 2);
    }

    @Test
    void N7_whatTheOperatorReservesIsNotNatsUnlessNatHasARangeOfItsOwn_andBothAreFollowed() {
        BitSet reserved = new BitSet();
        reserved.set(5000);
        reserved.set(7000, 7011);
        kernel.local = new EphemeralPorts(40_000, 50_000, reserved);
        assertThat(wiring.look()).isTrue();
        OutsideView view = bring(state);
        assertThat(view.options().excludedFirst()).isEqualTo(40_000);
        assertThat(view.options().excludedLast()).isEqualTo(50_000);
        assertThat(view.reserved())
                .hasSize(6)
                .contains(new PortRange(DnatRule.ANY, 6, 5000, 5000), new PortRange(DnatRule.ANY, 17, 7000, 7010));
        assertThat(wiring.look()).isFalse();
        wiring.options(with(new Configuration.Nat(Duration.ofMinutes(5), new Configuration.Nat.Ports(5000, 8000))));
        assertThat(bring(state).reserved()).isEmpty();
        assertThat(kernel.told).contains("keep 5000-8000").doesNotContain("give back 5000-8000");
        kernel.local = new EphemeralPorts(32_768, 60_999, new BitSet());
        assertThat(wiring.look()).isFalse();
        wiring.options(Configuration.empty("none"));
        assertThat(kernel.told).contains("give back 5000-8000");
    }

    private static Configuration with(Configuration.Nat nat) {
        Configuration empty = Configuration.empty("test.yaml");
        return new Configuration(
                empty.file(),
                null,
                empty.networks(),
                null,
                null,
                empty.ports(),
                nat,
                empty.dns(),
                empty.overlay(),
                empty.lines());
    }

    @Test
    void whatAnEarlierDaemonSteeredEndsBeforeTheFirstSignOfLife() {
        bring(state);
        assertThat(kernel.told.indexOf("unsteer others")).isBetween(0, kernel.told.size());
    }
}
