package io.tapswitch.core.dataplane;

import com.sun.management.ThreadMXBean;
import io.tapswitch.core.dataplane.Frames.Frame;
import io.tapswitch.tapio.FrameMemory;
import io.tapswitch.tapio.MemoryFrameIo;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;

/** The same frames again and again through one worker of a switch, to see what they allocate. */
final class FrameRounds {
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private static final int ATTEMPTS = 8;
    private static final long ROUND_NS = 50_000_000L;

    private final TestSwitch tested;
    private final int batch;
    private final List<Frame> frames = new ArrayList<>();
    private final List<Integer> ingress = new ArrayList<>();

    /** Rounds at a switch whose worker works after so many frames, and twice after all. */
    FrameRounds(TestSwitch tested, int batch) {
        this.tested = tested;
        this.batch = batch;
    }

    void add(int port, Frame frame) {
        frames.add(frame);
        ingress.add(port);
    }

    int frames() {
        return frames.size();
    }

    /** Runs so many rounds until the compilers are done, then measures. {@return the least bytes that the rounds took} */
    long leastBytes(int rounds) {
        tested.ios[0].egress(MemoryFrameIo.ACCEPT);
        run(rounds);
        long least = Long.MAX_VALUE;
        for (int attempt = 0; attempt < ATTEMPTS && least != 0; attempt++) {
            long before = THREADS.getCurrentThreadAllocatedBytes();
            run(rounds);
            least = Math.min(least, THREADS.getCurrentThreadAllocatedBytes() - before);
        }
        return least;
    }

    private void run(int rounds) {
        MemoryFrameIo io = tested.ios[0];
        Worker worker = tested.workers[0];
        for (int round = 0; round < rounds; round++) {
            for (int i = 0; i < frames.size(); i++) {
                int slot = io.allocate();
                io.buffer().putBytes(FrameMemory.readOffset(slot), frames.get(i).bytes);
                io.arrive(ingress.get(i), slot, frames.get(i).bytes.length);
                if (i % batch == 0) {
                    worker.doWork();
                }
            }
            tested.clock.update(tested.clock.nanoTime() + ROUND_NS);
            worker.doWork();
            worker.doWork();
        }
    }
}
