package io.tapswitch.core.control;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.core.config.OverlaySettings;
import io.tapswitch.core.model.DesiredState;
import io.tapswitch.core.model.Driver;
import io.tapswitch.core.model.Network;
import io.tapswitch.nat.DnatRule;
import io.tapswitch.nat.NatVersion.PortRange;
import io.tapswitch.tapio.PortMarks;
import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.IpProtocol;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whether tunnels go by a TAP, which is steered, or by sockets, for which nothing is. */
class TunnelWiringTest {
    private static final String WHY = "the kernel is old";
    private static final int PORT = 4789;
    private static final IpAddress LOCAL = IpAddress.parse("192.0.2.1");
    private static final IpAddress REMOTE = IpAddress.parse("192.0.2.9");

    /** A kernel with one way or the other. */
    private static final class Kernel extends FakeOutside {
        @Nullable
        String why;

        int pathMtu;
        final List<String> opened = new ArrayList<>();

        Kernel(Path directory) {
            super(directory);
        }

        private @Nullable IpAddress source;

        @Override
        public @Nullable String whyTunnelSocket() {
            return why;
        }

        @Override
        public Plumbing.Plug tunnel(Device device) {
            return new FakePlumbing.FakePlug("tunnel", List.of(77));
        }

        @Override
        public @Nullable IpAddress sourceTo(IpAddress remote) {
            return source;
        }

        @Override
        public int pathMtu(IpAddress remote) {
            return pathMtu;
        }

        @Override
        public SocketPlug tunnelSocket(IpAddress local, int port) {
            String end = port == PORT ? local.toString() : local + " port " + port;
            opened.add(end);
            return new SocketPlug() {
                @Override
                public String tag() {
                    return "sockets";
                }

                @Override
                public List<Integer> fds() {
                    return List.of(88, 89);
                }

                @Override
                public int segments() {
                    return 64;
                }

                @Override
                public void close() {
                    opened.remove(end);
                }
            };
        }
    }

    @TempDir
    Path directory;

    private Kernel kernel;
    private TunnelWiring wiring;
    private DesiredState state;

    @BeforeEach
    void begin() {
        kernel = new Kernel(directory);
        wiring = new TunnelWiring(kernel, () -> Abroad.NONE);
        state = DesiredState.EMPTY.with(mesh(false));
        wiring.options(new OverlaySettings(LOCAL, List.of(new OverlaySettings.Peer("mesh", 42, REMOTE))));
    }

    private static Network mesh(boolean ipv6) {
        Network bridge = States.network("mesh", 3, "10.66.0.0/24");
        return new Network(
                bridge.id(),
                bridge.index(),
                bridge.name(),
                bridge.created(),
                Driver.OVERLAY,
                false,
                ipv6,
                false,
                bridge.subnets(),
                bridge.options(),
                bridge.labels(),
                bridge.origin());
    }

    private io.tapswitch.core.dataplane.@Nullable OverlaySettings bring() {
        var settings = wiring.prepare(state, List.of(FakeOutside.ETH0));
        wiring.settle(FakeOutside.ETH0.addresses());
        return settings;
    }

    @Test
    void byTapThePortIsHeldAndSteered() {
        var settings = Objects.requireNonNull(bring());
        assertThat(settings.segments()).isZero();
        assertThat(settings.fds()).containsExactly(77);
        assertThat(kernel.held).containsExactly("192.0.2.1 17 4789-4789");
        assertThat(kernel.marks(LOCAL).isTunnel(PORT)).isTrue();
        assertThat(wiring.plug(FakeOutside.ETH0)).isNotNull();
        assertThat(Objects.requireNonNull(wiring.state()).whySocket()).isNull();
    }

    @Test
    void bySocketNothingIsSteered_whatAnEarlierDaemonMarkedIsNot_andNatLeavesThePort() {
        kernel.why = WHY;
        kernel.marks(LOCAL).markTunnel(PORT);
        var settings = Objects.requireNonNull(bring());
        assertThat(settings.segments()).isEqualTo(64);
        assertThat(settings.fds()).containsExactly(88, 89);
        assertThat(kernel.held).isEmpty();
        assertThat(kernel.marks(LOCAL).isTunnel(PORT)).isFalse();
        assertThat(kernel.marks(LOCAL).owner(PortMarks.UDP, PORT)).isEqualTo(PortMarks.NONE);
        assertThat(wiring.plug(FakeOutside.ETH0)).isNull();
        assertThat(Objects.requireNonNull(wiring.state()).whySocket()).isEqualTo(WHY);
        assertThat(wiring.reserved(List.of())).containsExactly(new PortRange(DnatRule.ANY, IpProtocol.UDP, PORT, PORT));
        bring();
        assertThat(kernel.opened).as("the same sockets").containsExactly("192.0.2.1");
        wiring.options(OverlaySettings.NONE);
        assertThat(bring()).isNull();
        assertThat(kernel.opened).isEmpty();
    }

    private static OverlaySettings at(int port) {
        return new OverlaySettings(LOCAL, port, List.of(new OverlaySettings.Peer("mesh", 42, REMOTE)));
    }

