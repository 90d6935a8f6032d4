package io.tapswitch.tapio;

import static io.tapswitch.tapio.sys.NativeMemory.getByte;
import static io.tapswitch.tapio.sys.NativeMemory.getInt;
import static io.tapswitch.tapio.sys.NativeMemory.getLong;
import static io.tapswitch.tapio.sys.NativeMemory.putInt;
import static io.tapswitch.tapio.sys.NativeMemory.putLong;
import static io.tapswitch.tapio.sys.NativeMemory.putShort;
import static java.nio.ByteOrder.BIG_ENDIAN;

import io.tapswitch.tapio.sys.Errno;
import io.tapswitch.tapio.sys.Mapping;
import io.tapswitch.tapio.sys.Syscalls;
import io.tapswitch.wire.EtherType;
import io.tapswitch.wire.EthernetHeader;
import io.tapswitch.wire.IpProtocol;
import io.tapswitch.wire.Ipv4Header;
import io.tapswitch.wire.Ipv6Header;
import io.tapswitch.wire.UdpHeader;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.agrona.concurrent.UnsafeBuffer;
import org.jspecify.annotations.Nullable;

/**
 * A socket of a {@link TunnelSocket} as a port: makes frames of a tunnel TAP of what recvmsg(2) delivers, and messages
 * for sendmsg(2) of such frames. So a worker does not see whether its tunnels go by a TAP or by a socket.
 *
 * <p><b>What comes.</b> A read leaves the datagram's payload in the slot, and before it who sent it and what else the
 * kernel says. That is read, and then written over by the headers that the TAP would have delivered:
 *
 * <pre>
 *   offset in the slot   128         144        176          224
 *   multishot            | lengths   | name     | control    | payload
 *   otherwise  0: msghdr |           | name     | control    | payload
 *   afterwards                 138 or 158: | tunnel header 24 | Ethernet, IP, UDP | payload
 * </pre>
 *
 * <p>The tunnel header says that the outer checksum is right, and of a train (control message UDP_GRO) how long its
 * packets are. The IP header has the sender's address and congestion mark. What the kernel does not tell, and nobody
 * asks for, is made up: MAC addresses, identification, TTL.
 *
 * <p><b>What goes.</b> A message stands in memory of its own until the kernel has taken it, since the kernel may read
 * it late: {@value #MESSAGES} of {@value #MESSAGE_LENGTH} bytes, used last in, first out. When all are on their way a
 * write fails with ENOBUFS.
 *
 * <p>Used by one worker's thread. Nothing here allocates. Source: linux/socket.h, linux/udp.h, struct
 * io_uring_recvmsg_out of linux/io_uring.h.
 */
final class SocketMessages {
    /** Messages that can be on their way. */
    private static final int MESSAGES = 4096;

    private static final int MESSAGE_LENGTH = 192;
    /** Neither waits nor raises a signal. */
    static final int SEND_FLAGS = 0x40 | 0x4000;

    static final int RECEIVE_FLAGS = 0x40;

    private static final int SOL_SOCKET = 1;
    private static final int SO_DOMAIN = 39;
    private static final int AF_INET6 = 10;
    private static final int SOCKADDR_IN_LENGTH = 16;
    private static final int SOCKADDR_IN6_LENGTH = 28;
    private static final int SOCKADDR_PORT = 2;
    private static final int SOCKADDR_IPV4 = 4;
    private static final int SOCKADDR_IPV6 = 8;
    // struct msghdr.
    private static final int MSGHDR_NAME = 0;
    private static final int MSGHDR_NAME_LENGTH = 8;
    private static final int MSGHDR_VECTOR = 16;
    private static final int MSGHDR_VECTOR_COUNT = 24;
    private static final int MSGHDR_CONTROL = 32;
    private static final int MSGHDR_CONTROL_LENGTH = 40;
    private static final int MSGHDR_FLAGS = 48;
    private static final int MSGHDR_LENGTH = 56;
    // What follows struct msghdr: the one entry of the vector, the name, the control messages.
    private static final int VECTOR = MSGHDR_LENGTH;
    private static final int NAME = VECTOR + 16;
    private static final int CONTROL = NAME + 32;
    // struct cmsghdr: u64 length with header, s32 level, s32 type; the next begins at a multiple of 8.
    private static final int CMSG_LEVEL = 8;
    private static final int CMSG_DATA = 16;
    private static final int CMSG_SPACE = 24;
    private static final long IP_TOS = cmsg(0, 1);
    private static final long IPV6_TCLASS = cmsg(41, 67);
    private static final long UDP_SEGMENT = cmsg(17, 103);
    private static final long UDP_GRO = cmsg(17, 104);
    // What a read leaves in the slot, from where a frame would begin.
    private static final int OUT_CONTROL_LENGTH = 4;
    private static final int READ_NAME = 16;
    private static final int READ_CONTROL = 48;
    private static final int READ_CONTROL_ROOM = 2 * CMSG_SPACE;
    private static final int READ_PAYLOAD = READ_CONTROL + READ_CONTROL_ROOM;

