package io.tapswitch.tapio;

import io.tapswitch.tapio.sys.Errno;
import io.tapswitch.tapio.sys.Rtnetlink;
import io.tapswitch.tapio.sys.Syscalls;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Questions to the kernel about links and namespaces by route netlink: one request, one answer. It belongs to the
 * namespace of the thread that opened it; links of others are asked for by that namespace's id for them.
 *
 * <p>Any thread may call; requests wait for each other. The kernel answers within the send: a request does not block.
 */
final class RouteSocket implements AutoCloseable {
    private static final int SOCK_RAW_CLOEXEC = 3 | 0x80000;
    // A link's answer without statistics is about 1 KiB; one with many virtual functions is a multiple.
    private static final int ANSWER_LENGTH = 64 * 1024;
    private static final int REQUEST_LENGTH = 512;
    private static final int MAC_ADDRESS_LENGTH = 6;

    private final int fd;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment answerMemory = arena.allocate(ANSWER_LENGTH, Long.BYTES);
    private final ByteBuffer answer = answerMemory.asByteBuffer().order(ByteOrder.nativeOrder());
    private final NetlinkAttributes attributes = new NetlinkAttributes(answer);
    private final MemorySegment requestMemory = arena.allocate(REQUEST_LENGTH, Long.BYTES);
    private final ByteBuffer request = requestMemory.asByteBuffer().order(ByteOrder.nativeOrder());
    private int sequence;
    private boolean closed;

    private RouteSocket(int fd) {
        this.fd = fd;
    }

    static RouteSocket open() {
        return new RouteSocket(openDescriptor());
    }

    /** Opens a netlink socket of the calling thread's namespace. */
    static int openDescriptor() {
        return openDescriptor(Rtnetlink.NETLINK_ROUTE);
    }

    /** Opens a netlink socket of another family of messages, of the calling thread's namespace. */
    static int openDescriptor(int protocol) {
        int fd = Syscalls.socket(Rtnetlink.AF_NETLINK, SOCK_RAW_CLOEXEC, protocol);
        if (fd < 0) {
            throw new DeviceException("cannot open a netlink socket: " + Errno.describe(fd), -fd);
        }
        return fd;
    }

    /** {@return the link of this index in the namespace of this id, or null when there is none} */
    synchronized @Nullable LinkState link(int namespaceId, int index) {
        begin(Rtnetlink.RTM_GETLINK, 0);
        request.putInt(0).putInt(index).putInt(0).putInt(0);
        return ask(namespaceId);
    }

    /** {@return the link of this name in the namespace of this id, or null when there is none} */
    synchronized @Nullable LinkState link(int namespaceId, String name) {
        begin(Rtnetlink.RTM_GETLINK, 0);
        request.putInt(0).putInt(0).putInt(0).putInt(0);
        attribute(Rtnetlink.IFLA_IFNAME, name);
        return ask(namespaceId);
    }

    /** {@return the id by which this socket's namespace knows another, which gets one now when it had none} */
    synchronized int namespaceId(NetworkNamespace namespace) {
        int known = knownNamespaceId(namespace);
        if (known != Rtnetlink.NETNSA_NSID_NOT_ASSIGNED) {
            return known;
        }
        begin(Rtnetlink.RTM_NEWNSID, Rtnetlink.NLM_F_ACK);
        request.putInt(0);
        attribute(Rtnetlink.NETNSA_NSID, Rtnetlink.NETNSA_NSID_NOT_ASSIGNED);
        attribute(Rtnetlink.NETNSA_FD, namespace.fd());
        int error = exchange();
        // EEXIST: somebody else gave it one in between.
        if (error != 0 && error != -Errno.EEXIST) {
            throw failed("give an id to the network namespace " + namespace, error);
        }
        return knownNamespaceId(namespace);
    }

