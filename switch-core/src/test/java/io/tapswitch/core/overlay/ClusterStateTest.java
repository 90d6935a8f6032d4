package io.tapswitch.core.overlay;

import static io.tapswitch.core.overlay.Entries.claim;
import static io.tapswitch.core.overlay.Entries.endpoint;
import static io.tapswitch.core.overlay.Entries.put;
import static io.tapswitch.core.overlay.Entries.removed;
import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.core.overlay.ClusterEntry.Claim;
import io.tapswitch.core.overlay.ClusterEntry.RemoteEndpoint;
import io.tapswitch.core.overlay.ClusterState.Merged;
import io.tapswitch.core.overlay.store.ClusterStore;
import io.tapswitch.core.overlay.store.StoredEntry;
import io.tapswitch.wire.IpAddress;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Catalogue row 93 and requirement V11: events that are late, twice or in another order. */
final class ClusterStateTest {
    private static final RemoteEndpoint OLD = endpoint(1, 1, 101);
    private static final RemoteEndpoint NEW = endpoint(1, 2, 102);

    private static ClusterStore.Range range(long revision, StoredEntry... entries) {
        return new ClusterStore.Range("7", revision, List.of(entries));
    }

    /** {@return keys with values, of all that a state has} */
    private static Map<String, String> content(ClusterState state) {
        Map<String, String> content = new TreeMap<>();
        state.stored().forEach(entry -> content.put(entry.key(), entry.value() + "@" + entry.revision()));
        return content;
    }

    /** A store's life: what happened, and what is there at the end. */
    private static final class History {
        private final Map<String, StoredEntry> there = new TreeMap<>();
        private final List<StoredEntry> events = new ArrayList<>();
        private long revision;

        private void put(ClusterEntry entry) {
            revision++;
            StoredEntry before = there.get(entry.key());
            long created = before == null ? revision : before.createRevision();
            add(Entries.put(entry, created, revision));
        }

        private void remove(ClusterEntry entry) {
            if (there.remove(entry.key()) != null) {
                events.add(StoredEntry.removed(entry.key(), ++revision));
            }
        }

        private void add(StoredEntry entry) {
            there.put(entry.key(), entry);
            events.add(entry);
        }

        private ClusterStore.Range range() {
            return new ClusterStore.Range("7", revision, List.copyOf(there.values()));
        }

        private Map<String, String> content() {
            Map<String, String> content = new TreeMap<>();
            there.forEach((key, entry) -> content.put(key, entry.value() + "@" + entry.revision()));
            return content;
        }

        private static History random(Random random, int steps) {
            History history = new History();
            for (int i = 0; i < steps; i++) {
                ClusterEntry claim = new Claim(ClusterKeys.vni(random.nextInt(40)), Entries.id(random.nextInt(1_000)));
                if (random.nextInt(3) == 0) {
                    history.remove(claim);
                } else {
                    history.put(claim);
                }
            }
            return history;
        }
    }

    @Test
    void V11_lateRemovalOfTheOldNeverRemovesTheNewAndALatePutNeverBringsItBack() {
        Merged merged = ClusterState.empty().merged(List.of(put(NEW, 12), put(OLD, 10), removed(OLD, 11)));
        assertThat(merged.state().view().endpoints(Entries.NETWORK)).containsExactly(NEW);
        Merged late = merged.state().merged(List.of(put(OLD, 10)));
        assertThat(late.changes()).isEmpty();
        assertThat(late.state().view().endpoints(Entries.NETWORK)).containsExactly(NEW);
    }

