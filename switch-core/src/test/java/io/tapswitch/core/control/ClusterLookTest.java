package io.tapswitch.core.control;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.core.control.ClusterLook.Node;
import io.tapswitch.core.control.ClusterLook.Status;
import io.tapswitch.core.overlay.ClusterEntry.Host;
import io.tapswitch.core.overlay.ClusterState;
import io.tapswitch.core.overlay.ClusterView;
import io.tapswitch.core.overlay.Standing;
import io.tapswitch.core.overlay.store.StoredEntry;
import io.tapswitch.wire.IpAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The hosts of a cluster as {@code node ls} shows them. */
class ClusterLookTest {
    private static final String ROOT = "/tapswitch/v1/";
    private final List<StoredEntry> entries = new ArrayList<>();

    private static String id(int number) {
        return "%064x".formatted(number);
    }

    private void put(String key, String value) {
        entries.add(new StoredEntry(ROOT + key, value, entries.size() + 1, entries.size() + 1));
    }

    private void host(int number, String name, boolean isAlive, int ownerOfItsAddress) {
        String vtep = "192.0.2." + number;
        put("hosts/" + id(number), "{\"name\":\"" + name + "\",\"vtep\":\"" + vtep + "\",\"incarnation\":1}");
        put("vteps/" + vtep, id(ownerOfItsAddress));
        if (isAlive) {
            put("alive/" + id(number), "{\"incarnation\":1}");
        }
    }

    private void endpoint(int host, int network, int number, String name) {
        put(
                "endpoints/" + id(network) + "/" + id(number),
                "{\"host\":\"" + id(host) + "\",\"name\":\"" + name
                        + "\",\"aliases\":[],\"mac\":\"02:42:0a:00:00:02\",\"ipv4\":\"10.0." + network + "." + number
                        + "\"}");
    }

    private List<Node> nodes(Standing standing) {
        ClusterView view = ClusterState.empty().merged(entries).state().view();
        Host self = new Host(id(2), "zeta", IpAddress.parse("192.0.2.2"), 1);
        return ClusterLook.nodes(
                view, self, standing, host -> Map.of(id(3), 12_500L).getOrDefault(host, -1L));
    }

    @Test
    void eachHostIsSaidToBeReadyUnseenOrRefusedAndThisOneComesFirst() {
        host(2, "zeta", true, 2);
        host(1, "alpha", true, 1);
        host(3, "beta", false, 3);
        host(4, "delta", true, 9);
        host(5, "gamma", false, 5);
        assertThat(nodes(new Standing.Joined()))
                .extracting(Node::name)
                .containsExactly("zeta", "alpha", "beta", "delta", "gamma");
        assertThat(nodes(new Standing.Joined()))
                .extracting(Node::status)
                .containsExactly(Status.READY, Status.READY, Status.UNSEEN, Status.REFUSED, Status.UNSEEN);
        assertThat(nodes(new Standing.Joined()))
                .extracting(Node::unseenSeconds)
                .containsExactly(null, null, 12L, null, null);
        assertThat(nodes(new Standing.Joined()))
                .extracting(Node::self)
                .containsExactly(true, false, false, false, false);
    }

    @Test
    void withoutTheStoreNobodyKnowsHowTheHostsAre() {
        host(2, "zeta", true, 2);
        host(3, "beta", false, 3);
        assertThat(nodes(new Standing.Away("gone"))).extracting(Node::status).containsOnly(Status.UNKNOWN);
        assertThat(nodes(new Standing.Away("gone")))
                .extracting(Node::unseenSeconds)
                .containsOnlyNulls();
    }

    @Test
    void aHostThatWasNeverLetInIsThereAndRefused() {
        host(1, "alpha", true, 1);
        List<Node> nodes = nodes(new Standing.Refused("its address is another one's"));
        assertThat(nodes).extracting(Node::name).containsExactly("zeta", "alpha");
        assertThat(nodes).extracting(Node::status).containsExactly(Status.REFUSED, Status.READY);
    }

    @Test
    void row94_whatIsRegisteredWithTheIdOfARefusedHostIsNotShownAsItsOwn() {
        host(1, "alpha", true, 1);
        put("hosts/" + id(2), "{\"name\":\"copy\",\"vtep\":\"192.0.2.66\",\"incarnation\":9}");
        put("vteps/192.0.2.66", id(2));
        Node self = nodes(new Standing.Refused("its id is another one's")).getFirst();
        assertThat(self.name()).isEqualTo("zeta");
        assertThat(self.address()).isEqualTo("192.0.2.2");
        assertThat(self.status()).isEqualTo(Status.REFUSED);
    }

    @Test
    void row94_aHostThatSaysThatItLacksItsAddressIsNotReady() {
        host(2, "zeta", true, 2);
        host(1, "alpha", true, 1);
        put("alive/" + id(1), "{\"incarnation\":1,\"address\":false}");
        assertThat(nodes(new Standing.Joined()))
                .extracting(Node::status)
                .containsExactly(Status.READY, Status.UNREACHABLE);
    }

    @Test
    void aContainerInTwoNetworksIsOneAndEachNetworkCounts() {
        host(2, "zeta", true, 2);
        host(1, "alpha", true, 1);
        endpoint(1, 7, 10, "web");
        endpoint(1, 8, 11, "web");
        endpoint(1, 8, 12, "db");
        List<Node> nodes = nodes(new Standing.Joined());
        assertThat(nodes).extracting(Node::networks).containsExactly(0, 2);
        assertThat(nodes).extracting(Node::containers).containsExactly(0, 2);
    }

    @Test
    void V12_howManyAreAliveIsNotKnownBeforeTheStoreWasRead() {
        host(2, "zeta", true, 2);
        host(1, "alpha", false, 1);
        ClusterView view = ClusterState.empty().merged(entries).state().view();
        assertThat(ClusterLook.alive(view, true)).isEqualTo(1);
        assertThat(ClusterLook.alive(view, false)).isNull();
    }
}
