package io.tapswitch.tapio;

import io.tapswitch.tapio.sys.Errno;
import io.tapswitch.tapio.sys.Rtnetlink;
import io.tapswitch.tapio.sys.Syscalls;
import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.IpPrefix;
import io.tapswitch.wire.Ipv4Address;
import io.tapswitch.wire.Ipv4Prefix;
import io.tapswitch.wire.Ipv6Address;
import io.tapswitch.wire.Ipv6Prefix;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Lists links, addresses and routes of the namespace of the thread that made it, by route netlink (rtnetlink(7)). One
 * thread.
 */
final class RouteDump implements AutoCloseable {
    private static final int AF_INET = 2;
    private static final int AF_INET6 = 10;
    // The kernel fills what is offered, up to 32 KiB (netlink_recvmsg of net/netlink/af_netlink.c).
    private static final int ANSWER_LENGTH = 32 * 1024;
    private static final int REQUEST_LENGTH = 32;
    private static final int ATTEMPTS = 5;

    private final int fd = RouteSocket.openDescriptor();
    private final Arena arena = Arena.ofConfined();
    private final MemorySegment answerMemory = arena.allocate(ANSWER_LENGTH, Long.BYTES);
    private final ByteBuffer answer = answerMemory.asByteBuffer().order(ByteOrder.nativeOrder());
    private final MemorySegment requestMemory = arena.allocate(REQUEST_LENGTH, Long.BYTES);
    private final ByteBuffer request = requestMemory.asByteBuffer().order(ByteOrder.nativeOrder());
    private int sequence;

    /** One message of a dump: its body lies at {@code body} in the answer and ends before {@code end}. */
    @FunctionalInterface
    private interface Message {
        void at(int body, int end);
    }

    HostState read() {
        Map<Integer, String> links = new HashMap<>();
        List<HostAddress> addresses = new ArrayList<>();
        List<HostRoute> routes = new ArrayList<>();
        for (int attempt = 1; ; attempt++) {
            links.clear();
            addresses.clear();
            routes.clear();
            // What has changed under way is listed anew; in the end a list that may miss something is better than none.
            boolean whole = dump(
                    Rtnetlink.RTM_GETLINK,
                    Rtnetlink.RTM_NEWLINK,
                    Rtnetlink.IFINFOMSG_LENGTH,
                    (body, end) -> link(body, end, links));
            whole &= dump(
                    Rtnetlink.RTM_GETADDR,
                    Rtnetlink.RTM_NEWADDR,
                    Rtnetlink.IFADDRMSG_LENGTH,
                    (body, end) -> address(body, end, links, addresses));
            whole &= dump(
                    Rtnetlink.RTM_GETROUTE,
                    Rtnetlink.RTM_NEWROUTE,
                    Rtnetlink.RTMSG_LENGTH,
                    (body, end) -> route(body, end, links, routes));
            if (whole || attempt == ATTEMPTS) {
                return new HostState(addresses, routes);
            }
        }
    }

    private void link(int body, int end, Map<Integer, String> links) {
        int name = find(body + Rtnetlink.IFINFOMSG_LENGTH, end, Rtnetlink.IFLA_IFNAME);
        if (name >= 0) {
            byte[] bytes = new byte[payloadLength(name)];
            answer.get(name, bytes);
            links.put(
                    answer.getInt(body + Rtnetlink.IFINFOMSG_INDEX),
                    new String(bytes, 0, Math.max(0, bytes.length - 1), StandardCharsets.UTF_8));
        }
    }

    private void address(int body, int end, Map<Integer, String> links, List<HostAddress> addresses) {
        int from = body + Rtnetlink.IFADDRMSG_LENGTH;
        int own = find(from, end, Rtnetlink.IFA_LOCAL);
        IpAddress ip = ip(answer.get(body), own >= 0 ? own : find(from, end, Rtnetlink.IFA_ADDRESS));
        if (ip != null) {
            String link = links.getOrDefault(answer.getInt(body + Rtnetlink.IFADDRMSG_INDEX), "");
            addresses.add(new HostAddress(ip, answer.get(body + 1) & 0xff, link));
        }
    }

