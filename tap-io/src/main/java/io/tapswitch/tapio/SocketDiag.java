package io.tapswitch.tapio;

import io.tapswitch.tapio.sys.Errno;
import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.IpProtocol;
import io.tapswitch.wire.Ipv4Address;
import io.tapswitch.wire.Ipv6Address;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * Who holds which ports of the host: its TCP and UDP sockets, as sock_diag(7) lists them.
 *
 * <p>One list is two dumps (both families) of inet_diag (linux/inet_diag.h). The kernel picks the ports by a program of
 * two comparisons that goes with the request, so that a host with many connections does not send them all.
 *
 * <p>Limits: a TCP socket that is bound and neither listens nor is connected is listed from Linux 6.8 on. What changes
 * under way may be missed or listed twice. Belongs to the calling thread's namespace; each call is on its own.
 */
public final class SocketDiag {
    private static final int NETLINK_SOCK_DIAG = 4;
    private static final int SOCK_DIAG_BY_FAMILY = 20;
    private static final int AF_INET = 2;
    private static final int AF_INET6 = 10;
    private static final int ALL_STATES = -1;
    // struct inet_diag_req_v2: u8 family, protocol, extensions, padding; u32 states; struct inet_diag_sockid.
    private static final int SOCKET_ID_LENGTH = 48;
    // struct inet_diag_msg: u8 family, state, timer, retransmits; struct inet_diag_sockid; five u32.
    private static final int MESSAGE_LENGTH = 72;
    private static final int STATE = 1;
    private static final int SOURCE_PORT = 4;
    private static final int SOURCE = 8;
    private static final int REQUEST_BYTECODE = 1;
    private static final int ONLY_IPV6 = 11;
    private static final int SOURCE_GREATER_OR_EQUAL = 2;
    private static final int SOURCE_LESS_OR_EQUAL = 3;
    private static final int OPERATION_LENGTH = 4;
    private static final int BYTECODE_LENGTH = 4 * OPERATION_LENGTH;
    private static final long MAPPED_PREFIX = 0xffffL;

    // include/net/tcp_states.h.
    private static final int TIME_WAIT = 6;
    private static final int CLOSE = 7;
    private static final int LISTEN = 10;
    private static final int BOUND_INACTIVE = 13;

    private SocketDiag() {}

    /** What a socket does with its port. */
    public enum State {
        /** TCP: accepts connections. */
        LISTENING,
        /** Bound, and connected to nobody: a UDP server, or a TCP socket before it listens or connects. */
        BOUND,
        /** Has, makes or ends a connection. */
        CONNECTED,
        /** TCP: the connection is over, and its port is kept for a minute against late segments. */
        TIME_WAIT
    }

    /**
     * A socket.
     *
     * @param protocol TCP or UDP by its number ({@link IpProtocol})
     * @param address that it is bound to; 0.0.0.0 or :: for all
     * @param port that it is bound to
     * @param state what it does with it
     * @param bothFamilies whether it is bound to :: and holds the port of IPv4 addresses too
     */
    public record Holder(int protocol, IpAddress address, int port, State state, boolean bothFamilies) {
        /** {@return whether it is bound to all addresses of a family} */
        public boolean isOnAll() {
            return isAny(address);
        }

        /** {@return whether somebody else cannot bind to the address and this port} */
        public boolean holds(IpAddress wanted) {
            if (isAny(address)) {
                return bothFamilies || wanted.isIpv6() == address.isIpv6();
            }
            return wanted.equals(address) || (isAny(wanted) && wanted.isIpv6() == address.isIpv6());
        }
    }

    static boolean isAny(IpAddress address) {
        return switch (address) {
            case Ipv4Address four -> four.bits() == 0;
            case Ipv6Address six -> (six.hi() | six.lo()) == 0;
        };
    }

