package io.tapswitch.core.dataplane;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** The tables of one network in several workers, and what they tell each other. */
class FdbReplicaTest {
    private static final long A = 0x0242_ac12_0002L;
    private static final long AGEING_MS = 300_000;

    private final Fdb here = new Fdb(64, 8, 16, true);

    @Test
    void aLearnedAndAMovedAddressIsDueToBeSharedUntilItWas() {
        here.learn(A, 2, 0);
        assertThat(here.shareDue(A)).isTrue();
        here.markShared(A);
        assertThat(here.shareDue(A)).isFalse();
        here.learn(A, 2, 5_000);
        assertThat(here.shareDue(A)).as("a refresh is nothing to tell").isFalse();
        here.learn(A, 3, 5_001);
        assertThat(here.shareDue(A)).isTrue();
    }

    @Test
    void aShareThatCouldNotBeMadeStaysDueAndCarriesTheTimeOfTheFrameThatTriesAgain() {
        here.learn(A, 2, 100);
        here.learn(A, 2, 200);
        assertThat(here.shareDue(A)).isTrue();
        assertThat(here.seenMs(A)).isEqualTo(200);
    }

    @Test
    void withoutOtherWorkersNothingIsDue() {
        Fdb alone = new Fdb(64, 8, 16, false);
        alone.learn(A, 2, 0);
        alone.learn(A, 3, 0);
        assertThat(alone.shareDue(A)).isFalse();
    }

    @Test
    void aReplicaIsFoundIsNotDueAndDoesNotAgeHere() {
        assertThat(here.learnRemote(A, 2, 0)).isEqualTo(Fdb.LEARNED);
        assertThat(here.lookup(A)).isEqualTo(2);
        assertThat(here.shareDue(A)).isFalse();
        assertThat(here.learnedCount(2)).isEqualTo(1);
        assertThat(here.age(10 * AGEING_MS, AGEING_MS, here.slots(), (mac, port) -> true))
                .isZero();
        here.forgetRemote(A, 3);
        assertThat(here.lookup(A)).as("told of another port").isEqualTo(2);
        here.forgetRemote(A, 2);
        assertThat(here.lookup(A)).isEqualTo(Fdb.NONE);
        assertThat(here.learnedCount()).isZero();
    }

    @Test
    void B7_replicasAreHeldToTheLimitsToo() {
        for (int i = 0; i < 8; i++) {
            here.learnRemote(0x100 + i, 2, 0);
        }
        assertThat(here.learnRemote(A, 2, 0)).isEqualTo(Fdb.FULL);
    }

    @Test
    void theLaterSightingWinsAndTheLowerPortWhenTheyAreEqual() {
        here.learn(A, 5, 1_000);
        here.markShared(A);
        assertThat(here.learnRemote(A, 6, 999)).isEqualTo(Fdb.OUTDATED);
        assertThat(here.lookup(A)).isEqualTo(5);
        assertThat(here.shareDue(A)).as("the other is to be told").isTrue();
        assertThat(here.learnRemote(A, 6, 1_000)).isEqualTo(Fdb.OUTDATED);
        assertThat(here.learnRemote(A, 4, 1_000)).isEqualTo(Fdb.MOVED);
        assertThat(here.lookup(A)).isEqualTo(4);
        assertThat(here.shareDue(A)).isFalse();
        assertThat(here.learnRemote(A, 3, 999)).isEqualTo(Fdb.OUTDATED);
        assertThat(here.shareDue(A)).as("not this worker's to tell").isFalse();
        assertThat(here.learnRemote(A, 7, 1_001)).isEqualTo(Fdb.MOVED);
        assertThat(here.learn(A, 8, 1_001)).as("others would take it for older").isEqualTo(Fdb.REFRESHED);
        assertThat(here.lookup(A)).isEqualTo(7);
        assertThat(here.learn(A, 8, 1_002)).isEqualTo(Fdb.MOVED);
    }

    @Test
    void theLaterSightingWinsAlsoAcrossTheOverflowOfTheClock() {
        long beforeMs = Long.MAX_VALUE / 1_000_000;
        long afterMs = (Long.MIN_VALUE + 2_000_000_000L) / 1_000_000;
        here.learn(A, 5, beforeMs);
        assertThat(here.learnRemote(A, 6, afterMs)).isEqualTo(Fdb.MOVED);
        assertThat(here.learnRemote(A, 4, beforeMs)).isEqualTo(Fdb.OUTDATED);
    }