    /** {@return the id by which this socket's namespace knows another, -1 for none} */
    synchronized int knownNamespaceId(NetworkNamespace namespace) {
        begin(Rtnetlink.RTM_GETNSID, 0);
        request.putInt(0);
        attribute(Rtnetlink.NETNSA_FD, namespace.fd());
        int error = exchange();
        if (error != 0) {
            throw failed("ask for the id of the network namespace " + namespace, error);
        }
        int from = Rtnetlink.NLMSGHDR_LENGTH + Rtnetlink.RTGENMSG_LENGTH;
        return attributes.number(
                attributes.find(from, answer.limit(), Rtnetlink.NETNSA_NSID), Rtnetlink.NETNSA_NSID_NOT_ASSIGNED);
    }

    /** Gives a link of this socket's namespace another queueing discipline for what it sends. */
    synchronized void queueingDiscipline(int index, String kind) {
        begin(Rtnetlink.RTM_NEWQDISC, Rtnetlink.NLM_F_ACK | Rtnetlink.NLM_F_CREATE_OR_REPLACE);
        request.putInt(0).putInt(index).putInt(0).putInt(Rtnetlink.TC_H_ROOT).putInt(0);
        attribute(Rtnetlink.TCA_KIND, kind);
        acknowledged("set the queueing discipline " + kind);
    }

    /** Gives a link a clsact, where filters of both directions can be; false when it has one already. */
    synchronized boolean addClsact(int index) {
        trafficControl(Rtnetlink.RTM_NEWQDISC, Rtnetlink.NLM_F_CREATE_NEW, index, Rtnetlink.TC_H_CLSACT_HANDLE);
        request.putInt(Rtnetlink.TC_H_CLSACT).putInt(0);
        attribute(Rtnetlink.TCA_KIND, "clsact");
        int error = exchange();
        if (error != 0 && error != -Errno.EEXIST) {
            throw failed("make a clsact (needs sch_ingress and cls_bpf in the kernel)", error);
        }
        return error == 0;
    }

    /** Takes a link's clsact away, with all filters in it. */
    synchronized void deleteClsact(int index) {
        trafficControl(Rtnetlink.RTM_DELQDISC, 0, index, Rtnetlink.TC_H_CLSACT_HANDLE);
        request.putInt(Rtnetlink.TC_H_CLSACT).putInt(0);
        attribute(Rtnetlink.TCA_KIND, "clsact");
        removed("remove a clsact");
    }

    /** Puts a program at what comes into a link, before others of priority 1, or into the place of that handle's. */
    synchronized void setFilter(int index, int handle, int program) {
        trafficControl(Rtnetlink.RTM_NEWTFILTER, Rtnetlink.NLM_F_CREATE, index, handle);
        request.putInt(Rtnetlink.TC_H_CLSACT_INGRESS).putInt(Rtnetlink.TC_FIRST_OF_ALL_PROTOCOLS);
        attribute(Rtnetlink.TCA_KIND, "bpf");
        int options = request.position();
        attributeHeader(Rtnetlink.TCA_OPTIONS, 0);
        attribute(Rtnetlink.TCA_BPF_FD, program);
        attribute(Rtnetlink.TCA_BPF_NAME, "tapswitch");
        attribute(Rtnetlink.TCA_BPF_FLAGS, Rtnetlink.TCA_BPF_FLAG_ACT_DIRECT);
        request.putShort(options, (short) (request.position() - options));
        acknowledged("put a BPF filter at the entrance of a link");
    }

    /** Takes a filter of {@link #setFilter} away. */
    synchronized void deleteFilter(int index, int handle) {
        trafficControl(Rtnetlink.RTM_DELTFILTER, 0, index, handle);
        request.putInt(Rtnetlink.TC_H_CLSACT_INGRESS).putInt(Rtnetlink.TC_FIRST_OF_ALL_PROTOCOLS);
        attribute(Rtnetlink.TCA_KIND, "bpf");
        removed("remove a BPF filter");
    }

    private void trafficControl(int type, int flags, int index, int handle) {
        begin(type, Rtnetlink.NLM_F_ACK | flags);
        request.putInt(0).putInt(index).putInt(handle);
    }