    @Test
    void C9_byTapAnotherPortIsHeldAndSteered_withTheSameTap_andTheOldOneIsTheHosts() {
        wiring.options(at(4790));
        var settings = Objects.requireNonNull(bring());
        assertThat(settings.udpPort()).isEqualTo(4790);
        assertThat(kernel.held).containsExactly("192.0.2.1 17 4790-4790");
        assertThat(kernel.marks(LOCAL).isTunnel(PORT)).isFalse();
        assertThat(kernel.marks(LOCAL).isTunnel(4790)).isTrue();
        Plumbing.Plug plug = wiring.plug(FakeOutside.ETH0);
        assertThat(wiring.options(at(4791))).isTrue();
        wiring.prepare(state, List.of(FakeOutside.ETH0));
        assertThat(kernel.held)
                .as("the old one while the version before is in force")
                .containsExactly("192.0.2.1 17 4790-4790", "192.0.2.1 17 4791-4791");
        wiring.settle(FakeOutside.ETH0.addresses());
        assertThat(kernel.held).containsExactly("192.0.2.1 17 4791-4791");
        assertThat(kernel.marks(LOCAL).isTunnel(4790)).isFalse();
        assertThat(kernel.marks(LOCAL).isTunnel(4791)).isTrue();
        assertThat(wiring.plug(FakeOutside.ETH0)).isSameAs(plug);
        assertThat(Objects.requireNonNull(wiring.state()).udpPort()).isEqualTo(4791);
        assertThat(wiring.reserved(List.of())).containsExactly(new PortRange(DnatRule.ANY, IpProtocol.UDP, 4791, 4791));
    }

    @Test
    void C9_aPortThatIsInUseIsNoTunnelsPort() {
        bring();
        kernel.busy.add("192.0.2.1 17 4790-4790");
        wiring.options(at(4790));
        assertThat(bring()).isNull();
        assertThat(wiring.warnings())
                .singleElement()
                .asString()
                .contains("no tunnel has an end here, UDP port 4790 of 192.0.2.1: ", "somebody's");
        assertThat(kernel.held).isEmpty();
        assertThat(kernel.marks(LOCAL).isTunnel(PORT)).isFalse();
        kernel.busy.clear();
        assertThat(Objects.requireNonNull(bring()).udpPort()).isEqualTo(4790);
    }

    @Test
    void C9_bySocketAnotherPortIsAnotherSocket() {
        kernel.why = WHY;
        bring();
        wiring.options(at(4790));
        wiring.prepare(state, List.of(FakeOutside.ETH0));
        assertThat(kernel.opened).containsExactly("192.0.2.1", "192.0.2.1 port 4790");
        wiring.settle(FakeOutside.ETH0.addresses());
        assertThat(kernel.opened).containsExactly("192.0.2.1 port 4790");
        assertThat(wiring.reserved(List.of())).containsExactly(new PortRange(DnatRule.ANY, IpProtocol.UDP, 4790, 4790));
    }

    @Test
    void row99_anUnderlayThatIsTooNarrowForIpv6Inside_isNamedAsThat() {
        OutsideKernel.Device narrow =
                new OutsideKernel.Device(2, "eth0", 1329, true, false, 1, FakeOutside.ETH0.addresses());
        wiring.prepare(state, List.of(narrow));
        assertThat(wiring.warnings())
                .singleElement()
                .asString()
                .contains("than the 1329 of eth0")
                .doesNotContain("IPv6");
        state = DesiredState.EMPTY.with(mesh(true));
        wiring.prepare(state, List.of(narrow));
        assertThat(wiring.warnings()).singleElement().asString().contains("has IPv6, which needs 1280", "leave 1279");
        wiring.prepare(
                state,
                List.of(new OutsideKernel.Device(2, "eth0", 1330, true, false, 1, FakeOutside.ETH0.addresses())));
        assertThat(wiring.warnings())
                .singleElement()
                .asString()
                .contains("=1280")
                .doesNotContain("has IPv6");
    }

    @Test
    void O12_bySocketTheKernelIsAskedWhatItHasLearnedOfTheWay() {
        kernel.why = WHY;
        kernel.pathMtu = 300;
        var settings = Objects.requireNonNull(bring());
        var path = Objects.requireNonNull(settings.paths().get(REMOTE));
        for (int beat = 0; beat < 4; beat++) {
            assertThat(path.bytes(System.nanoTime())).as("beat %d", beat).isEqualTo(0xffff);
            wiring.onBeat();
        }
        assertThat(path.bytes(System.nanoTime())).as("no less than the floor").isEqualTo(576);
    }

    @Test
    void row99_aRouteThatComesBackBringsTheTunnelsBack() {
        wiring.options(new OverlaySettings(null, List.of(new OverlaySettings.Peer("mesh", 42, REMOTE))));
        assertThat(bring()).isNull();
        assertThat(wiring.warnings()).singleElement().asString().contains("no route to " + REMOTE);
        assertThat(wiring.isMoved()).as("still without").isFalse();
        kernel.source = LOCAL;
        assertThat(wiring.isMoved()).isTrue();
        assertThat(bring()).isNotNull();
        assertThat(wiring.isMoved()).isFalse();
        kernel.source = null;
        assertThat(wiring.isMoved()).isTrue();
        assertThat(bring()).as("the end stays").isNotNull();
        assertThat(wiring.warnings())
                .singleElement()
                .asString()
                .contains("no route to " + REMOTE + ": it is not reached");
        wiring.options(OverlaySettings.NONE);
        bring();
        assertThat(wiring.isMoved()).as("nobody is asked for").isFalse();
    }
}
