package io.tapswitch.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.tapswitch.core.model.ObjectName;
import io.tapswitch.core.model.Subnet;
import io.tapswitch.core.overlay.ClusterEntry.Host;
import io.tapswitch.core.overlay.ClusterEntry.OverlayNetwork;
import io.tapswitch.core.overlay.ClusterEntry.RemoteEndpoint;
import io.tapswitch.core.overlay.ClusterListener;
import io.tapswitch.core.overlay.ClusterSession;
import io.tapswitch.core.overlay.ClusterState;
import io.tapswitch.core.overlay.Standing;
import io.tapswitch.core.overlay.store.EtcdSettings;
import io.tapswitch.core.overlay.store.EtcdStore;
import io.tapswitch.lab.Etcd;
import io.tapswitch.lab.Eventually;
import io.tapswitch.lab.LabNamespace;
import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.IpPrefix;
import io.tapswitch.wire.Ipv4Address;
import io.tapswitch.wire.MacAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Two hosts' sessions on a real etcd that is killed while they change things. */
@Tag("netns")
@Timeout(60)
final class ClusterSessionIT {
    private static final IpAddress GATEWAY = IpAddress.parse("10.0.0.1");

    /** A host's session and what it heard. */
    private static final class Node implements ClusterListener, AutoCloseable {
        private final List<ClusterState.Change> changes = new CopyOnWriteArrayList<>();
        private final Host host;
        private final ClusterSession session;

        private Node(int number, Etcd etcd, ExecutorService threads) {
            host = new Host(ObjectName.newId(), "host-" + number, IpAddress.parse("192.0.2." + number), 1);
            session = new ClusterSession(
                    new EtcdStore(EtcdSettings.parse(etcd.url(), null, null), threads),
                    new ClusterSession.Beginning(
                            host, 4_096, 5_000, ClusterState.empty(), List.of(), List::of, "cluster.json"),
                    this,
                    () -> System.nanoTime() / 1_000_000,
                    new Random(number));
            session.start();
        }

        @Override
        public void changed(ClusterState state, List<ClusterState.Change> news) {
            changes.addAll(news);
        }

        @Override
        public void standing(Standing standing) {
            // Asked for where it matters.
        }

        @Override
        public void alarm(String sentence) {
            throw new AssertionError(sentence);
        }

        private void awaitJoined() {
            Eventually.until(host.name() + " has joined", () -> session.standing() instanceof Standing.Joined);
        }

        private OverlayNetwork network() {
            String id = ObjectName.newId();
            Subnet subnet = new Subnet(IpPrefix.parse("10.0.0.0/16"), GATEWAY, null, Map.of());
            return session.createNetwork(
                    "web",
                    0,
                    (others, vni) -> new OverlayNetwork(
                            id, "web", vni, "now", false, false, true, List.of(subnet), Map.of(), Map.of()));
        }

        private RemoteEndpoint endpoint(OverlayNetwork network, String name) {
            String id = ObjectName.newId();
            return session.addEndpoint(network, taken -> {
                int bits = 10 << 24 | 2;
                while (taken.test(Ipv4Address.fromBits(bits))) {
                    bits++;
                }
                Ipv4Address address = Ipv4Address.fromBits(bits);
                MacAddress mac = MacAddress.ofContainer(address);
                return new RemoteEndpoint(id, network.id(), host.id(), name, List.of(), mac, address, null);
            });
        }

        private List<RemoteEndpoint> endpoints(OverlayNetwork network) {
            return session.state().view().endpoints(network.id());
        }

        @Override
        public void close() {
            session.close();
        }
    }

    @Test
    void V12_hundredChangesMadeWhileTheStoreIsAwayAreEverywhereWithinTwoSecondsOfItsReturn(@TempDir Path directory) {
        assumeTrue("root".equals(System.getProperty("user.name")), "network namespaces need root");
        try (LabNamespace namespace = new LabNamespace("cluster");
                ExecutorService threads = Etcd.threadsIn(namespace);
                Etcd etcd = new Etcd(namespace, "127.0.0.1", directory.resolve("etcd"), "http").start();
                Node one = new Node(1, etcd, threads);
                Node two = new Node(2, etcd, threads)) {
            one.awaitJoined();
            two.awaitJoined();
            OverlayNetwork network = one.network();
            RemoteEndpoint kept = one.endpoint(network, "kept");
            List<RemoteEndpoint> many = new ArrayList<>();
            for (int i = 0; i < 100; i++) {
                many.add((i % 2 == 0 ? one : two).endpoint(network, "c" + i));
            }
            assertThat(many).extracting(RemoteEndpoint::ipv4).doesNotHaveDuplicates();
            Eventually.until(
                    "all endpoints at two", () -> two.endpoints(network).size() == 101);
            etcd.kill();
            Eventually.until("one is away", () -> one.session.standing() instanceof Standing.Away);
            assertThatThrownBy(() -> one.endpoint(network, "new")).hasMessageStartingWith("cluster store unreachable:");
            for (int i = 0; i < 50; i++) {
                Node owner = i % 2 == 0 ? one : two;
                owner.session.removeEndpoint(many.get(i).id());
                owner.session.rename(many.get(50 + i).id(), "renamed" + i, List.of("a"));
            }
            assertThat(one.endpoints(network)).as("as before").hasSize(101);
            two.changes.clear();
            etcd.start();
            Eventually.until(
                    Duration.ofSeconds(2), "all changes at both", () -> isDone(one, network) && isDone(two, network));
            assertThat(two.changes)
                    .as("no gap for what did not change")
                    .noneMatch(change ->
                            change.key().endsWith(kept.id()) || change.key().endsWith(network.id()));
        }
    }

    private static boolean isDone(Node node, OverlayNetwork network) {
        List<RemoteEndpoint> endpoints = node.endpoints(network);
        return endpoints.size() == 51
                && endpoints.stream()
                                .filter(each -> each.name().startsWith("renamed"))
                                .count()
                        == 50;
    }
}
