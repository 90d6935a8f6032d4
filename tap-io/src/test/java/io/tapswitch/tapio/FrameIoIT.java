package io.tapswitch.tapio;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.tapio.IoCounters.Counter;
import io.tapswitch.tapio.sys.Errno;
import io.tapswitch.tapio.sys.Syscalls;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** One set of promises, kept by each of the three ways to move frames, on real TAPs. */
@ParameterizedClass
@EnumSource(IoMode.class)
@Timeout(60)
class FrameIoIT {
    private static final int SLOTS = 1024;
    private static final int PORT = 5;
    private static final int OTHER_PORT = 77;

    private final IoMode mode;
    private OwnNamespace namespace;
    private FrameMemory memory;
    private FrameIo io;
    private Recorder seen;
    private int fd;
    private PacketSocket kernel;

    FrameIoIT(IoMode mode) {
        this.mode = mode;
    }

    @BeforeEach
    void openOneTap() {
        namespace = new OwnNamespace();
        memory = FrameMemory.map(2L * SLOTS * FrameMemory.SLOT_LENGTH);
        io = FrameIos.open(mode, memory, 0, SLOTS);
        assertThat(io.mode()).isEqualTo(mode);
        seen = new Recorder(io);
        fd = namespace.openTap("tap0");
        kernel = namespace.packetSocket("tap0");
        io.addPort(PORT, fd, true);
        io.poll(seen, 0);
    }

    @AfterEach
    void everySlotIsBack() {
        seen.releaseHeld();
        io.poll(seen, 0);
        int inUse = io.slotsInUse();
        io.close();
        kernel.close();
        Syscalls.close(fd);
        memory.close();
        namespace.close();
        assertThat(inUse).isZero();
    }

    @Test
    void framesOfTheKernelAreReadInOrder() {
        for (int i = 0; i < 500; i++) {
            assertThat(kernel.send(PacketSocket.frame(i, 60 + i))).isEqualTo(60 + i);
        }
        assertThat(seen.pollUntil(() -> seen.frames.size() >= 500)).isTrue();
        for (int i = 0; i < 500; i++) {
            assertThat(seen.ports.getInt(i)).isEqualTo(PORT);
            assertThat(seen.frames.get(i)).isEqualTo(PacketSocket.frame(i, 60 + i));
        }
    }

    /** A read that is woken in vain 128 times is given to a thread of io_uring, which reads beside the worker. */
    @Test
    void B15_framesThatComeOneByOneAreReadByTheWorkerAlone() throws IOException {
        for (int i = 0; i < 400; i++) {
            kernel.send(PacketSocket.frame(i, 60));
            int frames = i + 1;
            assertThat(seen.pollUntil(() -> seen.frames.size() == frames)).isTrue();
        }
        for (int i = 0; i < 400; i++) {
            assertThat(seen.frames.get(i)).isEqualTo(PacketSocket.frame(i, 60));
        }
        assertThat(threadsOfIoUring()).isEmpty();
    }

    private static List<String> threadsOfIoUring() throws IOException {
        List<String> names = new ArrayList<>();
        try (DirectoryStream<Path> tasks = Files.newDirectoryStream(Path.of("/proc/self/task"))) {
            for (Path task : tasks) {
                names.add(Files.readString(task.resolve("comm")).strip());
            }
        }
        names.removeIf(name -> !name.startsWith("iou-wrk"));
        return names;
    }

    @Test
    void writesArriveInOrder() {
        for (int i = 0; i < 100; i++) {
            write(PORT, PacketSocket.frame(i, 60 + i));
        }
        assertThat(seen.pollUntil(() -> seen.results.size() >= 100)).isTrue();
        for (int i = 0; i < 100; i++) {
            assertThat(seen.results.getInt(i)).isEqualTo(VirtioNetHeader.LENGTH + 60 + i);
            assertThat(kernel.receive()).isEqualTo(PacketSocket.frame(i, 60 + i));
        }
    }

    @Test
    void R2_aDeletedDeviceIsReportedOnceAndOthersGoOn() {
        int otherFd = namespace.openTap("tap1");
        io.addPort(OTHER_PORT, otherFd, true);
        namespace.run("ip", "link", "del", "tap0");
        assertThat(seen.pollUntil(() -> !seen.gone.isEmpty())).isTrue();
        long waits = io.counters().get(Counter.WAITS);
        io.poll(seen, 50_000_000L);
        io.poll(seen, 50_000_000L);
        assertThat(seen.gone).containsExactly(PORT + ":" + Errno.EBADFD);
        assertThat(io.counters().get(Counter.WAITS) - waits).isLessThanOrEqualTo(2);

        try (PacketSocket other = namespace.packetSocket("tap1")) {
            other.send(PacketSocket.frame(1, 100));
            assertThat(seen.pollUntil(() -> seen.frames.size() == 1)).isTrue();
            write(PORT, PacketSocket.frame(1, 100));
            assertThat(seen.pollUntil(() -> seen.results.size() == 1)).isTrue();
            assertThat(seen.results.getInt(0)).isEqualTo(-Errno.EBADFD);
        }
        removeAndClose(OTHER_PORT, otherFd);
    }

