package io.tapswitch.bench.traffic;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Memory for one sendmmsg or recvmmsg.
 *
 * <pre>
 *   messages   mmsghdr[64]   64 bytes each: msg_iov at 16, msg_iovlen at 24, msg_len at 56   (64-bit Linux)
 *   vectors    iovec[64]     16 bytes each: base, length
 *   bytes      64 * 2 KiB    a datagram each; its first 8 bytes are its number
 * </pre>
 */
final class DatagramBatch {
    static final int COUNT = 64;

    private static final long MESSAGE_LENGTH = 64;
    private static final long VECTOR_LENGTH = 16;
    private static final long DATAGRAM_LENGTH_MAX = 2048;

    final MemorySegment messages;
    private final MemorySegment vectors;
    private final MemorySegment bytes;

    DatagramBatch(Arena arena) {
        messages = arena.allocate(COUNT * MESSAGE_LENGTH, 64);
        vectors = arena.allocate(COUNT * VECTOR_LENGTH, 64);
        bytes = arena.allocate(COUNT * DATAGRAM_LENGTH_MAX, 64);
        for (int i = 0; i < COUNT; i++) {
            vectors.set(JAVA_LONG, i * VECTOR_LENGTH, bytes.address() + i * DATAGRAM_LENGTH_MAX);
            messages.set(JAVA_LONG, i * MESSAGE_LENGTH + 16L, vectors.address() + i * VECTOR_LENGTH);
            messages.set(JAVA_LONG, i * MESSAGE_LENGTH + 24L, 1);
        }
        length((int) DATAGRAM_LENGTH_MAX);
    }

    /** Sets the length of every datagram. */
    void length(int length) {
        for (int i = 0; i < COUNT; i++) {
            vectors.set(JAVA_LONG, i * VECTOR_LENGTH + 8L, length);
        }
    }

    void number(int index, long number) {
        bytes.set(JAVA_LONG, index * DATAGRAM_LENGTH_MAX, number);
    }

    long number(int index) {
        return bytes.get(JAVA_LONG, index * DATAGRAM_LENGTH_MAX);
    }

    /** {@return bytes that recvmmsg put there} */
    int received(int index) {
        return messages.get(JAVA_INT, index * MESSAGE_LENGTH + 56L);
    }
}
