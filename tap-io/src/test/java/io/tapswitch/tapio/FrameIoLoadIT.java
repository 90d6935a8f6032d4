package io.tapswitch.tapio;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.tapswitch.tapio.IoCounters.Counter;
import io.tapswitch.tapio.sys.Syscalls;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** Many frames, few slots, full rings: each of the three ways to move frames, on two TAPs. */
@ParameterizedClass
@EnumSource(IoMode.class)
@Timeout(120)
class FrameIoLoadIT {
    private static final int A = 0;
    private static final int B = FrameIo.MAX_PORTS - 1;
    private static final int SLOTS = 512;

    private final IoMode mode;
    private OwnNamespace namespace;
    private FrameMemory memory;
    private FrameIo io;
    private Recorder seen;
    private int fdA;
    private int fdB;

    FrameIoLoadIT(IoMode mode) {
        this.mode = mode;
    }

    @BeforeEach
    void openTwoTaps() {
        namespace = new OwnNamespace();
        memory = FrameMemory.map((long) SLOTS * FrameMemory.SLOT_LENGTH);
        open(SLOTS);
        fdA = namespace.openTap("tap0");
        fdB = namespace.openTap("tap1");
    }

    private void open(int slots) {
        io = FrameIos.open(mode, memory, 0, slots);
        seen = new Recorder(io);
    }

    @AfterEach
    void everySlotIsBack() {
        seen.releaseHeld();
        io.poll(seen, 0);
        int inUse = io.slotsInUse();
        io.close();
        Syscalls.close(fdA);
        Syscalls.close(fdB);
        memory.close();
        namespace.close();
        assertThat(inUse).isZero();
    }

    @Test
    @DisplayName("R11 moving 100 000 frames allocates nothing, with few system calls")
    void allocatesNothing() {
        Looper looper = circle(32);
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long allocated = -1;
        long waits = 0;
        long others = 0;
        // The first windows run in the interpreter, which allocates for downcalls.
        for (int window = 0; window < 30 && allocated != 0; window++) {
            waits = io.counters().get(Counter.WAITS);
            others = io.counters().get(Counter.OTHER_SYSCALLS);
            long before = threads.getCurrentThreadAllocatedBytes();
            looper.run(100_000);
            allocated = threads.getCurrentThreadAllocatedBytes() - before;
            waits = io.counters().get(Counter.WAITS) - waits;
            others = io.counters().get(Counter.OTHER_SYSCALLS) - others;
        }
        assertThat(allocated).isZero();
        assertThat(looper.failedWrites).isZero();
        assertThat(waits).isLessThan(50_000);
        if (mode != IoMode.POLL) {
            assertThat(others).isLessThan(1_000);
        }
        drain(looper);
    }

    @Test
    @DisplayName("two frames that go round cost one wait for each round at most, because writes complete inline")
    void oneWaitForEachRound() {
        Looper looper = circle(1);
        looper.run(1_000);
        long waits = io.counters().get(Counter.WAITS);
        looper.run(10_000);
        assertThat(io.counters().get(Counter.WAITS) - waits).isLessThanOrEqualTo(5_100L);
        drain(looper);
    }

    @Test
    @DisplayName("R7 a port gets more slots while it needs them, up to its limit, and waits quietly at the limit")
    void growsToTheLimitAndWaits() {
        io.addPort(A, fdA, true);
        io.poll(seen, 0);
        seen.holds = true;
        try (PacketSocket kernel = namespace.packetSocket("tap0")) {
            for (int i = 0; i < 400; i++) {
                assertThat(kernel.send(PacketSocket.frame(i, 100))).isEqualTo(100);
            }
            assertThat(seen.pollUntil(() -> seen.frames.size() >= PooledFrameIo.MOST_SLOTS))
                    .isTrue();
            expectQuiet();
            assertThat(seen.frames).hasSize(PooledFrameIo.MOST_SLOTS);
            assertThat(io.slotsInUse()).isEqualTo(PooledFrameIo.MOST_SLOTS);
            if (mode == IoMode.MULTISHOT) {
                assertThat(io.counters().get(Counter.NO_BUFFERS)).isPositive();
                assertThat(io.counters().get(Counter.GROWTHS)).isEqualTo(4);
            }
            seen.holds = false;
            seen.releaseHeld();
            assertThat(seen.pollUntil(() -> seen.frames.size() >= 400)).isTrue();
            for (int i = 0; i < 400; i++) {
                assertThat(PacketSocket.number(seen.frames.get(i))).isEqualTo(i);
            }
        }
    }

    @Test
    @DisplayName("R9 a flooded port cannot take the slots of one that comes later")
    void aFloodedPortLeavesSlotsToOthers() {
        io.close();
        open(64);
        io.addPort(A, fdA, true);
        seen.holds = true;
        try (PacketSocket first = namespace.packetSocket("tap0");
                PacketSocket second = namespace.packetSocket("tap1")) {
            for (int i = 0; i < 100; i++) {
                first.send(PacketSocket.frame(i, 100));
            }
            assertThat(seen.pollUntil(() -> seen.frames.size() >= 50)).isTrue();
            expectQuiet();
            seen.holds = false;
            int before = seen.frames.size();
            assertThat(before).isLessThan(64);
            io.addPort(B, fdB, true);
            second.send(PacketSocket.frame(4711, 100));
            assertThat(seen.pollUntil(() -> seen.ports.containsInt(B))).isTrue();
            seen.releaseHeld();
            assertThat(seen.pollUntil(() -> seen.frames.size() == 101)).isTrue();
        }
    }

