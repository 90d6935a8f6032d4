package io.tapswitch.tapio.sys;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tapswitch.tapio.sys.BpfProgram.Register;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** bpf(2) as root; nothing is attached to anything. */
@Tag("kernel")
final class BpfIT {
    @Test
    void aRefusedProgramComesWithTheWordsOfTheVerifier() {
        Bpf.Loaded loaded = Bpf.loadProgram("refused", Bpf.PROG_TYPE_SCHED_CLS, new BpfProgram().exit());
        assertThat(loaded.result()).isEqualTo(-Errno.EACCES);
        assertThat(loaded.log()).contains("R0 !read_ok");
    }

    @Test
    void aTakenProgramHasAnIdAndNoLog() {
        Bpf.Loaded loaded = Bpf.loadProgram(
                "taken",
                Bpf.PROG_TYPE_SCHED_CLS,
                new BpfProgram().move(Register.R0, 0).exit());
        assertThat(loaded.log()).isEmpty();
        assertThat(Bpf.id(loaded.result())).isPositive();
        Syscalls.close(loaded.result());
    }

    @Test
    void aMappedArrayIsReadByTheKernelAsItWasWritten() {
        int map = Bpf.createMap("mapped", Bpf.MAP_TYPE_ARRAY, 4, 8, 2, Bpf.BPF_F_MMAPABLE, 0);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment values = Bpf.mapValues(map, 16, arena);
            values.set(ValueLayout.JAVA_LONG, 8, 77);
            MemorySegment key = arena.allocateFrom(ValueLayout.JAVA_INT, 1);
            MemorySegment value = arena.allocate(8, 8);
            assertThat(Bpf.lookUpElement(map, key, value)).isZero();
            assertThat(value.get(ValueLayout.JAVA_LONG, 0)).isEqualTo(77);
            value.set(ValueLayout.JAVA_LONG, 0, 78);
            assertThat(Bpf.updateElement(map, key, value)).isZero();
            assertThat(values.get(ValueLayout.JAVA_LONG, 8)).isEqualTo(78);
        } finally {
            Syscalls.close(map);
        }
    }

    @Test
    void saysWhatItCannot() {
        assertThat(Bpf.openPin(Path.of("/nowhere/at-all"))).isEqualTo(-Errno.ENOENT);
        assertThat(Bpf.updateLink(-1, -1)).isEqualTo(-Errno.EBADF);
        assertThatThrownBy(() -> Bpf.createMap("longer-than-fifteen", Bpf.MAP_TYPE_ARRAY, 4, 8, 1, 0, 0))
                .hasMessage("'longer-than-fifteen' is longer than a BPF name may be");
    }
}
