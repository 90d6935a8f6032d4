package io.tapswitch.core.overlay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tapswitch.core.model.Subnet;
import io.tapswitch.core.overlay.ClusterEntry.Host;
import io.tapswitch.core.overlay.ClusterEntry.OverlayNetwork;
import io.tapswitch.core.overlay.ClusterEntry.RemoteEndpoint;
import io.tapswitch.core.overlay.store.StoredEntry;
import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.IpPrefix;
import io.tapswitch.wire.MacAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The minute after the store was emptied: what hosts remember is as good as there. */
final class EmptiedStoreTest extends ClusterSessions {
    private static OverlayNetwork network(long id, String name, int vni, String subnet) {
        return new OverlayNetwork(
                Entries.id(id),
                name,
                vni,
                "now",
                false,
                false,
                true,
                List.of(new Subnet(
                        IpPrefix.parse(subnet),
                        IpAddress.parse(subnet.replaceFirst("0/.*", "1")),
                        null,
                        Map.of(),
                        true)),
                Map.of(),
                Map.of());
    }

    private static OverlayNetwork make(Node node, long id, String name, String subnet) {
        return node.session.createNetwork(name, 0, (others, vni) -> network(id, name, vni, subnet));
    }

    private void empty() {
        store.become("8", Map.of());
    }

    @Test
    void row92_aNewNetworkGetsNoNumberAndNoPlaceOfOneThatIsRememberedAndNotThereAgain() {
        Node one = node(1);
        Node two = node(2);
        settle();
        OverlayNetwork old = make(one, 0x51, "old", "10.1.0.0/24");
        // Of a host that is away for now: nobody else registers the network again.
        one.endpoint(old, "a");
        settle();
        one.client.away(true);
        empty();
        pass(2_000);
        assertThat(store.content()).doesNotContainKey(old.key());
        List<String> others = new ArrayList<>();
        OverlayNetwork made = two.session.createNetwork("new", 0, (there, vni) -> {
            there.forEach(other ->
                    others.add(other.name() + " " + other.subnets().getFirst().prefix()));
            return network(0x52, "new", vni, "10.2.0.0/24");
        });
        assertThat(made.vni()).isEqualTo(old.vni() + 1);
        assertThat(others).containsExactly("old 10.1.0.0/24");
        assertThatThrownBy(() -> two.session.createNetwork(
                        "wants", old.vni(), (there, vni) -> network(0x53, "wants", vni, "10.3.0.0/24")))
                .hasMessage("VNI " + old.vni() + " is that of network old of the cluster");
        assertThatThrownBy(() -> make(two, 0x54, "old", "10.4.0.0/24"))
                .hasMessage("network with name old already exists");
        one.client.away(false);
        pass(3_000);
        assertThat(store.content()).containsKey(old.key()).containsKey(made.key());
        assertThat(one.alarms).hasSize(1);
    }

    @Test
    void row92_ofTwoNetworksThatClashTheOneThatIsRegisteredFirstStaysAndTheOtherHostsAreTold() {
        Node one = node(1);
        settle();
        OverlayNetwork old = make(one, 0x51, "old", "10.1.0.0/24");
        RemoteEndpoint member = one.endpoint(old, "a");
        settle();
        one.client.away(true);
        empty();
        // Who remembers nothing.
        Node two = node(2);
        settle();
        OverlayNetwork made = make(two, 0x52, "new", "10.2.0.0/24");
        assertThat(made.vni()).isEqualTo(old.vni());
        one.client.away(false);
        pass(3_000);
        assertThat(store.content()).containsKey(made.key()).doesNotContainKey(old.key());
        assertThat(one.alarms)
                .anyMatch(alarm -> alarm.contains("container a is not known to the cluster as it is here: network old"
                        + " cannot be registered again after the cluster store was emptied: its VNI 4096 is that of"
                        + " network new, which was registered first; remove new within the minute"));
        assertThat(one.session.trouble()).containsExactlyInAnyOrderElementsOf(one.alarms);
        two.session.removeNetwork(made);
        pass(SessionLoop.BEAT_MS * 2);
        assertThat(store.content()).containsKey(old.key()).containsKey(member.key());
        assertThat(one.session.trouble()).as("what is mended").noneMatch(told -> told.contains("container a"));
        assertConverged();
    }

