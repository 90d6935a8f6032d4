package io.tapswitch.core.dataplane;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * What is known of the largest packet that gets to another host whole (O12): nothing, or what a router on the way said
 * not long ago (RFC 1191, RFC 8201).
 *
 * <h2>Theory of operation</h2>
 *
 * A router's word may come to any worker, and concerns what all workers send there, in all networks. So there is one of
 * these for each other host, and it outlives the versions of the tables: one long, which workers read for each frame
 * and write a few times an hour.
 *
 * <pre>
 *   63                               16 15         0
 *   +----------------------------------+------------+
 *   | until, in units of 2^20 ns       | bytes      |     0: nothing is known
 *   +----------------------------------+------------+
 * </pre>
 *
 * <p>What was said is forgotten after 10 minutes, because a way can become wider too (RFC 1191 section 6.3). It is
 * never believed to be less than what every host must take, {@link #FLOOR_IPV4} and {@link #FLOOR_IPV6}: less would be
 * the work of somebody who wants to do harm (RFC 8899 section 4.6.2 says the same of what one cannot verify).
 *
 * <p>Any thread; nothing is allocated.
 */
public final class PathMtu {
    /** The least that is believed of a way over IPv4: what each host must be able to take (RFC 791). */
    public static final int FLOOR_IPV4 = 576;
    /** The least there is over IPv6 (RFC 8200 section 5). */
    public static final int FLOOR_IPV6 = 1280;
    /** What is said when nothing is known. */
    static final int UNKNOWN = 0xffff;

    /** Ten minutes (RFC 1191 section 6.3), in units of 2^20 ns. */
    private static final long LIFE = 600_000_000_000L >> 20;

    private static final int BYTES_MASK = 0xffff;
    private static final int UNTIL_SHIFT = 16;
    private static final VarHandle STATE;

    static {
        try {
            STATE = MethodHandles.lookup().findVarHandle(PathMtu.class, "state", long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private volatile long state;

    /** {@return bytes of the largest packet that gets there, as far as is known; 65535 when nothing is} */
    public int bytes(long nowNs) {
        long known = state;
        return known != 0 && isYoung(known, nowNs) ? (int) known & BYTES_MASK : UNKNOWN;
    }

    private static boolean isYoung(long known, long nowNs) {
        // The difference is of 48 bits, so the time may pass the end of its range.
        return (known & ~BYTES_MASK) - (nowNs >> 20 << UNTIL_SHIFT) > 0;
    }

    /**
     * A router said how much passes, to the switch or to the host.
     *
     * @param bytes not below the floor
     * @return whether that is less than was known
     */
    public boolean lower(int bytes, long nowNs) {
        long next = (((nowNs >> 20) + LIFE) << UNTIL_SHIFT) | bytes;
        while (true) {
            long known = state;
            int before = known != 0 && isYoung(known, nowNs) ? (int) known & BYTES_MASK : UNKNOWN;
            if (bytes > before) {
                return false;
            }
            if (STATE.compareAndSet(this, known, next)) {
                return bytes < before;
            }
        }
    }
}
