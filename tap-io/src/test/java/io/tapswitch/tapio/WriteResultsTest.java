package io.tapswitch.tapio;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class WriteResultsTest {
    @Test
    void tellsEachResultOnceInOrderAndKeepsThoseAddedMeanwhile() {
        WriteResults results = new WriteResults();
        for (int i = 0; i < 1000; i++) {
            results.add(1, i, -i);
        }
        List<Integer> slots = new ArrayList<>();
        FrameHandler handler = new OnWritten((port, slot, result) -> {
            slots.add(slot);
            if (slot < 10) {
                results.add(port, slot + 2000, result);
            }
        });
        assertThat(results.report(handler)).isEqualTo(1000);
        assertThat(slots).hasSize(1000).startsWith(0, 1, 2).endsWith(998, 999);
        slots.clear();
        assertThat(results.report(handler)).isEqualTo(10);
        assertThat(slots).startsWith(2000, 2001).hasSize(10);
        assertThat(results.report(handler)).isZero();
    }

    private interface Written {
        void onWritten(int port, int slot, int result);
    }

    private record OnWritten(Written written) implements FrameHandler {
        @Override
        public void onFrame(int port, int slot, int offset, int length) {
            throw new AssertionError("no frames here");
        }

        @Override
        public void onWritten(int port, int slot, int result) {
            written.onWritten(port, slot, result);
        }

        @Override
        public void onPortGone(int port, int errno) {
            throw new AssertionError("no ports here");
        }

        @Override
        public void onPortRemoved(int port) {
            throw new AssertionError("no ports here");
        }
    }
}
