package io.tapswitch.core.overlay;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.core.overlay.ClusterEntry.Host;
import io.tapswitch.core.overlay.ClusterEntry.OverlayNetwork;
import io.tapswitch.core.overlay.ClusterEntry.RemoteEndpoint;
import io.tapswitch.wire.Ipv4Address;
import io.tapswitch.wire.MacAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.IntStream;

/** Hosts of a cluster for tests, driven by hand: no threads, no time but the test's. */
abstract class ClusterSessions {
    final FakeStore store = new FakeStore();
    final List<Node> nodes = new ArrayList<>();
    long nowMs = 1_000_000;
    private long ids = 0x1000;

    /** A host. */
    final class Node implements ClusterListener {
        final FakeStore.Client client = store.client();
        final List<ClusterState.Change> changes = new ArrayList<>();
        final List<Standing> standings = new ArrayList<>();
        final List<String> alarms = new ArrayList<>();
        int told;
        List<OverlayNetwork> inForce = List.of();
        final Host host;
        final ClusterSession session;

        Node(Host host, ClusterState saved, List<RemoteEndpoint> restored) {
            this.host = host;
            session = new ClusterSession(
                    client,
                    new ClusterSession.Beginning(
                            host, 4_096, 5_000, saved, restored, () -> inForce, "/state/cluster.json"),
                    this,
                    () -> nowMs,
                    new Random(host.id().hashCode()));
            nodes.add(this);
        }

        @Override
        public void changed(ClusterState state, List<ClusterState.Change> news) {
            told++;
            changes.addAll(news);
        }

        @Override
        public void standing(Standing standing) {
            standings.add(standing);
        }

        @Override
        public void alarm(String sentence) {
            alarms.add(sentence);
        }

        OverlayNetwork network(String name) {
            String id = Entries.id(ids++);
            return session.createNetwork(
                    name,
                    0,
                    (others, vni) -> new OverlayNetwork(
                            id,
                            name,
                            vni,
                            "now",
                            false,
                            false,
                            true,
                            Entries.network(name, vni).subnets(),
                            Map.of(),
                            Map.of()));
        }

        RemoteEndpoint endpoint(OverlayNetwork network, String name) {
            String id = Entries.id(ids++);
            return session.addEndpoint(network, taken -> {
                Ipv4Address address = IntStream.range(0, 5_000)
                        .mapToObj(Entries::address)
                        .filter(each -> !taken.test(each))
                        .findFirst()
                        .orElseThrow();
                return new RemoteEndpoint(
                        id, network.id(), host.id(), name, List.of(), MacAddress.ofContainer(address), address, null);
            });
        }

        List<RemoteEndpoint> endpoints(OverlayNetwork network) {
            return session.state().view().endpoints(network.id());
        }
    }

    Node node(int number) {
        return new Node(Entries.host(number), ClusterState.empty(), List.of());
    }

    /** Lets all do what is due, and hear what there is to hear. */
    void settle() {
        for (int i = 0; i < 6; i++) {
            nodes.forEach(node -> node.session.loop().turn());
            store.tell();
        }
        nodes.forEach(node -> node.session.loop().turn());
    }

    void pass(long ms) {
        for (long left = ms; left > 0; left -= 1_000) {
            nowMs += Math.min(left, 1_000);
            settle();
        }
    }

    static Map<String, String> content(ClusterState state) {
        Map<String, String> content = new TreeMap<>();
        state.stored().forEach(entry -> content.put(entry.key(), String.valueOf(entry.value())));
        return content;
    }

    /** All hosts know what the store has. */
    void assertConverged() {
        nodes.forEach(node -> assertThat(content(node.session.state())).isEqualTo(store.content()));
    }
}
