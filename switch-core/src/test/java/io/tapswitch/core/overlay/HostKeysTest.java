package io.tapswitch.core.overlay;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.core.dataplane.TunnelKeys.PeerKey;
import io.tapswitch.core.model.Refusal;
import io.tapswitch.core.overlay.ClusterEntry.HostKey;
import io.tapswitch.core.overlay.store.StoredEntry;
import io.tapswitch.vxlan.ReceivingKey;
import io.tapswitch.vxlan.SendingKey;
import io.tapswitch.vxlan.TunnelCipher;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** V13: the keys of a host, driven by hand. */
final class HostKeysTest {
    private static final String SELF = Entries.id(1);
    private static final int WORKERS = 2;
    private static final int SEALED_LENGTH = 60 + 36;

    /** A disk that can be full. */
    private static final class MemoryDisk implements HostKeys.Disk {
        private List<HostKeys.Kept> kept = List.of();
        private boolean full;

        @Override
        public List<HostKeys.Kept> read() {
            return kept;
        }

        @Override
        public void write(List<HostKeys.Kept> keys) {
            if (full) {
                throw Refusal.failed("no space");
            }
            kept = List.copyOf(keys);
        }
    }

    private final MemoryDisk disk = new MemoryDisk();
    private final Random random = new Random(1);
    private HostKeys keys = started();
    private ClusterState state = ClusterState.empty();
    private long nowMs = 1_000_000_000_000L;
    private long revision;

    private HostKeys started() {
        return new HostKeys(disk, SELF, WORKERS, random);
    }

    private boolean turn() {
        return keys.turn(nowMs, state.view());
    }

    /** The store takes what is to be shown. */
    private void show() {
        revision++;
        List<StoredEntry> entries = new ArrayList<>();
        Set<HostKey> all = new HashSet<>(keys.published());
        all.forEach(key -> entries.add(Entries.put(key, revision)));
        state.view().keys(SELF).stream()
                .filter(key -> !all.contains(key))
                .forEach(key -> entries.add(Entries.removed(key, revision)));
        state = state.merged(entries).state();
    }

    private SendingKey sending() {
        return Objects.requireNonNull(keys.sending());
    }

    private static void send(SendingKey key, int frames) {
        TunnelCipher cipher = new TunnelCipher(1);
        for (int i = 0; i < frames; i++) {
            assertThat(cipher.seal(key, 7, 60, new UnsafeBuffer(new byte[200]), 0))
                    .isPositive();
        }
    }

    @Test
    void theFirstKeyIsUsedAsSoonAsTheStoreHasIt() {
        assertThat(turn()).isFalse();
        assertThat(keys.sending()).isNull();
        assertThat(keys.published()).hasSize(1);
        assertThat(disk.kept).hasSize(1);
        assertThat(turn()).as("nobody could decrypt").isFalse();
        show();
        assertThat(turn()).isTrue();
        assertThat(disk.kept.getFirst().reserved()).isEqualTo(HostKeys.BLOCK);
        assertThat(turn()).isFalse();
        send(sending(), 3);
        assertThat(sending().highest()).isEqualTo(3);
    }

    @Test
    void afterARestartTheKeyGoesOnBehindAllThatMayHaveBeenUsed_withoutTheStore() {
        turn();
        show();
        turn();
        SendingKey before = sending();
        send(before, 5);
        keys = started();
        state = ClusterState.empty();
        assertThat(turn()).isTrue();
        assertThat(sending().key().id()).isEqualTo(before.key().id());
        assertThat(sending().highest()).isEqualTo(HostKeys.BLOCK);
        assertThat(disk.kept.getFirst().reserved()).isEqualTo(2 * HostKeys.BLOCK);
        assertThat(disk.kept.getFirst().spent()).isEqualTo(2 * HostKeys.BLOCK * WORKERS);
    }

