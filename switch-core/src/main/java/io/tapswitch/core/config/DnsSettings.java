package io.tapswitch.core.config;

import io.tapswitch.dns.StaticRecord;
import io.tapswitch.wire.Ipv4Address;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How names are answered.
 *
 * @param address of the resolver, the same in every container
 * @param ttlSeconds that answers may be kept
 * @param negativeTtlSeconds that "no such name" may be kept
 * @param upstream who is asked for names of the outside, in this order; null for those that the host asks
 * @param ofNetworks who is asked for containers of a network instead, by its name
 * @param records that are answered in every network besides the names of containers
 * @param suffixInPointers whether the name of an address ends with the network's
 * @param generatedNames whether containers are found by names that nobody chose too (C1)
 * @param search domains that resolv.conf names
 */
public record DnsSettings(
        Ipv4Address address,
        int ttlSeconds,
        int negativeTtlSeconds,
        @Nullable List<InetSocketAddress> upstream,
        Map<String, List<InetSocketAddress>> ofNetworks,
        List<StaticRecord> records,
        boolean suffixInPointers,
        boolean generatedNames,
        List<String> search) {
    /** Where the resolver is unless configuration says otherwise: link-local, so that it is no network's. */
    public static final Ipv4Address ADDRESS = Ipv4Address.parse("169.254.53.53");

    /** As it is without a file. */
    public static final DnsSettings DEFAULT =
            new DnsSettings(ADDRESS, 5, 1, null, Map.of(), List.of(), true, false, List.of());

    /** Copies the collections. */
    public DnsSettings {
        upstream = upstream == null ? null : List.copyOf(upstream);
        ofNetworks = Map.copyOf(ofNetworks);
        records = List.copyOf(records);
        search = List.copyOf(search);
    }
}
