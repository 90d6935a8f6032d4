package io.tapswitch.dns;

import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;

/**
 * What stands before the target's name in a SRV (RFC 2782); the name is never compressed.
 *
 * <pre>
 *   | priority 16 | weight 16 | port 16 | target ...
 * </pre>
 */
public final class SrvData {
    /** Bytes before the target. */
    public static final int TARGET_OFFSET = 6;

    private SrvData() {}

    /** {@return priority: lower ones are tried first} */
    public static int priority(DirectBuffer b, int offset) {
        return Octets.uint16(b, offset);
    }

    /** {@return share of those who take this target among the same priority} */
    public static int weight(DirectBuffer b, int offset) {
        return Octets.uint16(b, offset + 2);
    }

    /** {@return l4 port of the service} */
    public static int port(DirectBuffer b, int offset) {
        return Octets.uint16(b, offset + 4);
    }

    /** Writes what stands before the target. */
    public static void put(MutableDirectBuffer b, int offset, int priority, int weight, int port) {
        Octets.uint16(b, offset, priority);
        Octets.uint16(b, offset + 2, weight);
        Octets.uint16(b, offset + 4, port);
    }
}
