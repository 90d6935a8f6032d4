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
 */
public record Subnet(
        IpPrefix prefix, IpAddress gateway, @Nullable IpPrefix range, Map<String, IpAddress> reserved) {
    /** Copies the map. */
    public Subnet {
        reserved = Map.copyOf(reserved);
    }

    /** {@return whether it holds IPv6 addresses} */
    public boolean isIpv6() {
        return prefix.isIpv6();
    }
}
