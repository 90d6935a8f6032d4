package io.tapswitch.tapio;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import io.tapswitch.wire.IpProtocol;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Which ports of one of the host's addresses are the switch's: one byte a port, 0 for the host's, 255 for a tunnel's,
 * which is no single worker's, else the worker that owns it plus one. The bytes lie in a BPF array that is mapped here,
 * so a mark is one store, and counts for the next frame.
 *
 * <p>A port has one writer, the worker whose slice of ports it is in, or the control plane for a published one. Nothing
 * here allocates. When the {@link Steering} is closed, or the address removed, each call throws IllegalStateException.
 */
public final class PortMarks {
    /** TCP ports. */
    public static final int TCP = 0;
    /** UDP ports. */
    public static final int UDP = 1;
    /** Ids of ICMP and ICMPv6 queries. */
    public static final int ICMP_ID = 2;
    /** SCTP ports. */
    public static final int SCTP = 3;
    /** Returned for a protocol whose ports have no marks. */
    public static final int NONE = -1;
    /** More workers than one byte can name are not had; two values are left over, one of them the tunnel's. */
    public static final int MAX_WORKERS = 253;
    /** The mark of a port of UDP at which tunnels end. */
    static final int TUNNEL = 255;

    static final int PROTOCOLS = 4;
    static final int PORTS = 65_536;
    static final int LENGTH = PROTOCOLS * PORTS;

    private final MemorySegment bytes;

    PortMarks(MemorySegment bytes) {
        this.bytes = bytes;
    }

    /** {@return under what the ports of a protocol, by its number, are marked; {@link #NONE} when they are not} */
    public static int kind(int protocol) {
        return switch (protocol) {
            case IpProtocol.TCP -> TCP;
            case IpProtocol.UDP -> UDP;
            case IpProtocol.SCTP -> SCTP;
            case IpProtocol.ICMP, IpProtocol.ICMPV6 -> ICMP_ID;
            default -> NONE;
        };
    }

    /** {@return marks that no kernel looks at, all of them the host's: for those that make marks and have no kernel} */
    public static PortMarks inMemory() {
        return new PortMarks(Arena.ofAuto().allocate(LENGTH));
    }

    /** Gives a port to a worker: frames for it come from now on. */
    public void mark(int protocol, int port, int worker) {
        bytes.set(JAVA_BYTE, index(protocol, port), (byte) (worker + 1));
    }

    /** Gives the ports from {@code first} up to and with {@code last} to a worker. */
    public void mark(int protocol, int first, int last, int worker) {
        bytes.asSlice(index(protocol, first), index(protocol, last) - index(protocol, first) + 1)
                .fill((byte) (worker + 1));
    }

    /** Gives a port of UDP to tunnels: frames for it come by the device's {@link TunnelTap} from now on. */
    public void markTunnel(int port) {
        bytes.set(JAVA_BYTE, index(UDP, port), (byte) TUNNEL);
    }

    /** {@return whether tunnels end at a port of UDP} */
    public boolean isTunnel(int port) {
        return markAt(UDP, port) == TUNNEL;
    }

    /**
     * Gives those ports back to the host at which tunnels ended: what an earlier process marked and nobody claims.
     *
     * @param claimed the port at which they end now, 0 when there are none
     */
    public void clearTunnelsBut(int claimed) {
        for (int port = 0; port < PORTS; port++) {
            if (port != claimed && isTunnel(port)) {
                clear(UDP, port);
            }
        }
    }

    /** Gives a port back to the host. */
    public void clear(int protocol, int port) {
        bytes.set(JAVA_BYTE, index(protocol, port), (byte) 0);
    }

    /** Gives all ports back to the host: what an earlier process marked and nobody claims. */
    public void clear() {
        bytes.fill((byte) 0);
    }

    /** {@return the worker that owns a port, -1 when it is the host's or a tunnel's} */
    public int owner(int protocol, int port) {
        int mark = markAt(protocol, port);
        return mark == TUNNEL ? -1 : mark - 1;
    }

    private int markAt(int protocol, int port) {
        return bytes.get(JAVA_BYTE, index(protocol, port)) & 0xff;
    }

    private static long index(int protocol, int port) {
        return (long) protocol * PORTS + port;
    }
}
