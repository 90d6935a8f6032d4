package io.tapswitch.tapio;

import io.tapswitch.tapio.sys.Errno;
import io.tapswitch.tapio.sys.Rtnetlink;
import io.tapswitch.tapio.sys.Syscalls;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Asks the kernel where a packet to a destination goes: by which device, from which address, how large.
 *
 * <p><b>Theory of operation.</b> One question is one RTM_GETROUTE without NLM_F_DUMP (rtnetlink(7)). The kernel looks
 * the destination up as for a packet of the host's own, with all rules, tables, nexthop groups and learned path MTUs,
 * and answers within the send; nothing waits. So VPNs, policy routing and several uplinks are followed without being
 * understood here.
 *
 * <pre>
 *   nlmsghdr 16 | rtmsg 12 | RTA_DST 4 + 4 or 16 | RTA_SRC 4 + 4 or 16, when a source is given
 * </pre>
 *
 * <p>An answer with a route is RTM_NEWROUTE; where there is none, or one that leads nowhere on purpose, it is an error:
 * ENETUNREACH for no route, EHOSTUNREACH for unreachable, EACCES for prohibit, EINVAL for blackhole (fib_props of
 * net/ipv4/fib_semantics.c, ip6_rt_type_to_error of net/ipv6/route.c).
 *
 * <p>Invariants: nothing is allocated and nothing thrown by a question; an answer to an earlier question is known by
 * its number and thrown away. A failure of the socket itself counts as unreachable, with its errno.
 *
 * <p>Limits: rules that look at a mark, a protocol, a port or the device a packet came from see none of them. One
 * thread uses it, which need not be the one that made it; it asks in the namespace of the one that made it. A question
 * costs 4.5 µs for IPv4 and 6 µs for IPv6 (measured with a default route).
 */
public final class RouteQuery implements AutoCloseable {
    /** What becomes of a packet to the destination. */
    public enum Kind {
        /** It goes out by {@link #device()}. */
        UNICAST,
        /** It is for the host itself. */
        LOCAL,
        /** It is for all of a network. */
        BROADCAST,
        /** It is for a group. */
        MULTICAST,
        /** It goes nowhere; {@link #errno()} says why. */
        UNREACHABLE
    }

    private static final long MAPPED_PREFIX = 0xffff_0000_0000L;
    private static final long MAPPED_MASK = 0xffff_ffff_0000_0000L;
    private static final int AF_INET = 2;
    private static final int AF_INET6 = 10;
    private static final int IPV4_LENGTH = 4;
    private static final int IPV6_LENGTH = 16;
    private static final int MSG_DONTWAIT = 0x40;
    private static final int ANSWER_LENGTH = 8192;
    private static final int ATTRIBUTES = Rtnetlink.NLMSGHDR_LENGTH + Rtnetlink.RTMSG_LENGTH;
    private static final int SEQUENCE = 8;

    private final int fd = RouteSocket.openDescriptor();
    private final Arena arena = Arena.ofShared();
    private final MemorySegment requestMemory =
            arena.allocate(ATTRIBUTES + 2 * (Rtnetlink.NLA_HEADER_LENGTH + IPV6_LENGTH), Long.BYTES);
    private final ByteBuffer request = requestMemory.asByteBuffer().order(ByteOrder.nativeOrder());
    // The requests of all four lengths, so that none is cut out for a question.
    private final MemorySegment[] requests = new MemorySegment[4];
    private final MemorySegment answerMemory = arena.allocate(ANSWER_LENGTH, Long.BYTES);
    private final ByteBuffer answer = answerMemory.asByteBuffer().order(ByteOrder.nativeOrder());
    private final NetlinkAttributes attributes = new NetlinkAttributes(answer);
    private int sequence;
    private boolean closed;

    private Kind kind = Kind.UNREACHABLE;
    private int errno;
    private int device;
    private long sourceHigh;
    private long sourceLow;
    private int mtu;
    private boolean gateway;

    private RouteQuery() {
        for (int i = 0; i < requests.length; i++) {
            int address = Rtnetlink.NLA_HEADER_LENGTH + (i < 2 ? IPV4_LENGTH : IPV6_LENGTH);
            requests[i] = requestMemory.asSlice(0, ATTRIBUTES + (long) address * (1 + i % 2));
        }
    }

    /** {@return one that asks about the calling thread's namespace} */
    public static RouteQuery open() {
        return new RouteQuery();
    }

    /**
     * Asks. The answer stands in the accessors until the next question.
     *
     * @param destinationHigh the upper half of an IPv6 or v4-mapped address, network order
     * @param destinationLow its lower half
     * @param fromHigh the upper half of the packet's source, of the same family; it must be one of the host's own
     *     addresses, else there is no route (EINVAL). Both halves 0: the kernel chooses
     * @param fromLow its lower half
     */
    public void ask(long destinationHigh, long destinationLow, long fromHigh, long fromLow) {
        boolean four = destinationHigh == 0 && (destinationLow & MAPPED_MASK) == MAPPED_PREFIX;
        boolean from = (fromHigh | fromLow) != 0;
        MemorySegment question = requests[(four ? 0 : 2) + (from ? 1 : 0)];
        int length = four ? IPV4_LENGTH : IPV6_LENGTH;
        request.clear();
        request.putInt((int) question.byteSize())
                .putShort((short) Rtnetlink.RTM_GETROUTE)
                .putShort((short) Rtnetlink.NLM_F_REQUEST)
                .putInt(++sequence)
                .putInt(0);
        request.put((byte) (four ? AF_INET : AF_INET6))
                .put((byte) (length * Byte.SIZE))
                .put((byte) (from ? length * Byte.SIZE : 0))
                .put((byte) 0)
                .putInt(0)
                .putInt(0);
        put(Rtnetlink.RTA_DST, four, destinationHigh, destinationLow);
        if (from) {
            put(Rtnetlink.RTA_SRC, four, fromHigh, fromLow);
        }
        int result = exchange(question);
        if (result < 0) {
            unreachable(-result);
        } else {
            read(fromHigh, fromLow);
        }
    }