    @Test
    void row92_aNetworkWhoseAddressesAnotherOneHasNowIsNotRegisteredAgainEither() {
        Node one = node(1);
        settle();
        OverlayNetwork old = make(one, 0x51, "old", "10.1.0.0/24");
        one.endpoint(old, "a");
        settle();
        one.client.away(true);
        empty();
        Node two = node(2);
        settle();
        two.session.createNetwork("new", 4_999, (there, vni) -> network(0x52, "new", vni, "10.1.0.0/16"));
        one.client.away(false);
        pass(3_000);
        assertThat(store.content()).doesNotContainKey(old.key());
        assertThat(one.alarms).anyMatch(alarm -> alarm.contains("its subnet 10.1.0.0/24 overlaps that of network new"));
    }

    @Test
    void row92_addressesAndNamesThatAreRememberedAreNotGivenAndTheirNetworkIsInUse() {
        Node one = node(1);
        Node two = node(2);
        Node three = node(3);
        settle();
        OverlayNetwork network = one.network("web");
        RemoteEndpoint away = one.endpoint(network, "away");
        RemoteEndpoint here = two.endpoint(network, "here");
        settle();
        one.client.away(true);
        empty();
        pass(2_000);
        assertThat(store.content()).containsKey(here.key()).doesNotContainKey(away.key());
        // The second one has not heard of the first, so it chooses twice.
        RemoteEndpoint quick = three.endpoint(network, "quick");
        assertThat(two.endpoint(network, "later").ipv4()).isNotIn(away.ipv4(), quick.ipv4());
        assertThatThrownBy(() -> two.endpoint(network, "away"))
                .hasMessage("endpoint with name away already exists in network web");
        two.session.removeEndpoint(here.id());
        settle();
        assertThatThrownBy(() -> two.session.removeNetwork(network))
                .hasMessageContaining("has active endpoints: container away on host host-1 had one before the cluster");
        // What is free again is free at once.
        assertThat(two.endpoint(network, "here").ipv4()).isEqualTo(here.ipv4());
        one.client.away(false);
        pass(SessionLoop.GRACE_MS + SessionLoop.BEAT_MS);
        assertThat(store.content()).containsKey(away.key());
        assertConverged();
    }

    @Test
    void row92_whatGoesWhileItIsOnlyRememberedIsForgotten() {
        Node one = node(1);
        Node two = node(2);
        settle();
        OverlayNetwork network = one.network("web");
        OverlayNetwork unused = one.network("unused");
        RemoteEndpoint away = one.endpoint(network, "away");
        two.endpoint(network, "here");
        settle();
        one.client.away(true);
        empty();
        pass(2_000);
        two.session.removeForced(away);
        two.session.removeNetwork(unused);
        settle();
        assertThat(two.endpoints(network)).extracting(RemoteEndpoint::name).containsExactly("here");
        assertThat(two.session.state().view().networks()).doesNotContainKey(unused.id());
        assertThat(two.endpoint(network, "away").ipv4()).isEqualTo(away.ipv4());
    }

    @Test
    void row92_aHostThatWasDeadBeforeIsNotAliveForWhatTheStoreSaidThen() {
        Node one = node(1);
        Node two = node(2);
        settle();
        one.endpoint(one.network("web"), "a");
        settle();
        nodes.remove(one);
        // Its sign of life goes with the store, before the lease has ended.
        empty();
        pass(3_000);
        assertThat(two.session.state().view().hosts()).containsKey(one.host.id());
        assertThat(two.session.state().view().isAlive(one.host.id())).isFalse();
        assertThat(two.session.unseenMs(one.host.id())).isBetween(0L, 3_000L);
        assertThat(two.session.state().view().isAlive(two.host.id())).isTrue();
    }

    @Test
    void row92_hostsOfOneNameKeepTheNamesThatTheyHad() {
        Node one =
                new Node(new Host(Entries.id(1), "twin", Entries.host(1).vtep(), 1), ClusterState.empty(), List.of());
        settle();
        Node two =
                new Node(new Host(Entries.id(2), "twin", Entries.host(2).vtep(), 1), ClusterState.empty(), List.of());
        settle();
        assertThat(name(one, one)).isEqualTo("twin");
        assertThat(name(one, two)).isEqualTo("twin-000000");
        one.client.away(true);
        empty();
        pass(3_000);
        Node three =
                new Node(new Host(Entries.id(3), "twin", Entries.host(3).vtep(), 1), two.session.state(), List.of());
        settle();
        one.client.away(false);
        pass(3_000);
        assertThat(name(two, one)).isEqualTo("twin");
        assertThat(name(two, two)).isEqualTo("twin-000000");
        assertThat(three.session.standing()).isEqualTo(new Standing.Joined());
    }

    private static String name(Node by, Node of) {
        return java.util.Objects.requireNonNull(
                        by.session.state().view().hosts().get(of.host.id()))
                .name();
    }

