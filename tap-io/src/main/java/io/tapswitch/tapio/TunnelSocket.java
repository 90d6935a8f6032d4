package io.tapswitch.tapio;

import io.tapswitch.tapio.sys.Errno;
import io.tapswitch.tapio.sys.NativeMemory;
import io.tapswitch.tapio.sys.Syscalls;
import io.tapswitch.wire.IpAddress;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * UDP sockets of the kernel by which packets of tunnels come and go where a {@link TunnelTap} cannot be had: one for
 * each worker, all with the same address and port.
 *
 * <p><b>Theory of operation.</b> The sockets are a group (SO_REUSEPORT): the kernel gives a datagram to the socket that
 * follows from its addresses and ports, so those of a flow to one worker. The first is bound before it allows company,
 * so that somebody else's socket makes this fail, and ours makes theirs fail.
 *
 * <p>A {@link FrameIo} takes them like files of a TAP, and what it reads and writes has the same shape as with a tunnel
 * TAP ({@link SocketMessages}), with three differences:
 *
 * <pre>
 *   one way     super-frames inside a tunnel cannot be written: the socket takes trains, equal VXLAN packets behind one
 *               another (UDP_SEGMENT), up to {@link #segments}
 *   the other   trains come as from the TAP (UDP_GRO). A super-frame or an unfinished checksum of a sender on the same
 *               machine comes without a word about it: the socket does not tell
 *   outside     of what is written only the destination, the congestion mark and the payload count; the kernel makes
 *               the outer headers. All packets leave from the one bound port
 * </pre>
 *
 * <p>The kernel fragments nothing (IP_PMTUDISC_DO): what is longer than the path's MTU fails with EMSGSIZE. The TTL is
 * 64. Received packets had a right UDP checksum, or over IPv4 none.
 *
 * <p>Limits: Linux 5.0 for UDP_GRO, one family. Files end with the process: what is on its way then is lost. Made on a
 * thread in the daemon's namespace; any thread may close, when no {@link FrameIo} has them any more. Source: udp(7),
 * ip(7), linux/udp.h, linux/in6.h.
 */
public final class TunnelSocket implements AutoCloseable {
    /** Bytes that may wait in a socket, each way; the kernel counts its own overhead too. */
    private static final int BUFFER_BYTES = 4 << 20;
    /** Packets in one train before Linux 6.9, and from then on (UDP_MAX_SEGMENTS). */
    private static final int FEWER_SEGMENTS = 64;

    private static final int MORE_SEGMENTS = 128;
    private static final int AF_INET = 2;
    private static final int AF_INET6 = 10;
    private static final int SOCK_DGRAM = 2;
    private static final int SOCK_CLOEXEC = 0x80000;
    private static final int SOL_SOCKET = 1;
    private static final int SO_REUSEPORT = 15;
    private static final int SO_SNDBUFFORCE = 32;
    private static final int SO_RCVBUFFORCE = 33;
    private static final int SO_MARK = 36;
    private static final int SOL_IP = 0;
    private static final int IP_TTL = 2;
    private static final int IP_MTU_DISCOVER = 10;
    private static final int IP_RECVTOS = 13;
    private static final int SOL_IPV6 = 41;
    private static final int IPV6_UNICAST_HOPS = 16;
    private static final int IPV6_MTU_DISCOVER = 23;
    private static final int IPV6_V6ONLY = 26;
    private static final int IPV6_RECVTCLASS = 66;
    private static final int SOL_UDP = 17;
    private static final int UDP_SEGMENT = 103;
    private static final int UDP_GRO = 104;
    private static final int PMTUDISC_DO = 2;
    private static final int HOPS = 64;

    private final List<Integer> fds;
    private final int segments;

    private TunnelSocket(List<Integer> fds, int segments) {
        this.fds = List.copyOf(fds);
        this.segments = segments;
    }

    /**
     * Opens a group.
     *
     * @param local an address of this host
     * @param port of UDP
     * @param count one for each worker
     * @throws DeviceException with EADDRINUSE when somebody has the port; nothing is open then
     */
    public static TunnelSocket open(IpAddress local, int port, int count) {
        List<Integer> fds = new ArrayList<>();
        try {
            for (int i = 0; i < count; i++) {
                fds.add(socket(local));
                bind(fds.getLast(), local, port, i == 0);
            }
            return new TunnelSocket(fds, mostSegments(local));
        } catch (DeviceException e) {
            fds.forEach(Syscalls::close);
            throw e;
        }
    }

    private static int socket(IpAddress local) {
        int fd = Syscalls.socket(local.isIpv6() ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (fd < 0) {
            throw failure("make a UDP socket", fd);
        }
        try {
            if (local.isIpv6()) {
                set(fd, SOL_IPV6, IPV6_V6ONLY, 1);
                set(fd, SOL_IPV6, IPV6_MTU_DISCOVER, PMTUDISC_DO);
                set(fd, SOL_IPV6, IPV6_UNICAST_HOPS, HOPS);
                set(fd, SOL_IPV6, IPV6_RECVTCLASS, 1);
            } else {
                set(fd, SOL_IP, IP_MTU_DISCOVER, PMTUDISC_DO);
                set(fd, SOL_IP, IP_TTL, HOPS);
                set(fd, SOL_IP, IP_RECVTOS, 1);
            }
            // Where this is refused the buffers are as the administrator has them (net.core.rmem_default).
            Syscalls.setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, BUFFER_BYTES);
            Syscalls.setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, BUFFER_BYTES);
            set(fd, SOL_UDP, UDP_GRO, 1);
            return fd;
        } catch (DeviceException e) {
            Syscalls.close(fd);
            throw e;
        }
    }

    private static void set(int fd, int level, int option, int value) {
        int result = Syscalls.setsockopt(fd, level, option, value);
        if (result < 0) {
            throw failure("set option " + option + " of level " + level + " of a UDP socket", result);
        }
    }

    private static void bind(int fd, IpAddress local, int port, boolean first) {
        if (!first) {
            set(fd, SOL_SOCKET, SO_REUSEPORT, 1);
        }
        // A daemon before this one may have marked the port, and the guard of binds lets ours pass. The mark must be
        // off again before a packet leaves: rules of routing may know it.
        Syscalls.setsockopt(fd, SOL_SOCKET, SO_MARK, BindGuard.OWN_MARK);
        int result;
        try (Arena arena = Arena.ofConfined()) {
            result = Syscalls.bind(fd, PortReservation.socketAddress(local, port, arena));
        }
        Syscalls.setsockopt(fd, SOL_SOCKET, SO_MARK, 0);
        if (result == -Errno.EADDRINUSE) {
            throw new DeviceException(
                    "UDP port " + port + " of " + local + " is in use by a process of the host", Errno.EADDRINUSE);
        }
        if (result < 0) {
            throw failure("bind a UDP socket to " + local + " port " + port, result);
        }
        if (first) {
            set(fd, SOL_SOCKET, SO_REUSEPORT, 1);
        }
    }

    /** Found out with a socket that sends a train of one more than the older kernels take to itself. */
    private static int mostSegments(IpAddress local) {
        int fd = socket(local);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment own = PortReservation.socketAddress(local, 0, arena);
            MemorySegment length = arena.allocate(Integer.BYTES, Integer.BYTES);
            NativeMemory.putInt(length.address(), (int) own.byteSize());
            set(fd, SOL_UDP, UDP_SEGMENT, 1);
            int result = Syscalls.bind(fd, own);
            if (result < 0 || Syscalls.getsockname(fd, own, length) < 0) {
                return FEWER_SEGMENTS;
            }
            MemorySegment train = arena.allocate(FEWER_SEGMENTS + 1);
            return Syscalls.sendto(fd, train, 0, own) < 0 ? FEWER_SEGMENTS : MORE_SEGMENTS;
        } finally {
            Syscalls.close(fd);
        }
    }

    private static DeviceException failure(String what, int result) {
        return new DeviceException("cannot " + what + ": " + Errno.describe(result), -result);
    }

    /** {@return its open files, one for each worker; they stay this object's} */
    public List<Integer> fds() {
        return fds;
    }

    /** {@return how many packets one write may carry} */
    public int segments() {
        return segments;
    }

    /** Closes them; no {@link FrameIo} may know them any more. */
    @Override
    public void close() {
        fds.forEach(Syscalls::close);
    }
}
