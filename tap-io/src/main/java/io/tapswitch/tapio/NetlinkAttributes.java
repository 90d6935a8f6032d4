package io.tapswitch.tapio;

import io.tapswitch.tapio.sys.Rtnetlink;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * The attributes of a netlink message (struct nlattr of linux/netlink.h), read where they lie in an answer. An
 * attribute is named by the position of its payload; -1 stands for one that is not there. One thread, the buffer's.
 */
final class NetlinkAttributes {
    static final int ABSENT = -1;

    private final ByteBuffer message;

    /** @param message in the machine's byte order */
    NetlinkAttributes(ByteBuffer message) {
        this.message = message;
    }

    /** Where the payload of the first attribute of a type begins, between two positions; {@link #ABSENT} without. */
    int find(int from, int to, int type) {
        int at = from;
        while (at + Rtnetlink.NLA_HEADER_LENGTH <= to) {
            int length = message.getShort(at) & 0xffff;
            if (length < Rtnetlink.NLA_HEADER_LENGTH || at + length > to) {
                return ABSENT;
            }
            if ((message.getShort(at + 2) & Rtnetlink.NLA_TYPE_MASK) == type) {
                return at + Rtnetlink.NLA_HEADER_LENGTH;
            }
            at += Rtnetlink.align(length);
        }
        return ABSENT;
    }

    /** Bytes of a payload; of one that is not there none. */
    int length(int payload) {
        return payload == ABSENT
                ? 0
                : (message.getShort(payload - Rtnetlink.NLA_HEADER_LENGTH) & 0xffff) - Rtnetlink.NLA_HEADER_LENGTH;
    }

    /** A number of 32 bits, or what stands for it when it is not there. */
    int number(int payload, int otherwise) {
        return length(payload) < Integer.BYTES ? otherwise : message.getInt(payload);
    }

    /** A text up to its zero byte; empty when it is not there. */
    String text(int payload) {
        int length = length(payload);
        byte[] bytes = new byte[length];
        message.get(Math.max(0, payload), bytes);
        int end = 0;
        while (end < length && bytes[end] != 0) {
            end++;
        }
        return new String(bytes, 0, end, StandardCharsets.UTF_8);
    }

    /** What made the link whose attributes lie between two positions; empty for a physical device. */
    String linkKind(int from, int to) {
        int info = find(from, to, Rtnetlink.IFLA_LINKINFO);
        return text(find(info, info + length(info), Rtnetlink.IFLA_INFO_KIND));
    }

    /** Up to eight bytes in the order of the wire, as a number; 0 when it has another length or is not there. */
    long wireOrder(int payload, int expectedLength) {
        if (length(payload) != expectedLength) {
            return 0;
        }
        return wireOrderAt(payload, expectedLength);
    }

    /** Up to eight bytes at any position, in the order of the wire. */
    long wireOrderAt(int at, int length) {
        long number = 0;
        for (int i = 0; i < length; i++) {
            number = number << Byte.SIZE | (message.get(at + i) & 0xff);
        }
        return number;
    }
}
