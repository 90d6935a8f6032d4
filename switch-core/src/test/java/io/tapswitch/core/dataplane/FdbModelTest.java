package io.tapswitch.core.dataplane;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Random operations on an {@link Fdb} and on a HashMap that does the same without thinking of time or memory. */
class FdbModelTest {
    private static final int CAPACITY = 300;
    private static final int PER_PORT = 60;
    private static final int PER_NETWORK = 200;
    private static final int PORTS = 6;
    private static final long AGEING_MS = 20_000;

    /** An entry of the model. */
    private record Entry(int port, boolean pinned, boolean replica, long seenMs) {}

    private final Map<Long, Entry> model = new HashMap<>();
    private Fdb fdb = new Fdb(1, 1, 1, true);
    private long nowMs;

    @Test
    void behavesLikeAMapUnderRandomOperations() {
        long seed = Long.getLong("seed", System.nanoTime());
        Random random = new Random(seed);
        for (int round = 0; round < 8; round++) {
            model.clear();
            fdb = new Fdb(CAPACITY, PER_PORT, PER_NETWORK, true, new SplittableRandom(seed + round));
            nowMs = random.nextLong() / 1_000_000;
            for (int step = 0; step < 20_000; step++) {
                nowMs += random.nextInt(30);
                String operation = operate(random, 1 + random.nextInt(700), random.nextInt(PORTS));
                if (step % 100 == 0) {
                    compare("seed %d round %d step %d after %s".formatted(seed, round, step, operation));
                }
            }
        }
    }

    private String operate(Random random, long mac, int port) {
        int dice = random.nextInt(1000);
        if (dice < 600) {
            int expected = learn(mac, port);
            assertThat(fdb.learn(mac, port, nowMs)).as("learn").isEqualTo(expected);
            return "learn";
        } else if (dice < 900) {
            long seenMs = nowMs - random.nextInt(100);
            int expected = learnRemote(mac, port, seenMs);
            assertThat(fdb.learnRemote(mac, port, seenMs)).as("learnRemote").isEqualTo(expected);
            return "learnRemote";
        } else if (dice < 950) {
            fdb.forgetRemote(mac, port);
            model.computeIfPresent(mac, (m, e) -> e.replica() && e.port() == port ? null : e);
            return "forgetRemote";
        } else if (dice < 970) {
            assertThat(fdb.pin(mac, port)).as("pin").isEqualTo(pin(mac, port));
            return "pin";
        } else if (dice < 985) {
            fdb.unpin(mac);
            model.computeIfPresent(mac, (m, e) -> e.pinned() ? null : e);
            return "unpin";
        } else if (dice < 987) {
            int before = model.size();
            model.values().removeIf(e -> e.port() == port);
            assertThat(fdb.removePort(port)).as("removePort").isEqualTo(before - model.size());
            return "removePort";
        } else if (dice < 989) {
            int before = model.size();
            model.values().removeIf(e -> e.port() == port && !e.pinned());
            assertThat(fdb.forgetLearned(port)).as("forgetLearned").isEqualTo(before - model.size());
            return "forgetLearned";
        }
        age();
        return "age";
    }

    private int learn(long mac, int port) {
        Entry old = model.get(mac);
        if (old == null) {
            return add(mac, port, false, nowMs);
        } else if (old.pinned()) {
            return old.port() == port ? Fdb.REFRESHED : Fdb.PINNED_ELSEWHERE;
        } else if (old.port() != port) {
            return later(mac, old, port, nowMs) ? move(mac, port, false, nowMs) : Fdb.REFRESHED;
        }
        model.put(mac, new Entry(port, false, false, nowMs));
        return Fdb.REFRESHED;
    }