    /** Also one that had seen the other store before it ended. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void row92_aDaemonThatStartsInThatMinuteRemembersToo(boolean hadSeen) {
        Node one = node(1);
        Node two = node(2);
        settle();
        OverlayNetwork network = one.network("web");
        RemoteEndpoint own = one.endpoint(network, "a");
        RemoteEndpoint others = two.endpoint(network, "b");
        settle();
        two.client.away(true);
        empty();
        if (hadSeen) {
            nowMs += 1_000;
            one.session.loop().turn();
        }
        ClusterState last = one.session.state();
        one.session.close();
        nodes.remove(one);
        store.become("8", Map.of());
        ClusterState saved = ClusterState.restored(last.complete(), last.stored());
        assertThat(saved.stored()).extracting(StoredEntry::key).contains(own.key(), others.key());
        Node back = new Node(new Host(one.host.id(), one.host.name(), one.host.vtep(), 2), saved, List.of(own));
        pass(2_000);
        assertThat(back.endpoints(network)).containsExactlyInAnyOrder(own, others);
        assertThat(store.content()).containsKey(network.key()).containsKey(own.key());
        assertThat(back.alarms).singleElement().asString().contains("it was emptied, or restored from an older copy");
        pass(SessionLoop.GRACE_MS + SessionLoop.BEAT_MS);
        assertThat(back.endpoints(network)).as("nobody has claimed it").containsExactly(own);
        assertConvergedBut(two);
    }

    /** What was made in the last half second before a daemon was killed is not in its saved state. */
    @Test
    void row92_aNetworkThatADaemonDidNotLiveToSaveIsRegisteredAgainToo() {
        Node one = node(1);
        settle();
        ClusterState saved = one.session.state();
        OverlayNetwork network = one.network("web");
        RemoteEndpoint own = one.endpoint(network, "a");
        settle();
        nodes.remove(one);
        store.become("8", Map.of());
        Node back = new Node(new Host(one.host.id(), one.host.name(), one.host.vtep(), 2), saved, List.of(own));
        back.inForce = List.of(network);
        pass(2_000);
        assertThat(store.content()).containsKey(network.key()).containsKey(own.key());
        assertThat(back.alarms).singleElement().asString().contains("it was emptied");
    }

    private void assertConvergedBut(Node away) {
        nodes.remove(away);
        assertConverged();
    }

    @Test
    void V12_theStoreIsNotReadBeforeItIsReadAndThatIsToldAlsoWhenAllIsAsItWas() {
        Node one = node(1);
        settle();
        one.network("web");
        settle();
        ClusterState saved = one.session.state();
        one.session.close();
        nodes.clear();
        Node back = new Node(one.host, saved, List.of());
        back.client.away(true);
        settle();
        assertThat(back.session.isRead()).isFalse();
        assertThat(back.told).isZero();
        back.client.away(false);
        pass(2_000);
        assertThat(back.session.isRead()).isTrue();
        assertThat(back.told).isPositive();
    }

    @Test
    void row94_aHostsAddressFollowsAndTheOthersKnowWhenItHasNone() {
        Node one = node(1);
        Node two = node(2);
        settle();
        RemoteEndpoint own = one.endpoint(one.network("web"), "a");
        IpAddress other = IpAddress.parse("192.0.2.77");
        // Not even a failure of a moment ago holds it up.
        one.client.away(true);
        settle();
        one.client.away(false);
        one.session.move(other, true);
        assertThat(one.client.reconnects()).isEqualTo(1);
        settle();
        ClusterView view = two.session.state().view();
        assertThat(view.hosts().get(one.host.id())).isEqualTo(one.host.at(other));
        assertThat(view.isPeer(one.host.id())).isTrue();
        assertThat(store.content())
                .containsEntry(ClusterKeys.vtep(other), one.host.id())
                .doesNotContainKey(ClusterKeys.vtep(one.host.vtep()))
                .containsKey(own.key());
        one.endpoint(view.networks().values().iterator().next(), "b");
        one.session.move(other, false);
        settle();
        assertThat(two.session.state().view().isAlive(one.host.id())).isTrue();
        assertThat(two.session.state().view().isWithoutAddress(one.host.id())).isTrue();
        one.session.move(other, true);
        settle();
        assertThat(two.session.state().view().isWithoutAddress(one.host.id())).isFalse();
        assertThat(one.standings.getLast()).isEqualTo(new Standing.Joined());
        assertThat(one.client.reconnects()).isEqualTo(3);
        assertThat(one.alarms).isEmpty();
        assertConverged();
    }

