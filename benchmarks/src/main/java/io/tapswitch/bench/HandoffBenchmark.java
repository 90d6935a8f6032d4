package io.tapswitch.bench;

import io.tapswitch.core.dataplane.HandoffRing;
import java.util.concurrent.ArrayBlockingQueue;
import org.openjdk.jmh.annotations.Benchmark;

/**
 * A frame's way from one worker to another and its slot's way back, in batches as the workers do it, on one thread: the
 * cost of the calls without the cost of moving cache lines, which belongs to the machine. The baseline carries an
 * object made for each frame.
 */
public class HandoffBenchmark extends PerCall {
    private static final int BATCH = 32;
    private static final int CAPACITY = 1024;

    private record Frame(int slot, int offset, int length, int port, int network) {}

    private final HandoffRing ring = new HandoffRing(CAPACITY);
    private final ArrayBlockingQueue<Frame> there = new ArrayBlockingQueue<>(CAPACITY);
    private final ArrayBlockingQueue<Frame> back = new ArrayBlockingQueue<>(CAPACITY);
    private long sum;
    private final HandoffRing.HandoffHandler consumer = new HandoffRing.HandoffHandler() {
        @Override
        public void onFrame(
                HandoffRing from, int purpose, int slot, int offset, int length, int port, int network, long shape) {
            sum += length;
            from.giveBack(slot);
        }

        @Override
        public void onLearned(int network, long mac, int port, long seenMs) {
            sum++;
        }

        @Override
        public void onForgotten(int network, long mac, int port) {
            sum++;
        }
    };
    private final HandoffRing.ReturnHandler producer = slot -> sum += slot;

    /** Nanoseconds for 32 frames there and back. */
    @Benchmark
    public long ringOf32() {
        for (int i = 0; i < BATCH; i++) {
            ring.offerFrame(0, i, 128, 64, 1, 0, 0);
        }
        ring.drain(consumer, BATCH);
        ring.drainReturned(producer);
        return sum;
    }

    /** Baseline: the same with two blocking queues of the JDK. */
    @Benchmark
    public long arrayBlockingQueueOf32() {
        for (int i = 0; i < BATCH; i++) {
            there.offer(new Frame(i, 128, 64, 1, 0));
        }
        Frame frame;
        while ((frame = there.poll()) != null) {
            sum += frame.length;
            back.offer(frame);
        }
        while ((frame = back.poll()) != null) {
            sum += frame.slot;
        }
        return sum;
    }
}