    private void put(int type, boolean four, long high, long low) {
        int length = four ? IPV4_LENGTH : IPV6_LENGTH;
        request.putShort((short) (Rtnetlink.NLA_HEADER_LENGTH + length)).putShort((short) type);
        request.order(ByteOrder.BIG_ENDIAN);
        if (four) {
            request.putInt((int) low);
        } else {
            request.putLong(high).putLong(low);
        }
        request.order(ByteOrder.nativeOrder());
    }

    /** Sends a question and receives its answer; the answer's length, or a negative errno. */
    private int exchange(MemorySegment question) {
        if (closed) {
            return -Errno.EBADF;
        }
        long sent = Syscalls.sendto(fd, question, 0, MemorySegment.NULL);
        if (sent < 0) {
            return (int) sent;
        }
        while (true) {
            // The answer is there when the send returns: to wait would be to wait for ever.
            long received = Syscalls.recv(fd, answerMemory, MSG_DONTWAIT);
            if (received == -Errno.EINTR) {
                continue;
            }
            if (received < 0) {
                return (int) received;
            }
            if (received >= ATTRIBUTES && answer.getInt(SEQUENCE) == sequence) {
                int type = answer.getShort(Rtnetlink.NLMSGHDR_TYPE) & 0xffff;
                int error = type == Rtnetlink.NLMSG_ERROR ? answer.getInt(Rtnetlink.NLMSGHDR_LENGTH) : 0;
                return error < 0 ? error : (int) received;
            }
        }
    }

    private void unreachable(int why) {
        kind = Kind.UNREACHABLE;
        errno = why;
        device = 0;
        sourceHigh = 0;
        sourceLow = 0;
        mtu = 0;
        gateway = false;
    }

    private void read(long fromHigh, long fromLow) {
        int end = answer.getInt(0);
        int type = answer.get(Rtnetlink.NLMSGHDR_LENGTH + Rtnetlink.RTMSG_TYPE);
        switch (type) {
            case Rtnetlink.RTN_UNICAST -> kind = Kind.UNICAST;
            case Rtnetlink.RTN_LOCAL, Rtnetlink.RTN_ANYCAST -> kind = Kind.LOCAL;
            case Rtnetlink.RTN_BROADCAST -> kind = Kind.BROADCAST;
            case Rtnetlink.RTN_MULTICAST -> kind = Kind.MULTICAST;
            default -> {
                unreachable(Errno.EHOSTUNREACH);
                return;
            }
        }
        errno = 0;
        device = attributes.number(attributes.find(ATTRIBUTES, end, Rtnetlink.RTA_OIF), 0);
        gateway = attributes.find(ATTRIBUTES, end, Rtnetlink.RTA_GATEWAY) != NetlinkAttributes.ABSENT
                || attributes.find(ATTRIBUTES, end, Rtnetlink.RTA_VIA) != NetlinkAttributes.ABSENT;
        int metrics = attributes.find(ATTRIBUTES, end, Rtnetlink.RTA_METRICS);
        mtu = metrics == NetlinkAttributes.ABSENT
                ? 0
                : attributes.number(
                        attributes.find(metrics, metrics + attributes.length(metrics), Rtnetlink.RTAX_MTU), 0);
        int preferred = attributes.find(ATTRIBUTES, end, Rtnetlink.RTA_PREFSRC);
        switch (attributes.length(preferred)) {
            case IPV4_LENGTH -> {
                sourceHigh = 0;
                sourceLow = MAPPED_PREFIX | attributes.wireOrderAt(preferred, IPV4_LENGTH);
            }
            case IPV6_LENGTH -> {
                sourceHigh = attributes.wireOrderAt(preferred, Long.BYTES);
                sourceLow = attributes.wireOrderAt(preferred + Long.BYTES, Long.BYTES);
            }
            default -> {
                // What was given is not said again.
                sourceHigh = fromHigh;
                sourceLow = fromLow;
            }
        }
    }

    /** {@return what becomes of the packet} */
    public Kind kind() {
        return kind;
    }

    /** {@return why it goes nowhere, a positive errno; 0 when it goes somewhere} */
    public int errno() {
        return errno;
    }

    /** {@return index of the device that it goes out by; lo's for one of the host's own, 0 for nowhere} */
    public int device() {
        return device;
    }

    /**
     * {@return upper half of the address that the host would send it from, v4-mapped or IPv6}
     *
     * <p>That is the source of the question when it had one.
     */
    public long sourceHigh() {
        return sourceHigh;
    }

    /** {@return lower half of the address that the host would send it from; 0 with the upper half when it has none} */
    public long sourceLow() {
        return sourceLow;
    }

    /** {@return the largest packet on this way, as the route says or the host has learned; 0 for the device's MTU} */
    public int mtu() {
        return mtu;
    }

    /** {@return whether it goes through a router, and not to a neighbour} */
    public boolean gateway() {
        return gateway;
    }

    /** Ends it; afterwards everything is unreachable. */
    @Override
    public void close() {
        if (!closed) {
            closed = true;
            Syscalls.close(fd);
            arena.close();
        }
    }
}
