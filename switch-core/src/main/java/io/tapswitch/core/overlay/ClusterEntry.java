package io.tapswitch.core.overlay;

import io.tapswitch.core.model.Subnet;
import io.tapswitch.vxlan.TunnelKey;
import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.Ipv4Address;
import io.tapswitch.wire.Ipv6Address;
import io.tapswitch.wire.MacAddress;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** What stands under one key of the cluster's store. */
public sealed interface ClusterEntry {
    /** {@return the key that it stands under} */
    String key();

    /**
     * A host that takes part. It stays when the host is away.
     *
     * @param id 64 hex digits, the same for the life of its state directory
     * @param name that people know it by
     * @param vtep the address at which it takes tunnel packets
     * @param incarnation grows with each start of its daemon
     */
    record Host(String id, String name, IpAddress vtep, long incarnation) implements ClusterEntry {
        @Override
        public String key() {
            return ClusterKeys.host(id);
        }

        /** {@return it under another name} */
        public Host named(String other) {
            return new Host(id, other, vtep, incarnation);
        }

        /** {@return it at another address} */
        public Host at(IpAddress other) {
            return new Host(id, name, other, incarnation);
        }
    }

    /**
     * A host's sign of life, the only entry with a lease.
     *
     * @param host whose
     * @param incarnation of the daemon that lives
     * @param hasAddress whether the host has the address at which it takes tunnel packets
     */
    record Liveness(String host, long incarnation, boolean hasAddress) implements ClusterEntry {
        @Override
        public String key() {
            return ClusterKeys.alive(host);
        }
    }

    /**
     * A network, the same on all hosts.
     *
     * @param id 64 hex digits
     * @param name unique in the cluster
     * @param vni unique in the cluster
     * @param created RFC 3339 with nanoseconds and zone
     * @param internal whether it has no way out
     * @param ipv6 whether its members get IPv6 addresses
     * @param attachable kept and shown
     * @param subnets IPv4 first
     * @param options as given with {@code -o}
     * @param labels as given with {@code --label}
     */
    record OverlayNetwork(
            String id,
            String name,
            int vni,
            String created,
            boolean internal,
            boolean ipv6,
            boolean attachable,
            List<Subnet> subnets,
            Map<String, String> options,
            Map<String, String> labels)
            implements ClusterEntry {
        /** Copies the collections. */
        public OverlayNetwork {
            subnets = List.copyOf(subnets);
            options = Map.copyOf(options);
            labels = Map.copyOf(labels);
        }

        @Override
        public String key() {
            return ClusterKeys.network(id);
        }
    }

    /**
     * An address that is given.
     *
     * @param network of the address
     * @param address given
     * @param endpoint that has it
     * @param host of the endpoint
     */
    record AddressClaim(String network, IpAddress address, String endpoint, String host) implements ClusterEntry {
        @Override
        public String key() {
            return ClusterKeys.address(network, address);
        }
    }

    /**
     * A container's place in a network, on any host.
     *
     * @param id 64 hex digits, new with every attachment
     * @param network of it
     * @param host where its container is
     * @param name of its container, unique in the network
     * @param aliases all names by which DNS finds it, which others may have too: its own when somebody chose it, those
     *     given to it, its short id
     * @param mac of its interface
     * @param ipv4 null when it has none
     * @param ipv6 null when it has none
     */
    record RemoteEndpoint(
            String id,
            String network,
            String host,
            String name,
            List<String> aliases,
            MacAddress mac,
            @Nullable Ipv4Address ipv4,
            @Nullable Ipv6Address ipv6)
            implements ClusterEntry {
        /** Copies the list. */
        public RemoteEndpoint {
            aliases = List.copyOf(aliases);
        }

        @Override
        public String key() {
            return ClusterKeys.endpoint(network, id);
        }

        /** {@return its addresses} */
        public List<IpAddress> addresses() {
            return Stream.<@Nullable IpAddress>of(ipv4, ipv6)
                    .<IpAddress>mapMulti((address, all) -> {
                        if (address != null) {
                            all.accept(address);
                        }
                    })
                    .toList();
        }

        /** {@return it with other names} */
        public RemoteEndpoint withNames(String newName, List<String> newAliases) {
            return new RemoteEndpoint(id, network, host, newName, newAliases, mac, ipv4, ipv6);
        }
    }

    /**
     * A key with which a host encrypts, or did, or is going to (docs/encryption.md).
     *
     * @param host whose
     * @param id 8 hex digits, by which frames name it
     * @param secret 64 hex digits
     * @param salt 8 hex digits
     */
    record HostKey(String host, String id, String secret, String salt) implements ClusterEntry {
        @Override
        public String key() {
            return ClusterKeys.key(host, id);
        }

        /** {@return the key that frames are encrypted with} */
        public TunnelKey tunnelKey() {
            return new TunnelKey(
                    HexFormat.fromHexDigits(id), HexFormat.of().parseHex(secret), HexFormat.fromHexDigits(salt));
        }

        /** {@return its name, and nothing that is secret: entries are logged} */
        @Override
        public String toString() {
            return "key " + id + " of host " + host;
        }
    }

    /**
     * Something that only one can have: a name, a VNI, a tunnel address.
     *
     * @param key what it is
     * @param owner the id of who has it
     */
    record Claim(String key, String owner) implements ClusterEntry {}

    /**
     * Something that this version cannot read. What it claims stays claimed: only the key matters for that.
     *
     * @param key it stands under
     * @param sentence what is wrong with it
     */
    record Unreadable(String key, String sentence) implements ClusterEntry {}
}