    @Test
    void aLinkThatIsDownRefusesWritesAndLives() {
        namespace.setUp("tap0", false);
        write(PORT, PacketSocket.frame(1, 100));
        assertThat(seen.pollUntil(() -> seen.results.size() == 1)).isTrue();
        assertThat(seen.results.getInt(0)).isEqualTo(-Errno.EIO);

        namespace.setUp("tap0", true);
        write(PORT, PacketSocket.frame(2, 100));
        kernel.close();
        kernel = namespace.packetSocket("tap0");
        assertThat(kernel.send(PacketSocket.frame(3, 100))).isEqualTo(100);
        assertThat(seen.pollUntil(() -> seen.results.size() == 2 && seen.frames.size() == 1))
                .isTrue();
        assertThat(seen.results.getInt(1)).isEqualTo(VirtioNetHeader.LENGTH + 100);
        assertThat(seen.gone).isEmpty();
    }

    @Test
    void O7_aBadFrameIsRefusedAloneAndReported() {
        write(PORT, new byte[5]);
        write(PORT, PacketSocket.frame(2, 100));
        assertThat(seen.pollUntil(() -> seen.results.size() == 2)).isTrue();
        // io_uring reports failures after the successes of a batch.
        assertThat(seen.results).containsExactlyInAnyOrder(-Errno.EINVAL, VirtioNetHeader.LENGTH + 100);
    }

    @Test
    void R3_aRemovedPortReleasesTheDevice() {
        int otherFd = namespace.openTap("tap1");
        io.addPort(OTHER_PORT, otherFd, true);
        io.poll(seen, 0);
        removeAndClose(OTHER_PORT, otherFd);
        long begin = System.nanoTime();
        while (namespace.index("tap1") >= 0 && System.nanoTime() - begin < 100_000_000L) {
            Thread.onSpinWait();
        }
        assertThat(namespace.index("tap1")).isEqualTo(-Errno.ENODEV);
    }

    @Test
    void writesToAPortThatIsNotThereAreReported() {
        write(OTHER_PORT, PacketSocket.frame(1, 60));
        assertThat(seen.pollUntil(() -> seen.results.size() == 1)).isTrue();
        assertThat(seen.results.getInt(0)).isEqualTo(-Errno.EBADFD);
    }

    @Test
    void aWakeUpEndsAWait() {
        for (int i = 0; i < 3; i++) {
            long begin = System.nanoTime();
            Thread waker = Thread.ofPlatform().start(io::wake);
            io.poll(seen, 10_000_000_000L);
            assertThat(System.nanoTime() - begin).isLessThan(5_000_000_000L);
            join(waker);
        }
    }

    @Test
    void aWaitEndsWithItsTime() {
        io.poll(seen, 0);
        long begin = System.nanoTime();
        assertThat(io.poll(seen, 30_000_000L)).isZero();
        assertThat(System.nanoTime() - begin).isBetween(29_000_000L, 5_000_000_000L);
    }

    @Test
    void anotherWorkerWritesAFrameOfThisOneAndDoesNotTouchItsSlot() {
        kernel.send(PacketSocket.frame(5, 300));
        seen.holds = true;
        assertThat(seen.pollUntil(() -> seen.frames.size() == 1)).isTrue();
        int slot = seen.held.getInt(0);
        int result = namespace.in(() -> {
            // Slots of a second worker, above those of the first: the memory has twice as many.
            try (FrameIo other = FrameIos.open(mode, memory, SLOTS, SLOTS)) {
                Recorder otherSeen = new Recorder(other);
                other.addPort(PORT, fd, false);
                assertThat(other.owns(slot)).isFalse();
                other.retain(slot, 5);
                other.write(PORT, slot, FrameMemory.readOffset(slot), VirtioNetHeader.LENGTH + 300);
                assertThat(otherSeen.pollUntil(() -> otherSeen.results.size() == 1))
                        .isTrue();
                other.removePort(PORT);
                assertThat(otherSeen.pollUntil(() -> otherSeen.removed.containsInt(PORT)))
                        .isTrue();
                assertThat(otherSeen.frames).isEmpty();
                return otherSeen.results.getInt(0);
            }
        });
        assertThat(result).isEqualTo(VirtioNetHeader.LENGTH + 300);
        assertThat(kernel.receive()).isEqualTo(PacketSocket.frame(5, 300));
        assertThat(io.slotsInUse()).isEqualTo(1);
    }

    private void write(int port, byte[] frame) {
        int slot = io.allocate();
        UnsafeBuffer buffer = memory.buffer();
        int offset = FrameMemory.readOffset(slot);
        VirtioNetHeader.clear(buffer, offset);
        buffer.putBytes(offset + VirtioNetHeader.LENGTH, frame);
        io.write(port, slot, offset, VirtioNetHeader.LENGTH + frame.length);
    }

    private void removeAndClose(int port, int file) {
        io.removePort(port);
        assertThat(seen.pollUntil(() -> seen.removed.containsInt(port))).isTrue();
        Syscalls.close(file);
    }

    private static void join(Thread thread) {
        try {
            thread.join();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