    private static final int DATA_VALID = 2;
    private static final int ECN = 3;
    private static final int IP_BEGIN = TunnelTap.HEADER_LENGTH + EthernetHeader.LENGTH;
    private static final int DONT_FRAGMENT = 0x4000;
    private static final int TTL = 64;
    /** Any that is no group's. */
    private static final long MAC = 0x0202_0202_0202L;

    private final FrameMemory memory;
    private final UnsafeBuffer buffer;
    private final boolean six;
    private final int headers;
    private final long localFirst;
    private final long localLast;
    private final short localPort;
    private final long messages;
    private final int[] slots = new int[MESSAGES];
    private final int[] lengths = new int[MESSAGES];
    private final int[] free = new int[MESSAGES];
    private int freeCount = MESSAGES;
    private int offset;
    private int length;

    private SocketMessages(FrameMemory memory, boolean six, long local) {
        this.memory = memory;
        this.buffer = memory.buffer();
        this.six = six;
        headers = IP_BEGIN + (six ? Ipv6Header.LENGTH : Ipv4Header.MIN_LENGTH) + UdpHeader.LENGTH;
        localFirst = six ? getLong(local + SOCKADDR_IPV6) : getInt(local + SOCKADDR_IPV4);
        localLast = six ? getLong(local + SOCKADDR_IPV6 + Long.BYTES) : 0;
        localPort = (short) (getInt(local) >>> Short.SIZE);
        // One more: how a multishot read is asked for.
        messages = Mapping.anonymous((MESSAGES + 1L) * MESSAGE_LENGTH);
        for (int i = 0; i < MESSAGES; i++) {
            free[i] = MESSAGES - 1 - i;
        }
        putInt(multishotAddress() + MSGHDR_NAME_LENGTH, READ_CONTROL - READ_NAME);
        putLong(multishotAddress() + MSGHDR_CONTROL_LENGTH, READ_CONTROL_ROOM);
    }

    private static long cmsg(int level, int type) {
        return level | (long) type << Integer.SIZE;
    }

    /** {@return what makes a port of a file that is a socket; null of another, which is a TAP} */
    static @Nullable SocketMessages of(int fd, FrameMemory memory) {
        int family = Syscalls.getsockopt(fd, SOL_SOCKET, SO_DOMAIN);
        if (family < 0) {
            return null;
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment local = arena.allocate(SOCKADDR_IN6_LENGTH + Integer.BYTES, Long.BYTES);
            MemorySegment length = arena.allocate(Integer.BYTES, Integer.BYTES);
            putInt(length.address(), SOCKADDR_IN6_LENGTH);
            int result = Syscalls.getsockname(fd, local, length);
            if (result < 0) {
                throw new IllegalStateException("a socket without an address: " + Errno.describe(result));
            }
            return new SocketMessages(memory, family == AF_INET6, local.address());
        }
    }

    /** {@return where the struct msghdr is that a multishot read is asked for with} */
    long multishotAddress() {
        return messages + (long) MESSAGES * MESSAGE_LENGTH;
    }

    /** Prepares the slot for one read into it; {@return where the struct msghdr is} */
    long readAddress(int slot) {
        long frame = memory.readAddress(slot);
        long at = frame - FrameMemory.HEADROOM;
        putLong(at + MSGHDR_NAME, frame + READ_NAME);
        putInt(at + MSGHDR_NAME_LENGTH, READ_CONTROL - READ_NAME);
        putLong(at + MSGHDR_VECTOR, at + VECTOR);
        putLong(at + MSGHDR_VECTOR_COUNT, 1);
        putLong(at + MSGHDR_CONTROL, frame + READ_CONTROL);
        putLong(at + MSGHDR_CONTROL_LENGTH, READ_CONTROL_ROOM);
        putInt(at + MSGHDR_FLAGS, 0);
        putLong(at + VECTOR, frame + READ_PAYLOAD);
        putLong(at + VECTOR + Long.BYTES, FrameMemory.READ_LENGTH - READ_PAYLOAD);
        return at;
    }

