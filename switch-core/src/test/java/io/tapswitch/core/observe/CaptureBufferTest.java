package io.tapswitch.core.observe;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;

class CaptureBufferTest {
    private static final UnsafeBuffer FRAME = new UnsafeBuffer(new byte[65_536]);

    private static void put(CaptureBuffer buffer, int times) {
        for (int i = 0; i < times; i++) {
            buffer.onFrame(i, 1, false, 65_536, FRAME, 0, 65_536);
        }
    }

    @Test
    void whatComesWhileItIsFullIsLostAndCounted() throws InterruptedException {
        CaptureBuffer buffer = new CaptureBuffer(0);
        put(buffer, 200);
        assertThat(buffer.captured() + buffer.lost()).isEqualTo(200);
        assertThat(buffer.captured()).isEqualTo(CaptureBuffer.CAPACITY_BYTES / (65_536 + 64));
        assertThat(buffer.take(Duration.ZERO)).hasSize((int) buffer.captured());
        long lost = buffer.lost();
        put(buffer, 1);
        assertThat(buffer.lost()).isEqualTo(lost);
    }

    @Test
    void itEndsWithTheWantedNumberAndGivesWhatIsThere() throws InterruptedException {
        CaptureBuffer buffer = new CaptureBuffer(3);
        assertThat(buffer.take(Duration.ZERO)).isEmpty();
        put(buffer, 5);
        assertThat(buffer.captured()).isEqualTo(3);
        assertThat(buffer.take(Duration.ofMinutes(1))).hasSize(3);
        assertThat(buffer.take(Duration.ofMinutes(1))).isNull();
    }

    @Test
    void itsEndWakesWhoWaits() throws InterruptedException {
        CaptureBuffer buffer = new CaptureBuffer(0);
        Thread.startVirtualThread(buffer::end);
        assertThat(buffer.take(Duration.ofMinutes(1))).isNull();
    }
}
