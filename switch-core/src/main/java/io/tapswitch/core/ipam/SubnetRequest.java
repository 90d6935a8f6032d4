package io.tapswitch.core.ipam;

import java.util.List;
import java.util.Map;

/**
 * What a person wrote about the addresses of a new network. Which gateway, range and auxiliary address belong to which
 * subnet is found by containment, as docker does.
 *
 * @param subnets of both families, in the order given; none for the default pools
 * @param gateways at most one for each subnet
 * @param ipRanges at most one for each subnet
 * @param auxAddresses addresses that are never given out, by name
 * @param ipv6 whether the members get IPv6 addresses
 * @param internal whether the network has no way out
 * @param overlay whether it spans hosts, which has default pools of its own
 */
public record SubnetRequest(
        List<String> subnets,
        List<String> gateways,
        List<String> ipRanges,
        Map<String, String> auxAddresses,
        boolean ipv6,
        boolean internal,
        boolean overlay) {
    /** Copies the lists; the map keeps its order, so that refusals name what was written first. */
    public SubnetRequest {
        subnets = List.copyOf(subnets);
        gateways = List.copyOf(gateways);
        ipRanges = List.copyOf(ipRanges);
        auxAddresses = java.util.Collections.unmodifiableMap(new java.util.LinkedHashMap<>(auxAddresses));
    }

    /** The same for a network of one host. */
    public SubnetRequest(
            List<String> subnets,
            List<String> gateways,
            List<String> ipRanges,
            Map<String, String> auxAddresses,
            boolean ipv6,
            boolean internal) {
        this(subnets, gateways, ipRanges, auxAddresses, ipv6, internal, false);
    }

    /** {@return the request of somebody who leaves the choice to the default pools} */
    public static SubnetRequest defaults(boolean ipv6, boolean internal) {
        return new SubnetRequest(List.of(), List.of(), List.of(), Map.of(), ipv6, internal);
    }
}
