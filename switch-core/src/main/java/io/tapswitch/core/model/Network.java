package io.tapswitch.core.model;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * A network as it was asked for.
 *
 * @param id 64 hex digits, the same for the network's whole life
 * @param index its number in the dataplane, below {@code Dataplane.MAX_NETWORKS}, free again after removal; -1 for host
 *     and none, which the dataplane does not know
 * @param name unique
 * @param created RFC 3339 with nanoseconds and zone
 * @param driver how it is made
 * @param internal whether it has no way out: no default route inside, no address at the host
 * @param ipv6 whether its members get IPv6 addresses
 * @param attachable kept and shown
 * @param subnets in the order given, IPv4 first; empty for host and none
 * @param options as given with {@code -o}; read by {@code NetworkOptions}
 * @param labels as given with {@code --label}
 * @param origin who wants it
 */
public record Network(
        String id,
        int index,
        String name,
        String created,
        Driver driver,
        boolean internal,
        boolean ipv6,
        boolean attachable,
        List<Subnet> subnets,
        Map<String, String> options,
        Map<String, String> labels,
        Origin origin) {
    /** Where a container goes that names no network. */
    public static final String BRIDGE = "bridge";

    /** The network of the host's own namespace. */
    public static final String HOST = "host";

    /** The network of those who want none. */
    public static final String NONE = "none";

    /** Names that docker keeps for itself (runconfig, IsPreDefinedNetwork). */
    public static final Set<String> PREDEFINED = Set.of(BRIDGE, HOST, NONE, "default");

    /** Copies the collections. */
    public Network {
        subnets = List.copyOf(subnets);
        options = Map.copyOf(options);
        labels = Map.copyOf(labels);
    }

    /** {@return whether it exists without anybody asking and cannot be removed} */
    public boolean isBuiltIn() {
        return origin instanceof Origin.BuiltIn;
    }

    /** {@return how far it reaches, in docker's words: only the cluster's are known to other hosts} */
    public String scope() {
        return origin instanceof Origin.Cluster ? "global" : "local";
    }

    /** {@return the first subnet of a family} */
    public Optional<Subnet> firstSubnet(boolean ofIpv6) {
        return subnets.stream().filter(subnet -> subnet.isIpv6() == ofIpv6).findFirst();
    }
}