    @Test
    void aPortWithQueuesInTwoWorkersKeepsItsAddressWhileEitherSeesIt() {
        here.learnRemote(A, 2, 0);
        assertThat(here.learn(A, 2, 10_000)).isEqualTo(Fdb.REFRESHED);
        here.forgetRemote(A, 2);
        assertThat(here.lookup(A)).as("seen here too").isEqualTo(2);
        assertThat(here.shareDue(A)).as("the other has forgotten it").isTrue();
        assertThat(here.learnRemote(A, 2, 20_000)).isEqualTo(Fdb.REFRESHED);
        assertThat(here.seenMs(A)).as("the own time stays").isEqualTo(10_000);
        assertThat(here.age(10_001 + AGEING_MS, AGEING_MS, here.slots(), (mac, port) -> true))
                .isEqualTo(1);
    }

    @Test
    void anAgedAddressStaysUntilAllOthersCouldBeTold() {
        here.learn(A, 2, 0);
        here.markShared(A);
        assertThat(here.age(AGEING_MS + 1, AGEING_MS, here.slots(), (mac, port) -> false))
                .isZero();
        assertThat(here.lookup(A)).isEqualTo(2);
        assertThat(here.shareDue(A)).as("some may have been told already").isTrue();
        assertThat(here.age(AGEING_MS + 2, AGEING_MS, here.slots(), (mac, port) -> true))
                .isEqualTo(1);
        assertThat(here.lookup(A)).isEqualTo(Fdb.NONE);
    }

    @Test
    void allWorkersComeToTheSameAnswerInWhicheverOrderTheyHear() {
        long seed = Long.getLong("seed", System.nanoTime());
        Random random = new Random(seed);
        for (int round = 0; round < 2_000; round++) {
            Workers workers = new Workers(3, random);
            for (int step = 0; step < 60; step++) {
                workers.randomStep();
            }
            workers.deliverAll();
            assertThat(workers.positions()).as("seed %d, round %d", seed, round).hasSize(1);
        }
    }

    /** Workers whose messages are delayed at random; each reads the ports whose number modulo the workers is its own. */
    private static final class Workers {
        private final List<Fdb> tables = new ArrayList<>();
        private final List<List<long[]>> inboxes = new ArrayList<>();
        private final Random random;
        private long nowMs;

        Workers(int count, Random random) {
            this.random = random;
            for (int i = 0; i < count; i++) {
                tables.add(new Fdb(16, 16, 16, true));
            }
            for (int i = 0; i < count * count; i++) {
                inboxes.add(new ArrayList<>());
            }
        }

        void randomStep() {
            nowMs += random.nextInt(3) * random.nextLong(700);
            if (random.nextInt(3) == 0) {
                int worker = random.nextInt(tables.size());
                int port = worker + tables.size() * random.nextInt(2);
                tables.get(worker).learn(A, port, nowMs);
                share(worker);
            } else {
                deliverOne(random.nextInt(inboxes.size()));
            }
        }

        void deliverAll() {
            for (boolean quiet = false; !quiet; ) {
                quiet = true;
                for (int i = 0; i < inboxes.size(); i++) {
                    quiet &= !deliverOne(i);
                }
            }
        }

        List<Integer> positions() {
            return tables.stream().map(table -> table.lookup(A)).distinct().toList();
        }

        private void share(int worker) {
            Fdb table = tables.get(worker);
            if (table.shareDue(A)) {
                for (int other = 0; other < tables.size(); other++) {
                    if (other != worker) {
                        inbox(worker, other).add(new long[] {table.lookup(A), table.seenMs(A)});
                    }
                }
                table.markShared(A);
            }
        }

        private boolean deliverOne(int index) {
            List<long[]> inbox = inboxes.get(index);
            if (inbox.isEmpty()) {
                return false;
            }
            long[] message = inbox.removeFirst();
            int receiver = index % tables.size();
            if (tables.get(receiver).learnRemote(A, (int) message[0], message[1]) == Fdb.OUTDATED) {
                share(receiver);
            }
            return true;
        }

        private List<long[]> inbox(int from, int to) {
            return inboxes.get(from * tables.size() + to);
        }
    }
}