    /** Sets a link's MTU and queue length, and what people read of it; a link of this socket's namespace. */
    synchronized void setLink(int index, int mtu, int txQueueLength, String alias) {
        begin(Rtnetlink.RTM_SETLINK, Rtnetlink.NLM_F_ACK);
        request.putInt(0).putInt(index).putInt(0).putInt(0);
        attribute(Rtnetlink.IFLA_MTU, mtu);
        attribute(Rtnetlink.IFLA_TXQLEN, txQueueLength);
        attribute(Rtnetlink.IFLA_IFALIAS, alias);
        acknowledged("set the MTU of a link to " + mtu);
    }

    /**
     * Makes a macvtap in bridge mode, down.
     *
     * @param parent index of the link below
     * @return whether it was made; not when the name is taken
     */
    synchronized boolean addMacvtap(String name, int parent, long mac, int mtu) {
        begin(Rtnetlink.RTM_NEWLINK, Rtnetlink.NLM_F_ACK | Rtnetlink.NLM_F_CREATE_NEW);
        request.putInt(0).putInt(0).putInt(0).putInt(0);
        attribute(Rtnetlink.IFLA_IFNAME, name);
        attribute(Rtnetlink.IFLA_LINK, parent);
        attribute(Rtnetlink.IFLA_MTU, mtu);
        attributeHeader(Rtnetlink.IFLA_ADDRESS, MAC_ADDRESS_LENGTH);
        for (int shift = (MAC_ADDRESS_LENGTH - 1) * Byte.SIZE; shift >= 0; shift -= Byte.SIZE) {
            request.put((byte) (mac >>> shift));
        }
        request.position(Rtnetlink.align(request.position()));
        int info = request.position();
        attributeHeader(Rtnetlink.IFLA_LINKINFO, 0);
        attribute(Rtnetlink.IFLA_INFO_KIND, "macvtap");
        int options = request.position();
        attributeHeader(Rtnetlink.IFLA_INFO_DATA, 0);
        attribute(Rtnetlink.IFLA_MACVLAN_MODE, Rtnetlink.MACVLAN_MODE_BRIDGE);
        request.putShort(options, (short) (request.position() - options));
        request.putShort(info, (short) (request.position() - info));
        int error = exchange();
        if (error != 0 && error != -Errno.EEXIST) {
            throw failed("make a macvtap", error);
        }
        return error == 0;
    }

    /** {@return index of the link below a link of this socket's namespace, 0 for none} */
    synchronized int parent(int index) {
        if (link(-1, index) == null) {
            return 0;
        }
        int from = Rtnetlink.NLMSGHDR_LENGTH + Rtnetlink.IFINFOMSG_LENGTH;
        return attributes.number(attributes.find(from, answer.limit(), Rtnetlink.IFLA_LINK), 0);
    }

    /** Sets a link's MTU; a link of this socket's namespace. */
    synchronized void setMtu(int index, int mtu) {
        begin(Rtnetlink.RTM_SETLINK, Rtnetlink.NLM_F_ACK);
        request.putInt(0).putInt(index).putInt(0).putInt(0);
        attribute(Rtnetlink.IFLA_MTU, mtu);
        acknowledged("set the MTU of a link to " + mtu);
    }

    /** Sets flags of a link of this socket's namespace (IFF_UP and others); those not named stay. */
    synchronized void setFlags(int index, int flags) {
        begin(Rtnetlink.RTM_SETLINK, Rtnetlink.NLM_F_ACK);
        request.putInt(0).putInt(index).putInt(flags).putInt(flags);
        acknowledged("set up a link");
    }

    /** Deletes a link of this socket's namespace. */
    synchronized void deleteLink(int index) {
        begin(Rtnetlink.RTM_DELLINK, Rtnetlink.NLM_F_ACK);
        request.putInt(0).putInt(index).putInt(0).putInt(0);
        acknowledged("delete a link");
    }

    /** Of something that has gone with its link it may be that there is no such thing. */
    private void removed(String what) {
        int error = exchange();
        if (error != 0 && error != -Errno.ENODEV && error != -Errno.ENOENT) {
            throw failed(what, error);
        }
    }