    @Test
    void V11_whileTheRemovalOfTheOldIsOnTheWayTheNewOneHasTheAddress() {
        ClusterState state =
                ClusterState.empty().merged(List.of(put(NEW, 12), put(OLD, 10))).state();
        assertThat(state.view().endpoints(Entries.NETWORK)).containsExactly(NEW);
        assertThat(state.view().endpointsOf(OLD.host())).containsExactly(OLD);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10})
    void V11_anyOrderAndAnyRepetitionEndsInTheSameState(long seed) {
        Random random = new Random(seed);
        History history = History.random(random, 400);
        List<StoredEntry> told = new ArrayList<>(history.events);
        IntStream.range(0, 200).forEach(i -> told.add(history.events.get(random.nextInt(history.events.size()))));
        Collections.shuffle(told, random);
        ClusterState state = ClusterState.empty();
        for (int from = 0; from < told.size(); ) {
            int to = Math.min(told.size(), from + 1 + random.nextInt(20));
            Merged merged = state.merged(told.subList(from, to));
            assertThat(merged.isDoubtful()).isFalse();
            state = merged.state();
            from = to;
        }
        assertThat(content(state)).as("seed %s", seed).isEqualTo(history.content());
    }

    @ParameterizedTest
    @ValueSource(longs = {21, 22, 23, 24, 25, 26, 27, 28, 29, 30})
    void V11_fullReadingsBetweenLostAndLateEventsEndInTheSameState(long seed) {
        Random random = new Random(seed);
        History history = new History();
        ClusterState state = ClusterState.empty();
        List<StoredEntry> late = new ArrayList<>();
        for (int round = 0; round < 30; round++) {
            int before = history.events.size();
            for (int i = 0; i < 20; i++) {
                ClusterEntry claim = new Claim(ClusterKeys.vni(random.nextInt(20)), Entries.id(random.nextInt(99)));
                if (random.nextBoolean()) {
                    history.put(claim);
                } else {
                    history.remove(claim);
                }
            }
            late.addAll(history.events.subList(before, history.events.size()));
            Collections.shuffle(late, random);
            List<StoredEntry> now = List.copyOf(late.subList(0, random.nextInt(late.size() + 1)));
            state = state.merged(now).state();
            if (random.nextInt(4) == 0) {
                state = state.merged(history.range()).state();
                assertThat(content(state)).as("seed %s round %s", seed, round).isEqualTo(history.content());
            }
        }
        state = state.merged(history.range()).state();
        state = state.merged(late).state();
        assertThat(content(state)).as("seed %s", seed).isEqualTo(history.content());
    }

    @Test
    void V11_thousandEndpointsMovedWithShuffledAndLateEventsLeaveNoStaleEntry() {
        int count = 1_000;
        History history = new History();
        history.put(Entries.network("web", 4_096));
        for (int i = 0; i < count; i++) {
            history.put(endpoint(i, 1, 10_000 + i));
            history.put(claim(endpoint(i, 1, 10_000 + i)));
        }
        ClusterState state = ClusterState.empty().merged(history.range()).state();
        int before = history.events.size();
        for (int i = 0; i < count; i++) {
            history.remove(endpoint(i, 1, 10_000 + i));
            history.remove(claim(endpoint(i, 1, 10_000 + i)));
            history.put(endpoint(i, 2, 20_000 + i));
            history.put(claim(endpoint(i, 2, 20_000 + i)));
        }
        List<StoredEntry> told = new ArrayList<>(history.events.subList(before, history.events.size()));
        told.addAll(history.events);
        Collections.shuffle(told, new Random(11));
        Map<IpAddress, String> moved = new HashMap<>();
        for (int from = 0; from < told.size(); from += 50) {
            state = state.merged(told.subList(from, Math.min(told.size(), from + 50)))
                    .state();
            for (RemoteEndpoint each : state.view().endpoints(Entries.NETWORK)) {
                String host = each.host();
                assertThat(host.equals(Entries.id(1)) && Entries.id(2).equals(moved.get(each.ipv4())))
                        .as("%s went back", each)
                        .isFalse();
                moved.put(each.addresses().getFirst(), host);
            }
        }
        assertThat(state.view().endpoints(Entries.NETWORK))
                .hasSize(count)
                .allMatch(each -> each.host().equals(Entries.id(2)));
        assertThat(state.view().endpointsOf(Entries.id(1))).isEmpty();
        assertThat(state.view().claims(Entries.NETWORK).values())
                .hasSize(count)
                .allMatch(each -> each.host().equals(Entries.id(2)));
    }

    @Test
    void V12_aFullReadingTellsTheDifferenceOnly() {
        ClusterState before = ClusterState.empty()
                .merged(range(5, put(Entries.host(1), 2), put(Entries.host(2), 3), put(Entries.host(3), 4)))
                .state();
        // The first was written again without a difference, the third is gone, a fourth is new.
        Merged merged =
                before.merged(range(9, put(Entries.host(1), 2, 8), put(Entries.host(2), 3), put(Entries.host(4), 7)));
        assertThat(merged.changes())
                .extracting(ClusterState.Change::key)
                .containsExactlyInAnyOrder(
                        Entries.host(3).key(), Entries.host(4).key());
        assertThat(merged.state().revision(Entries.host(1).key())).isEqualTo(8);
        assertThat(merged.state().merged(range(9)).changes())
                .as("as old as the last")
                .isEmpty();
    }

    @Test
    void aFullReadingIsNotNewerThanWhatTheWatchToldMeanwhile() {
        ClusterState state = ClusterState.empty()
                .merged(List.of(put(OLD, 8), removed(NEW, 9)))
                .state();
        Merged merged = state.merged(range(7, put(NEW, 6)));
        assertThat(merged.changes()).isEmpty();
        assertThat(merged.state().view().endpoints(Entries.NETWORK)).containsExactly(OLD);
    }

    @Test
    void removalsAreForgottenWithBoundsAndWhatCannotBeJudgedAsksForAFullReading() {
        List<StoredEntry> removals = IntStream.rangeClosed(1, ClusterState.TOMBSTONES_MAX + 10)
                .mapToObj(i -> removed(endpoint(i, 1, i), 1_000 + i))
                .toList();
        ClusterState state = ClusterState.empty().merged(removals).state();
        assertThat(state.tombstones()).isEqualTo(ClusterState.TOMBSTONES_MAX);
        Merged doubtful = state.merged(List.of(put(endpoint(1, 1, 1), 900)));
        assertThat(doubtful.isDoubtful()).isTrue();
        assertThat(doubtful.changes()).isEmpty();
        Merged sure = state.merged(List.of(put(endpoint(1, 1, 1), 90_000)));
        assertThat(sure.isDoubtful()).isFalse();
        assertThat(sure.changes()).hasSize(1);
        assertThat(state.merged(range(100_000)).state().tombstones()).isZero();
    }

    @Test
    void aStoreThatCountsAnewOverridesWhatItHasAndRemovesTheRestOnlyWhenAsked() {
        ClusterState old = ClusterState.empty()
                .merged(range(500, put(Entries.host(1), 400), put(Entries.host(2), 450)))
                .state();
        ClusterStore.Range anew = range(3, put(Entries.host(1), 2));
        Merged kept = old.unanchored().merged(anew.entries());
        assertThat(kept.changes()).isEmpty();
        assertThat(kept.state().view().hosts()).hasSize(2);
        Merged cleared = kept.state().merged(range(4, put(Entries.host(1), 2)));
        assertThat(cleared.changes())
                .extracting(ClusterState.Change::key)
                .containsExactly(Entries.host(2).key());
    }

    @Test
    void row94_aPeerIsWhoseTunnelAddressIsItsOwn() {
        Claim mine = new Claim(ClusterKeys.vtep(Entries.host(1).vtep()), Entries.id(1));
        ClusterEntry.Host thief =
                new ClusterEntry.Host(Entries.id(2), "thief", Entries.host(1).vtep(), 1);
        ClusterView view = ClusterState.empty()
                .merged(List.of(put(Entries.host(1), 1), put(mine, 2), put(thief, 3)))
                .state()
                .view();
        assertThat(view.isPeer(Entries.id(1))).isTrue();
        assertThat(view.isPeer(thief.id())).isFalse();
        assertThat(view.isPeer(Entries.id(3))).isFalse();
    }

    @Test
    void whatIsKeptOverARestartComesBackTheSame() {
        ClusterState state = ClusterState.empty()
                .merged(range(9, put(Entries.host(1), 2), put(OLD, 3), put(Entries.network("web", 4_096), 4)))
                .state();
        ClusterState back = ClusterState.empty()
                .merged(new ClusterStore.Range("7", state.complete(), state.stored()))
                .state();
        assertThat(content(back)).isEqualTo(content(state));
    }
}