    @Test
    void whatWaitsForTheStoreIsSaid_withWhatIsLeftOfTheKeyInUse() {
        turn();
        nowMs += HostKeys.PATIENCE_MS;
        turn();
        assertThat(keys.waiting(nowMs))
                .as("the first key: the host is not in the cluster")
                .isNull();
        show();
        turn();
        nowMs += HostKeys.AGE_MS;
        turn();
        assertThat(keys.waiting(nowMs)).as("no time was had").isNull();
        nowMs += HostKeys.PATIENCE_MS;
        turn();
        assertThat(keys.waiting(nowMs)).contains("about 4286 million packets more", "spends 8 million");
        show();
        turn();
        assertThat(keys.waiting(nowMs)).isNull();
    }

    @Test
    void withoutTheStoreTheKeyInUseGoesOnUntilStartsOfTheDaemonHaveSpentIt() {
        turn();
        show();
        turn();
        state = ClusterState.empty();
        int starts = 1;
        while (keys.sending() != null) {
            keys = started();
            turn();
            starts++;
        }
        assertThat(starts).isEqualTo((int) (HostKeys.PACKETS_MAX / HostKeys.BLOCK / WORKERS) + 1);
        nowMs += HostKeys.PATIENCE_MS;
        turn();
        assertThat(keys.waiting(nowMs)).contains("good for few million packets more");
    }

    @Test
    void aKeyIsReplacedEachDay_shownFirst_andTheOldOneIsAcceptedForAWhile() {
        turn();
        show();
        turn();
        int old = sending().key().id();
        nowMs += HostKeys.AGE_MS;
        assertThat(turn()).isFalse();
        assertThat(keys.published()).hasSize(2);
        nowMs += 60 * HostKeys.AGE_MS;
        assertThat(turn()).as("the store was not there all the time").isFalse();
        assertThat(keys.published()).hasSize(2);
        show();
        assertThat(turn()).isFalse();
        nowMs += HostKeys.LEAD_MS;
        assertThat(turn()).isTrue();
        assertThat(sending().key().id()).isNotEqualTo(old);
        nowMs += HostKeys.LINGER_MS - 1;
        turn();
        assertThat(keys.published()).hasSize(2);
        nowMs += 1;
        turn();
        assertThat(keys.published())
                .singleElement()
                .satisfies(key -> assertThat(key.tunnelKey().id())
                        .isEqualTo(sending().key().id()));
        assertThat(disk.kept).hasSize(1);
    }

    @Test
    void aKeyIsReplacedLongBeforeItsPacketsAreSpent_andNeverUsedBeyond() {
        turn();
        show();
        turn();
        int restarts = 0;
        int id = sending().key().id();
        while (keys.published().size() == 1) {
            keys = started();
            turn();
            restarts++;
        }
        assertThat(restarts * HostKeys.BLOCK * WORKERS).isBetween(1L << 30, HostKeys.PACKETS_MAX / 2);
        while (disk.kept.getFirst().spent() + HostKeys.BLOCK * WORKERS <= HostKeys.PACKETS_MAX) {
            keys = started();
            assertThat(turn()).isTrue();
            assertThat(sending().key().id()).as("the store is away").isEqualTo(id);
        }
        keys = started();
        turn();
        assertThat(keys.sending()).as("rather nothing than a nonce twice").isNull();
        show();
        turn();
        nowMs += HostKeys.LEAD_MS;
        assertThat(turn()).isTrue();
        assertThat(sending().key().id()).isNotEqualTo(id);
    }

    @Test
    void withoutADiskNoCounterIsReserved() {
        turn();
        show();
        disk.full = true;
        assertThat(turn()).isFalse();
        assertThat(keys.sending()).isNull();
        disk.full = false;
        assertThat(turn()).isTrue();
    }

