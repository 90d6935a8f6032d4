package io.tapswitch.nat;

import io.tapswitch.wire.IpProtocol;
import java.util.function.IntPredicate;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Theory of operation: which outside port a new mapping gets.
 *
 * <p><b>Problem.</b> A port must be found whenever there is one, in bounded time, also when all but a few are taken; it
 * must not be foreseeable; it must not be one that the host or a published service uses; and who gets a port must not
 * hear what was meant for the one who had it before.
 *
 * <p><b>Choice</b> (N5). The source port itself if it is free. Else, with equal chances, one of the free ports of its
 * class, so that a service that asks for a privileged source port still sees one (RFC 4787 REQ-3):
 *
 * <pre>
 *   source port      0..511    512..1023     1024..65535      an ICMP identifier
 *   chosen from      1..511    600..1023     1024..65535      1..65535
 * </pre>
 *
 * A class below 1024 that has nothing left (or is outside the range, as it usually is) takes from the highest class.
 * The numbers come from a keyed generator: RFC 6056, RFC 6888 REQ-15.
 *
 * <p><b>Rest</b> (N8). A released port rests for {@value PortSpace#REST_SECONDS} s. Meanwhile only the host that had it
 * gets it, as its own source port. When nothing else is left, the port that rests longest is given (RFC 6888 REQ-8). A
 * port that was reserved and no longer is rests too: its peers may not know yet.
 *
 * <p><b>Reserved</b> (N7) ports are never chosen, also not lent. Reserving one that is taken leaves it to its mapping;
 * it does not come back when that ends. There is no count: who reserves says the union of all reasons.
 *
 * <p><b>Slices.</b> Of several workers each has the ports of every n-th group of 64 ({@link #worker}), so that each
 * slice spreads over the whole range and the owner of a port is told by its number. A source port of another's slice
 * is not kept.
 *
 * <p><b>Pressure</b> (N3). When too few are {@link #available}, a port can be {@link #lend lent}: one that others use,
 * towards a peer that none of them talks to. Who keeps the flows answers whether a port is free for the peer.
 *
 * <p><b>Bounds</b> (N6). An allocation looks at some 100 words, or at 1 023 ports when it must give a resting one; a
 * lending asks about {@value PortSpace#LEND_THROWS} ports at random and {@value PortSpace#LEND_LIMIT} in a row at most:
 * with fewer than one in a thousand ports free for the peer it may not find it, and the peer's next SYN begins
 * elsewhere. An address and protocol has 32 KiB from {@link #openSlot} on, 256 KiB more from its first port on that is
 * taken, and 512 KiB more from the first one that rests, or all of it by {@link #prepareSlot}: most of 256 addresses
 * never give any. No other call allocates.
 * <b>Threads.</b> One, for everything; each worker has its own.
 */
public final class PortAllocator {
    /** There is no port, or no such address, or a protocol without ports. */
    public static final int NONE = PortSpace.NONE;
    /** Outside slots are below this. */
    public static final int MAX_SLOTS = 256;

    static final int FIRST_MIDDLE = 512;
    static final int FIRST_MIDDLE_CHOICE = 600;
    static final int FIRST_HIGH = 1024;

    private static final int SLICE_SHIFT = 6;

    private static final int ROWS = 4;
    private static final int TCP = 0;
    private static final int UDP = 1;
    private static final int ICMP = 2;
    private static final int SCTP = 3;

    private final @Nullable PortSpace[] spaces = new @Nullable PortSpace[MAX_SLOTS * ROWS];
    private final int worker;
    private final int workers;
    private final IntPredicate range;
    private final RandomGenerator random;

    /** Is asked whether a port that is used already could be used towards one more peer. */
    public interface PortTest {
        /** {@return whether no flow from this outside port goes to the peer in question} */
        boolean isFree(int port);
    }

    /**
     * Makes an allocator without addresses.
     *
     * @param worker whose it is, below {@code workers}
     * @param workers how many share the ports
     * @param range whether a port may ever be given; is asked by {@link #openSlot}, and not about ICMP identifiers
     */
    public PortAllocator(int worker, int workers, IntPredicate range) {
        this(worker, workers, range, KeyedRandom.create());
    }

    PortAllocator(int worker, int workers, IntPredicate range, RandomGenerator random) {
        if (worker < 0 || worker >= workers) {
            throw new IllegalArgumentException("worker " + worker + " of " + workers + ": must be 0 to workers - 1");
        }
        this.worker = worker;
        this.workers = workers;
        this.range = range;
        this.random = random;
    }

    /** {@return whose slice a port is in} */
    public static int worker(int port, int workers) {
        return (port >>> SLICE_SHIFT) % workers;
    }

    /** The slot has an address now, with all ports free. Not for a packet's way. */
    public void openSlot(int outsideSlot) {
        IntPredicate slice = port -> worker(port, workers) == worker;
        for (int row = 0; row < ROWS; row++) {
            spaces[outsideSlot * ROWS + row] =
                    new PortSpace(row == ICMP, row == ICMP ? slice : slice.and(range), random);
        }
    }

    /** The slot will be used: what its ports need, but those of SCTP, is there from now on. Not for a packet's way. */
    public void prepareSlot(int outsideSlot) {
        for (int row = TCP; row <= ICMP; row++) {
            PortSpace space = spaces[outsideSlot * ROWS + row];
            if (space != null) {
                space.prepare();
            }
        }
    }

    /** The slot has no address any more; all that was known of its ports is forgotten. */
    public void closeSlot(int outsideSlot) {
        for (int row = 0; row < ROWS; row++) {
            spaces[outsideSlot * ROWS + row] = null;
        }
    }

    /**
     * {@return a port that is now the caller's until it is released, or {@link #NONE}}
     *
     * @param wanted the source port, or ICMP identifier, of the inside
     * @param host who asks, 0 or above; the same number for all that may know what a port of theirs received before
     */
    public int allocate(int protocol, int outsideSlot, int wanted, int host, long nowMs) {
        PortSpace space = space(protocol, outsideSlot);
        return space == null ? NONE : space.allocate(wanted, host, nowMs);
    }

    /**
     * {@return a port that others use and that passes the test, the wanted one first, or {@link #NONE}} Nothing is
     * noted of it: the port is to be released when nobody at all uses it any more.
     */
    public int lend(int protocol, int outsideSlot, int wanted, PortTest test) {
        return lend(protocol, outsideSlot, wanted, 0, test);
    }

    /** As the other one, but goes on in a row from a port; at random when that is 0. */
    int lend(int protocol, int outsideSlot, int wanted, int from, PortTest test) {
        PortSpace space = space(protocol, outsideSlot);
        return space == null ? NONE : space.lend(wanted, from, test);
    }

    /** Nobody uses the port any more. Nothing happens when nobody did. */
    public void release(int protocol, int outsideSlot, int port, long nowMs) {
        PortSpace space = space(protocol, outsideSlot);
        if (space != null) {
            space.release(port, nowMs);
        }
    }

    /** A flow of an earlier process uses the port, be it in the range or not. May be said several times. */
    public void claim(int protocol, int outsideSlot, int port, int host) {
        PortSpace space = space(protocol, outsideSlot);
        if (space != null) {
            space.claim(port, host);
        }
    }

    /** From now on none of the ports is given to anybody new. */
    public void reserve(int protocol, int outsideSlot, int first, int last) {
        PortSpace space = space(protocol, outsideSlot);
        if (space != null) {
            for (int port = first; port <= last; port++) {
                space.reserve(port);
            }
        }
    }

    /** The ports may be given again, after a rest. */
    public void unreserve(int protocol, int outsideSlot, int first, int last, long nowMs) {
        PortSpace space = space(protocol, outsideSlot);
        if (space != null) {
            for (int port = first; port <= last; port++) {
                space.unreserve(port, nowMs);
            }
        }
    }

    /** {@return whether one host has half of the ports that there are to give, or more (N17, RFC 6888 REQ-4)} */
    public boolean hasHalf(int protocol, int outsideSlot, int host) {
        PortSpace space = space(protocol, outsideSlot);
        return space != null && space.hasHalf(host);
    }

    /** {@return how many ports could still be given, resting ones included} */
    public int available(int protocol, int outsideSlot) {
        PortSpace space = space(protocol, outsideSlot);
        return space == null ? 0 : space.available();
    }

    /** {@return how many of the {@link #available} ports rest} */
    public int resting(int protocol, int outsideSlot) {
        PortSpace space = space(protocol, outsideSlot);
        return space == null ? 0 : space.resting();
    }

    private @Nullable PortSpace space(int protocol, int outsideSlot) {
        return switch (protocol) {
            case IpProtocol.TCP -> spaces[outsideSlot * ROWS + TCP];
            case IpProtocol.UDP -> spaces[outsideSlot * ROWS + UDP];
            // A slot is of one family, so the two never meet.
            case IpProtocol.ICMP, IpProtocol.ICMPV6 -> spaces[outsideSlot * ROWS + ICMP];
            case IpProtocol.SCTP -> spaces[outsideSlot * ROWS + SCTP];
            default -> null;
        };
    }
}