    @Test
    @DisplayName("R7 more writes than both rings hold: each is done and reported once")
    void moreWritesThanTheRingsHold() {
        io.addPort(A, fdA, false);
        int slot = io.allocate();
        int offset = FrameMemory.readOffset(slot);
        VirtioNetHeader.clear(memory.buffer(), offset);
        memory.buffer().putBytes(offset + VirtioNetHeader.LENGTH, PacketSocket.frame(1, 60));
        int writes = 10_000;
        io.retain(slot, writes - 1);
        for (int i = 0; i < writes; i++) {
            io.write(A, slot, offset, VirtioNetHeader.LENGTH + 60);
        }
        assertThat(seen.pollUntil(() -> seen.results.size() >= writes)).isTrue();
        assertThat(seen.results).hasSize(writes).containsOnly(VirtioNetHeader.LENGTH + 60);
        assertThat(io.slotsInUse()).isZero();
        if (mode != IoMode.POLL) {
            assertThat(io.counters().get(Counter.CQ_OVERFLOWS)).isPositive();
        }
    }

    @Test
    @DisplayName("R10 random attaching and detaching leaves files, mappings and slots as they were")
    void randomAttachingAndDetachingLeavesNothing() throws IOException {
        long seed = Long.getLong("seed", System.nanoTime());
        Random random = new Random(seed);
        try (PacketSocket kernel = namespace.packetSocket("tap0")) {
            churn(random, kernel, 1_000);
            long files = entries("/proc/self/fd");
            churn(random, kernel, 100_000);
            assertThat(entries("/proc/self/fd")).as("seed %d", seed).isLessThanOrEqualTo(files);
        }
        for (int i = 0; i < SLOTS; i++) {
            seen.held.addInt(io.allocate());
        }
        assertThat(seen.held).as("seed %d", seed).doesNotContain(FramePool.NONE);
    }

    private void churn(Random random, PacketSocket kernel, int steps) {
        int port = -1;
        for (int i = 0; i < steps; i++) {
            if (port < 0) {
                port = random.nextInt(FrameIo.MAX_PORTS);
                io.addPort(port, fdA, true);
            } else {
                io.removePort(port);
                int removed = port;
                assertThat(seen.pollUntil(() -> seen.removed.containsInt(removed)))
                        .isTrue();
                seen.removed.clear();
                seen.frames.clear();
                port = -1;
            }
            if (random.nextInt(4) == 0) {
                kernel.send(PacketSocket.frame(i, 60));
            }
            if (random.nextBoolean()) {
                io.poll(seen, 0);
            }
        }
        if (port >= 0) {
            io.removePort(port);
            assertThat(seen.pollUntil(() -> !seen.removed.isEmpty())).isTrue();
            seen.removed.clear();
        }
    }

    private static long entries(String directory) throws IOException {
        try (Stream<Path> files = Files.list(Path.of(directory))) {
            return files.count();
        }
    }

    /** Nothing more arrives, and waiting for it costs no CPU. */
    private void expectQuiet() {
        io.poll(seen, 0);
        io.poll(seen, 0);
        long waits = io.counters().get(Counter.WAITS);
        for (int i = 0; i < 4; i++) {
            io.poll(seen, 20_000_000L);
        }
        assertThat(io.counters().get(Counter.WAITS) - waits).isLessThanOrEqualTo(4);
    }

    /** Both TAPs as ports of a bridge in the namespace, and frames that run in circles in both directions. */
    private Looper circle(int framesEachWay) {
        namespace.run("ip", "link", "add", "br0", "up", "type", "bridge");
        namespace.run("ip", "link", "set", "tap0", "master", "br0");
        namespace.run("ip", "link", "set", "tap1", "master", "br0");
        io.addPort(A, fdA, true);
        io.addPort(B, fdB, true);
        Looper looper = new Looper(io, A, B);
        for (int i = 0; i < framesEachWay; i++) {
            for (int way = 0; way < 2; way++) {
                int slot = io.allocate();
                int offset = FrameMemory.readOffset(slot);
                byte[] frame = PacketSocket.frame(i, 60);
                frame[10] = (byte) way;
                VirtioNetHeader.clear(memory.buffer(), offset);
                memory.buffer().putBytes(offset + VirtioNetHeader.LENGTH, frame);
                io.write(way == 0 ? A : B, slot, offset, VirtioNetHeader.LENGTH + 60);
            }
        }
        return looper;
    }

    private void drain(Looper looper) {
        looper.stopping = true;
        int idle = 0;
        while (idle < 3) {
            idle = io.poll(looper, 20_000_000L) == 0 ? idle + 1 : 0;
        }
        assertThat(io.slotsInUse()).isZero();
    }
}
