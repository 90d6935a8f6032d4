package io.tapswitch.tapio;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class UringPortTest {
    private static final int MOST = 8;
    private static final int ROUNDS = 4;

    private final UringPort port = new UringPort(1, 10, 10, true);

    private int next(int brought) {
        port.eagerBrought = brought;
        port.eager = port.nextEager(MOST, ROUNDS);
        return port.eager;
    }

    @Test
    void aPortWhoseFramesComeOneByOneIsSeldomAskedForMore() {
        int tries = 0;
        for (int i = 0; i < 50; i++) {
            assertThat(next(0)).isBetween(0, 1);
            tries += port.eager;
        }
        assertThat(tries).isEqualTo(10);
    }

    @Test
    void fullRunsDoubleAndOthersHalve() {
        while (next(0) == 0) {}
        assertThat(next(1)).isEqualTo(2);
        assertThat(next(2)).isEqualTo(4);
        assertThat(next(3)).isEqualTo(2);
        assertThat(next(2)).isEqualTo(4);
        assertThat(next(4)).isEqualTo(8);
        assertThat(next(8)).isEqualTo(8);
        assertThat(next(0)).isEqualTo(4);
        assertThat(next(0)).isEqualTo(2);
        assertThat(next(0)).isEqualTo(1);
        assertThat(next(0)).isZero();
    }
}
