package io.tapswitch.core.dataplane;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Random;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The rings between a worker and the forwarder: what one side takes comes out at the other once, as it was. */
class ForwardsTest {
    private static final int FRAME = 70_000;

    /** A query on its way, or an answer. */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    private record Message(int port, int generation, byte[] headers, byte[] text) {
        boolean isThat(Message other) {
            return port == other.port
                    && generation == other.generation
                    && Arrays.equals(headers, other.headers)
                    && Arrays.equals(text, other.text);
        }
    }

    private int rings;
    private final Forwards forwards = new Forwards(new Doorbell(() -> rings++));
    private final Deque<Message> queries = new ArrayDeque<>();
    private final Deque<Message> answers = new ArrayDeque<>();
    private final List<Message> asked = new ArrayList<>();
    private final List<byte[]> heads = new ArrayList<>();
    private long taken;
    private long refused;
    private long lost;
    private long delivered;

    private static byte[] octets(Random random, int length) {
        byte[] octets = new byte[length];
        random.nextBytes(octets);
        return octets;
    }

    private void offer(Random random, int queryLength) {
        offer(random, 42 + random.nextInt(60), queryLength);
    }

    private void offer(Random random, int headersLength, int queryLength) {
        byte[] headers = octets(random, headersLength);
        Message query = new Message(random.nextInt(8192), random.nextInt(), headers, octets(random, queryLength));
        UnsafeBuffer frame = new UnsafeBuffer(new byte[FRAME]);
        int at = random.nextInt(100);
        frame.putBytes(at, query.headers);
        frame.putBytes(at + query.headers.length, query.text);
        if (forwards.offer(query.port, query.generation, frame, at, query.headers.length, query.text.length)) {
            taken++;
            queries.add(query);
        } else {
            refused++;
        }
    }

    private void onQuery(Forwards from, int port, byte[] head, byte[] text) {
        assertThat(from).isSameAs(forwards);
        Message next = queries.remove();
        assertThat(port).isEqualTo(next.port);
        assertThat(text).isEqualTo(next.text);
        asked.add(next);
        heads.add(head);
    }

    private void answer(Random random, int length) {
        int which = random.nextInt(asked.size());
        Message query = asked.remove(which);
        byte[] text = octets(random, length);
        if (forwards.answer(heads.remove(which), text)) {
            answers.add(new Message(query.port, query.generation, query.headers, text));
        } else {
            lost++;
        }
    }

    private void onAnswer(int port, int generation, DirectBuffer ring, int index, int headersLength, int answerLength) {
        byte[] headers = new byte[headersLength];
        byte[] text = new byte[answerLength];
        ring.getBytes(index, headers);
        ring.getBytes(index + headersLength, text);
        assertThat(new Message(port, generation, headers, text).isThat(answers.remove()))
                .as("in their order, as they were")
                .isTrue();
        delivered++;
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void D14_eachQueryThatIsTakenIsAnsweredOrCountedExactlyOnce(long seed) {
        Random random = new Random(seed);
        forwards.attach(new Doorbell(() -> {}));
        for (int step = 0; step < 60_000; step++) {
            // In turns, so that both rings are full for a while, and empty for a while.
            int busy = step / 4_000 % 4;
            int what = random.nextInt(100);
            if (what < (busy == 0 ? 90 : 25)) {
                offer(random, random.nextInt(100) == 0 ? random.nextInt(60_000) : random.nextInt(300));
            } else if (what < (busy == 1 ? 95 : 50)) {
                forwards.read(this::onQuery, 1 + random.nextInt(8));
            } else if (what < (busy == 2 ? 95 : 75) && !asked.isEmpty()) {
                answer(random, 12 + random.nextInt(1220));
            } else if (busy != 2) {
                forwards.drain(this::onAnswer, 1 + random.nextInt(8));
            }
        }
        assertThat(refused).as("the ring was full").isGreaterThan(1_000);
        assertThat(lost).as("the way back was full").isPositive();
        while (forwards.hasQueries()) {
            forwards.read(this::onQuery, 100);
        }
        while (!asked.isEmpty()) {
            answer(random, 100);
            forwards.drain(this::onAnswer, 100);
        }
        while (forwards.isPending()) {
            forwards.drain(this::onAnswer, 100);
        }
        assertThat(queries).isEmpty();
        assertThat(answers).isEmpty();
        assertThat(delivered + lost).isEqualTo(taken);
    }

    @Test
    void aQueryIsTakenOnlyIfItsAnswerHasRoom() {
        Random random = new Random(5);
        forwards.attach(new Doorbell(() -> {}));
        for (int length = 30_000; length < 34_000; length++) {
            if (length % 2 == 0) {
                offer(random, 42, length);
            } else {
                offer(random, length, 42);
            }
            while (forwards.hasQueries()) {
                forwards.read(this::onQuery, 1);
            }
            while (!asked.isEmpty()) {
                answer(random, Names.MAX_LENGTH);
            }
            while (forwards.isPending()) {
                forwards.drain(this::onAnswer, 1);
            }
        }
        assertThat(taken).isPositive();
        assertThat(refused).isPositive();
        assertThat(delivered).isEqualTo(taken);
    }

    @Test
    void whileNobodyForwardsNothingIsTaken() {
        Random random = new Random(6);
        offer(random, 30);
        forwards.attach(new Doorbell(() -> {}));
        offer(random, 30);
        forwards.detach();
        offer(random, 30);
        assertThat(taken).isEqualTo(1);
        assertThat(refused).isEqualTo(2);
    }

    @Test
    void theForwarderIsRungOnceADutyCycleAndAlsoWhenItsRingIsFull() {
        int[] bells = {0};
        Doorbell bell = new Doorbell(() -> bells[0]++);
        forwards.attach(bell);
        bell.beginSleep();
        forwards.ringDoorbell();
        assertThat(bells[0]).as("nothing was offered").isZero();
        Random random = new Random(7);
        offer(random, 30);
        offer(random, 30);
        forwards.ringDoorbell();
        forwards.ringDoorbell();
        assertThat(bells[0]).isEqualTo(1);
        while (refused == 0) {
            offer(random, 1_000);
        }
        forwards.ringDoorbell();
        bell.beginSleep();
        offer(random, 1_000);
        forwards.ringDoorbell();
        assertThat(refused).isEqualTo(2);
        assertThat(bells[0]).isEqualTo(2);
    }

    @Test
    void theWorkerIsRungForEachAnswer() {
        Doorbell worker = new Doorbell(() -> rings++);
        Forwards own = new Forwards(worker);
        worker.beginSleep();
        assertThat(own.answer(new byte[60], new byte[20])).isTrue();
        assertThat(own.isPending()).isTrue();
        assertThat(rings).isEqualTo(1);
    }
}
