package io.tapswitch.nat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class TcpWindowTest {
    private static final long SEED = Long.getLong("seed", 20_261_121L);

    private final RandomGenerator random =
            RandomGeneratorFactory.of("L64X128MixRandom").create(SEED);

    @BeforeAll
    static void printSeed() {
        System.out.println("TCP window tests: -Dseed=" + SEED);
    }

    @Test
    void n13_whatIsKeptIsNeverNarrowerThanTheTruthAndHardlyWider() {
        for (int i = 0; i < 50_000; i++) {
            int window = random.nextInt(1, TcpWindow.MAX_WINDOW + 1) >>> random.nextInt(31);
            int acked = random.nextInt();
            int inFlight = random.nextInt(window + 1) + random.nextInt(65_536);
            int scale = random.nextInt(TcpWindow.MAX_SCALE + 1);
            long w = TcpWindow.of(acked, acked + inFlight, window, scale);

            assertThat(TcpWindow.acked(w)).isEqualTo(acked);
            assertThat(TcpWindow.scale(w)).isEqualTo(scale);
            assertThat(TcpWindow.window(w))
                    .isBetween(window, Math.max(256, window + Math.max(256, window / 64)))
                    .isLessThanOrEqualTo(TcpWindow.MAX_WINDOW);
            assertThat(TcpWindow.end(w) - acked).isBetween(inFlight, inFlight + window / 32_768);
            assertThat(w).isNotEqualTo(TcpWindow.UNKNOWN);
        }
    }

    /** A million acknowledgements of a full window: the end stays where it was rounded to. */
    @Test
    void n13_acknowledgementsDoNotPushTheEnd() {
        int window = 1_000_000_000;
        int end = 1_000_000_000;
        long w = TcpWindow.of(0, end, window, 14);
        int rounded = TcpWindow.end(w);
        for (int ack = 0; ack - end <= 0; ack += random.nextInt(3000)) {
            w = TcpWindow.acknowledged(w, ack, random.nextInt(window));
            if (TcpWindow.end(w) != rounded) {
                fail("moved by %d at %d", TcpWindow.end(w) - rounded, ack);
            }
        }
        assertThat(TcpWindow.allAcked(TcpWindow.acknowledged(w, end, 1))).isTrue();
    }
}
