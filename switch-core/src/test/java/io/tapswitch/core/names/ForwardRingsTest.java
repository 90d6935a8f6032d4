package io.tapswitch.core.names;

import static io.tapswitch.core.control.Eventually.eventually;
import static io.tapswitch.core.names.TestMessages.answer;
import static io.tapswitch.core.names.TestMessages.code;
import static io.tapswitch.core.names.TestMessages.id;
import static io.tapswitch.core.names.TestMessages.name;
import static io.tapswitch.core.names.TestMessages.query;
import static io.tapswitch.core.names.TestMessages.rcode;
import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.core.dataplane.Doorbell;
import io.tapswitch.core.dataplane.Forwards;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;

/** The workers' queries at the forwarder: each that was taken is answered exactly once. */
class ForwardRingsTest {
    private static final int SERVFAIL = 2;
    private static final int REFUSED = 5;
    private static final int HEADERS = 42;

    /** A worker that offers queries by number and counts answers. */
    private static final class Asking {
        final Forwards forwards = new Forwards(new Doorbell(() -> {}));
        final Set<Integer> open = new HashSet<>();
        private final int port;
        private final UnsafeBuffer frame = new UnsafeBuffer(new byte[512]);
        int failed;
        int refused;

        Asking(int port) {
            this.port = port;
        }

        void offer(int number, String name) {
            offer(number, name, -1);
        }

        void offer(int number, String name, int payload) {
            byte[] query = query(number, name, TestMessages.A, payload);
            frame.putInt(0, number);
            frame.putBytes(HEADERS, query);
            if (forwards.offer(port, number, frame, 0, HEADERS, query.length)) {
                open.add(number);
            } else {
                refused++;
            }
        }

        void turn() {
            forwards.ringDoorbell();
            forwards.drain(this::onAnswer, 64);
        }

        private void onAnswer(int to, int generation, DirectBuffer ring, int index, int headersLength, int length) {
            byte[] message = new byte[length];
            ring.getBytes(index + headersLength, message);
            assertThat(to).isEqualTo(port);
            assertThat(headersLength).isEqualTo(HEADERS);
            assertThat(ring.getInt(index)).isEqualTo(generation);
            assertThat(id(message)).isEqualTo(generation & 0xFFFF);
            assertThat(open.remove(generation))
                    .as("one answer to %d", generation)
                    .isTrue();
            failed += rcode(message) == SERVFAIL ? 1 : 0;
        }
    }

    /** Of all kinds: kept and not kept, twice, refused, silent. */
    private static List<byte[]> mixed(byte[] query) {
        return switch (name(query).charAt(0)) {
            case '0' -> FakeUpstream.SILENCE;
            case '1' -> List.of(code(query, REFUSED));
            case '2' -> List.of(answer(query, 0, 1), answer(query, 0, 2));
            case '3' -> List.of(answer(query, 1, 1));
            default -> List.of(answer(query, 60, 1));
        };
    }

    private static String nameOf(int number) {
        int kind = number % 97 < 2 ? number % 97 : 2 + number % 8;
        return kind + "x" + number % 300 + ".test";
    }

    @Test
    void D14_D16_eachQueryOfAFloodIsAnsweredOnceAndCountedOnce() throws Exception {
        try (ForwardWorld world = new ForwardWorld(new FakeUpstream(ForwardRingsTest::mixed), FakeUpstream.silent())) {
            List<Asking> workers = List.of(new Asking(1), new Asking(2));
            ForwardRings rings = ForwardRings.start(
                    world.io,
                    world.forwarder,
                    workers.stream().map(one -> one.forwards).toList());
            for (int i = 0; i < 23_000; i++) {
                Asking worker = workers.get(i % 2);
                // At first as a good client asks, who waits; then all at once.
                while (i < 3_000 && worker.open.size() >= 40) {
                    worker.turn();
                    Thread.onSpinWait();
                }
                worker.offer(i, nameOf(i));
                worker.turn();
            }
            eventually(() -> {
                workers.forEach(Asking::turn);
                assertThat(workers.stream()
                                .mapToInt(worker -> worker.open.size())
                                .sum())
                        .as("not answered")
                        .isZero();
            });
            assertThat(world.count(ForwardCounter.QUERIES))
                    .isEqualTo(23_000
                            - workers.stream()
                                    .mapToInt(worker -> worker.refused)
                                    .sum());
            assertThat(world.count(ForwardCounter.ANSWERS_LOST)).isZero();
            assertThat(world.count(ForwardCounter.ANSWERS)).isGreaterThan(500);
            assertThat(world.count(ForwardCounter.CACHE_HITS)).isGreaterThan(500);
            assertThat(world.count(ForwardCounter.OVERLOADED)).isPositive();
            assertThat(world.count(ForwardCounter.TIMED_OUT)).isPositive();
            assertEachCountedOnce(world);
            rings.close();
        }
    }

