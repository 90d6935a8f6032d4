package io.tapswitch.core.overlay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tapswitch.core.model.Refusal;
import io.tapswitch.core.overlay.ClusterEntry.Host;
import io.tapswitch.core.overlay.ClusterEntry.HostKey;
import io.tapswitch.core.overlay.ClusterEntry.OverlayNetwork;
import io.tapswitch.core.overlay.ClusterEntry.RemoteEndpoint;
import io.tapswitch.core.overlay.store.StoreException;
import io.tapswitch.wire.IpAddress;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Hosts in a cluster whose store fails in all ways, driven by hand: no threads, no time but the test's. */
final class ClusterSessionTest extends ClusterSessions {
    @Test
    void A_OVL_03_whatOneHostMakesAllOthersHaveAlsoThoseThatComeLater() {
        Node one = node(1);
        settle();
        assertThat(one.standings).containsExactly(new Standing.Joined());
        OverlayNetwork network = one.network("web");
        one.endpoint(network, "a");
        Node two = node(2);
        settle();
        assertThat(two.session.state().view().networks()).containsEntry(network.id(), network);
        assertThat(two.endpoints(network)).extracting(RemoteEndpoint::name).containsExactly("a");
        assertThat(two.session.state().view().isPeer(one.host.id())).isTrue();
        assertThat(two.session.state().view().isAlive(one.host.id())).isTrue();
        assertThat(two.endpoint(network, "b").ipv4()).isEqualTo(Entries.address(1));
        settle();
        assertConverged();
    }

    @Test
    void V12_withoutTheStoreWhatIsKnownStaysNewAddressesAreRefusedAndOtherChangesWait() {
        Node one = node(1);
        Node two = node(2);
        settle();
        OverlayNetwork network = one.network("web");
        RemoteEndpoint kept = one.endpoint(network, "kept");
        List<RemoteEndpoint> many = IntStream.range(0, 100)
                .mapToObj(i -> one.endpoint(network, "c" + i))
                .toList();
        settle();
        assertThat(two.endpoints(network)).hasSize(101);
        one.client.away(true);
        two.client.away(true);
        pass(60_000);
        assertThat(one.session.standing()).isInstanceOf(Standing.Away.class);
        assertThat(two.endpoints(network)).hasSize(101);
        assertThatThrownBy(() -> one.endpoint(network, "new"))
                .isInstanceOf(Refusal.class)
                .hasNoCause()
                .hasMessageStartingWith("cluster store unreachable");
        assertThatThrownBy(() -> one.network("db")).hasMessageStartingWith("cluster store unreachable");
        for (int i = 0; i < 50; i++) {
            one.session.removeEndpoint(many.get(i).id());
            one.session.rename(many.get(50 + i).id(), "renamed" + i, List.of("first"));
            one.session.rename(many.get(50 + i).id(), "r" + i, List.of("second"));
        }
        two.changes.clear();
        one.client.away(false);
        two.client.away(false);
        pass(2_000);
        assertThat(one.session.isSettled()).isTrue();
        assertThat(two.endpoints(network)).hasSize(51).contains(kept);
        assertThat(two.endpoints(network).stream().filter(each -> each.name().startsWith("r")))
                .hasSize(50)
                .allMatch(each -> each.aliases().equals(List.of("second")));
        assertThat(two.changes)
                .as("nothing of what did not change is told")
                .noneMatch(change ->
                        change.key().equals(kept.key()) || change.key().equals(network.key()));
        assertThat(store.content().keySet().stream().filter(key -> key.contains("/renamed")))
                .isEmpty();
        assertConverged();
    }

    @Test
    void V12_aReturnWithoutAnyDifferenceTellsNothing() {
        Node one = node(1);
        settle();
        one.endpoint(one.network("web"), "a");
        settle();
        one.changes.clear();
        one.client.away(true);
        pass(5_000);
        one.client.away(false);
        pass(2_000);
        assertThat(one.changes).isEmpty();
        assertThat(one.standings.getLast()).isEqualTo(new Standing.Joined());
        assertThat(one.alarms).isEmpty();
    }

