package io.tapswitch.nat;

import io.tapswitch.wire.IpProtocol;
import org.agrona.concurrent.AtomicBuffer;

/**
 * Who uses an outside port: looked up by plain indexing, one word for each port of each outside slot and protocol.
 *
 * <pre>
 *   word   | flows to which the port is lent, each for its peer (32 bits) | a flow of the owning mapping + 1 (32 bits)
 *   |
 * </pre>
 *
 * <p>ICMP and ICMPv6 have one row, of identifiers: an outside slot is of one family. Protocols without ports have none.
 * What is never used is never touched, so the many megabytes of many slots are only addresses. The owner's thread.
 */
final class PortOwners {
    /** Nobody. */
    static final int NOBODY = -1;

    private static final int ROWS = 4;
    private static final int PORTS = 1 << 16;
    private static final int WORD_LENGTH = 8;

    private final AtomicBuffer memory;
    private final int base;

    /** Lays the words into memory that is all zeros. */
    PortOwners(AtomicBuffer memory, int base) {
        this.memory = memory;
        this.base = base;
    }

    /** {@return bytes for so many outside slots} */
    static long length(int outsideSlots) {
        return (long) outsideSlots * ROWS * PORTS * WORD_LENGTH;
    }

    /** {@return a flow of the mapping that owns the port, or {@link #NOBODY}} */
    int owner(int protocol, int slot, int port) {
        int at = at(protocol, slot, port);
        return at < 0 ? NOBODY : memory.getInt(at) - 1;
    }

    /** Notes a flow of the mapping that owns the port, or {@link #NOBODY}. */
    void owner(int protocol, int slot, int port, int flow) {
        int at = at(protocol, slot, port);
        if (at >= 0) {
            memory.putInt(at, flow + 1);
        }
    }

    /** {@return to how many flows the port is lent} */
    int lent(int protocol, int slot, int port) {
        int at = at(protocol, slot, port);
        return at < 0 ? 0 : memory.getInt(at + 4);
    }

    /** The port is lent to more flows, or to fewer. */
    void lend(int protocol, int slot, int port, int change) {
        int at = at(protocol, slot, port);
        if (at >= 0) {
            memory.putInt(at + 4, memory.getInt(at + 4) + change);
        }
    }

    private int at(int protocol, int slot, int port) {
        int row = row(protocol);
        return row < 0 ? -1 : base + ((slot * ROWS + row) * PORTS + port) * WORD_LENGTH;
    }

    private static int row(int protocol) {
        return switch (protocol) {
            case IpProtocol.TCP -> 0;
            case IpProtocol.UDP -> 1;
            case IpProtocol.ICMP, IpProtocol.ICMPV6 -> 2;
            case IpProtocol.SCTP -> 3;
            default -> -1;
        };
    }
}
