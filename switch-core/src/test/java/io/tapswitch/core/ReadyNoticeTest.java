package io.tapswitch.core;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.tapio.sys.Syscalls;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReadyNoticeTest {
    private static final int AF_UNIX = 1;
    private static final int SOCK_DGRAM = 2;
    private static final int MSG_DONTWAIT = 0x40;

    @TempDir
    Path directory;

    /** What a socket that is bound to the address receives when the notice is sent to the target. */
    private static String received(byte[] address, String target) {
        int socket = Syscalls.socket(AF_UNIX, SOCK_DGRAM, 0);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment bound = arena.allocate(2 + address.length, 2);
            bound.set(ValueLayout.JAVA_SHORT, 0, (short) AF_UNIX);
            MemorySegment.copy(address, 0, bound, ValueLayout.JAVA_BYTE, 2, address.length);
            assertThat(Syscalls.bind(socket, bound)).isZero();
            ReadyNotice.send(target);
            MemorySegment bytes = arena.allocate(64);
            int length = (int) Syscalls.recv(socket, bytes, MSG_DONTWAIT);
            byte[] text = bytes.asSlice(0, Math.max(0, length)).toArray(ValueLayout.JAVA_BYTE);
            return new String(text, StandardCharsets.US_ASCII);
        } finally {
            Syscalls.close(socket);
        }
    }

    @Test
    void tellsThePathThatItWasGiven() {
        String path = directory.resolve("notify").toString();
        assertThat(received((path + "\0").getBytes(StandardCharsets.UTF_8), path))
                .isEqualTo("READY=1\n");
    }

    @Test
    void tellsAnAbstractSocket() {
        String name = "tapswitch-test-" + ProcessHandle.current().pid();
        assertThat(received(("\0" + name).getBytes(StandardCharsets.UTF_8), "@" + name))
                .isEqualTo("READY=1\n");
    }

    @Test
    void aMissingListenerIsNoFailure() {
        ReadyNotice.send(directory.resolve("nobody").toString());
        ReadyNotice.send(null);
        ReadyNotice.send("");
    }
}
