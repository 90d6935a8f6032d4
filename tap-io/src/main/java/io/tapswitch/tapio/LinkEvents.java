package io.tapswitch.tapio;

import io.tapswitch.tapio.sys.Errno;
import io.tapswitch.tapio.sys.Rtnetlink;
import io.tapswitch.tapio.sys.Syscalls;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * The kernel's news of links and namespaces: where something happened, not what. One socket in the daemon's namespace
 * hears all namespaces that have an id there (NETLINK_LISTEN_ALL_NSID), so no other namespace is held open. A message
 * of another namespace carries that id as a control message; one of our own carries none.
 *
 * <p>{@link #drain} and {@link #close} on one thread.
 */
final class LinkEvents implements AutoCloseable {
    /** Receives the news. */
    interface Sink {
        /** Something happened to the link of this index in the namespace of this id, -1 for the daemon's own. */
        void onLink(int namespaceId, int index);

        /** The namespace of this id has ended, and the id is free for another. */
        void onNamespaceEnded(int namespaceId);

        /** News was lost: anything may have happened. */
        void onLost();
    }

    private static final int O_NONBLOCK = 0x800;
    private static final int F_SETFL = 4;
    private static final int SOL_SOCKET = 1;
    private static final int SO_RCVBUFFORCE = 33;
    // About 2 000 messages: 1 000 containers that are attached and removed at once, while the thread does not run.
    private static final int RECEIVE_BUFFER_BYTES = 4 << 20;
    private static final int MESSAGE_LENGTH = 64 * 1024;
    private static final int CONTROL_LENGTH = 64;
    // struct msghdr of linux/socket.h on 64 bits: name, name length, vector, vector length, control, its length, flags.
    private static final int MSGHDR_LENGTH = 56;
    private static final int MSGHDR_VECTOR = 16;
    private static final int MSGHDR_VECTOR_COUNT = 24;
    private static final int MSGHDR_CONTROL = 32;
    private static final int MSGHDR_CONTROL_LENGTH = 40;
    // struct cmsghdr: u64 length with header, s32 level, s32 type; then the data.
    private static final int CMSG_LEVEL = 8;
    private static final int CMSG_TYPE = 12;
    private static final int CMSG_DATA = 16;

    private final int fd;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment header = arena.allocate(MSGHDR_LENGTH, Long.BYTES);
    private final MemorySegment control = arena.allocate(CONTROL_LENGTH, Long.BYTES);
    private final ByteBuffer message;

    private LinkEvents(int fd) {
        this.fd = fd;
        MemorySegment memory = arena.allocate(MESSAGE_LENGTH, Long.BYTES);
        MemorySegment vector = arena.allocate(2 * Long.BYTES, Long.BYTES);
        vector.set(ValueLayout.JAVA_LONG, 0, memory.address());
        vector.set(ValueLayout.JAVA_LONG, Long.BYTES, MESSAGE_LENGTH);
        header.set(ValueLayout.JAVA_LONG, MSGHDR_VECTOR, vector.address());
        header.set(ValueLayout.JAVA_LONG, MSGHDR_VECTOR_COUNT, 1);
        header.set(ValueLayout.JAVA_LONG, MSGHDR_CONTROL, control.address());
        message = memory.asByteBuffer().order(ByteOrder.nativeOrder());
    }

    /** Begins to listen in the calling thread's namespace; what happens from now on is not missed. */
    static LinkEvents open() {
        int fd = RouteSocket.openDescriptor();
        LinkEvents events = new LinkEvents(fd);
        int result = events.subscribe();
        if (result < 0) {
            events.close();
            throw new DeviceException(
                    "cannot listen to the kernel's news of links: " + Errno.describe(result), -result);
        }
        return events;
    }

    private int subscribe() {
        // Without the right to exceed net.core.rmem_max the buffer stays small, and losses are made good.
        Syscalls.setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER_BYTES);
        int result = Syscalls.setsockopt(fd, Rtnetlink.SOL_NETLINK, Rtnetlink.NETLINK_LISTEN_ALL_NSID, 1);
        if (result >= 0) {
            result = Syscalls.fcntl(fd, F_SETFL, O_NONBLOCK);
        }
        if (result < 0) {
            return result;
        }
        try (Arena temporary = Arena.ofConfined()) {
            // struct sockaddr_nl: u16 family, u16 padding, u32 port, u32 groups.
            MemorySegment address = temporary.allocate(12, Integer.BYTES);
            address.set(ValueLayout.JAVA_SHORT, 0, (short) Rtnetlink.AF_NETLINK);
            address.set(ValueLayout.JAVA_INT, 8, Rtnetlink.RTMGRP_LINK | Rtnetlink.RTMGRP_NSID);
            return Syscalls.bind(fd, address);
        }
    }

    int fd() {
        return fd;
    }

    /** Reads all that is there, without waiting. */
    void drain(Sink sink) {
        while (true) {
            header.set(ValueLayout.JAVA_LONG, MSGHDR_CONTROL_LENGTH, CONTROL_LENGTH);
            long received = Syscalls.recvmsg(fd, header, 0);
            if (received >= 0) {
                parse((int) received, origin(), sink);
            } else if (received == -Errno.EAGAIN) {
                return;
            } else if (received != -Errno.EINTR) {
                // ENOBUFS says once that messages were dropped; what else there may be is as bad.
                sink.onLost();
                if (received != -Errno.ENOBUFS) {
                    return;
                }
            }
        }
    }

    private int origin() {
        long length = header.get(ValueLayout.JAVA_LONG, MSGHDR_CONTROL_LENGTH);
        boolean named = length >= CMSG_DATA + Integer.BYTES
                && control.get(ValueLayout.JAVA_INT, CMSG_LEVEL) == Rtnetlink.SOL_NETLINK
                && control.get(ValueLayout.JAVA_INT, CMSG_TYPE) == Rtnetlink.NETLINK_LISTEN_ALL_NSID;
        return named ? control.get(ValueLayout.JAVA_INT, CMSG_DATA) : Rtnetlink.NETNSA_NSID_NOT_ASSIGNED;
    }

    private void parse(int received, int namespaceId, Sink sink) {
        int at = 0;
        while (at + Rtnetlink.NLMSGHDR_LENGTH <= received) {
            int length = message.getInt(at);
            if (length < Rtnetlink.NLMSGHDR_LENGTH || at + length > received) {
                sink.onLost();
                return;
            }
            int type = message.getShort(at + Rtnetlink.NLMSGHDR_TYPE) & 0xffff;
            int body = at + Rtnetlink.NLMSGHDR_LENGTH;
            if ((type == Rtnetlink.RTM_NEWLINK || type == Rtnetlink.RTM_DELLINK)
                    && length >= Rtnetlink.NLMSGHDR_LENGTH + Rtnetlink.IFINFOMSG_LENGTH) {
                sink.onLink(namespaceId, message.getInt(body + Rtnetlink.IFINFOMSG_INDEX));
            } else if (type == Rtnetlink.RTM_DELNSID && namespaceId == Rtnetlink.NETNSA_NSID_NOT_ASSIGNED) {
                endedNamespace(body + Rtnetlink.RTGENMSG_LENGTH, at + length, sink);
            }
            at += Rtnetlink.align(length);
        }
    }

    private void endedNamespace(int from, int to, Sink sink) {
        int at = from;
        while (at + Rtnetlink.NLA_HEADER_LENGTH + Integer.BYTES <= to) {
            int length = message.getShort(at) & 0xffff;
            if ((message.getShort(at + 2) & Rtnetlink.NLA_TYPE_MASK) == Rtnetlink.NETNSA_NSID) {
                sink.onNamespaceEnded(message.getInt(at + Rtnetlink.NLA_HEADER_LENGTH));
                return;
            }
            if (length < Rtnetlink.NLA_HEADER_LENGTH) {
                return;
            }
            at += Rtnetlink.align(length);
        }
    }

    @Override
    public void close() {
        Syscalls.close(fd);
        arena.close();
    }
}