    @Test
    void V11_row93_shuffledAndRepeatedEventsOfAThousandMovesLeaveNothingStale() {
        Node one = node(1);
        Node two = node(2);
        Node watching = node(3);
        settle();
        OverlayNetwork network = one.network("web");
        settle();
        List<RemoteEndpoint> before = IntStream.range(0, 1_000)
                .mapToObj(i -> one.endpoint(network, "c" + i))
                .toList();
        settle();
        store.shuffle(new Random(93));
        for (int i = 0; i < before.size(); i++) {
            one.session.removeEndpoint(before.get(i).id());
            if (i % 100 == 99) {
                one.session.loop().turn();
                for (int j = i - 99; j <= i; j++) {
                    two.endpoint(network, "c" + j);
                }
                watching.session.loop().turn();
                store.tell();
            }
        }
        settle();
        assertThat(watching.endpoints(network))
                .hasSize(1_000)
                .allMatch(each -> each.host().equals(two.host.id()));
        assertConverged();
    }

    @Test
    void row92_compactedRevisionAndBrokenWatchAreReadAnew() {
        Node one = node(1);
        settle();
        one.client.breakWatch(StoreException.Kind.COMPACTED);
        store.put(Entries.host(5));
        store.compact();
        settle();
        assertThat(one.session.state().view().hosts()).containsKey(Entries.id(5));
        assertThat(one.session.standing()).isEqualTo(new Standing.Joined());
        store.removeKey(Entries.host(5).key());
        one.client.breakWatch(StoreException.Kind.UNREACHABLE);
        pass(2_000);
        assertConverged();
        assertThat(one.standings).containsExactly(new Standing.Joined());
    }

    @Test
    void row92_aWatchThatFellSilentIsBegunAnew() {
        Node one = node(1);
        settle();
        one.client.mute();
        store.put(Entries.host(5));
        pass(SessionLoop.BEAT_MS * 3);
        assertThat(one.session.state().view().hosts()).containsKey(Entries.id(5));
    }

    @Test
    void row92_aLostLeaseIsFollowedByANewOneAndOthersSeeTheHostGoAndCome() {
        Node one = node(1);
        Node two = node(2);
        settle();
        one.client.away(true);
        store.expireLeases();
        pass(20_000);
        assertThat(two.session.state().view().isAlive(one.host.id())).isFalse();
        assertThat(two.session.unseenMs(one.host.id())).isBetween(15_000L, 20_000L);
        assertThat(two.session.unseenMs(two.host.id())).isEqualTo(-1);
        one.client.away(false);
        pass(2_000);
        assertThat(two.session.state().view().isAlive(one.host.id())).isTrue();
        assertThat(two.session.unseenMs(one.host.id())).isEqualTo(-1);
    }

    @Test
    void row92_anEmptiedStoreIsFilledAgainByThoseWhoAreThere() {
        Node one = node(1);
        Node two = node(2);
        settle();
        OverlayNetwork network = one.network("web");
        OverlayNetwork unused = one.network("unused");
        RemoteEndpoint first = one.endpoint(network, "a");
        RemoteEndpoint second = two.endpoint(network, "b");
        settle();
        one.changes.clear();
        store.become("8", Map.of());
        pass(5_000);
        assertThat(one.alarms).singleElement().asString().contains("it was emptied, or restored from an older copy");
        assertThat(store.content())
                .containsKey(first.key())
                .containsKey(second.key())
                .containsKey(network.key());
        assertThat(one.endpoints(network)).containsExactlyInAnyOrder(first, second);
        assertThat(one.session.state().view().networks()).containsKey(unused.id());
        assertThat(one.session.trouble()).isEqualTo(one.alarms);
        pass(SessionLoop.GRACE_MS + SessionLoop.BEAT_MS);
        assertThat(one.session.trouble()).as("the minute is over").isEmpty();
        assertConverged();
        assertThat(one.session.state().view().networks()).doesNotContainKey(unused.id());
        assertThat(one.changes)
                .as("what was there all the time is not told")
                .noneMatch(change ->
                        change.key().equals(second.key()) || change.key().equals(network.key()));
    }

