package io.tapswitch.dns;

import java.util.ArrayList;
import java.util.List;

/**
 * What the names of one network are: the plain values that {@link Zone#compile} makes a table of.
 *
 * @param suffix the network's name: {@code web} is {@code web.net1} too; empty for a zone that is no network
 * @param ownsSuffix whether a name below the suffix that is not known does not exist. Else others are asked for it, as
 *     docker does, which a network with the name of a domain of the outside may want
 * @param suffixInPointers whether the name of an address ends with the suffix
 * @param owned further names below which everything that is not known does not exist
 * @param subnets whose reverse names are ours
 * @param hosts in the order in which they came
 * @param records that configuration gives
 */
public record ZoneSpec(
        String suffix,
        boolean ownsSuffix,
        boolean suffixInPointers,
        List<String> owned,
        List<Subnet> subnets,
        List<Host> hosts,
        List<StaticRecord> records) {
    /** Copies the lists. */
    public ZoneSpec {
        owned = List.copyOf(owned);
        subnets = List.copyOf(subnets);
        hosts = List.copyOf(hosts);
        records = List.copyOf(records);
    }

    /** {@return a network that owns its suffix and nothing else yet} */
    public static Builder network(String suffix) {
        return new Builder(suffix);
    }

    /**
     * A container's endpoint.
     *
     * @param names under which it is found: its name if that was chosen, its aliases, its short id (C1); the first
     *     that DNS can carry is the one that its addresses have
     * @param addresses of either family, one or several
     */
    public record Host(List<String> names, List<DnsAddress> addresses) {
        /** Copies the lists. */
        public Host {
            names = List.copyOf(names);
            addresses = List.copyOf(addresses);
        }
    }

    /**
     * A subnet.
     *
     * @param network first address
     * @param prefixLength of its family: 0 to 32 or 128
     */
    public record Subnet(DnsAddress network, int prefixLength) {
        /** Refuses a length that the family does not have. */
        public Subnet {
            if (prefixLength < 0 || prefixLength > (network.isV4() ? 32 : 128)) {
                throw new IllegalArgumentException("a prefix length of " + prefixLength + " is not one of its family");
            }
        }

        /** {@return the length among 128 bits} */
        int bits() {
            return network.isV4() ? DnsAddress.V4_PREFIX + prefixLength : prefixLength;
        }
    }

    /** Collects a spec. */
    public static final class Builder {
        private final String suffix;
        private final List<String> owned = new ArrayList<>();
        private final List<Subnet> subnets = new ArrayList<>();
        private final List<Host> hosts = new ArrayList<>();
        private final List<StaticRecord> records = new ArrayList<>();
        private boolean ownsSuffix = true;
        private boolean suffixInPointers = true;

        private Builder(String suffix) {
            this.suffix = suffix;
        }

        /** {@return it, with whether unknown names below the suffix do not exist} */
        public Builder ownsSuffix(boolean owns) {
            ownsSuffix = owns;
            return this;
        }

        /** {@return it, with whether names of addresses end with the suffix} */
        public Builder suffixInPointers(boolean ends) {
            suffixInPointers = ends;
            return this;
        }

        /** {@return it, with another name below which everything is ours} */
        public Builder owns(String name) {
            owned.add(name);
            return this;
        }

        /** {@return it, with a subnet} */
        public Builder subnet(DnsAddress network, int prefixLength) {
            subnets.add(new Subnet(network, prefixLength));
            return this;
        }

        /** {@return it, with a host} */
        public Builder host(List<String> names, DnsAddress... addresses) {
            hosts.add(new Host(names, List.of(addresses)));
            return this;
        }

        /** {@return it, with a record} */
        public Builder record(StaticRecord record) {
            records.add(record);
            return this;
        }

        /** {@return the spec} */
        public ZoneSpec build() {
            return new ZoneSpec(suffix, ownsSuffix, suffixInPointers, owned, subnets, hosts, records);
        }
    }
}
