package io.tapswitch.core.overlay;

import io.tapswitch.core.model.Subnet;
import io.tapswitch.core.overlay.ClusterEntry.AddressClaim;
import io.tapswitch.core.overlay.ClusterEntry.Host;
import io.tapswitch.core.overlay.ClusterEntry.OverlayNetwork;
import io.tapswitch.core.overlay.ClusterEntry.RemoteEndpoint;
import io.tapswitch.core.overlay.store.StoredEntry;
import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.IpPrefix;
import io.tapswitch.wire.Ipv4Address;
import io.tapswitch.wire.MacAddress;
import java.util.List;
import java.util.Map;

/** Entries for tests: ids are numbers in 64 digits. */
final class Entries {
    static final String NETWORK = id(0x77);

    private Entries() {}

    static String id(long number) {
        return "%064x".formatted(number);
    }

    static Host host(int number) {
        return new Host(id(number), "host-" + number, IpAddress.parse("192.0.2." + number), 1);
    }

    static OverlayNetwork network(String name, int vni) {
        Subnet subnet = new Subnet(IpPrefix.parse("10.0.0.0/16"), IpAddress.parse("10.0.0.1"), null, Map.of(), true);
        return new OverlayNetwork(
                NETWORK,
                name,
                vni,
                "2026-11-22T00:00:00Z",
                false,
                false,
                true,
                List.of(subnet),
                Map.of("encrypted", ""),
                Map.of("a", "b"));
    }

    static Ipv4Address address(int number) {
        return Ipv4Address.fromBits(10 << 24 | number + 2);
    }

    /** {@return the endpoint of an address on a host; each has an id of its own} */
    static RemoteEndpoint endpoint(int number, int host, long id) {
        Ipv4Address address = address(number);
        return new RemoteEndpoint(
                id(id),
                NETWORK,
                id(host),
                "c" + number,
                List.of("alias"),
                MacAddress.ofContainer(address),
                address,
                null);
    }

    static AddressClaim claim(RemoteEndpoint endpoint) {
        return new AddressClaim(endpoint.network(), endpoint.addresses().getFirst(), endpoint.id(), endpoint.host());
    }

    static StoredEntry put(ClusterEntry entry, long created, long revision) {
        return new StoredEntry(entry.key(), ClusterText.write(entry), created, revision);
    }

    static StoredEntry put(ClusterEntry entry, long revision) {
        return put(entry, revision, revision);
    }

    static StoredEntry removed(ClusterEntry entry, long revision) {
        return StoredEntry.removed(entry.key(), revision);
    }
}