    @Test
    void row92_whatWasRenamedMeanwhileIsRegisteredInAnEmptiedStoreToo() {
        Node one = node(1);
        node(2);
        settle();
        RemoteEndpoint own = one.endpoint(one.network("web"), "a");
        one.client.away(true);
        one.session.rename(own.id(), "b", List.of("b"));
        settle();
        // An etcd that is started with the same flags has the same id, and the other host fills it first.
        store.become("7", Map.of());
        pass(3_000);
        one.client.away(false);
        pass(5_000);
        assertThat(one.alarms).singleElement().asString().contains("it was emptied, or restored from an older copy");
        assertThat(store.content()).containsEntry(own.key(), ClusterText.write(own.withNames("b", List.of("b"))));
    }

    @Test
    void row92_splitAndHealed_anAddressThatWasForcedAwayStaysWithTheNewOwner() {
        Node one = node(1);
        Node two = node(2);
        settle();
        OverlayNetwork network = one.network("web");
        RemoteEndpoint old = one.endpoint(network, "svc");
        settle();
        one.client.away(true);
        store.expireLeases();
        pass(2_000);
        two.session.removeForced(old);
        settle();
        RemoteEndpoint taken = two.endpoint(network, "other");
        assertThat(taken.ipv4()).isEqualTo(old.ipv4());
        one.client.away(false);
        pass(2_000);
        assertThat(one.alarms).singleElement().asString().contains("Address already in use: svc has an address");
        assertThat(two.endpoints(network)).containsExactly(taken);
        two.session.removeEndpoint(taken.id());
        pass(SessionLoop.BEAT_MS * 2);
        assertThat(two.endpoints(network)).as("free again").containsExactly(old);
    }

    @Test
    void row92_aHostThatComesBackRegistersWhatItStillHas() {
        Node one = node(1);
        settle();
        OverlayNetwork network = one.network("web");
        RemoteEndpoint kept = one.endpoint(network, "kept");
        RemoteEndpoint lost = one.endpoint(network, "lost");
        settle();
        one.session.close();
        nodes.remove(one);
        Host again = new Host(one.host.id(), one.host.name(), one.host.vtep(), 2);
        Node back = new Node(again, one.session.state(), List.of(kept));
        settle();
        assertThat(back.endpoints(network)).containsExactly(kept);
        assertThat(store.content()).doesNotContainKey(lost.key());
    }

    @Test
    void row94_aHostWithAnAddressOfAnotherOneIsToldAndMayTakePartWhenThatOneIsGone() {
        Node one = node(1);
        settle();
        Node thief = new Node(new Host(Entries.id(9), "thief", one.host.vtep(), 1), ClusterState.empty(), List.of());
        settle();
        OverlayNetwork network = one.network("web");
        settle();
        assertThat(thief.session.standing()).isInstanceOf(Standing.Refused.class);
        assertThat(thief.alarms).singleElement().asString().contains("which came first and is alive");
        assertThatThrownBy(() -> thief.endpoint(network, "a")).hasMessageContaining("which came first and is alive");
        assertThat(thief.session.state().view().networks()).as("it sees all").containsKey(network.id());
        assertThat(one.session.state().view().isPeer(thief.host.id())).isFalse();
        one.session.close();
        nodes.remove(one);
        pass(SessionLoop.BEAT_MS * 2);
        assertThat(thief.session.standing()).isEqualTo(new Standing.Joined());
    }

    @Test
    void row94_aCopiedStateDirectoryIsNoticedByTheEarlierDaemon() {
        Node one = node(1);
        settle();
        new Node(new Host(one.host.id(), one.host.name(), one.host.vtep(), 7), ClusterState.empty(), List.of());
        settle();
        assertThat(one.alarms)
                .singleElement()
                .asString()
                .contains("one of the two state directories is a copy of the other");
    }

    @Test
    void A_OVL_09_aStoreThatWasNeverThereIsSaidAtOnceAndTheSavedStateIsUsed() {
        Node one = node(1);
        settle();
        OverlayNetwork network = one.network("web");
        settle();
        ClusterState saved = one.session.state();
        one.session.close();
        nodes.clear();
        Node back = new Node(one.host, saved, List.of());
        back.client.away(true);
        settle();
        assertThat(back.standings).singleElement().isInstanceOf(Standing.Away.class);
        assertThat(back.session.state().view().networks()).containsKey(network.id());
    }