    /**
     * {@return the sockets that are bound to ports of a range, of both families}
     *
     * @param protocol TCP or UDP by its number; of others nothing is known
     * @param first lowest port, 1 or more
     * @param last highest port, at most 65535
     * @throws DeviceException when the kernel does not say; with ENOENT when it was built without inet_diag
     */
    public static List<Holder> holders(int protocol, int first, int last) {
        if (first < 1 || last > 0xffff || first > last) {
            throw new IllegalArgumentException("ports " + first + "-" + last + ": must be within 1-65535");
        }
        List<Holder> holders = new ArrayList<>();
        if (protocol == IpProtocol.TCP || protocol == IpProtocol.UDP) {
            try (NetlinkDump dump = new NetlinkDump(NETLINK_SOCK_DIAG, "list the host's sockets")) {
                list(dump, AF_INET, protocol, first, last, holders);
                try {
                    list(dump, AF_INET6, protocol, first, last, holders);
                } catch (DeviceException e) {
                    if (e.errno() != Errno.EAFNOSUPPORT && e.errno() != Errno.ENOENT) {
                        throw e;
                    }
                    // A kernel without IPv6 has no such sockets.
                }
            }
        }
        return holders;
    }

    private static void list(NetlinkDump dump, int family, int protocol, int first, int last, List<Holder> holders) {
        ByteBuffer request = dump.begin(SOCK_DIAG_BY_FAMILY);
        request.put((byte) family)
                .put((byte) protocol)
                .put((byte) 0)
                .put((byte) 0)
                .putInt(ALL_STATES);
        request.position(request.position() + SOCKET_ID_LENGTH);
        request.putShort((short) (4 + BYTECODE_LENGTH)).putShort((short) REQUEST_BYTECODE);
        // A comparison is two operations: what to do, how far to go if it holds and if not; what to compare with. To
        // go to the end is to list, to go one operation beyond is not to.
        compare(request, SOURCE_GREATER_OR_EQUAL, first, BYTECODE_LENGTH);
        compare(request, SOURCE_LESS_OR_EQUAL, last, BYTECODE_LENGTH - 2 * OPERATION_LENGTH);
        dump.run(SOCK_DIAG_BY_FAMILY, MESSAGE_LENGTH, (body, end) -> holders.add(holder(dump, protocol, body, end)));
    }

    private static void compare(ByteBuffer request, int operation, int port, int toEnd) {
        request.put((byte) operation).put((byte) (2 * OPERATION_LENGTH)).putShort((short) (toEnd + OPERATION_LENGTH));
        request.put((byte) 0).put((byte) 0).putShort((short) port);
    }

    private static Holder holder(NetlinkDump dump, int protocol, int body, int end) {
        NetlinkAttributes attributes = dump.attributes();
        IpAddress address = Ipv4Address.fromBits((int) attributes.wireOrderAt(body + SOURCE, Integer.BYTES));
        boolean bothFamilies = false;
        if (dump.answer().get(body) == AF_INET6) {
            long high = attributes.wireOrderAt(body + SOURCE, Long.BYTES);
            long low = attributes.wireOrderAt(body + SOURCE + Long.BYTES, Long.BYTES);
            if (high == 0 && low >>> Integer.SIZE == MAPPED_PREFIX) {
                address = Ipv4Address.fromBits((int) low);
            } else {
                address = Ipv6Address.fromBits(high, low);
                int only = attributes.find(body + MESSAGE_LENGTH, end, ONLY_IPV6);
                // Of a connected one it is not said, but that is bound to one address.
                bothFamilies = isAny(address)
                        && only != NetlinkAttributes.ABSENT
                        && dump.answer().get(only) == 0;
            }
        }
        ByteBuffer port = dump.answer().duplicate().order(ByteOrder.BIG_ENDIAN);
        State state = state(dump.answer().get(body + STATE));
        return new Holder(protocol, address, port.getShort(body + SOURCE_PORT) & 0xffff, state, bothFamilies);
    }

    private static State state(int state) {
        return switch (state) {
            case LISTEN -> State.LISTENING;
            case TIME_WAIT -> State.TIME_WAIT;
            case CLOSE, BOUND_INACTIVE -> State.BOUND;
            default -> State.CONNECTED;
        };
    }
}
