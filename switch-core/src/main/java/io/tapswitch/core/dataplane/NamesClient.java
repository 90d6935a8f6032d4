package io.tapswitch.core.dataplane;

import io.tapswitch.tapio.FrameIo;

/**
 * How a container's queries by TCP are told apart where they are served: its address there says which port it is
 * behind.
 *
 * <h2>Theory of operation</h2>
 *
 * The namespace of the listener knows none of the containers' addresses, which may be the same in two networks anyway.
 * What it sees instead is made of the port's id and generation, and of which address was asked:
 *
 * <pre>
 *   client, IPv4      10gg gggg gggg gggg gggp pppp pppp pppp       128.0.0.0/2
 *   client, IPv6      fd53:0:0:1:  l | 19 zeros | g 31 bits | p 13 bits
 *   asked             10.53.0.16, fd53::10 + index                  of the switch's address in that network
 *
 *   p  the port's id    g  its generation, as much as there is room for    l  whether its own address is link-local
 * </pre>
 *
 * <p>So nothing is remembered anywhere, and nothing has to be found again: any worker translates any segment, in both
 * directions. The generation is another for each endpoint, so that a connection of a container that is gone does not
 * reach the next one with its port's id.
 *
 * <p>Pure functions.
 */
public final class NamesClient {
    /** First half of the IPv6 address of every client. */
    public static final long CLIENT_HI = 0xfd53_0000_0000_0001L;
    /** First half of the IPv6 addresses that the listener has. */
    public static final long LISTENER_HI = 0xfd53_0000_0000_0000L;
    /** The first of the listener's IPv6 addresses, the second half. */
    public static final long LISTENER_LO = 0x10;
    /** The first of the listener's IPv4 addresses. */
    public static final int LISTENER = 0x0a35_0010;
    /** How many addresses the listener has, of each family. */
    public static final int LISTENERS = 16;

    private static final int CLIENT = 0x8000_0000;
    private static final int CLIENT_SHIFT = 30;
    private static final int PORT_BITS = 13;
    private static final int PORT_MASK = FrameIo.MAX_PORTS - 1;
    private static final int GENERATION4_MASK = (1 << (CLIENT_SHIFT - PORT_BITS)) - 1;
    private static final long GENERATION6_MASK = 0x7fff_ffffL;
    private static final long LINK_LOCAL = 1L << 63;
    private static final long ZEROS = ~(LINK_LOCAL | (GENERATION6_MASK << PORT_BITS) | PORT_MASK);

    private NamesClient() {}

    /** {@return the IPv4 address that a port has for the listener} */
    public static int address(int port, int generation) {
        return CLIENT | (generation & GENERATION4_MASK) << PORT_BITS | port;
    }

    /** {@return second half of the IPv6 address that a port has for the listener} */
    public static long addressLo(int port, int generation, boolean linkLocal) {
        return (linkLocal ? LINK_LOCAL : 0) | (generation & GENERATION6_MASK) << PORT_BITS | port;
    }

    /** {@return whether an IPv4 address is a client's} */
    public static boolean isClient(int address) {
        return address >>> CLIENT_SHIFT == CLIENT >>> CLIENT_SHIFT;
    }

    /** {@return whether an IPv6 address is a client's} */
    public static boolean isClient(long hi, long lo) {
        return hi == CLIENT_HI && (lo & ZEROS) == 0;
    }

    /** {@return the port of a client's IPv4 address} */
    public static int port(int address) {
        return address & PORT_MASK;
    }

    /** {@return the port of the second half of a client's IPv6 address} */
    public static int port(long lo) {
        return (int) lo & PORT_MASK;
    }

    /** {@return whether a client's IPv4 address is that of a port of this generation} */
    public static boolean isOf(int generation, int address) {
        return (address >>> PORT_BITS & GENERATION4_MASK) == (generation & GENERATION4_MASK);
    }

    /** {@return whether a client's IPv6 address is that of a port of this generation} */
    public static boolean isOf(int generation, long lo) {
        return (lo >>> PORT_BITS & GENERATION6_MASK) == (generation & GENERATION6_MASK);
    }

    /** {@return whether the client uses its link-local address} */
    public static boolean isLinkLocal(long lo) {
        return lo < 0;
    }
}
