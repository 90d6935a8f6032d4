package io.tapswitch.core.control;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.core.control.PeerLook.Peer;
import io.tapswitch.core.dataplane.CounterSnapshot;
import io.tapswitch.core.dataplane.DropReason;
import io.tapswitch.core.dataplane.FdbEntry;
import io.tapswitch.core.dataplane.PathMtu;
import io.tapswitch.core.model.DesiredState;
import io.tapswitch.core.model.Network;
import io.tapswitch.wire.IpAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The other hosts as {@code peers} shows them. */
class PeerLookTest {
    private static final IpAddress FIRST = IpAddress.parse("192.0.2.7");
    private static final IpAddress SECOND = IpAddress.parse("192.0.2.8");

    private final Network mesh = States.network("mesh", 3, "10.66.0.0/16");
    private final Network wide = States.network("wide", 4, "10.67.0.0/16");
    private final Map<Integer, Long> frames = new TreeMap<>();
    private List<OutsideState.Peer> peers = List.of();
    private long nowNs = 5;

    @TempDir
    Path directory;

    private StateDirectory state;
    private PeerLook look;

    @BeforeEach
    void begin() {
        state = StateDirectory.open(directory);
        look = new PeerLook(
                () -> DesiredState.EMPTY.with(mesh).with(wide),
                new PeerLook.Reads(
                        port -> new CounterSnapshot(
                                port, frames.getOrDefault(port, 0L), 1000, 20, 2000, Map.of(DropReason.STORM, 3L)),
                        network -> network == 3
                                ? List.of(
                                        new FdbEntry(2, 1, true, 0),
                                        new FdbEntry(4, 50, false, 10),
                                        new FdbEntry(6, 50, true, 0))
                                : List.of(),
                        () -> nowNs),
                this::outside,
                new ClusterWiring(null, state, null, 1));
    }

    @AfterEach
    void close() {
        state.close();
    }

    private OutsideState outside() {
        return new OutsideState(
                true,
                List.of(),
                List.of(),
                1024,
                65_535,
                0,
                0,
                Duration.ZERO,
                Duration.ZERO,
                new OutsideState.Tunnels(
                        "eth0", 1_500, IpAddress.parse("192.0.2.1"), 49, peers, null, List.of(), 4789));
    }

    private static OutsideState.Peer peer(String network, IpAddress remote, int port, boolean declared) {
        return new OutsideState.Peer(network, 4_096, remote, port, new PathMtu(), declared);
    }

    private void pass(int seconds) {
        nowNs += seconds * 1_000_000_000L;
        look.look();
    }

    @Test
    void eachIsShownWithWhoNamesItWhatIsBehindItAndWhenItWasHeard() {
        peers = List.of(peer("mesh", FIRST, 50, true), peer("wide", SECOND, 51, false));
        frames.put(50, 10L);
        pass(1);
        pass(4);
        List<Peer> all = look.list(null);
        assertThat(all).extracting(Peer::network).containsExactly("mesh", "wide");
        assertThat(all).extracting(Peer::declared).containsExactly(true, false);
        assertThat(all).extracting(Peer::endpoints).containsExactly(2, 0);
        assertThat(all)
                .extracting(Peer::pathMtu)
                .as("the device's, when no router said less")
                .containsExactly(1_500, 1_500);
        assertThat(all).extracting(Peer::heardSeconds).containsExactly(4L, null);
        assertThat(look.list("wide")).extracting(Peer::address).containsExactly(SECOND);
        frames.put(51, 1L);
        pass(1);
        pass(2);
        assertThat(look.list(null)).extracting(Peer::heardSeconds).containsExactly(7L, 2L);
    }

    @Test
    void aPeerThatGetsThePortOfAnotherWasNotHeardByItsFrames() {
        peers = List.of(peer("mesh", FIRST, 50, true));
        frames.put(50, 10L);
        pass(1);
        peers = List.of(peer("mesh", SECOND, 50, true));
        pass(1);
        assertThat(look.list(null)).extracting(Peer::heardSeconds).containsOnlyNulls();
        // The same peer in a new version is no other one.
        frames.put(50, 11L);
        pass(1);
        peers = List.of(peer("mesh", SECOND, 50, true));
        pass(3);
        assertThat(look.list(null)).extracting(Peer::heardSeconds).containsExactly(3L);
        peers = List.of();
        assertThat(look.list(null)).isEmpty();
    }
}