    private int learnRemote(long mac, int port, long seenMs) {
        Entry old = model.get(mac);
        if (old == null) {
            return add(mac, port, true, seenMs);
        } else if (old.pinned()) {
            return old.port() == port ? Fdb.REFRESHED : Fdb.PINNED_ELSEWHERE;
        } else if (old.port() == port) {
            if (old.replica()) {
                model.put(mac, new Entry(port, false, true, Math.max(seenMs, old.seenMs())));
            }
            return Fdb.REFRESHED;
        }
        return later(mac, old, port, seenMs) ? move(mac, port, true, seenMs) : Fdb.OUTDATED;
    }

    private boolean later(long mac, Entry old, int port, long seenMs) {
        // The real table knows a refreshed entry's time to a second only: ask it, and check that it is near enough.
        long knownMs = fdb.seenMs(mac);
        assertThat(old.seenMs() - knownMs).isBetween(0L, Fdb.REFRESH_MS);
        return seenMs > knownMs || (seenMs == knownMs && port < old.port());
    }

    private boolean pin(long mac, int port) {
        Entry old = model.get(mac);
        if (old != null && old.pinned()) {
            return old.port() == port;
        } else if (old == null && model.size() >= CAPACITY) {
            return false;
        }
        model.put(mac, new Entry(port, true, false, 0));
        return true;
    }

    private void age() {
        Map<Long, Integer> told = new HashMap<>();
        fdb.age(nowMs, AGEING_MS, fdb.slots() + CAPACITY, (mac, port) -> told.put(mac, port) == null);
        told.forEach((mac, port) -> {
            Entry gone = Objects.requireNonNull(model.remove(mac), "aged, but not in the model");
            assertThat(gone.port()).isEqualTo(port);
            assertThat(gone.pinned() || gone.replica()).isFalse();
            assertThat(nowMs - gone.seenMs()).isGreaterThan(AGEING_MS - Fdb.REFRESH_MS);
        });
        model.values().forEach(e -> {
            if (!e.pinned() && !e.replica()) {
                assertThat(nowMs - e.seenMs()).isLessThanOrEqualTo(AGEING_MS);
            }
        });
    }

    private int add(long mac, int port, boolean replica, long seenMs) {
        if (model.size() >= CAPACITY || learned() >= PER_NETWORK || learnedOf(port) >= PER_PORT) {
            return Fdb.FULL;
        }
        model.put(mac, new Entry(port, false, replica, seenMs));
        return Fdb.LEARNED;
    }

    private int move(long mac, int port, boolean replica, long seenMs) {
        if (learnedOf(port) >= PER_PORT) {
            return Fdb.FULL;
        }
        model.put(mac, new Entry(port, false, replica, seenMs));
        return Fdb.MOVED;
    }

    private void compare(String when) {
        assertThat(fdb.size()).as(when).isEqualTo(model.size());
        assertThat(fdb.learnedCount()).as(when).isEqualTo((int) learned());
        for (int port = 0; port < PORTS; port++) {
            assertThat(fdb.learnedCount(port)).as(when).isEqualTo((int) learnedOf(port));
        }
        for (long mac = 0; mac <= 700; mac++) {
            Entry entry = model.get(mac);
            assertThat(fdb.lookup(mac)).as("%s, mac %d", when, mac).isEqualTo(entry == null ? Fdb.NONE : entry.port());
        }
        Map<Long, String> seen = new HashMap<>();
        fdb.forEach(
                (mac, port, pinned, replica, seenMs) -> assertThat(seen.put(mac, port + " " + pinned + " " + replica))
                        .as("%s: twice", when)
                        .isNull());
        Map<Long, String> expected = new HashMap<>();
        model.forEach((mac, e) -> expected.put(mac, e.port() + " " + e.pinned() + " " + e.replica()));
        assertThat(seen).as(when).isEqualTo(expected);
    }

    private long learned() {
        return model.values().stream().filter(e -> !e.pinned()).count();
    }

    private long learnedOf(int port) {
        return model.values().stream()
                .filter(e -> !e.pinned() && e.port() == port)
                .count();
    }
}
