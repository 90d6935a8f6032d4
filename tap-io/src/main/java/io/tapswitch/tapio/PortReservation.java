package io.tapswitch.tapio;

import io.tapswitch.tapio.SocketDiag.State;
import io.tapswitch.tapio.sys.Errno;
import io.tapswitch.tapio.sys.Syscalls;
import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.IpProtocol;
import io.tapswitch.wire.Ipv4Address;
import io.tapswitch.wire.Ipv6Address;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.List;

/**
 * Ports of the host that nobody else can have while this is open: sockets that are bound to them and do nothing.
 *
 * <p><b>Theory of operation.</b> What comes for a published port is taken by {@link Steering} before any socket sees
 * it, so a server that listened there would wait in vain, and its owner would search for long. A bound socket of ours
 * makes its bind fail, as it must, and makes ours fail when the server was first.
 *
 * <p>A TCP socket is bound and does not listen: where nothing is steered, a SYN for it is refused as for a free port. A
 * UDP socket has a filter that drops everything before it is queued, so it holds no memory for datagrams that nobody
 * reads; while nothing is steered a datagram for it is lost in silence. An IPv6 socket is for IPv6 only, but for {@link
 * #reserveBoth}, which holds a port of both families by one file. None has
 * SO_REUSEADDR or SO_REUSEPORT, with which another could join it. By a mark {@link BindGuard} knows them, so that after
 * a restart they can be bound to ports that are marked already.
 *
 * <p><b>TIME_WAIT.</b> A connection of a server on the port that has just ended keeps its port for a minute, and a bind
 * without SO_REUSEADDR fails for that alone (inet_csk_bind_conflict of net/ipv4/inet_connection_sock.c). When all that
 * is there is in TIME_WAIT, the socket is therefore bound with SO_REUSEADDR, which is taken off again; the kernel then
 * lets it pass if the ended connection's socket had the option too, as those of servers have. Another may still bind
 * beside it with the option, but its listen fails.
 *
 * <p>Limits: {@value #MAX_PORTS} ports, each a file; SCTP where the kernel has it, else the reservation of its ports
 * holds nothing; other protocols never. A socket costs 4.0 KB (TCP) or 2.7 KB (UDP) of the kernel's memory, and 20 to
 * 40 µs. An ended connection whose socket had no SO_REUSEADDR keeps its port for its minute (measured). Belongs to the
 * calling thread's namespace.
 */
public final class PortReservation implements AutoCloseable {
    /** Most ports of one. */
    public static final int MAX_PORTS = 256;

    private static final int AF_INET = 2;
    private static final int AF_INET6 = 10;
    private static final int SOCK_STREAM = 1;
    private static final int SOCK_DGRAM = 2;
    private static final int SOCK_CLOEXEC = 0x80000;
    private static final int SOL_SOCKET = 1;
    private static final int SO_REUSEADDR = 2;
    private static final int SO_ATTACH_FILTER = 26;
    private static final int SO_MARK = 36;
    private static final int SOL_UDP = 17;
    private static final int UDP_GRO = 104;
    private static final int SOL_IPV6 = 41;
    private static final int IPV6_V6ONLY = 26;
    // struct sockaddr_in and sockaddr_in6: u16 family, u16 port; u32 address, or u32 flow, address, u32 scope.
    private static final int SOCKADDR_IN_LENGTH = 16;
    private static final int SOCKADDR_IN6_LENGTH = 28;
    private static final ValueLayout.OfShort WIRE_SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
    private static final ValueLayout.OfInt WIRE_INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
    private static final ValueLayout.OfLong WIRE_LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
    // struct sock_fprog: u16 count, pointer; struct sock_filter: u16 code, u8, u8, u32 constant.
    private static final int FILTER_PROGRAM_LENGTH = 16;
    private static final long RETURN_NOTHING = 0x06;

    /** What became of the wish. */
    public sealed interface Outcome {
        /** The ports are ours. */
        record Reserved(PortReservation reservation) implements Outcome {}

        /**
         * One of them cannot be had, and none is held.
         *
         * @param protocol its protocol's number
         * @param address the address that was asked for
         * @param port the port that cannot be had
         * @param errno EADDRINUSE when somebody holds it, EADDRNOTAVAIL when the address is not the host's, EMFILE when
         *     there are no files left
         */
        record Refused(int protocol, IpAddress address, int port, int errno) implements Outcome {}
    }

    private final int[] fds;
    private boolean closed;

    private PortReservation(int[] fds) {
        this.fds = fds;
    }

    /**
     * Reserves the ports from {@code first} up to and with {@code last}, all or none.
     *
     * @param protocol by its number ({@link IpProtocol})
     * @param address one of the host's, or 0.0.0.0 or :: for all of that family
     */
    public static Outcome reserve(int protocol, IpAddress address, int first, int last) {
        return reserve(protocol, address, true, first, last);
    }

    /**
     * Reserves TCP or UDP ports on all addresses of both families, all or none. Where somebody has one in one family it
     * does not say in which: who wants to know asks for each.
     */
    public static Outcome reserveBoth(int protocol, int first, int last) {
        return reserve(protocol, Ipv6Address.fromBits(0, 0), false, first, last);
    }

