package io.tapswitch.core.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tapswitch.core.config.ConfigFile;
import io.tapswitch.core.config.OverlaySettings;
import io.tapswitch.core.ipam.DefaultPools;
import io.tapswitch.core.model.DesiredState;
import io.tapswitch.core.model.Driver;
import io.tapswitch.core.model.Network;
import io.tapswitch.core.model.ObjectName;
import io.tapswitch.core.model.Refusal;
import io.tapswitch.wire.IpAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The MTU that an overlay is made with: O10. */
class UnderlayMtuTest {
    @TempDir
    private Path directory;

    private FakeOutside host;
    private @Nullable IpAddress advertised;

    @BeforeEach
    void start() {
        host = new FakeOutside(directory);
    }

    private void deviceMtu(int mtu) {
        host.devices = List.of(
                FakeOutside.LO,
                new OutsideKernel.Device(2, "eth0", mtu, true, false, 0x0200_0000_0001L, FakeOutside.ETH0.addresses()));
    }

    private static OverlaySettings endingAt(@Nullable String local) {
        return new OverlaySettings(local == null ? null : IpAddress.parse(local), List.of());
    }

    private int made(Driver driver, boolean ipv6, Map<String, String> options, OverlaySettings overlay) {
        Network bare = States.network("mesh", 0, "10.1.0.0/16");
        Network network = new Network(
                bare.id(),
                0,
                "mesh",
                bare.created(),
                driver,
                false,
                ipv6,
                false,
                bare.subnets(),
                options,
                Map.of(),
                bare.origin());
        Network sized = new UnderlayMtu(host, () -> advertised).sized(network, overlay);
        assertThat(UnderlayMtu.chosen(sized.options())).isEqualTo(options);
        return NetworkOptions.of(sized).mtu();
    }

    @ParameterizedTest
    @CsvSource({
        "1500, 192.0.2.1, false, 1450",
        "1500, 2001:db8::1, false, 1430",
        "9000, 192.0.2.1, false, 8950",
        "65535, 192.0.2.1, false, 9000",
        "1300, 192.0.2.1, true, 1280",
        "1300, 192.0.2.1, false, 1250",
        "1400, 192.0.2.77, false, 1450",
        "1400, , false, 1450"
    })
    void O10_itIsTheDevicesLessTheOuterHeaders(int device, @Nullable String local, boolean ipv6, int expected) {
        deviceMtu(device);
        assertThat(made(Driver.OVERLAY, ipv6, Map.of(), endingAt(local))).isEqualTo(expected);
    }

    @Test
    void O10_theClusterKnowsTheEndToo_andWhatWasChosenStays() {
        deviceMtu(1400);
        assertThat(made(Driver.OVERLAY, false, Map.of(NetworkOptions.MTU, "1200"), endingAt("192.0.2.1")))
                .isEqualTo(1200);
        assertThat(made(Driver.BRIDGE, false, Map.of(), endingAt("192.0.2.1"))).isEqualTo(1500);
        advertised = IpAddress.parse("192.0.2.1");
        assertThat(made(Driver.OVERLAY, false, Map.of(), OverlaySettings.NONE)).isEqualTo(1350);
    }

    @Test
    void O10_nobodyGivesIt_andTheSameFileIsNoChange() {
        assertThatThrownBy(() -> UnderlayMtu.refuse(Map.of(UnderlayMtu.OPTION, "1400")))
                .isInstanceOf(Refusal.class)
                .hasMessageContaining("unknown network option tapswitch.underlay-mtu");
        String text = "networks: {mesh: {driver: overlay, subnet: 10.1.0.0/16}}";
        Reconciler.Plan first =
                new UnderlayMtu(host, () -> null).sized(plan(DesiredState.EMPTY, text), endingAt("192.0.2.1"));
        assertThat(first.added())
                .singleElement()
                .satisfies(network -> assertThat(network.options()).containsEntry(UnderlayMtu.OPTION, "1450"))
                .isEqualTo(first.next().networks().iterator().next());
        assertThat(plan(first.next(), text).next()).isSameAs(first.next());
    }

    private static Reconciler.Plan plan(DesiredState state, String text) {
        return Reconciler.plan(
                state,
                ConfigFile.parse("f.yaml", text),
                new Reconciler.Surroundings(
                        List.of(),
                        DefaultPools.localPool("underlay"),
                        ObjectName::newId,
                        () -> "2026-11-21T10:00:00Z"));
    }
}