    @Test
    void row94_aDaemonThatWasKilledAndStartedWithAnotherAddressWaitsForItsOwnLastSignOfLife() {
        Node one = node(1);
        Node two = node(2);
        settle();
        RemoteEndpoint own = one.endpoint(one.network("web"), "a");
        settle();
        nodes.remove(one);
        IpAddress elsewhere = IpAddress.parse("192.0.2.66");
        // The second start had no time to register.
        Host again = new Host(one.host.id(), one.host.name(), elsewhere, 3);
        Node back = new Node(again, one.session.state(), List.of(own));
        pass(SessionLoop.LEASE.toMillis());
        assertThat(back.standings)
                .containsExactly(new Standing.Refused("host host-1 was started again with another address, and its"
                        + " last sign of life from before has not ended yet: it joins as soon as it has, within 20 s"));
        assertThat(store.content()).containsEntry(one.host.key(), ClusterText.write(one.host));
        store.expireLeasesOf(one.client);
        settle();
        assertThat(back.session.standing()).isEqualTo(new Standing.Joined());
        assertThat(two.session.state().view().hosts()).containsEntry(again.id(), again);
        assertThat(two.session.state().view().isAlive(again.id())).isTrue();
        assertThat(back.alarms).isEmpty();
        assertConverged();
    }

    @Test
    void row94_aCopyOfAStateDirectoryIsRefusedWhileTheOriginalLivesAndSaysWhatToDo() {
        Node one = node(1);
        settle();
        RemoteEndpoint own = one.endpoint(one.network("web"), "a");
        settle();
        IpAddress elsewhere = IpAddress.parse("192.0.2.66");
        Node copy = new Node(new Host(one.host.id(), "copy", elsewhere, 2), one.session.state(), List.of(own));
        settle();
        // It may be an earlier run of its own that is alive.
        assertThat(copy.alarms).isEmpty();
        assertThat(copy.session.standing()).isInstanceOf(Standing.Refused.class);
        pass(EarlierRun.WAIT.toMillis());
        assertThat(copy.alarms)
                .containsExactly("host host-1 at 192.0.2.1 has registered with the id that this host has in"
                        + " /state/cluster.json too: one of the two state directories is a copy of the other. On the"
                        + " host that has the copy: stop the daemon, delete that file, start the daemon again, and"
                        + " remove the containers that came with the copy (tapswitch ps -a, tapswitch rm -f NAME)");
        assertThat(copy.session.standing()).isInstanceOf(Standing.Refused.class);
        assertThat(one.session.standing()).isEqualTo(new Standing.Joined());
        assertThat(one.alarms).isEmpty();
        // As it says: with an id of its own it takes part, and its copied containers take nothing from the original.
        copy.session.close();
        nodes.remove(copy);
        Node cured = new Node(
                new Host(Entries.id(6), "copy", elsewhere, 1),
                ClusterState.empty(),
                List.of(new RemoteEndpoint(
                        own.id(), own.network(), Entries.id(6), "a", List.of(), own.mac(), own.ipv4(), null)));
        settle();
        assertThat(cured.session.standing()).isEqualTo(new Standing.Joined());
        assertThat(cured.alarms)
                .containsExactly("container a is not known to the cluster as it is here: it is the container a of host"
                        + " host-1 at 192.0.2.1, whose state directory was copied here; remove it here:"
                        + " tapswitch rm -f a");
        cured.session.removeEndpoint(own.id());
        pass(SessionLoop.BEAT_MS * 2);
        assertThat(store.content()).containsEntry(own.key(), ClusterText.write(own));
        assertThat(MacAddress.ofContainer(java.util.Objects.requireNonNull(own.ipv4())))
                .isEqualTo(own.mac());
        assertConverged();
    }

    @Test
    void row94_anOriginalThatStartsWhileItsCopyTakesPartIsToldAlsoWhenBothHaveStartedAsOften() {
        Node copy = new Node(
                new Host(Entries.id(1), "copy", IpAddress.parse("192.0.2.66"), 2), ClusterState.empty(), List.of());
        settle();
        Node one =
                new Node(new Host(Entries.id(1), "host-1", Entries.host(1).vtep(), 2), ClusterState.empty(), List.of());
        settle();
        assertThat(one.alarms).singleElement().asString().startsWith("host copy at 192.0.2.66 has registered with");
        assertThat(copy.session.standing()).isEqualTo(new Standing.Joined());
        copy.session.close();
        nodes.remove(copy);
        pass(SessionLoop.BEAT_MS * 2);
        assertThat(one.session.standing()).isEqualTo(new Standing.Joined());
    }
}