    /** Makes a frame of what a multishot read left in a slot; it is at {@link #offset}. */
    void receivedByMultishot(int slot, int result) {
        received(slot, result - READ_PAYLOAD, getInt(memory.readAddress(slot) + OUT_CONTROL_LENGTH));
    }

    /** Makes a frame of what another read left in a slot; it is at {@link #offset}. */
    void received(int slot, int result) {
        long header = memory.readAddress(slot) - FrameMemory.HEADROOM;
        received(slot, result, (int) getLong(header + MSGHDR_CONTROL_LENGTH));
    }

    private void received(int slot, int payloadLength, int controlLength) {
        long read = memory.readAddress(slot);
        long name = read + READ_NAME;
        short port = (short) (getInt(name) >>> Short.SIZE);
        long sourceFirst = six ? getLong(name + SOCKADDR_IPV6) : getInt(name + SOCKADDR_IPV4);
        long sourceLast = six ? getLong(name + SOCKADDR_IPV6 + Long.BYTES) : 0;
        int mark = 0;
        int size = 0;
        long end = read + READ_CONTROL + Math.min(controlLength, READ_CONTROL_ROOM);
        for (long at = read + READ_CONTROL; at + CMSG_DATA < end; at += getLong(at) + Long.BYTES - 1 & -Long.BYTES) {
            long kind = getLong(at + CMSG_LEVEL);
            if (kind == UDP_GRO) {
                size = getInt(at + CMSG_DATA);
            } else if (kind == IP_TOS || kind == IPV6_TCLASS) {
                mark = getByte(at + CMSG_DATA) & ECN;
            }
        }
        offset = FrameMemory.readOffset(slot) + READ_PAYLOAD - headers;
        length = headers + payloadLength;
        writeTunnelHeader(size > 0 && size < payloadLength ? size : 0);
        int ip = offset + IP_BEGIN;
        int udpLength = UdpHeader.LENGTH + payloadLength;
        int udp;
        if (six) {
            udp = ip + Ipv6Header.LENGTH;
            buffer.putInt(ip, 6 << 28 | mark << 20, BIG_ENDIAN);
            Ipv6Header.payloadLength(buffer, ip, udpLength);
            Ipv6Header.nextHeader(buffer, ip, IpProtocol.UDP);
            Ipv6Header.hopLimit(buffer, ip, TTL);
            buffer.putLong(ip + 8, sourceFirst);
            buffer.putLong(ip + 16, sourceLast);
            buffer.putLong(ip + 24, localFirst);
            buffer.putLong(ip + 32, localLast);
        } else {
            udp = ip + Ipv4Header.MIN_LENGTH;
            int totalLength = Ipv4Header.MIN_LENGTH + udpLength;
            buffer.putInt(ip, 0x45 << 24 | mark << 16 | (totalLength & 0xffff), BIG_ENDIAN);
            buffer.putInt(ip + 4, DONT_FRAGMENT, BIG_ENDIAN);
            buffer.putInt(ip + 8, TTL << 24 | IpProtocol.UDP << 16, BIG_ENDIAN);
            buffer.putInt(ip + 12, (int) sourceFirst);
            buffer.putInt(ip + 16, (int) localFirst);
            Ipv4Header.updateChecksum(buffer, ip);
        }
        buffer.putShort(udp, port);
        buffer.putShort(udp + 2, localPort);
        UdpHeader.length(buffer, udp, udpLength);
        UdpHeader.checksum(buffer, udp, 0);
    }

