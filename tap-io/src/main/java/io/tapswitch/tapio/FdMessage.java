package io.tapswitch.tapio;

import io.tapswitch.tapio.sys.Errno;
import io.tapswitch.tapio.sys.Syscalls;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One message over a unix socket that carries open files beside its text (SCM_RIGHTS of unix(7)). Memory for the
 * largest message is kept, so that many are sent and received cheaply. One thread at a time.
 */
final class FdMessage implements AutoCloseable {
    /** Most files in one message (SCM_MAX_FD of net/scm.h). */
    static final int MAX_FDS = 253;
    /** Most bytes of text in one message. */
    static final int MAX_TEXT = 512;

    private static final int AF_UNIX = 1;
    private static final int SOL_SOCKET = 1;
    private static final int SCM_RIGHTS = 1;
    private static final int MSG_CTRUNC = 8;
    private static final int MSG_CMSG_CLOEXEC = 0x4000_0000;
    // struct msghdr of linux/socket.h on 64 bits: name, name length, vector, vector length, control, its length, flags.
    private static final int MSGHDR_LENGTH = 56;
    private static final int MSGHDR_NAME = 0;
    private static final int MSGHDR_NAME_LENGTH = 8;
    private static final int MSGHDR_VECTOR = 16;
    private static final int MSGHDR_VECTOR_COUNT = 24;
    private static final int MSGHDR_CONTROL = 32;
    private static final int MSGHDR_CONTROL_LENGTH = 40;
    private static final int MSGHDR_FLAGS = 48;
    // struct cmsghdr: u64 length with header, s32 level, s32 type; then the files as ints.
    private static final int CMSG_LEVEL = 8;
    private static final int CMSG_TYPE = 12;
    private static final int CMSG_DATA = 16;
    private static final int CONTROL_LENGTH = CMSG_DATA + MAX_FDS * Integer.BYTES + Integer.BYTES;

    private final Arena arena = Arena.ofShared();
    private final MemorySegment text = arena.allocate(MAX_TEXT, Long.BYTES);
    private final MemorySegment control = arena.allocate(CONTROL_LENGTH, Long.BYTES);
    private final MemorySegment vector = arena.allocate(2 * Long.BYTES, Long.BYTES);
    private final MemorySegment header = arena.allocate(MSGHDR_LENGTH, Long.BYTES);

    FdMessage() {
        vector.set(ValueLayout.JAVA_LONG, 0, text.address());
        header.set(ValueLayout.JAVA_LONG, MSGHDR_VECTOR, vector.address());
        header.set(ValueLayout.JAVA_LONG, MSGHDR_VECTOR_COUNT, 1);
        header.set(ValueLayout.JAVA_LONG, MSGHDR_CONTROL, control.address());
    }

    /** A message that was received; the files are open in this process. */
    record Received(String text, List<Integer> fds) {}

    /**
     * Sends.
     *
     * @param address where to, {@link MemorySegment#NULL} over a connected socket
     * @return bytes sent, or a negative errno
     */
    long send(int socket, String words, List<Integer> fds, MemorySegment address, int flags) {
        byte[] bytes = words.getBytes(StandardCharsets.UTF_8);
        if (bytes.length == 0 || bytes.length > MAX_TEXT || fds.size() > MAX_FDS) {
            throw new IllegalArgumentException("a message has 1 to " + MAX_TEXT + " bytes and at most " + MAX_FDS
                    + " files, not " + bytes.length + " and " + fds.size());
        }
        MemorySegment.copy(bytes, 0, text, ValueLayout.JAVA_BYTE, 0, bytes.length);
        vector.set(ValueLayout.JAVA_LONG, Long.BYTES, bytes.length);
        long controlLength = CMSG_DATA + (long) fds.size() * Integer.BYTES;
        control.set(ValueLayout.JAVA_LONG, 0, controlLength);
        control.set(ValueLayout.JAVA_INT, CMSG_LEVEL, SOL_SOCKET);
        control.set(ValueLayout.JAVA_INT, CMSG_TYPE, SCM_RIGHTS);
        for (int i = 0; i < fds.size(); i++) {
            control.set(ValueLayout.JAVA_INT, CMSG_DATA + (long) i * Integer.BYTES, fds.get(i));
        }
        header.set(ValueLayout.JAVA_LONG, MSGHDR_NAME, address.address());
        header.set(ValueLayout.JAVA_INT, MSGHDR_NAME_LENGTH, (int) address.byteSize());
        header.set(ValueLayout.JAVA_LONG, MSGHDR_CONTROL_LENGTH, fds.isEmpty() ? 0 : controlLength);
        return Syscalls.sendmsg(socket, header, flags);
    }

