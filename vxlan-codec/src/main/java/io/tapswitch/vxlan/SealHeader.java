package io.tapswitch.vxlan;

import static java.nio.ByteOrder.BIG_ENDIAN;

import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;

/**
 * What stands between the VXLAN header and an encrypted frame (docs/encryption.md, V13).
 *
 * <pre>
 *    0                   1                   2                   3
 *    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *   +---------------------------------------------------------------+
 *   | key id                                                        |
 *   +---------------+-----------------------------------------------+
 *   | worker        | sequence                                      |
 *   +---------------+                                               +
 *   |                                                               |
 *   +---------------------------------------------------------------+
 *   | inner Ethernet frame, AES-256-GCM ...
 *   +---------------------------------------------------------------+
 *   | tag, 16 bytes                                                 |
 *   +---------------------------------------------------------------+
 * </pre>
 *
 * <p>Worker and sequence are one counter of 64 bits, which with the salt of the key is the nonce. Each worker of the
 * sender counts for itself, so workers share nothing. The VXLAN header and this one are authenticated, not encrypted.
 */
public final class SealHeader {
    /** Bytes of the header. */
    public static final int LENGTH = 12;
    /** Bytes behind the frame. */
    public static final int TAG_LENGTH = 16;
    /** Bytes that encryption adds to those of a tunnel in clear (O10). */
    public static final int OVERHEAD = LENGTH + TAG_LENGTH;

    /** Most packets that Linux takes in one write with UDP_SEGMENT, before 6.9 (UDP_MAX_SEGMENTS). */
    public static final int MAX_PIECES = 64;

    private static final int COUNTER = 4;
    private static final int WORKER_SHIFT = 56;

    private SealHeader() {}

    /** Writes the whole header. */
    static void write(MutableDirectBuffer b, int offset, int keyId, long counter) {
        b.putInt(offset, keyId, BIG_ENDIAN);
        b.putLong(offset + COUNTER, counter, BIG_ENDIAN);
    }

    /** {@return the id of the key, any number} */
    public static int keyId(DirectBuffer b, int offset) {
        return b.getInt(offset, BIG_ENDIAN);
    }

    /** {@return the counter} */
    public static long counter(DirectBuffer b, int offset) {
        return b.getLong(offset + COUNTER, BIG_ENDIAN);
    }

    static long counter(int worker, long sequence) {
        return (long) worker << WORKER_SHIFT | sequence;
    }

    /** {@return the sender's worker, 0 to 255} */
    static int worker(long counter) {
        return (int) (counter >>> WORKER_SHIFT);
    }

    /** {@return how many frames that worker had sent before} */
    static long sequence(long counter) {
        return counter & (1L << WORKER_SHIFT) - 1;
    }
}
