package io.tapswitch.tapio;

import io.tapswitch.tapio.sys.Errno;
import io.tapswitch.tapio.sys.Rtnetlink;
import io.tapswitch.tapio.sys.Syscalls;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * A netlink socket that asks for lists (NLM_F_DUMP, netlink(7)) about the namespace of the thread that made it. One
 * thread.
 */
final class NetlinkDump implements AutoCloseable {
    // The kernel fills what is offered, up to 32 KiB (netlink_recvmsg of net/netlink/af_netlink.c).
    private static final int ANSWER_LENGTH = 32 * 1024;
    private static final int REQUEST_LENGTH = 256;

    private final String what;
    private final int fd;
    private final Arena arena = Arena.ofConfined();
    private final MemorySegment answerMemory = arena.allocate(ANSWER_LENGTH, Long.BYTES);
    private final ByteBuffer answer = answerMemory.asByteBuffer().order(ByteOrder.nativeOrder());
    private final NetlinkAttributes attributes = new NetlinkAttributes(answer);
    private final MemorySegment requestMemory = arena.allocate(REQUEST_LENGTH, Long.BYTES);
    private final ByteBuffer request = requestMemory.asByteBuffer().order(ByteOrder.nativeOrder());
    private int sequence;

    /** One message of a list: its body lies at {@code body} in the answer and ends before {@code end}. */
    @FunctionalInterface
    interface Message {
        void at(int body, int end);
    }

    /** @param what is said to have failed when it fails, as in "cannot ..." */
    NetlinkDump(int protocol, String what) {
        this.fd = RouteSocket.openDescriptor(protocol);
        this.what = what;
    }

    /** {@return where the answer lies while a message is looked at} */
    ByteBuffer answer() {
        return answer;
    }

    /** {@return the attributes of the answer} */
    NetlinkAttributes attributes() {
        return attributes;
    }

    /** {@return the next request, with zeros behind its header, to be filled and left at its end} */
    ByteBuffer begin(int type) {
        requestMemory.fill((byte) 0);
        request.clear().position(4);
        return request.putShort((short) type)
                .putShort((short) (Rtnetlink.NLM_F_REQUEST | Rtnetlink.NLM_F_DUMP))
                .putInt(++sequence)
                .putInt(0);
    }

    /** Sends the request, and shows each message of a type; false when something changed meanwhile. */
    boolean run(int answerType, int bodyLength, Message message) {
        int length = request.position();
        request.putInt(0, length);
        long received = Syscalls.sendto(fd, requestMemory.asSlice(0, length), 0, MemorySegment.NULL);
        boolean whole = true;
        while (received >= 0 || received == -Errno.EINTR) {
            received = Syscalls.recv(fd, answerMemory, 0);
            int at = 0;
            while (at + Rtnetlink.NLMSGHDR_LENGTH <= received) {
                int end = at + answer.getInt(at);
                int kind = answer.getShort(at + Rtnetlink.NLMSGHDR_TYPE) & 0xffff;
                int flags = answer.getShort(at + Rtnetlink.NLMSGHDR_TYPE + 2);
                whole &= (flags & Rtnetlink.NLM_F_DUMP_INTR) == 0;
                int body = at + Rtnetlink.NLMSGHDR_LENGTH;
                if (kind == Rtnetlink.NLMSG_DONE) {
                    // It bears an errno when the kernel could not list all (netlink_dump_done of af_netlink.c).
                    int error = end - body < Integer.BYTES ? 0 : answer.getInt(body);
                    if (error < 0) {
                        throw failed(error);
                    }
                    return whole;
                }
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

    private DeviceException failed(long error) {
        return new DeviceException("cannot " + what + ": " + Errno.describe(error), (int) -error);
    }

    @Override
    public void close() {
        Syscalls.close(fd);
        arena.close();
    }
}
