package io.tapswitch.core.control;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.core.dataplane.OverlaySettings.RemoteEndpoint;
import io.tapswitch.core.dataplane.PathMtu;
import io.tapswitch.core.model.Container;
import io.tapswitch.core.model.DesiredState;
import io.tapswitch.core.model.Endpoint;
import io.tapswitch.core.model.Network;
import io.tapswitch.core.model.NetworkMode;
import io.tapswitch.core.overlay.Belief.Place;
import io.tapswitch.core.overlay.ClusterEntry;
import io.tapswitch.core.overlay.ClusterEntry.Host;
import io.tapswitch.core.overlay.Remotes.Remote;
import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.Ipv4Address;
import io.tapswitch.wire.MacAddress;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a host says that it has in force: where its workers send, whatever they were told. */
class BeliefLookTest {
    private static final Host SELF = new Host("a".repeat(64), "self", IpAddress.parse("192.0.2.1"), 1);
    private static final Host OTHER = new Host("b".repeat(64), "other", IpAddress.parse("192.0.2.2"), 1);
    private static final int OWN_PORT = 7;
    private static final int PEER = 50;
    private static final int STRANGER = 51;

    private final Network mesh = States.network("mesh", 3, "10.66.0.0/16");
    private final Endpoint endpoint = States.endpoint(mesh, OWN_PORT, "10.66.0.2", null);
    private final Container own = States.container("own", Container.Status.RUNNING, new NetworkMode.Own(), endpoint);
    private final Ipv4Address address = Ipv4Address.parse("10.66.0.3");
    private final MacAddress mac = MacAddress.ofContainer(address);
    private final Map<Long, Integer> fdb = new HashMap<>();

    @BeforeEach
    void begin() {
        fdb.put(endpoint.mac().bits(), OWN_PORT);
        fdb.put(mac.bits(), PEER);
    }

    private List<Place> places() {
        OutsideState outside = new OutsideState(
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
                        "eth0",
                        1_500,
                        SELF.vtep(),
                        49,
                        List.of(
                                new OutsideState.Peer("mesh", 1, OTHER.vtep(), PEER, new PathMtu(), false),
                                new OutsideState.Peer(
                                        "mesh", 1, IpAddress.parse("192.0.2.9"), STRANGER, new PathMtu(), true)),
                        null,
                        List.of(
                                new RemoteEndpoint(PEER, 3, mac.bits(), address, null),
                                new RemoteEndpoint(PEER, 4, mac.bits(), address, null)),
                        4789));
        ClusterEntry.RemoteEndpoint remote = new ClusterEntry.RemoteEndpoint(
                "c".repeat(64), mesh.id(), OTHER.id(), "far", List.of(), mac, address, null);
        return BeliefLook.places(
                DesiredState.EMPTY.with(mesh).with(own),
                mesh,
                SELF,
                List.of(new Remote(remote, OTHER, true)),
                outside,
                fdb);
    }

    @Test
    void ownContainersAreHereAndOthersWhereTheWorkersSend() {
        assertThat(places())
                .containsExactly(
                        new Place("own", endpoint.mac(), Ipv4Address.parse("10.66.0.2"), null, SELF.id()),
                        new Place("far", mac, address, null, OTHER.id()));
    }

    @Test
    void whatTheWorkersHaveCountsAndNotWhatTheyWereTold() {
        fdb.put(mac.bits(), STRANGER);
        assertThat(places())
                .extracting(Place::host)
                .as("no host of the cluster")
                .containsExactly(SELF.id(), "192.0.2.9");
        fdb.put(mac.bits(), OWN_PORT);
        assertThat(places()).extracting(Place::host).containsExactly(SELF.id(), SELF.id());
        fdb.remove(mac.bits());
        assertThat(places())
                .extracting(Place::name)
                .as("sent nowhere, so not in force")
                .containsExactly("own");
        fdb.clear();
        assertThat(places()).isEmpty();
    }
}
