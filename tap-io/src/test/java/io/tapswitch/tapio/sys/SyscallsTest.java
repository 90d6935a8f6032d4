package io.tapswitch.tapio.sys;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SyscallsTest {
    private static final int O_RDWR_CREAT = 0x42;

    @Test
    void failuresAreNegativeErrnos() {
        assertThat(Syscalls.open("/no/such/file", 0, 0)).isEqualTo(-Errno.ENOENT);
        assertThat(Syscalls.close(-1)).isEqualTo(-Errno.EBADF);
        assertThat(Errno.describe(-Errno.EBADF)).startsWith("EBADF");
    }

    @Test
    void writesAndReadsAFile(@TempDir Path directory) {
        try (Arena arena = Arena.ofConfined()) {
            String path = directory.resolve("file").toString();
            MemorySegment text = arena.allocateFrom("tapswitch");
            int fd = Syscalls.open(path, O_RDWR_CREAT, 0600);
            assertThat(fd).isNotNegative();
            assertThat(Syscalls.write(fd, text.address(), text.byteSize())).isEqualTo(text.byteSize());
            assertThat(Syscalls.close(fd)).isZero();

            MemorySegment back = arena.allocate(100);
            fd = Syscalls.open(path, 0, 0);
            assertThat(Syscalls.read(fd, back.address(), 100)).isEqualTo(text.byteSize());
            assertThat(back.getString(0)).isEqualTo("tapswitch");
            assertThat(Syscalls.close(fd)).isZero();
        }
    }

    @Test
    void anEventfdBecomesReadableWhenWritten() {
        try (Arena arena = Arena.ofConfined()) {
            int fd = Syscalls.eventfd(0, 0);
            MemorySegment poll = arena.allocate(8, 8);
            poll.set(ValueLayout.JAVA_INT, 0, fd);
            poll.set(ValueLayout.JAVA_SHORT, 4, (short) 1);
            MemorySegment noWait = arena.allocate(16, 8);
            assertThat(Syscalls.ppoll(poll.address(), 1, noWait.address())).isZero();
            MemorySegment one = arena.allocateFrom(ValueLayout.JAVA_LONG, 1L);
            assertThat(Syscalls.write(fd, one.address(), 8)).isEqualTo(8);
            assertThat(Syscalls.ppoll(poll.address(), 1, noWait.address())).isEqualTo(1);
            assertThat(Syscalls.close(fd)).isZero();
        }
    }

    @Test
    void heapMemoryIsRefused() {
        assertThatThrownBy(() -> Syscalls.ioctl(0, 0, MemorySegment.ofArray(new byte[8])))
                .hasMessageContaining("native memory");
    }
}