    @Test
    void V13_aHostsKeysAreKnownToAllUntilTheyAreReplaced() {
        Node one = node(1);
        Node two = node(2);
        settle();
        HostKey first = new HostKey(one.host.id(), "00000001", "5a".repeat(32), "00000007");
        HostKey second = new HostKey(one.host.id(), "00000002", "5b".repeat(32), "00000008");
        one.session.publish(List.of(first));
        settle();
        assertThat(two.session.state().view().keys(one.host.id())).containsExactly(first);
        one.session.publish(List.of(first, second));
        settle();
        assertThat(two.session.state().view().keys(one.host.id())).containsExactlyInAnyOrder(first, second);
        one.session.publish(List.of(second));
        settle();
        assertThat(two.session.state().view().keys(one.host.id())).containsExactly(second);
        assertThat(two.session.state().view().keys(two.host.id())).isEmpty();
        assertConverged();
        // The next daemon has not read its keys yet: those in the store are still in use.
        nodes.remove(one);
        one.session.close();
        node(1);
        settle();
        assertThat(two.session.state().view().keys(one.host.id())).containsExactly(second);
    }

    @Test
    void V13_theKeysOfAHostThatIsRemovedGoWithIt() {
        Node one = node(1);
        Node two = node(2);
        settle();
        one.session.publish(List.of(new HostKey(one.host.id(), "00000001", "5a".repeat(32), "00000007")));
        settle();
        nodes.remove(one);
        one.session.close();
        settle();
        two.session.removeHost(one.host);
        settle();
        assertThat(store.content().keySet()).noneMatch(key -> key.contains("keys/"));
    }

    @Test
    void V12_aHostThatAnotherOneHearsIsRemovedByNobody_unlessAPersonSaysSo() {
        Node one = node(1);
        Node two = node(2);
        Node three = node(3);
        settle();
        OverlayNetwork network = one.network("web");
        RemoteEndpoint first = one.endpoint(network, "first");
        RemoteEndpoint second = one.endpoint(network, "second");
        settle();
        one.client.away(true);
        store.expireLeases();
        pass(2_000);
        two.session.vouch(one.host);
        assertThatThrownBy(() -> three.session.removeHost(one.host))
                .hasMessage("host " + one.host.name()
                        + " forwards, though the cluster store has no sign of life of it: host " + two.host.name()
                        + " hears it");
        assertThat(three.endpoints(network)).containsExactlyInAnyOrder(first, second);
        three.session.removeForced(second);
        settle();
        assertThat(three.endpoints(network)).containsExactly(first);
        // What it said ends with a lease of its own.
        store.expireLeasesOf(two.client);
        settle();
        three.session.removeHost(one.host);
        settle();
        assertThat(two.endpoints(network)).isEmpty();
    }

    @Test
    void V12_whoIsHeardWhileItsEndpointsAreBeingRemovedKeepsThem() {
        Node one = node(1);
        Node two = node(2);
        settle();
        OverlayNetwork network = one.network("web");
        RemoteEndpoint endpoint = one.endpoint(network, "svc");
        settle();
        nodes.remove(one);
        one.session.close();
        settle();
        EndpointAllocation allocation = new EndpointAllocation(two.client, two.host);
        two.session.vouch(one.host);
        allocation.removeUnheard(endpoint);
        assertThat(store.content()).containsKey(endpoint.key());
        allocation.removeForced(endpoint);
        assertThat(store.content()).doesNotContainKey(endpoint.key());
    }

    @Test
    void row64_aHostWhoseAddressChangesAllTheTimeIsRegisteredOnceATurn_andIsWhereItWasLast() {
        Node one = node(1);
        Node two = node(2);
        settle();
        int commits = store.commits();
        int told = two.told;
        for (int i = 1; i <= 1_000; i++) {
            one.session.move(IpAddress.parse("198.18." + i / 200 + "." + (i % 200 + 1)), true);
            if (i % 100 == 0) {
                one.session.loop().turn();
                store.tell();
            }
        }
        settle();
        assertThat(two.session.state().view().hosts().get(one.host.id()))
                .extracting(Host::vtep)
                .isEqualTo(IpAddress.parse("198.18.5.1"));
        assertThat(store.commits() - commits).as("writes").isBetween(1, 10);
        assertThat(two.told - told).as("what the others take in").isBetween(1, 10);
        assertThat(store.content().keySet().stream().filter(key -> key.contains("/vteps/")))
                .as("addresses that it had are given back")
                .hasSize(2);
    }
}
