package io.tapswitch.core.model;

import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.IpPrefix;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One of a network's ranges of addresses. All of one family.
 *
 * @param prefix all addresses
 * @param gateway the switch's own address in it
 * @param range where addresses are chosen from when nobody chose one, null for the whole prefix
 * @param reserved addresses that are never given out, by the names that people gave them ({@code --aux-address})
 * @param configured whether a person chose it, not the default pools: only there can people choose addresses
 */
public record Subnet(
        IpPrefix prefix,
        IpAddress gateway,
        @Nullable IpPrefix range,
        Map<String, IpAddress> reserved,
        boolean configured) {
    /** Copies the map. */
    public Subnet {
        reserved = Map.copyOf(reserved);
    }

    /** One that a person chose. */
    public Subnet(IpPrefix prefix, IpAddress gateway, @Nullable IpPrefix range, Map<String, IpAddress> reserved) {
        this(prefix, gateway, range, reserved, true);
    }

    /** {@return whether it holds IPv6 addresses} */
    public boolean isIpv6() {
        return prefix.isIpv6();
    }
}