    @Test
    void theFileIsItsOwnersAlone_andKeepsWhatWasWritten(@TempDir Path directory) throws IOException {
        KeyFile file = new KeyFile(directory);
        assertThat(file.read()).isEmpty();
        List<HostKeys.Kept> kept = List.of(
                new HostKeys.Kept("0a1b2c3d", "5a".repeat(32), "00000007", 17, HostKeys.BLOCK, 2 * HostKeys.BLOCK),
                new HostKeys.Kept("0a1b2c3e", "5b".repeat(32), "00000008", 18, 0, 0));
        file.write(List.of());
        file.write(kept);
        assertThat(new KeyFile(directory).read()).isEqualTo(kept);
        Path path = directory.resolve("tunnel-keys.json");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(path)))
                .isEqualTo("rw-------");
        Files.writeString(path, "{\"keys\": [{\"id\": \"0a\"}]}");
        HostKeys anew = new HostKeys(file, SELF, WORKERS, random);
        anew.turn(nowMs, state.view());
        assertThat(anew.published()).hasSize(1);
    }

    @Test
    void whatCameWithAKeyIsRememberedForAsLongAsItsEntryIsThere(@TempDir Path directory) {
        HostKey key = new HostKey(Entries.id(2), "0a1b2c3d", "5a".repeat(32), "00000007");
        HostKey own = new HostKey(SELF, "0a1b2c3e", "5a".repeat(32), "00000007");
        state = state.merged(List.of(
                        Entries.put(Entries.host(1), 1),
                        Entries.put(Entries.host(2), 2),
                        Entries.put(own, 3),
                        Entries.put(key, 4)))
                .state();
        PeerKeys peers = new PeerKeys(new MarkFile(directory));
        PeerKey first = peers.of(state.view(), SELF).getFirst();
        assertThat(first.remote()).isEqualTo(Entries.host(2).vtep());
        state = state.merged(List.of(Entries.put(Entries.host(3), 5))).state();
        assertThat(peers.of(state.view(), SELF)).containsExactly(first);
        state = state.merged(List.of(Entries.removed(key, 6))).state();
        assertThat(peers.of(state.view(), SELF)).isEmpty();
    }

    @Test
    void V13_whatCameIsNotTakenByTheNextDaemon_alsoOfAKeyThatWasAwayForAWhile(@TempDir Path directory) {
        HostKey key = new HostKey(Entries.id(2), "0a1b2c3d", "5a".repeat(32), "00000007");
        ClusterState with = state.merged(
                        List.of(Entries.put(Entries.host(1), 1), Entries.put(Entries.host(2), 2), Entries.put(key, 4)))
                .state();
        SendingKey theirs = new SendingKey(key.tunnelKey(), 0, 100);
        UnsafeBuffer old = sealed(theirs);
        PeerKeys peers = new PeerKeys(new MarkFile(directory));
        ReceivingKey first = peers.of(with.view(), SELF).getFirst().key();
        assertThat(isTaken(first, old)).isTrue();
        peers.remember(nowMs);
        UnsafeBuffer late = sealed(theirs);
        peers.end();
        assertThat(isTaken(first, late)).as("after the last writing").isFalse();

        PeerKeys next = new PeerKeys(new MarkFile(directory));
        ReceivingKey second = next.of(with.view(), SELF).getFirst().key();
        assertThat(isTaken(second, old)).as("played again").isFalse();
        assertThat(isTaken(second, late)).isTrue();
        next.of(ClusterState.empty().view(), SELF);
        ReceivingKey third = next.of(with.view(), SELF).getFirst().key();
        assertThat(isTaken(third, late)).isFalse();
        assertThat(isTaken(third, sealed(theirs))).isTrue();
        next.of(ClusterState.empty().view(), SELF);
        next.remember(System.currentTimeMillis() + 9 * HostKeys.AGE_MS);
        assertThat(new MarkFile(directory).read()).as("long gone").isEmpty();
    }

    private static UnsafeBuffer sealed(SendingKey key) {
        UnsafeBuffer out = new UnsafeBuffer(new byte[200]);
        assertThat(new TunnelCipher(1).seal(key, 7, 60, out, 0)).isEqualTo(SEALED_LENGTH);
        return out;
    }

    private static boolean isTaken(ReceivingKey key, UnsafeBuffer packet) {
        return new TunnelCipher(0).open(key, packet, 0, SEALED_LENGTH) > 0;
    }
}
