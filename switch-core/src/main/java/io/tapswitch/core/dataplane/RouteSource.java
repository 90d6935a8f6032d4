package io.tapswitch.core.dataplane;

/**
 * Who knows the host's routes: the kernel, in the end. One for each worker, which asks on its own thread and waits for
 * the answer; it must take microseconds, and allocate nothing.
 */
@FunctionalInterface
public interface RouteSource {
    /** What was answered; filled again and again. */
    final class Route {
        /** By a device, directly or by a gateway. */
        public static final int UNICAST = 0;
        /** One of the host's own addresses. */
        public static final int LOCAL = 1;
        /** There is no way, or none that is allowed. */
        public static final int UNREACHABLE = 2;

        /** One of the kinds. */
        public int kind = UNREACHABLE;
        /** The kernel's index of the device. */
        public int device;
        /** First half of the address that the host would send from, 0 of an IPv4 address. */
        public long sourceHi;
        /** Second half of it, of an IPv4 address the v4-mapped one; 0 for none. */
        public long sourceLo;
        /** MTU of the way, 0 when it is the device's. */
        public int mtu;
    }

    /**
     * Asks for the way to an address.
     *
     * @param hi first half of the address, 0 of an IPv4 address
     * @param lo second half, of an IPv4 address the v4-mapped one
     * @param into where the answer is written
     */
    void ask(long hi, long lo, Route into);
}
