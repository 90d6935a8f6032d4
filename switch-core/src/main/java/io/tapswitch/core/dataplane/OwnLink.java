package io.tapswitch.core.dataplane;

import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.Ipv4Address;
import io.tapswitch.wire.Ipv6Address;
import java.util.List;

/**
 * The switch as a member of a LAN of its own right: an uplink with a MAC address and IP addresses that are nobody
 * else's. Where a packet goes next is decided here, and who that is on the wire by its {@link LinkNeighbours}.
 *
 * <p>All but the neighbours is immutable. One object stands for one device: with another device there is another, and
 * nothing is known of its neighbours.
 */
public final class OwnLink implements RouteSource {
    private static final int ADDRESS4_BITS = 32;
    private static final int ADDRESS6_BITS = 128;

    /** The MAC address, low 48 bits. */
    final long mac;
    /** The IPv4 address, 0 for none. */
    final int address4;
    /** First half of the IPv6 address; both halves are 0 for none. */
    final long addressHi;
    /** Second half of it. */
    final long addressLo;

    final LinkNeighbours neighbours;
    private final int mask4;
    private final long maskHi;
    private final long maskLo;
    private final int gateway4;
    private final long gatewayHi;
    private final long gatewayLo;
    private final int device;
    private final List<IpAddress> gateways;
    private volatile long rival;

    /**
     * An own address.
     *
     * @param ip the address
     * @param prefixLength of the subnet whose members are on the link
     */
    public record LinkAddress(IpAddress ip, int prefixLength) {}

    /**
     * A link of which nobody is known yet.
     *
     * @param mac the MAC address, low 48 bits
     * @param device by which routes name it
     * @param addresses at most one of a family
     * @param gateways behind which everybody else is, at most one of a family
     */
    public OwnLink(long mac, int device, List<LinkAddress> addresses, List<IpAddress> gateways) {
        this.mac = mac;
        this.device = device;
        this.gateways = List.copyOf(gateways);
        int own4 = 0;
        int bits4 = 0;
        long ownHi = 0;
        long ownLo = 0;
        int bits6 = 0;
        for (LinkAddress address : addresses) {
            switch (address.ip()) {
                case Ipv4Address four -> {
                    own4 = four.bits();
                    bits4 = address.prefixLength();
                }
                case Ipv6Address six -> {
                    ownHi = six.hi();
                    ownLo = six.lo();
                    bits6 = address.prefixLength();
                }
            }
        }
        address4 = own4;
        mask4 = bits4 == 0 ? 0 : -1 << (ADDRESS4_BITS - bits4);
        addressHi = ownHi;
        addressLo = ownLo;
        maskHi = bits6 == 0 ? 0 : -1L << Math.max(0, Long.SIZE - bits6);
        maskLo = bits6 <= Long.SIZE ? 0 : -1L << (ADDRESS6_BITS - bits6);
        int router4 = 0;
        long routerHi = 0;
        long routerLo = 0;
        for (IpAddress gateway : gateways) {
            switch (gateway) {
                case Ipv4Address four -> router4 = four.bits();
                case Ipv6Address six -> {
                    routerHi = six.hi();
                    routerLo = six.lo();
                }
            }
        }
        gateway4 = router4;
        gatewayHi = routerHi;
        gatewayLo = routerLo;
        neighbours = new LinkNeighbours(
                router4 == 0 ? 0 : Ipv4Address.mapped(router4), routerHi, routerLo, System.nanoTime());
    }

    /** {@return whether an IPv4 address is of a member of the link} */
    boolean isOnLink(int address) {
        return address4 != 0 && ((address ^ address4) & mask4) == 0;
    }

    /** {@return whether an IPv6 address is of a member of the link} */
    boolean isOnLink(long hi, long lo) {
        return Gateways.isLinkLocal(hi)
                || (hasIpv6() && ((hi ^ addressHi) & maskHi) == 0 && ((lo ^ addressLo) & maskLo) == 0);
    }

    boolean hasIpv6() {
        return (addressHi | addressLo) != 0;
    }

    /** {@return first half of the address of who gets a packet next, 0 of an IPv4 address} */
    long hopHi(long hi, long lo) {
        return NeighbourTable.isMapped(hi, lo) || isOnLink(hi, lo) ? hi : gatewayHi;
    }

    /** {@return second half of it, of an IPv4 address the v4-mapped one} */
    long hopLo(long hi, long lo) {
        if (NeighbourTable.isMapped(hi, lo)) {
            return isOnLink((int) lo) ? lo : Ipv4Address.mapped(gateway4);
        }
        return isOnLink(hi, lo) ? lo : gatewayLo;
    }

    @Override
    public void ask(long hi, long lo, Route into) {
        into.device = device;
        into.mtu = 0;
        boolean reached;
        if (NeighbourTable.isMapped(hi, lo)) {
            int address = (int) lo;
            boolean near = isOnLink(address);
            // The subnet's own two addresses are nobody's, but where it has no room for them (RFC 3021).
            boolean everybody = near && ~mask4 > 1 && ((address & ~mask4) == 0 || (address | mask4) == -1);
            reached = address4 != 0 && !everybody && (near || gateway4 != 0);
            into.sourceHi = 0;
            into.sourceLo = Ipv4Address.mapped(address4);
        } else {
            reached = hasIpv6() && (isOnLink(hi, lo) || (gatewayHi | gatewayLo) != 0);
            into.sourceHi = addressHi;
            into.sourceLo = addressLo;
        }
        into.kind = reached ? Route.UNICAST : Route.UNREACHABLE;
    }

    /** Somebody else says that one of the addresses is his. */
    void rival(long itsMac) {
        rival = itsMac;
    }

    /** {@return the MAC address of who said last that one of the addresses is his, 0 for nobody; any thread} */
    public long rival() {
        return rival;
    }

    /** {@return the MAC address, low 48 bits} */
    public long mac() {
        return mac;
    }

    /** {@return the gateways; any thread} */
    public List<IpAddress> gateways() {
        return gateways;
    }

    /** {@return the MAC address of a gateway, 0 while it is not known; any thread} */
    public long gatewayMac(IpAddress gateway) {
        return switch (gateway) {
            case Ipv4Address four -> neighbours.peek(0, Ipv4Address.mapped(four.bits()));
            case Ipv6Address six -> neighbours.peek(six.hi(), six.lo());
        };
    }
}
