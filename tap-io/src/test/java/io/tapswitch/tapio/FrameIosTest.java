package io.tapswitch.tapio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tapswitch.tapio.sys.Errno;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("R8 the way of moving frames is chosen by trying")
class FrameIosTest {
    private static final int IO_URING_SETUP = 425;
    private static final int IO_URING_ENTER = 426;
    private static final int IO_URING_REGISTER = 427;
    private static final int REGISTER_PROBE = 8;

    @Test
    void aForbiddenIoUringMeansPollAndASentenceThatSaysWhy() {
        FrameIos.Probe probe = SyscallFilter.failing(IO_URING_SETUP, SyscallFilter.ANY, Errno.EPERM, FrameIos::probe);
        assertThat(probe.mode()).isEqualTo(IoMode.POLL);
        assertThat(probe.sentence()).contains("io_uring", "EPERM", "using poll");
    }

    @Test
    void aMissingIoUringMeansPoll() {
        FrameIos.Probe probe = SyscallFilter.failing(IO_URING_SETUP, SyscallFilter.ANY, Errno.ENOSYS, FrameIos::probe);
        assertThat(probe.mode()).isEqualTo(IoMode.POLL);
        assertThat(probe.sentence()).contains("ENOSYS");
    }

    @Test
    void anIoUringWithoutMultishotReadsMeansSingleShot() {
        FrameIos.Probe probe = SyscallFilter.failing(IO_URING_REGISTER, REGISTER_PROBE, Errno.EINVAL, FrameIos::probe);
        assertThat(probe.mode()).isEqualTo(IoMode.SINGLE);
        assertThat(probe.sentence()).contains("multishot", "single-shot");
    }

    @Test
    void aForcedModeThatTheKernelRefusesIsAClearError() {
        try (FrameMemory memory = FrameMemory.map(4L * FrameMemory.SLOT_LENGTH)) {
            assertThatThrownBy(() -> SyscallFilter.failing(
                            IO_URING_SETUP,
                            SyscallFilter.ANY,
                            Errno.EPERM,
                            () -> FrameIos.open(IoMode.MULTISHOT, memory, 0, 4)))
                    .hasRootCauseInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("--io multishot is not possible here")
                    .hasMessageContaining("EPERM");
        }
    }

    @Test
    @DisplayName("R7 a kernel that refuses every wait is asked again, with pauses")
    void refusedWaitsAreRepeatedWithPauses() {
        long counted = SyscallFilter.failing(IO_URING_ENTER, SyscallFilter.ANY, Errno.EAGAIN, () -> {
            try (FrameMemory memory = FrameMemory.map(4L * FrameMemory.SLOT_LENGTH);
                    FrameIo io = FrameIos.open(IoMode.MULTISHOT, memory, 0, 4)) {
                for (int i = 0; i < 20; i++) {
                    assertThat(io.poll(new Recorder(io), 1_000_000_000L)).isZero();
                }
                assertThat(io.counters().get(IoCounters.Counter.OTHER_SYSCALLS)).isBetween(10L, 12L);
                return io.counters().get(IoCounters.Counter.RETRIES);
            }
        });
        assertThat(counted).isEqualTo(20);
    }

    @Test
    void slotsOutsideTheMemoryAndHeapMemoryAreRefused() {
        try (FrameMemory memory = FrameMemory.map(4L * FrameMemory.SLOT_LENGTH)) {
            assertThatThrownBy(() -> FrameIos.open(IoMode.POLL, memory, 2, 3))
                    .isInstanceOf(IllegalArgumentException.class);
        }
        assertThatThrownBy(() -> FrameIos.open(IoMode.POLL, FrameMemory.onHeap(4), 0, 4))
                .hasMessageContaining("heap memory");
    }
}