    private void acknowledged(String what) {
        int error = exchange();
        if (error != 0) {
            throw failed(what, error);
        }
    }

    private @Nullable LinkState ask(int namespaceId) {
        attribute(Rtnetlink.IFLA_EXT_MASK, Rtnetlink.RTEXT_FILTER_SKIP_STATS);
        if (namespaceId != Rtnetlink.NETNSA_NSID_NOT_ASSIGNED) {
            attribute(Rtnetlink.IFLA_TARGET_NETNSID, namespaceId);
        }
        int error = exchange();
        if (error == 0) {
            return parseLink(namespaceId);
        }
        // EINVAL: the namespace of this id is gone (rtnl_get_net_ns_capable of net/core/rtnetlink.c).
        if (error == -Errno.ENODEV || error == -Errno.EINVAL) {
            return null;
        }
        throw failed("ask for a link", error);
    }

    private LinkState parseLink(int namespaceId) {
        int header = Rtnetlink.NLMSGHDR_LENGTH;
        int index = answer.getInt(header + Rtnetlink.IFINFOMSG_INDEX);
        int flags = answer.getInt(header + Rtnetlink.IFINFOMSG_FLAGS);
        int from = header + Rtnetlink.IFINFOMSG_LENGTH;
        int to = answer.limit();
        return new LinkState(
                namespaceId,
                index,
                attributes.text(attributes.find(from, to, Rtnetlink.IFLA_IFNAME)),
                attributes.linkKind(from, to),
                (flags & Rtnetlink.IFF_UP) != 0,
                (flags & Rtnetlink.IFF_LOWER_UP) != 0,
                attributes.number(attributes.find(from, to, Rtnetlink.IFLA_MTU), 0),
                attributes.wireOrder(attributes.find(from, to, Rtnetlink.IFLA_ADDRESS), MAC_ADDRESS_LENGTH));
    }

    private void begin(int type, int flags) {
        request.clear().position(4);
        request.putShort((short) type)
                .putShort((short) (Rtnetlink.NLM_F_REQUEST | flags))
                .putInt(++sequence)
                .putInt(0);
    }

    private void attribute(int type, int value) {
        attributeHeader(type, Integer.BYTES);
        request.putInt(value);
    }

    private void attribute(int type, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        attributeHeader(type, bytes.length + 1);
        request.put(bytes).put((byte) 0);
        request.position(Rtnetlink.align(request.position()));
    }

    private void attributeHeader(int type, int payloadLength) {
        request.putShort((short) (Rtnetlink.NLA_HEADER_LENGTH + payloadLength)).putShort((short) type);
    }

    /** Sends the request and receives its answer; 0, or the negative errno in it. */
    private int exchange() {
        if (closed) {
            throw new IllegalStateException("the netlink socket was closed");
        }
        int length = request.position();
        request.putInt(0, length);
        long sent = Syscalls.sendto(fd, requestMemory.asSlice(0, length), 0, MemorySegment.NULL);
        if (sent < 0) {
            return (int) sent;
        }
        while (true) {
            long received = Syscalls.recv(fd, answerMemory, 0);
            if (received == -Errno.EINTR) {
                continue;
            }
            if (received < 0) {
                return (int) received;
            }
            // A late answer to an earlier request, whose receive failed, has another number.
            if (received >= Rtnetlink.NLMSGHDR_LENGTH + Integer.BYTES && answer.getInt(8) == sequence) {
                answer.clear().limit((int) Math.min(received, answer.getInt(0)));
                int type = answer.getShort(Rtnetlink.NLMSGHDR_TYPE) & 0xffff;
                return type == Rtnetlink.NLMSG_ERROR ? answer.getInt(Rtnetlink.NLMSGHDR_LENGTH) : 0;
            }
        }
    }

    private static DeviceException failed(String what, int error) {
        return new DeviceException("cannot " + what + ": " + Errno.describe(error), -error);
    }

    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            Syscalls.close(fd);
            arena.close();
        }
    }
}
