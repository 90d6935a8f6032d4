package io.tapswitch.tapio;

import io.tapswitch.tapio.sys.Errno;
import io.tapswitch.tapio.sys.Syscalls;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.util.Arrays;

/** Sends and receives whole frames of one EtherType on a link, as the kernel's side of a TAP: packet(7). */
final class PacketSocket implements AutoCloseable {
    /** IEEE 802 local experimental EtherType: nobody but the test sends it. */
    static final int ETHER_TYPE = 0x88b5;

    private static final int HEADER_LENGTH = 14;
    private static final int AF_PACKET = 17;
    private static final int SOCK_RAW = 3;
    private static final int SOL_SOCKET = 1;
    private static final int SO_RCVTIMEO = 20;
    private static final int SO_RCVBUFFORCE = 33;
    private static final int ADDRESS_LENGTH = 20;

    private final Arena arena = Arena.ofShared();
    private final MemorySegment bytes = arena.allocate(70_000, Long.BYTES);
    private final MemorySegment address = arena.allocate(ADDRESS_LENGTH, Long.BYTES);
    private final int fd;

    /** On a thread inside the link's namespace. */
    PacketSocket(int linkIndex) {
        this(linkIndex, ETHER_TYPE);
    }

    /** One that receives frames of another type. */
    PacketSocket(int linkIndex, int etherType) {
        int protocol = Short.reverseBytes((short) etherType) & 0xffff;
        fd = Syscalls.socket(AF_PACKET, SOCK_RAW, 0);
        expectSuccess(fd);
        address.set(ValueLayout.JAVA_SHORT, 0, (short) AF_PACKET);
        address.set(ValueLayout.JAVA_SHORT, 2, (short) protocol);
        address.set(ValueLayout.JAVA_INT, 4, linkIndex);
        expectSuccess(Syscalls.bind(fd, address));
        expectSuccess(Syscalls.setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, 32 << 20));
        MemorySegment timeout = arena.allocate(16, Long.BYTES);
        timeout.set(ValueLayout.JAVA_LONG, 0, 2);
        expectSuccess(Syscalls.setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, timeout));
    }

    /** {@return a frame with a number and a length} */
    static byte[] frame(int number, int length) {
        byte[] frame = new byte[length];
        Arrays.fill(frame, 0, 6, (byte) 0xff);
        frame[6] = 2;
        frame[11] = 7;
        frame[12] = (byte) (ETHER_TYPE >>> 8);
        frame[13] = (byte) ETHER_TYPE;
        Arrays.fill(frame, HEADER_LENGTH, length, (byte) number);
        ByteBuffer.wrap(frame).putInt(HEADER_LENGTH, number);
        return frame;
    }

    /** {@return the number of a frame that was made with {@link #frame}} */
    static int number(byte[] frame) {
        return ByteBuffer.wrap(frame).getInt(HEADER_LENGTH);
    }

    /** Sends a frame out of the link: the TAP's file can read it. A negative errno when refused. */
    long send(byte[] frame) {
        MemorySegment.copy(frame, 0, bytes, ValueLayout.JAVA_BYTE, 0, frame.length);
        return Syscalls.sendto(fd, bytes.asSlice(0, frame.length), 0, MemorySegment.NULL);
    }

    /** Takes a frame that was written to the TAP's file; empty after two seconds without one. */
    byte[] receive() {
        long length = Syscalls.recv(fd, bytes, 0);
        if (length == -Errno.EAGAIN) {
            return new byte[0];
        }
        expectSuccess(length);
        return bytes.asSlice(0, length).toArray(ValueLayout.JAVA_BYTE);
    }

    private static void expectSuccess(long result) {
        if (result < 0) {
            throw new IllegalStateException("packet socket: " + Errno.describe(result));
        }
    }

    @Override
    public void close() {
        Syscalls.close(fd);
        arena.close();
    }
}