    /**
     * Receives, or looks with MSG_PEEK at, the next message.
     *
     * @return null when there is none (with MSG_DONTWAIT)
     * @throws DeviceException also when there is no room for all its files in this process, which then gets none
     */
    @Nullable
    Received receive(int socket, int flags) {
        prepareToReceive(CONTROL_LENGTH);
        long length = Syscalls.recvmsg(socket, header, flags | MSG_CMSG_CLOEXEC);
        if (length == -Errno.EAGAIN) {
            return null;
        }
        if (length < 0) {
            throw new DeviceException(
                    "cannot read a message with open files: " + Errno.describe(length), (int) -length);
        }
        List<Integer> fds = fds();
        if ((header.get(ValueLayout.JAVA_INT, MSGHDR_FLAGS) & MSG_CTRUNC) != 0) {
            fds.forEach(Syscalls::close);
            throw new DeviceException(
                    "cannot take the interfaces' open files: this process may open no more of them; raise the limit "
                            + "of open files (`ulimit -n`)",
                    Errno.EMFILE);
        }
        byte[] bytes = new byte[(int) length];
        MemorySegment.copy(text, ValueLayout.JAVA_BYTE, 0, bytes, 0, bytes.length);
        return new Received(new String(bytes, StandardCharsets.UTF_8), fds);
    }

    /** Takes the next message away without its files; bytes of its text, or a negative errno. */
    long discard(int socket, int flags) {
        prepareToReceive(0);
        return Syscalls.recvmsg(socket, header, flags);
    }

    private void prepareToReceive(int controlLength) {
        vector.set(ValueLayout.JAVA_LONG, Long.BYTES, MAX_TEXT);
        header.set(ValueLayout.JAVA_LONG, MSGHDR_NAME, 0);
        header.set(ValueLayout.JAVA_INT, MSGHDR_NAME_LENGTH, 0);
        header.set(ValueLayout.JAVA_LONG, MSGHDR_CONTROL_LENGTH, controlLength);
        header.set(ValueLayout.JAVA_INT, MSGHDR_FLAGS, 0);
    }

    private List<Integer> fds() {
        long length = header.get(ValueLayout.JAVA_LONG, MSGHDR_CONTROL_LENGTH);
        if (length < CMSG_DATA
                || control.get(ValueLayout.JAVA_INT, CMSG_LEVEL) != SOL_SOCKET
                || control.get(ValueLayout.JAVA_INT, CMSG_TYPE) != SCM_RIGHTS) {
            return List.of();
        }
        List<Integer> fds = new ArrayList<>();
        long end = control.get(ValueLayout.JAVA_LONG, 0);
        for (long at = CMSG_DATA; at + Integer.BYTES <= end; at += Integer.BYTES) {
            fds.add(control.get(ValueLayout.JAVA_INT, at));
        }
        return fds;
    }

    /** {@return struct sockaddr_un of a path; one that begins with @ is abstract: its first byte is zero (unix(7))} */
    static MemorySegment address(Arena arena, String path) {
        byte[] bytes = path.getBytes(StandardCharsets.UTF_8);
        boolean isAbstract = bytes[0] == '@';
        if (isAbstract) {
            bytes[0] = 0;
        }
        MemorySegment address = arena.allocate(Short.BYTES + bytes.length + (isAbstract ? 0 : 1), Short.BYTES);
        address.set(ValueLayout.JAVA_SHORT, 0, (short) AF_UNIX);
        MemorySegment.copy(bytes, 0, address, ValueLayout.JAVA_BYTE, Short.BYTES, bytes.length);
        return address;
    }

    @Override
    public void close() {
        arena.close();
    }
}
