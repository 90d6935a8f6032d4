package io.tapswitch.core.control;

import io.tapswitch.core.model.Container;
import io.tapswitch.core.model.DesiredState;
import io.tapswitch.core.model.Origin;
import io.tapswitch.core.model.PortProtocol;
import io.tapswitch.core.model.PortSpec;
import io.tapswitch.core.model.Publication;
import io.tapswitch.core.model.Refusal;
import io.tapswitch.wire.IpAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Theory of operation: which of the host's ports are spoken for, and which one comes next (P2, P3).
 *
 * <p>Two publications collide when they have a protocol, a family, a port and an address in common; an address of which
 * there may be many ({@code 0.0.0.0}, {@code ::}) has all of its family in common with any other. For each port there
 * is who has it:
 *
 * <pre>
 *   (protocol, family, address or any)  ->  port -> publication      a port has one holder
 *
 *   an exact address collides in two of them: its own, and that of any
 *   any collides in all of its family: one for each address that somebody named
 * </pre>
 *
 * <p>So a question costs a look for each port, and 10 000 publications are entered in a millisecond, which counts: each
 * change enters all of them again. Made anew for each change; belongs to who made it.
 */
final class HeldPorts {
    private static final int FAMILIES = 2 * PortProtocol.values().length;

    private final @Nullable Holders[] any = new Holders[FAMILIES];
    private final List<Map<IpAddress, Holders>> exact = new ArrayList<>();

    /** Who has each port: pages of ports, made when the first of them is entered. */
    private static final class Holders {
        private static final int PAGE_BITS = 6;
        private static final int PAGE = 1 << PAGE_BITS;
        private static final int PORTS = 1 << 16;

        /** Nobody has a port of it; shared, and never written to. */
        private static final @Nullable Publication[] FREE = new Publication[PAGE];

        private final @Nullable Publication[][] pages = new Publication[PORTS >> PAGE_BITS][];

        Holders() {
            Arrays.fill(pages, FREE);
        }

        void add(Publication publication) {
            // What does not fit is a fault of the file that the state was read from; its other ports count.
            int last = Math.min(publication.lastHostPort(), PORTS - 1);
            for (int port = publication.firstHostPort(); port <= last; port++) {
                int page = port >> PAGE_BITS;
                if (pages[page] == FREE) {
                    pages[page] = new Publication[PAGE];
                }
                pages[page][port & (PAGE - 1)] = publication;
            }
        }

        @Nullable
        Publication within(int first, int last) {
            int port = Math.min(last, PORTS - 1);
            while (port >= first) {
                @Nullable Publication[] page = pages[port >> PAGE_BITS];
                Publication holder = page[port & (PAGE - 1)];
                if (holder != null) {
                    return holder;
                }
                port = page == FREE ? (port & -PAGE) - 1 : port - 1;
            }
            return null;
        }
    }

    HeldPorts() {
        for (int family = 0; family < FAMILIES; family++) {
            exact.add(new HashMap<>());
        }
    }

    /** {@return what can collide at all, as a number} */
    private static int family(PortProtocol protocol, boolean ipv6) {
        return protocol.ordinal() * 2 + (ipv6 ? 1 : 0);
    }

    /** Enters a publication; one whose port is not chosen yet holds nothing. */
    void add(Publication publication) {
        if (publication.firstHostPort() != 0) {
            add(publication, false);
            add(publication, true);
        }
    }

    private void add(Publication publication, boolean ipv6) {
        if (publication.isOn(ipv6)) {
            holders(family(publication.protocol(), ipv6), publication.address()).add(publication);
        }
    }

    private Holders holders(int family, @Nullable IpAddress address) {
        if (address != null && !PublishedPorts.isAny(address)) {
            return exact.get(family).computeIfAbsent(address, key -> new Holders());
        }
        Holders holders = any[family];
        if (holders == null) {
            holders = new Holders();
            any[family] = holders;
        }
        return holders;
    }

    /** {@return a publication that has one of the ports that what is asked for would have at {@code first}, or null} */
    @Nullable
    Publication holder(PortSpec asked, int first) {
        int last = first + asked.count() - 1;
        IpAddress address = asked.address();
        Publication holder = address == null || !address.isIpv6()
                ? holder(family(asked.protocol(), false), address, first, last)
                : null;
        return holder == null && (address == null || address.isIpv6())
                ? holder(family(asked.protocol(), true), address, first, last)
                : holder;
    }

    private @Nullable Publication holder(int family, @Nullable IpAddress address, int first, int last) {
        Holders all = any[family];
        Publication holder = all == null ? null : all.within(first, last);
        if (holder != null) {
            return holder;
        }
        Map<IpAddress, Holders> named = exact.get(family);
        if (address != null && !PublishedPorts.isAny(address)) {
            Holders own = named.get(address);
            return own == null ? null : own.within(first, last);
        }
        for (Holders each : named.values()) {
            holder = holder == null ? each.within(first, last) : holder;
        }
        return holder;
    }

    /** Refuses ports that somebody has, in docker's words, and says who. */
    void refuseHeld(PortSpec asked, int first, DesiredState state) {
        Publication holder = holder(asked, first);
        if (holder != null) {
            String sentence = sentence(asked, Math.max(first, holder.firstHostPort()));
            throw Refusal.conflict("port_allocated", sentence + " to " + owner(state, holder));
        }
    }

    private static String owner(DesiredState state, Publication holder) {
        if (holder.origin() instanceof Origin.File origin) {
            return "container " + holder.container() + ", in " + origin.file() + ":" + origin.line();
        }
        Container container = state.containersById().get(holder.container());
        return "container " + (container == null ? holder.container() : container.name()) + ", as " + holder.asked();
    }

    /** {@return docker's sentence about a port that somebody has} */
    static String sentence(PortSpec asked, int port) {
        IpAddress address = asked.address();
        return "Bind for " + (address == null ? "0.0.0.0" : PortSpec.bracketed(address)) + ":" + port
                + " failed: port is already allocated";
    }

    /**
     * Chooses the port of what a person left open.
     *
     * @param asked random, or a pool, of which the first free one is taken
     * @param range where random ports come from
     * @param after the port that was chosen last; the search goes on behind it and begins again at the end
     * @param busy ports that a process of the host was found to have
     * @return the first port
     */
    int choose(PortSpec asked, EphemeralPorts range, int after, BitSet busy) {
        int port;
        if (asked.isPool()) {
            port = search(asked, asked.firstHostPort(), asked.lastHostPort(), List.of(busy));
        } else {
            List<BitSet> never = List.of(busy, range.reserved());
            int start = after >= range.first() && after < range.last() ? after + 1 : range.first();
            port = search(asked, start, range.last(), never);
            port = port == 0 ? search(asked, range.first(), range.last(), never) : port;
        }
        if (port == 0) {
            throw Refusal.conflict("host_ports_exhausted", "all ports are allocated");
        }
        return port;
    }

    /** {@return the first port from which on as many as are asked for are free, 0 when there is none} */
    private int search(PortSpec asked, int from, int to, List<BitSet> never) {
        int port = from;
        while (port + asked.count() - 1 <= to) {
            int next = port;
            for (BitSet set : never) {
                int first = set.nextSetBit(port);
                next = first >= 0 && first < port + asked.count() ? Math.max(next, first + 1) : next;
            }
            Publication holder = holder(asked, port);
            next = holder == null ? next : Math.max(next, holder.lastHostPort() + 1);
            if (next == port) {
                return port;
            }
            port = next;
        }
        return 0;
    }
}
