package io.tapswitch.wire;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;

/** RFC 4861 section 4.6: the options of neighbour discovery, well-formed and otherwise. */
class NeighbourOptionsTest {
    private static final long MAC = 0x0242_ac12_0002L;

    private static long find(int type, int... bytes) {
        UnsafeBuffer buffer = new UnsafeBuffer(new byte[bytes.length]);
        for (int i = 0; i < bytes.length; i++) {
            buffer.putByte(i, (byte) bytes[i]);
        }
        return NeighbourOptions.find(buffer, 0, bytes.length, type);
    }

    @Test
    void whatWasWrittenIsFoundBehindOtherOptions() {
        UnsafeBuffer buffer = new UnsafeBuffer(new byte[24]);
        buffer.putByte(0, (byte) 14);
        buffer.putByte(1, (byte) 2);
        NeighbourOptions.linkLayer(buffer, 16, NeighbourOptions.TARGET_LINK_LAYER, MAC);
        assertThat(NeighbourOptions.find(buffer, 0, 24, NeighbourOptions.TARGET_LINK_LAYER))
                .isEqualTo(MAC);
        assertThat(NeighbourOptions.find(buffer, 0, 24, NeighbourOptions.SOURCE_LINK_LAYER))
                .isEqualTo(NeighbourOptions.ABSENT);
    }

    @Test
    void noOptionsAreAbsentAndMalformedOnesAreSaidToBe() {
        assertThat(find(1)).isEqualTo(NeighbourOptions.ABSENT);
        assertThat(find(1, 1, 0, 0, 0, 0, 0, 0, 0)).as("length 0").isEqualTo(NeighbourOptions.MALFORMED);
        assertThat(find(1, 1, 2, 0, 0, 0, 0, 0, 0)).as("overrun").isEqualTo(NeighbourOptions.MALFORMED);
        assertThat(find(1, 1, 1, 0)).as("cut off").isEqualTo(NeighbourOptions.MALFORMED);
        assertThat(find(2, 1, 1, 0, 0, 0, 0, 0, 0, 9)).as("cut off later").isEqualTo(NeighbourOptions.MALFORMED);
    }

    @Test
    void twoThatDifferAreMalformedAndTwoEqualOnesAreOne() {
        UnsafeBuffer buffer = new UnsafeBuffer(new byte[16]);
        NeighbourOptions.linkLayer(buffer, 0, NeighbourOptions.SOURCE_LINK_LAYER, MAC);
        NeighbourOptions.linkLayer(buffer, 8, NeighbourOptions.SOURCE_LINK_LAYER, MAC);
        assertThat(NeighbourOptions.find(buffer, 0, 16, NeighbourOptions.SOURCE_LINK_LAYER))
                .isEqualTo(MAC);
        NeighbourOptions.linkLayer(buffer, 8, NeighbourOptions.SOURCE_LINK_LAYER, MAC + 1);
        assertThat(NeighbourOptions.find(buffer, 0, 16, NeighbourOptions.SOURCE_LINK_LAYER))
                .isEqualTo(NeighbourOptions.MALFORMED);
    }

    @Test
    void noContentMakesTheWalkReadBeyondTheEndOrForever() {
        Random random = new Random(7);
        for (int i = 0; i < 50_000; i++) {
            byte[] bytes = new byte[random.nextInt(60)];
            random.nextBytes(bytes);
            for (int j = 1; j < bytes.length; j += 8) {
                bytes[j] = (byte) random.nextInt(3);
            }
            long found = NeighbourOptions.find(new UnsafeBuffer(bytes), 0, bytes.length, 1);
            assertThat(found).isGreaterThanOrEqualTo(NeighbourOptions.MALFORMED);
        }
    }
}