    @Test
    void D14_aWorkerThatIsSlowLosesNoAnswer() throws Exception {
        int many = 1_000;
        int[] addresses = IntStream.range(0, 70).toArray();
        FakeUpstream upstream = FakeUpstream.silent();
        try (ForwardWorld world = new ForwardWorld(ForwardSettings.USUAL, upstream)) {
            Asking worker = new Asking(1);
            Asking other = new Asking(2);
            ForwardRings rings =
                    ForwardRings.start(world.io, world.forwarder, List.of(worker.forwards, other.forwards));
            for (int i = 0; i < many; i++) {
                worker.offer(i, "same.test", 1232);
            }
            worker.forwards.ringDoorbell();
            eventually(() -> assertThat(world.count(ForwardCounter.JOINED)).isEqualTo(many - 1));
            upstream.behave(query -> List.of(answer(query, 60, addresses)));
            // Asked again, it answers, and all have 1.2 KB at once: more than the ring holds.
            eventually(() -> assertThat(world.count(ForwardCounter.ANSWERS)).isEqualTo(many));
            assertThat(worker.open).hasSize(many);
            // Who waits for room does not keep the other from being answered, and reads no more meanwhile.
            worker.offer(many, "same.test", 1232);
            worker.forwards.ringDoorbell();
            other.offer(1, "same.test", 1232);
            eventually(() -> {
                other.turn();
                assertThat(other.open).isEmpty();
            });
            assertThat(worker.forwards.hasQueries()).as("not read").isTrue();
            eventually(() -> {
                worker.turn();
                assertThat(worker.open).isEmpty();
            });
            assertThat(world.count(ForwardCounter.ANSWERS_LOST)).isZero();
            rings.close();
        }
    }

    private static void assertEachCountedOnce(ForwardWorld world) {
        long ended = 0;
        for (ForwardCounter end : List.of(
                ForwardCounter.CACHE_HITS,
                ForwardCounter.STALE_ANSWERS,
                ForwardCounter.ANSWERS,
                ForwardCounter.FAILED,
                ForwardCounter.NO_UPSTREAM,
                ForwardCounter.OVERLOADED)) {
            ended += world.count(end);
        }
        assertThat(ended).as("%s", world.forwarder.counters()).isEqualTo(world.count(ForwardCounter.QUERIES));
    }

    @Test
    void whatWasTakenBeforeTheEndIsAnsweredAtTheEnd() {
        Asking worker = new Asking(1);
        try (ForwardWorld world = new ForwardWorld(FakeUpstream.silent())) {
            ForwardRings rings = ForwardRings.start(world.io, world.forwarder, List.of(worker.forwards));
            for (int i = 0; i < 700; i++) {
                // The bell is not rung for the later ones: the worker is in the middle of its turn.
                worker.offer(i, "n" + i + ".test");
                if (i == 350) {
                    worker.turn();
                }
            }
            rings.close();
        }
        worker.offer(700, "late.test");
        assertThat(worker.refused).isEqualTo(1);
        while (worker.forwards.isPending()) {
            worker.turn();
        }
        assertThat(worker.open).isEmpty();
        assertThat(worker.failed).isEqualTo(700);
    }
}
