package io.tapswitch.tapio;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.tapio.sys.Errno;
import io.tapswitch.tapio.sys.Syscalls;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Habits of the kernel that tap-io relies on. When one of these fails, the theory of operation it proves is wrong. */
@Tag("kernel")
@Timeout(60)
class KernelFactsIT {
    private static final int PORT = 3;

    private OwnNamespace namespace;
    private FrameMemory memory;
    private FrameIo io;
    private Recorder seen;
    private int fd;

    @BeforeEach
    void openATap() {
        namespace = new OwnNamespace();
        memory = FrameMemory.map(64L * FrameMemory.SLOT_LENGTH);
        io = FrameIos.open(IoMode.MULTISHOT, memory, 0, 64);
        seen = new Recorder(io);
        fd = namespace.openTap("tap0");
        io.addPort(PORT, fd, true);
        io.poll(seen, 0);
    }

    @AfterEach
    void closeAll() {
        io.close();
        Syscalls.close(fd);
        memory.close();
        namespace.close();
    }

    @Test
    @DisplayName("UringFrameIo: a TAP write is complete when its submission returns")
    void aTapWriteCompletesInline() {
        for (int i = 0; i < 50; i++) {
            write();
            io.poll(seen, 0);
            assertThat(seen.results).hasSize(i + 1).containsOnly(VirtioNetHeader.LENGTH + 60);
        }
    }

    @Test
    @DisplayName("R3: closing the file does not release a device that a read waits on; cancelling the read does")
    void closeDoesNotReleaseADeviceWithAPendingRead() {
        Syscalls.close(fd);
        long begin = System.nanoTime();
        while (System.nanoTime() - begin < 300_000_000L) {
            assertThat(namespace.index("tap0")).isNotNegative();
            io.poll(seen, 10_000_000L);
        }
        io.removePort(PORT);
        assertThat(seen.pollUntil(() -> !seen.removed.isEmpty())).isTrue();
        assertThat(seen.pollUntil(() -> namespace.index("tap0") == -Errno.ENODEV))
                .isTrue();
    }

    @Test
    @DisplayName("UringFrameIo: a read that waits on a link survives that it goes down and up")
    void aPendingReadSurvivesLinkDown() {
        namespace.setUp("tap0", false);
        assertThat(io.poll(seen, 50_000_000L)).isZero();
        namespace.setUp("tap0", true);
        try (PacketSocket kernel = namespace.packetSocket("tap0")) {
            assertThat(kernel.send(PacketSocket.frame(9, 60))).isEqualTo(60);
            assertThat(seen.pollUntil(() -> seen.frames.size() == 1)).isTrue();
            assertThat(io.counters().get(IoCounters.Counter.REARMS)).isZero();
        }
    }

    @Test
    @DisplayName("O8: a frame longer than the buffer is cut off without an error")
    void aLongFrameIsCutOffSilently() {
        namespace.run("ip", "link", "set", "tap0", "mtu", "9000");
        try (PacketSocket kernel = namespace.packetSocket("tap0")) {
            assertThat(kernel.send(PacketSocket.frame(9, 9000))).isEqualTo(9000);
            assertThat(seen.pollUntil(() -> seen.frames.size() == 1)).isTrue();
            assertThat(seen.frames.get(0)).hasSize(9000);
            io.removePort(PORT);
            assertThat(seen.pollUntil(() -> !seen.removed.isEmpty())).isTrue();
            assertThat(kernel.send(PacketSocket.frame(10, 9000))).isEqualTo(9000);
            long result = Syscalls.read(fd, memory.readAddress(0), 300);
            assertThat(result).isEqualTo(300);
        }
    }

    private void write() {
        int slot = io.allocate();
        int offset = FrameMemory.readOffset(slot);
        VirtioNetHeader.clear(memory.buffer(), offset);
        memory.buffer().putBytes(offset + VirtioNetHeader.LENGTH, PacketSocket.frame(1, 60));
        io.write(PORT, slot, offset, VirtioNetHeader.LENGTH + 60);
    }
}