    private static Outcome reserve(int protocol, IpAddress address, boolean only, int first, int last) {
        if (first < 1 || last > 0xffff || first > last || last - first >= MAX_PORTS) {
            throw new IllegalArgumentException(
                    "ports " + first + "-" + last + ": must be at most " + MAX_PORTS + " within 1-65535");
        }
        int[] fds = new int[last - first + 1];
        try (Arena arena = Arena.ofConfined()) {
            for (int port = first; port <= last; port++) {
                int fd = boundSocket(protocol, address, only, port, arena);
                if (isMissing(fd)) {
                    return new Outcome.Reserved(new PortReservation(new int[0]));
                }
                if (fd < 0) {
                    for (int open = first; open < port; open++) {
                        Syscalls.close(fds[open - first]);
                    }
                    return new Outcome.Refused(protocol, address, port, -fd);
                }
                fds[port - first] = fd;
            }
        }
        return new Outcome.Reserved(new PortReservation(fds));
    }

    /** Whether the kernel has no such protocol: then nobody can hold its ports. */
    private static boolean isMissing(int result) {
        return result == -Errno.EPROTONOSUPPORT || result == -Errno.ESOCKTNOSUPPORT || result == -Errno.EAFNOSUPPORT;
    }

    /** A socket with the port, or a negative errno. */
    private static int boundSocket(int protocol, IpAddress address, boolean only, int port, Arena arena) {
        int type = switch (protocol) {
            case IpProtocol.TCP, IpProtocol.SCTP -> SOCK_STREAM;
            case IpProtocol.UDP -> SOCK_DGRAM;
            default -> -1;
        };
        if (type < 0) {
            return -Errno.EPROTONOSUPPORT;
        }
        int fd = Syscalls.socket(address.isIpv6() ? AF_INET6 : AF_INET, type | SOCK_CLOEXEC, protocol);
        int result = fd;
        if (result >= 0) {
            // What it lacks the right to do it need not do: without that right there is no guard either.
            Syscalls.setsockopt(fd, SOL_SOCKET, SO_MARK, BindGuard.OWN_MARK);
        }
        if (result >= 0 && address.isIpv6()) {
            result = Syscalls.setsockopt(fd, SOL_IPV6, IPV6_V6ONLY, only ? 1 : 0);
        }
        if (result >= 0 && type == SOCK_DGRAM) {
            result = dropAll(fd, arena);
        }
        if (result >= 0) {
            result = bind(fd, protocol, address, port, arena);
        }
        if (fd >= 0 && result < 0) {
            Syscalls.close(fd);
            return result;
        }
        return fd;
    }

    private static int dropAll(int fd, Arena arena) {
        MemorySegment program = arena.allocate(FILTER_PROGRAM_LENGTH, Long.BYTES);
        program.set(ValueLayout.JAVA_SHORT, 0, (short) 1);
        program.set(
                ValueLayout.JAVA_LONG,
                Long.BYTES,
                arena.allocateFrom(ValueLayout.JAVA_LONG, RETURN_NOTHING).address());
        return Syscalls.setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, program);
    }

    private static int bind(int fd, int protocol, IpAddress address, int port, Arena arena) {
        MemorySegment to = socketAddress(address, port, arena);
        int result = Syscalls.bind(fd, to);
        if (result == -Errno.EADDRINUSE && protocol == IpProtocol.TCP && isOnlyWaited(address, port)) {
            Syscalls.setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, 1);
            result = Syscalls.bind(fd, to);
            Syscalls.setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, 0);
        }
        return result;
    }

    /** Whether all that holds a TCP port are connections that are over. */
    private static boolean isOnlyWaited(IpAddress address, int port) {
        List<SocketDiag.Holder> holders;
        try {
            holders = SocketDiag.holders(IpProtocol.TCP, port, port);
        } catch (DeviceException unknown) {
            return false;
        }
        List<SocketDiag.Holder> rivals =
                holders.stream().filter(each -> each.holds(address)).toList();
        return !rivals.isEmpty() && rivals.stream().allMatch(each -> each.state() == State.TIME_WAIT);
    }

    /** {@return struct sockaddr_in or sockaddr_in6} */
    static MemorySegment socketAddress(IpAddress address, int port, Arena arena) {
        return switch (address) {
            case Ipv4Address four -> {
                MemorySegment to = arena.allocate(SOCKADDR_IN_LENGTH, Long.BYTES);
                to.set(ValueLayout.JAVA_SHORT, 0, (short) AF_INET);
                to.set(WIRE_SHORT, 2, (short) port);
                to.set(WIRE_INT, 4, four.bits());
                yield to;
            }
            case Ipv6Address six -> {
                MemorySegment to = arena.allocate(SOCKADDR_IN6_LENGTH, Long.BYTES);
                to.set(ValueLayout.JAVA_SHORT, 0, (short) AF_INET6);
                to.set(WIRE_SHORT, 2, (short) port);
                to.set(WIRE_LONG, 8, six.hi());
                to.set(WIRE_LONG, 16, six.lo());
                yield to;
            }
        };
    }

    /**
     * Lets the kernel merge datagrams for these ports of UDP by GRO as if there were no socket: for ports whose frames
     * are steered away before they are the socket's. A socket without this wish keeps it from merging, once anybody on
     * the machine has a UDP tunnel or such a wish (udp_gro_receive of net/ipv4/udp_offload.c).
     */
    public synchronized void mergeDatagrams() {
        for (int fd : fds) {
            int result = closed ? -Errno.EBADF : Syscalls.setsockopt(fd, SOL_UDP, UDP_GRO, 1);
            if (result < 0) {
                throw new DeviceException(
                        "cannot let the kernel merge datagrams of a port (UDP_GRO): " + Errno.describe(result),
                        -result);
            }
        }
    }

    /** {@return how many ports it holds: all that were asked for, or none where the kernel lacks the protocol} */
    public int size() {
        return fds.length;
    }

    /** Lets the ports go. */
    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            for (int fd : fds) {
                Syscalls.close(fd);
            }
        }
    }
}
