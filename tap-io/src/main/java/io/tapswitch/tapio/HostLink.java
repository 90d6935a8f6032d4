package io.tapswitch.tapio;

import io.tapswitch.wire.IpAddress;
import java.util.List;

/**
 * A link of the host with its addresses.
 *
 * @param index its index
 * @param name its name
 * @param kind what made it, such as {@code tun} or {@code veth}; empty for a physical device and for lo
 * @param alias what somebody wrote for people ({@code ip link set alias}), empty for nothing
 * @param mtu its MTU
 * @param up whether it was set up by somebody and has a carrier
 * @param loopback whether it is the loopback device
 * @param mac its MAC address in the low 48 bits, 0 when it has none of that size
 * @param addresses its own addresses of both families, in the kernel's order
 */
public record HostLink(
        int index,
        String name,
        String kind,
        String alias,
        int mtu,
        boolean up,
        boolean loopback,
        long mac,
        List<Address> addresses) {
    /** Copies the list. */
    public HostLink {
        addresses = List.copyOf(addresses);
    }

    /** How far an address is known (rtnetlink(7)). */
    public enum Scope {
        /** Everywhere: what others can answer to. */
        UNIVERSE,
        /** Within a site; deprecated with IPv6's site-local addresses. */
        SITE,
        /** On the link only: 169.254.0.0/16, fe80::/10. */
        LINK,
        /** In this host only: 127.0.0.1, ::1. */
        HOST
    }

    /**
     * One of a link's addresses.
     *
     * @param ip the host's own, not the other end's
     * @param prefixLength of its subnet
     * @param scope how far it is known
     * @param usable whether packets can come and go: not while IPv6 still asks whether somebody else has it, and not
     *     when somebody has
     * @param deprecated not to be chosen for something new, by the words of who gave it (RFC 4862 §5.5.4)
     */
    public record Address(IpAddress ip, int prefixLength, Scope scope, boolean usable, boolean deprecated) {}
}
