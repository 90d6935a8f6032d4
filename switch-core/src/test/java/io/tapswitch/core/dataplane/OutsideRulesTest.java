package io.tapswitch.core.dataplane;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.core.dataplane.OutsideSettings.UplinkSettings;
import io.tapswitch.nat.DnatRules;
import io.tapswitch.nat.FragmentDrop;
import io.tapswitch.nat.NatDrop;
import io.tapswitch.nat.NatVersion;
import io.tapswitch.nat.NatVersion.InsideEndpoint;
import io.tapswitch.nat.NatVersion.InsideNetwork;
import io.tapswitch.nat.NatVersion.NatOptions;
import io.tapswitch.nat.NatVersion.OutsideAddress;
import io.tapswitch.wire.IpAddress;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What must hold of a version's outside, and how it changes. */
class OutsideRulesTest {
    private static final OutsideAddress HOST = new OutsideAddress(0, IpAddress.parse("192.0.2.1"));

    private final OutsideWorld world = new OutsideWorld(2);

    private List<String> faults(
            List<OutsideAddress> addresses,
            List<InsideNetwork> networks,
            List<InsideEndpoint> endpoints,
            UplinkSettings... uplinks) {
        NatOptions options = new NatOptions(30_000, 1024, 65_535, 0, 0, true);
        NatVersion nat = new NatVersion(addresses, networks, endpoints, List.of(), DnatRules.EMPTY, List.of(), options);
        SwitchTables now = world.tested.tables();
        return TableRules.faults(
                new SwitchTables(
                        now.version() + 1,
                        now.networks(),
                        now.neighbours(),
                        now.ports(),
                        now.host(),
                        new OutsideSettings(nat, Map.of(), List.of(uplinks))),
                2);
    }

    private static UplinkSettings uplink(int port, int device, Integer... fds) {
        return new UplinkSettings(port, List.of(fds), device, false, 1500);
    }

    @Test
    void theWorldItselfHasNoFaults() {
        assertThat(TableRules.faults(world.tested.tables(), 2)).isEmpty();
        assertThat(faults(List.of(HOST), List.of(), List.of(), uplink(30, 2, 501, 502)))
                .isEmpty();
    }

    @Test
    void uplinksHavePortsDevicesAndFilesOfTheirOwn() {
        assertThat(faults(List.of(), List.of(), List.of(), uplink(30, 2, 501), uplink(30, 3, 502)))
                .contains("port 30 is that of two uplinks");
        assertThat(faults(List.of(), List.of(), List.of(), uplink(30, 2, 501), uplink(31, 2, 502)))
                .contains("device 2 has two uplinks");
        assertThat(faults(List.of(), List.of(), List.of(), uplink(0, 2, 501)))
                .contains("port 0 is an uplink's and a container's");
        assertThat(faults(List.of(), List.of(), List.of(), uplink(OutsideWorld.HOST, 2, 501)))
                .contains("port 22 is an uplink's and the host's");
        assertThat(faults(List.of(), List.of(), List.of(), uplink(30, 2, 0)))
                .contains("uplink 30 has file 0, which is none of its own");
        assertThat(faults(List.of(), List.of(), List.of(), uplink(9000, 2, 501)))
                .contains("uplink 9000 is not below 8192");
        assertThat(faults(List.of(), List.of(), List.of(), uplink(30, 2, 501, 502, 503)))
                .hasSize(1);
    }

    @Test
    void slotsNetworksAndEndpointsAreThere() {
        assertThat(faults(List.of(HOST, HOST), List.of(), List.of())).contains("slot 0 stands for two addresses");
        assertThat(faults(List.of(new OutsideAddress(256, HOST.address())), List.of(), List.of()))
                .contains("slot 256 is not below 256");
        assertThat(faults(List.of(), List.of(new InsideNetwork(7, null, null, false)), List.of()))
                .contains("network 7 has a way out, but is not there");
        assertThat(faults(List.of(), List.of(), List.of(new InsideEndpoint(0, 1, null, null))))
                .contains("endpoint 0 of the way out is not the port of that number");
    }

    @Test
    void anUplinkThatStaysKeepsItsFilesAndOneAtAnotherPortsIdWaitsForIt() {
        SwitchTables now = world.tested.tables();
        OutsideChanges none = OutsideChanges.between(now, now);
        assertThat(none.removed()).isEmpty();
        assertThat(none.added()).isEmpty();
        OutsideSettings outside = java.util.Objects.requireNonNull(now.outside());
        SwitchTables other = new SwitchTables(
                now.version() + 1,
                now.networks(),
                now.neighbours(),
                now.ports(),
                now.host(),
                new OutsideSettings(
                        outside.nat(),
                        outside.marks(),
                        List.of(uplink(OutsideWorld.ETH0, 2, 700), uplink(40, 3, 701))));
        OutsideChanges changes = OutsideChanges.between(now, other);
        assertThat(changes.removed()).containsExactlyInAnyOrder(OutsideWorld.ETH0, OutsideWorld.LO, OutsideWorld.ETH1);
        assertThat(changes.added()).extracting(UplinkSettings::port).containsExactly(40);
        assertThat(changes.readded()).extracting(UplinkSettings::port).containsExactly(OutsideWorld.ETH0);
        world.tested.apply(other);
        assertThat(world.tested.ios[0].file(OutsideWorld.ETH0)).isEqualTo(700);
        assertThat(world.tested.ios[0].reads(OutsideWorld.ETH0)).isTrue();
        assertThat(world.tested.ios[1].file(OutsideWorld.ETH0)).isEqualTo(700);
        assertThat(world.tested.ios[1].reads(OutsideWorld.ETH0)).isFalse();
        assertThat(world.tested.ios[1].file(OutsideWorld.LO)).isEqualTo(-1);
    }

    @Test
    void eachReasonOfNatAndOfFragmentsIsADropReason() {
        for (NatDrop drop : NatDrop.values()) {
            assertThat(DropReason.ofNat(drop.code()).word()).isEqualTo("nat_" + drop.word());
            assertThat(DropReason.ofNat(drop.code()).sentence()).isEqualTo(drop.sentence());
        }
        assertThat(Arrays.stream(FragmentDrop.values()).map(DropReason::of).map(DropReason::word))
                .allMatch(word -> word.startsWith("fragment_"))
                .doesNotHaveDuplicates();
        assertThat(DropReason.count()).as("bits of a refusal's reason").isLessThanOrEqualTo(256);
    }
}
