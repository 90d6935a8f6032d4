package io.tapswitch.tapio;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.tapio.sys.Errno;
import io.tapswitch.tapio.sys.Syscalls;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The queues of a test's uplink TAP, the present one, as the workers have them. */
final class TapQueues implements AutoCloseable {
    private static final int PATIENCE_MS = 10_000;

    private final Arena arena = Arena.ofShared();
    private final MemorySegment bytes = arena.allocate(UplinkTap.LONGEST_FRAME + 1000L, Long.BYTES);
    private final Supplier<UplinkTap> tap;

    TapQueues(Supplier<UplinkTap> tap) {
        this.tap = tap;
    }

    byte[] await(int queue) {
        AtomicReference<byte @Nullable []> frame = new AtomicReference<>();
        TestNamespace.await("a frame in queue " + queue, PATIENCE_MS, () -> {
            frame.set(tryRead(queue));
            return frame.get() != null;
        });
        return Objects.requireNonNull(frame.get());
    }

    /** Any frame, null for none: nothing but what is steered may come here. */
    byte @Nullable [] tryRead(int queue) {
        long length = Syscalls.read(tap.get().fds().get(queue), bytes.address(), bytes.byteSize());
        if (length == -Errno.EAGAIN) {
            return null;
        }
        assertThat(length).isPositive();
        return bytes.asSlice(0, length).toArray(ValueLayout.JAVA_BYTE);
    }

    /** A frame of any queue, null for none. */
    byte @Nullable [] tryReadAny() {
        byte[] frame = null;
        for (int queue = 0; frame == null && queue < tap.get().fds().size(); queue++) {
            frame = tryRead(queue);
        }
        return frame;
    }

    void write(int queue, byte[] frame) {
        MemorySegment.copy(frame, 0, bytes, ValueLayout.JAVA_BYTE, 0, frame.length);
        assertThat(Syscalls.write(tap.get().fds().get(queue), bytes.address(), frame.length))
                .isEqualTo(frame.length);
    }

    @Override
    public void close() {
        arena.close();
    }
}
