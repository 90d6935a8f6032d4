package io.tapswitch.bench.traffic;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.ByteOrder;

/** The few socket calls that traffic needs, as the C library has them (64-bit Linux). */
final class Libc {
    static final int SOCK_STREAM = 1;
    static final int SOCK_DGRAM = 2;
    /** recvmmsg: do not wait for more once a first datagram is there. */
    static final int MSG_WAITFORONE = 0x10000;

    private static final int AF_INET = 2;
    private static final int IPPROTO_TCP = 6;
    private static final int TCP_NODELAY = 1;
    private static final int SOL_SOCKET = 1;
    private static final int SO_REUSEADDR = 2;
    private static final int SO_LINGER = 13;
    private static final int SO_SNDBUFFORCE = 32;
    private static final int SO_RCVBUFFORCE = 33;
    private static final int MSG_NOSIGNAL = 0x4000;
    private static final int SOCKADDR_LENGTH = 16;

    private static final MethodHandle SOCKET = function("socket", JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT);
    private static final MethodHandle BIND = function("bind", JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT);
    private static final MethodHandle CONNECT = function("connect", JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT);
    private static final MethodHandle LISTEN = function("listen", JAVA_INT, JAVA_INT, JAVA_INT);
    private static final MethodHandle ACCEPT = function("accept", JAVA_INT, JAVA_INT, ADDRESS, ADDRESS);
    private static final MethodHandle CLOSE = function("close", JAVA_INT, JAVA_INT);
    private static final MethodHandle SETSOCKOPT =
            function("setsockopt", JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT);
    private static final MethodHandle SEND = function("send", JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT);
    private static final MethodHandle RECV = function("recv", JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT);
    private static final MethodHandle SENDMMSG = function("sendmmsg", JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT);
    private static final MethodHandle RECVMMSG =
            function("recvmmsg", JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT, ADDRESS);

    private Libc() {}

    private static MethodHandle function(String name, ValueLayout result, ValueLayout... arguments) {
        Linker linker = Linker.nativeLinker();
        return linker.downcallHandle(
                linker.defaultLookup().findOrThrow(name), FunctionDescriptor.of(result, arguments));
    }

    /** {@return a sockaddr_in of an IPv4 address and a port} */
    static MemorySegment address(Arena arena, int ipv4, int port) {
        MemorySegment address = arena.allocate(SOCKADDR_LENGTH, 8);
        address.set(JAVA_SHORT, 0, (short) AF_INET);
        address.set(JAVA_SHORT.withOrder(ByteOrder.BIG_ENDIAN), 2, (short) port);
        address.set(JAVA_INT.withOrder(ByteOrder.BIG_ENDIAN), 4, ipv4);
        return address;
    }

    /** {@return a new socket, or -1} */
    static int socket(int type) {
        try {
            return (int) SOCKET.invokeExact(AF_INET, type, 0);
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }

    /** {@return a socket that is bound to all addresses, listening if it is a TCP one} */
    static int serve(Arena arena, int type, int port) {
        int socket = socket(type);
        option(arena, socket, SOL_SOCKET, SO_REUSEADDR, 1);
        try {
            if ((int) BIND.invokeExact(socket, address(arena, 0, port), SOCKADDR_LENGTH) != 0
                    || (type == SOCK_STREAM && (int) LISTEN.invokeExact(socket, 512) != 0)) {
                throw new IllegalStateException("cannot serve port " + port);
            }
        } catch (RuntimeException e) {
            throw e;
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
        return socket;
    }

    /** Large buffers, so that a scheduling pause of the reader is not counted as a loss of the switch. */
    static void largeBuffers(Arena arena, int socket) {
        option(arena, socket, SOL_SOCKET, SO_SNDBUFFORCE, 4 << 20);
        option(arena, socket, SOL_SOCKET, SO_RCVBUFFORCE, 4 << 20);
    }

    static void noDelay(Arena arena, int socket) {
        option(arena, socket, IPPROTO_TCP, TCP_NODELAY, 1);
    }

    /** Lets close() end the connection with a reset: the socket does not stay in TIME_WAIT and keep its port. */
    static void resetOnClose(Arena arena, int socket) {
        MemorySegment linger = arena.allocate(JAVA_INT, 2);
        linger.set(JAVA_INT, 0, 1);
        option(socket, SOL_SOCKET, SO_LINGER, linger);
    }

    private static void option(Arena arena, int socket, int level, int name, int value) {
        MemorySegment segment = arena.allocate(JAVA_INT);
        segment.set(JAVA_INT, 0, value);
        option(socket, level, name, segment);
    }

    private static void option(int socket, int level, int name, MemorySegment value) {
        try {
            int ignored = (int) SETSOCKOPT.invokeExact(socket, level, name, value, (int) value.byteSize());
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }

    static boolean connect(int socket, MemorySegment address) {
        try {
            return (int) CONNECT.invokeExact(socket, address, SOCKADDR_LENGTH) == 0;
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }

    static int accept(int socket) {
        try {
            return (int) ACCEPT.invokeExact(socket, MemorySegment.NULL, MemorySegment.NULL);
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }

    static void close(int socket) {
        try {
            int ignored = (int) CLOSE.invokeExact(socket);
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }

    static long send(int socket, MemorySegment bytes, long length) {
        try {
            return (long) SEND.invokeExact(socket, bytes, length, MSG_NOSIGNAL);
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }

    static long receive(int socket, MemorySegment bytes, long length) {
        try {
            return (long) RECV.invokeExact(socket, bytes, length, 0);
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }

    static int sendBatch(int socket, MemorySegment messages, int count) {
        try {
            return (int) SENDMMSG.invokeExact(socket, messages, count, 0);
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }

    static int receiveBatch(int socket, MemorySegment messages, int count) {
        try {
            return (int) RECVMMSG.invokeExact(socket, messages, count, MSG_WAITFORONE, MemorySegment.NULL);
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }
}
