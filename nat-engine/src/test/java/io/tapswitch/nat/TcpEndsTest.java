package io.tapswitch.nat;

import static io.tapswitch.nat.TcpConversation.ACK;
import static io.tapswitch.nat.TcpConversation.FIN;
import static io.tapswitch.nat.TcpConversation.SYN;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;

/**
 * N13's other half: whatever two well-behaved ends send, with loss, copies and reordering before and behind the
 * tracker, windows that open and close and super-frames, is forwarded; and the connection is over when both ends say
 * so.
 */
class TcpEndsTest {
    private static final long SEED = Long.getLong("seed", 20_261_121L);
    private static final int MAX_STEPS = 6_000;

    private final TcpConversation c = new TcpConversation();
    private final List<Segment> wire = new ArrayList<>();
    private int judged;

    @BeforeAll
    static void printSeed() {
        System.out.println("TCP ends tests: -Dseed=" + SEED);
    }

    private record Segment(boolean fromOriginal, int flags, long sequence, long ack, int window, int payload) {}

    /** One end: 64-bit offsets from the first number, so that nothing wraps here. */
    private static final class End {
        final boolean original;
        final int scale;
        final long total;
        final int capacity;
        long sent = 1;
        long acked = 1;
        long edge;
        long received = 1;
        long advertised = 1;

        End(boolean original, RandomGenerator random) {
            this.original = original;
            this.scale = random.nextInt(15);
            this.total = 1 + random.nextLong(1L << (20 + random.nextInt(10)));
            this.capacity = (int) Math.min(random.nextInt(1, 65_536) * (1L << scale), 1L << 29);
        }

        boolean done() {
            return acked == total + 1;
        }

        int window(RandomGenerator random) {
            // The application reads as it likes; an offer is not taken back.
            long free = random.nextInt(4) == 0 ? 0 : random.nextInt(capacity) + 1;
            long right = Math.max(advertised, received + free);
            int field = (int) Math.min(65_535, (right - received + (1L << scale) - 1) >>> scale);
            advertised = Math.max(advertised, received + ((long) field << scale));
            return field;
        }

        void receive(Segment s) {
            long end = s.sequence + s.payload;
            if (s.sequence <= received && end >= received) {
                received = end;
                if ((s.flags & FIN) != 0) {
                    received++;
                }
            }
            if (s.ack > acked) {
                acked = s.ack;
            }
        }
    }

    @RepeatedTest(40)
    void n13_nothingThatTwoEndsSendIsRefused(RepetitionInfo repetition) {
        RandomGenerator random =
                RandomGeneratorFactory.of("L64X128MixRandom").create(SEED + repetition.getCurrentRepetition());
        var a = new End(true, random);
        var b = new End(false, random);
        c.original(SYN).scale(a.scale).window(1000).judge();
        c.reply(SYN | ACK).ack(1).scale(b.scale).window(1000).judge();
        a.edge = 1001;
        b.edge = 1001;
        a.advertised = 1001;
        b.advertised = 1001;
        assertThat(judge(new Segment(true, ACK, 1, 1, a.window(random), 0))).isEqualTo(TcpTracker.FORWARD);
        for (int step = 0; step < MAX_STEPS && !(a.done() && b.done()); step++) {
            boolean lossy = step < MAX_STEPS / 2;
            End sender = random.nextBoolean() ? a : b;
            send(sender, random);
            while (!wire.isEmpty() && (wire.size() > 20 || random.nextBoolean())) {
                deliver(wire.remove(random.nextInt(wire.size())), a, b, lossy && random.nextInt(10) == 0);
            }
        }
        if (a.done() && b.done()) {
            assertThat(c.where()).isEqualTo(TcpState.TIME_WAIT);
        }
        assertThat(judged).isGreaterThan(1000);
    }

    private void send(End end, RandomGenerator random) {
        long from = random.nextInt(5) == 0 ? end.acked : end.sent;
        long room = Math.max(0, Math.min(end.total, end.edge) - from);
        int payload = (int) Math.min(room, random.nextInt(8) == 0 ? 65_483 : random.nextInt(1449));
        boolean probe = payload == 0 && from < end.total && random.nextInt(4) == 0;
        if (probe) {
            // A closed window is probed with one byte beyond its edge.
            payload = 1;
        }
        boolean fin = from + payload == end.total && end.edge > end.total;
        var segment = new Segment(end.original, fin ? FIN | ACK : ACK, from, end.received, end.window(random), payload);
        end.sent = Math.max(end.sent, from + payload + (fin ? 1 : 0));
        if (random.nextInt(10) != 0) {
            wire.add(segment);
        }
        if (random.nextInt(20) == 0) {
            wire.add(segment);
        }
    }

    private void deliver(Segment s, End a, End b, boolean lostBehind) {
        End receiver = s.fromOriginal ? b : a;
        // Copies of what the receiver has already may go either way: it would not take them either.
        boolean current = s.sequence + s.payload >= receiver.received && s.ack >= receiver.acked;
        int verdict = judge(s);
        if (current) {
            judged++;
            assertThat(verdict).as("%s in %s", s, c.where()).isEqualTo(TcpTracker.FORWARD);
        }
        if (!lostBehind && verdict >= 0) {
            receiver.receive(s);
            receiver.edge = Math.max(receiver.edge, s.ack + ((long) s.window << (s.fromOriginal ? a : b).scale));
        }
    }

    private int judge(Segment s) {
        return c.segment(s.fromOriginal, s.flags)
                .sequence((int) s.sequence)
                .ack((int) s.ack)
                .window(s.window)
                .payload(s.payload)
                .judge();
    }
}
