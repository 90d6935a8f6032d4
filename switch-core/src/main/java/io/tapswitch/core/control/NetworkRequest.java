package io.tapswitch.core.control;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What {@code network create} asks for. Everything but the name may be missing.
 *
 * @param name of the new network
 * @param driver {@code bridge} when missing
 * @param subnets prefixes of either family; the first free default pool when missing
 * @param gateways each in one of the subnets
 * @param ipRanges each within one of the subnets: where addresses are chosen from
 * @param auxAddresses addresses that are never given out, by name
 * @param internal whether it has no way out
 * @param ipv6 whether members get IPv6 addresses
 * @param attachable kept and shown
 * @param options see {@link NetworkOptions}
 * @param labels kept and shown
 */
public record NetworkRequest(
        @Nullable String name,
        @Nullable String driver,
        @Nullable List<String> subnets,
        @Nullable List<String> gateways,
        @Nullable List<String> ipRanges,
        @Nullable Map<String, String> auxAddresses,
        @Nullable Boolean internal,
        @Nullable Boolean ipv6,
        @Nullable Boolean attachable,
        @Nullable Map<String, String> options,
        @Nullable Map<String, String> labels) {}