    private void route(int body, int end, Map<Integer, String> links, List<HostRoute> routes) {
        int from = body + Rtnetlink.RTMSG_LENGTH;
        int type = answer.get(body + Rtnetlink.RTMSG_TYPE);
        boolean elsewhere =
                type == Rtnetlink.RTN_UNICAST || (type >= Rtnetlink.RTN_BLACKHOLE && type <= Rtnetlink.RTN_PROHIBIT);
        boolean cloned = (answer.getInt(body + Rtnetlink.RTMSG_FLAGS) & Rtnetlink.RTM_F_CLONED) != 0;
        int length = answer.get(body + 1) & 0xff;
        IpAddress network = ip(answer.get(body), find(from, end, Rtnetlink.RTA_DST));
        if (elsewhere && !cloned && length > 0 && network != null) {
            IpPrefix prefix = switch (network) {
                case Ipv4Address four -> new Ipv4Prefix(four, length);
                case Ipv6Address six -> new Ipv6Prefix(six, length);
            };
            routes.add(new HostRoute(prefix, links.getOrDefault(outgoing(from, end), "")));
        }
    }

    /** Index of the link that a route leads to, 0 for none. */
    private int outgoing(int from, int end) {
        int index = find(from, end, Rtnetlink.RTA_OIF);
        if (index >= 0) {
            return answer.getInt(index);
        }
        int several = find(from, end, Rtnetlink.RTA_MULTIPATH);
        return several < 0 ? 0 : answer.getInt(several + Rtnetlink.RTNEXTHOP_INDEX);
    }

    private @Nullable IpAddress ip(int family, int at) {
        if (at >= 0 && family == AF_INET && payloadLength(at) == 4) {
            return Ipv4Address.fromBits(big().getInt(at));
        }
        if (at >= 0 && family == AF_INET6 && payloadLength(at) == 16) {
            return Ipv6Address.fromBits(big().getLong(at), big().getLong(at + Long.BYTES));
        }
        return null;
    }

    private ByteBuffer big() {
        return answer.duplicate().order(ByteOrder.BIG_ENDIAN);
    }

    /** Asks for all of a kind; false when something changed meanwhile. */
    private boolean dump(int type, int answerType, int bodyLength, Message message) {
        request.clear().position(4);
        request.putShort((short) type)
                .putShort((short) (Rtnetlink.NLM_F_REQUEST | Rtnetlink.NLM_F_DUMP))
                .putInt(++sequence)
                .putInt(0);
        // All families, all links: a body of zeros.
        int length = Rtnetlink.NLMSGHDR_LENGTH + bodyLength;
        request.putInt(0, length);
        long sent = Syscalls.sendto(fd, requestMemory.asSlice(0, length), 0, MemorySegment.NULL);
        boolean whole = true;
        long received = sent;
        while (received >= 0 || received == -Errno.EINTR) {
            received = Syscalls.recv(fd, answerMemory, 0);
            int at = 0;
            while (at + Rtnetlink.NLMSGHDR_LENGTH <= received) {
                int end = at + answer.getInt(at);
                int kind = answer.getShort(at + Rtnetlink.NLMSGHDR_TYPE) & 0xffff;
                int flags = answer.getShort(at + Rtnetlink.NLMSGHDR_TYPE + 2);
                whole &= (flags & Rtnetlink.NLM_F_DUMP_INTR) == 0;
                if (kind == Rtnetlink.NLMSG_DONE) {
                    return whole;
                }
                int body = at + Rtnetlink.NLMSGHDR_LENGTH;
                if (kind == Rtnetlink.NLMSG_ERROR) {
                    throw failed(answer.getInt(body));
                }
                if (kind == answerType && end - body >= bodyLength) {
                    message.at(body, end);
                }
                at = Rtnetlink.align(end);
            }
        }
        throw failed(received);
    }

    private static DeviceException failed(long error) {
        return new DeviceException(
                "cannot list the host's links, addresses and routes: " + Errno.describe(error), (int) -error);
    }

    /** Where an attribute's payload begins, -1 when it is not there. */
    private int find(int from, int to, int type) {
        int at = from;
        while (at + Rtnetlink.NLA_HEADER_LENGTH <= to) {
            int length = answer.getShort(at) & 0xffff;
            if (length < Rtnetlink.NLA_HEADER_LENGTH || at + length > to) {
                return -1;
            }
            if ((answer.getShort(at + 2) & Rtnetlink.NLA_TYPE_MASK) == type) {
                return at + Rtnetlink.NLA_HEADER_LENGTH;
            }
            at += Rtnetlink.align(length);
        }
        return -1;
    }

    private int payloadLength(int payload) {
        return (answer.getShort(payload - Rtnetlink.NLA_HEADER_LENGTH) & 0xffff) - Rtnetlink.NLA_HEADER_LENGTH;
    }

    @Override
    public void close() {
        Syscalls.close(fd);
        arena.close();
    }
}