    private void writeTunnelHeader(int size) {
        buffer.putLong(offset, 0);
        buffer.putLong(offset + 8, 0);
        buffer.putLong(offset + 16, 0);
        VirtioNetHeader.flags(buffer, offset, DATA_VALID);
        if (size > 0) {
            VirtioNetHeader.gsoType(buffer, offset, VirtioNetHeader.GSO_UDP_L4);
            VirtioNetHeader.gsoSize(buffer, offset, size);
        }
        int ethernet = offset + TunnelTap.HEADER_LENGTH;
        EthernetHeader.destination(buffer, ethernet, MAC);
        EthernetHeader.source(buffer, ethernet, MAC);
        EthernetHeader.etherType(buffer, ethernet, six ? EtherType.IPV6 : EtherType.IPV4);
    }

    /** {@return where the frame begins, with its tunnel header, that was received last} */
    int offset() {
        return offset;
    }

    /** {@return bytes of the frame that was received last} */
    int length() {
        return length;
    }

    /**
     * Makes a message of a frame, of which the payload is not copied.
     *
     * @param from where its tunnel header begins
     * @param bytes from there
     * @return its number, which is to be {@link #sent}; or a negative errno
     */
    int prepare(int slot, int from, int bytes) {
        int payloadLength = bytes - headers;
        if (payloadLength < 0 || freeCount == 0) {
            return payloadLength < 0 ? -Errno.EINVAL : -Errno.ENOBUFS;
        }
        int message = free[--freeCount];
        slots[message] = slot;
        lengths[message] = bytes;
        long at = address(message);
        int ip = from + IP_BEGIN;
        int mark;
        if (six) {
            mark = Ipv6Header.trafficClass(buffer, ip) & ECN;
            putInt(at + NAME, AF_INET6 | destinationPort(ip + Ipv6Header.LENGTH));
            putLong(at + NAME + SOCKADDR_IPV6, buffer.getLong(ip + 24));
            putLong(at + NAME + SOCKADDR_IPV6 + Long.BYTES, buffer.getLong(ip + 32));
        } else {
            mark = Ipv4Header.ecn(buffer, ip);
            putInt(at + NAME, 2 | destinationPort(ip + Ipv4Header.MIN_LENGTH));
            putInt(at + NAME + SOCKADDR_IPV4, buffer.getInt(ip + 16));
        }
        putLong(at + MSGHDR_NAME, at + NAME);
        putInt(at + MSGHDR_NAME_LENGTH, six ? SOCKADDR_IN6_LENGTH : SOCKADDR_IN_LENGTH);
        putLong(at + MSGHDR_VECTOR, at + VECTOR);
        putLong(at + MSGHDR_VECTOR_COUNT, 1);
        putLong(at + MSGHDR_CONTROL, at + CONTROL);
        putLong(at + VECTOR, buffer.addressOffset() + from + headers);
        putLong(at + VECTOR + Long.BYTES, payloadLength);
        int control = 0;
        if (VirtioNetHeader.gsoType(buffer, from) == VirtioNetHeader.GSO_UDP_L4) {
            control = control(at, control, UDP_SEGMENT, Short.BYTES);
            putShort(at + CONTROL + CMSG_DATA, (short) VirtioNetHeader.gsoSize(buffer, from));
        }
        if (mark != 0) {
            putInt(at + CONTROL + control + CMSG_DATA, mark);
            control = control(at, control, six ? IPV6_TCLASS : IP_TOS, Integer.BYTES);
        }
        putLong(at + MSGHDR_CONTROL_LENGTH, control);
        return message;
    }

    /** {@return the port that a datagram goes to, as the upper half of a word that begins a socket address} */
    private int destinationPort(int udp) {
        return buffer.getShort(udp + SOCKADDR_PORT) << Short.SIZE;
    }

    private static int control(long at, int offset, long kind, int dataLength) {
        putLong(at + CONTROL + offset, CMSG_DATA + dataLength);
        putLong(at + CONTROL + offset + CMSG_LEVEL, kind);
        return offset + CMSG_SPACE;
    }

    /** {@return where the struct msghdr of a message is} */
    long address(int message) {
        return messages + (long) message * MESSAGE_LENGTH;
    }

    /** {@return the slot of a message} */
    int slot(int message) {
        return slots[message];
    }

    /** Ends a message, whose number is free again; {@return bytes of the frame, or what it failed with} */
    int sent(int message, int result) {
        free[freeCount++] = message;
        return result < 0 ? result : lengths[message];
    }

    /** Gives the memory back; nothing may be on its way. */
    void close() {
        Mapping.unmap(messages, (MESSAGES + 1L) * MESSAGE_LENGTH);
    }
}
