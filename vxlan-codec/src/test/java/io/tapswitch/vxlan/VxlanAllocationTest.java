package io.tapswitch.vxlan;

import static io.tapswitch.vxlan.InnerFrames.AT;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.tapswitch.vxlan.InnerFrames.Shape;
import io.tapswitch.wire.Seeds;
import io.tapswitch.wire.TcpHeader;
import java.lang.management.ManagementFactory;
import java.util.random.RandomGenerator;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;

/** A frame's way into a tunnel and out of it leaves no garbage. */
class VxlanAllocationTest {
    private static final int ROUNDS = 2_000;
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    private final RandomGenerator random = Seeds.random();
    private final UnsafeBuffer small = InnerFrames.slot();
    private final UnsafeBuffer large = InnerFrames.slot();
    private final UnsafeBuffer train = InnerFrames.slot();
    private final Segmentation segmentation = new Segmentation();
    private final Coalescing coalescing = new Coalescing(true);
    private final Decapsulation decapsulation = new Decapsulation(true);
    private final Encapsulation v4 = Encapsulation.ipv4(1, 2, 3, 4, 4789, 5);
    private final Encapsulation v6 = Encapsulation.ipv6(1, 2, 3, 4, 5, 6, 4789, 7);

    private int smallLength;
    private int largeLength;

    private int round() {
        int sum = thereAndBack(v4, small, smallLength) + thereAndBack(v6, small, smallLength);
        sum += thereAndBack(v4, large, largeLength) + thereAndBack(v6, large, largeLength);
        int pieces = segmentation.begin(large, AT, largeLength);
        int at = 300;
        for (int i = 0; i < pieces; i++) {
            VxlanHeader.write(train, at, 5);
            at += 8 + segmentation.frame(large, i, train, at + 8);
        }
        int size = 8 + segmentation.length(0);
        sum += coalescing.train(train, 300, at - 300, size, 0, false, 0, train.capacity());
        return sum + coalescing.packets(0);
    }

    private int thereAndBack(Encapsulation tunnel, UnsafeBuffer slot, int length) {
        int at = tunnel.apply(slot, AT, length, 9);
        int read = decapsulation.read(slot, at, AT + length - at);
        return at + read + decapsulation.open(slot, false);
    }

    @Test
    void R11_noFrameAllocates() {
        Shape shape = new Shape(false, true, 12, 64, TcpHeader.ACK);
        smallLength = InnerFrames.lay(small, random, shape);
        InnerFrames.complete(small, shape);
        shape = new Shape(true, true, 12, 20_000, TcpHeader.ACK);
        largeLength = InnerFrames.lay(large, random, shape);
        InnerFrames.superFrame(large, shape, 1398);
        int sum = 0;
        for (int i = 0; i < 2 * ROUNDS; i++) {
            sum += round();
        }
        long thread = Thread.currentThread().threadId();
        long before = THREADS.getThreadAllocatedBytes(thread);
        for (int i = 0; i < ROUNDS; i++) {
            sum += round();
        }
        // Less than a byte a round: the measurement itself and a late compilation may leave some.
        assertThat(THREADS.getThreadAllocatedBytes(thread) - before).isLessThan(ROUNDS);
        assertThat(sum).isPositive();
        assertThat(coalescing.packets(0)).isEqualTo(15);
    }
}
