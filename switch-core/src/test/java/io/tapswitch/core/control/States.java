package io.tapswitch.core.control;

import io.tapswitch.core.model.Address;
import io.tapswitch.core.model.Connection;
import io.tapswitch.core.model.Container;
import io.tapswitch.core.model.DesiredState;
import io.tapswitch.core.model.Driver;
import io.tapswitch.core.model.Endpoint;
import io.tapswitch.core.model.Init;
import io.tapswitch.core.model.Network;
import io.tapswitch.core.model.NetworkMode;
import io.tapswitch.core.model.ObjectName;
import io.tapswitch.core.model.Origin;
import io.tapswitch.core.model.PortSpec;
import io.tapswitch.core.model.Publication;
import io.tapswitch.core.model.Subnet;
import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.IpPrefix;
import io.tapswitch.wire.Ipv4Address;
import io.tapswitch.wire.Ipv6Address;
import io.tapswitch.wire.MacAddress;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Desired states for tests. */
public final class States {
    private static final String CREATED = "2026-11-21T10:00:00.000000001Z";

    /** One of everything. */
    static final DesiredState FULL = full();

    private States() {}

    /** {@return a bridge network that a command made} */
    static Network network(String name, int index, String subnet) {
        IpPrefix prefix = IpPrefix.parse(subnet);
        return new Network(
                ObjectName.newId(),
                index,
                name,
                CREATED,
                Driver.BRIDGE,
                false,
                false,
                false,
                List.of(new Subnet(prefix, ((Ipv4Address) prefix.network()).plus(1), null, Map.of())),
                Map.of(),
                Map.of(),
                new Origin.Command());
    }

    private static Network plain(String name, Driver driver) {
        return new Network(
                ObjectName.newId(),
                -1,
                name,
                CREATED,
                driver,
                false,
                false,
                false,
                List.of(),
                Map.of(),
                Map.of(),
                new Origin.BuiltIn());
    }

    static Endpoint endpoint(Network network, int port, String ip, @Nullable String ip6) {
        Ipv4Address four = Ipv4Address.parse(ip);
        return new Endpoint(
                ObjectName.newId(),
                network.id(),
                port,
                1,
                "eth0",
                MacAddress.ofContainer(four),
                false,
                new Address(four, 16, network.subnets().getFirst().gateway(), false),
                ip6 == null ? null : new Address(IpAddress.parse(ip6), 64, IpAddress.parse("fd00:66::1"), true),
                List.of("alias", "other"));
    }

    static Container container(String name, Container.Status status, NetworkMode mode, Endpoint... endpoints) {
        return new Container(
                ObjectName.newId(),
                name,
                true,
                name + "-host",
                CREATED,
                status,
                status == Container.Status.EXITED ? 137 : null,
                CREATED,
                status == Container.Status.RUNNING ? "" : CREATED,
                status == Container.Status.DETACHED
                        ? null
                        : new Init(4711, 123_456, List.of("sh", "-c", "a \"b\"\n"), true),
                status == Container.Status.RUNNING ? "/run/netns/" + name : "",
                status == Container.Status.RUNNING ? "4:4026532" : "",
                mode,
                true,
                1,
                List.of("192.0.2.53"),
                List.of("80/tcp"),
                Map.of("unicode", "gr\u00fc\u00df \u2028 \uD83D\uDE00", "empty", ""),
                List.of(new Connection(
                        "c".repeat(64),
                        Ipv4Address.parse("10.66.0.9"),
                        Ipv6Address.parse("fd00:66::9"),
                        MacAddress.parse("02:42:0a:00:00:09"),
                        List.of("x"))),
                List.of(endpoints));
    }

    private static Publication publication(int rule, String container, String spec, int port, Origin origin) {
        return new Publication(
                rule, container, PortSpec.parse(spec), port, List.of(IpPrefix.parse("192.0.2.0/24")), origin);
    }

    private static DesiredState full() {
        Network bridge = network("bridge", 0, "172.17.0.0/16");
        Network web = new Network(
                ObjectName.newId(),
                1,
                "web",
                CREATED,
                Driver.BRIDGE,
                true,
                true,
                true,
                List.of(
                        new Subnet(
                                IpPrefix.parse("10.66.0.0/16"),
                                IpAddress.parse("10.66.0.1"),
                                IpPrefix.parse("10.66.0.0/24"),
                                Map.of("router", IpAddress.parse("10.66.0.5")),
                                true),
                        new Subnet(
                                IpPrefix.parse("fd00:66::/64"), IpAddress.parse("fd00:66::1"), null, Map.of(), false)),
                Map.of(NetworkOptions.MTU, "1400"),
                Map.of("tier", "front"),
                new Origin.File("/etc/tapswitch.yaml", 12));
        Network db = network("db", 2, "10.70.0.0/16");
        Container one = container(
                "one",
                Container.Status.RUNNING,
                new NetworkMode.Own(),
                endpoint(bridge, 0, "172.17.0.2", null),
                endpoint(web, 1, "10.66.0.2", "fd00:66::2"));
        Container two =
                container("two", Container.Status.RUNNING, new NetworkMode.Own(), endpoint(web, 2, "10.66.0.3", null));
        DesiredState all = DesiredState.EMPTY
                .with(bridge)
                .with(plain("host", Driver.HOST))
                .with(plain("none", Driver.NONE))
                .with(web)
                .with(db)
                .with(one)
                .with(two)
                .with(container("three", Container.Status.EXITED, new NetworkMode.Host()))
                .with(container("four", Container.Status.DETACHED, new NetworkMode.None()))
                .with(container("five", Container.Status.RUNNING, new NetworkMode.Shared(one.id())));
        List<Publication> published = List.of(
                publication(3, one.id(), "8080:80", 8080, new Origin.Command()),
                publication(4, "later", "127.0.0.1::53/udp", 40_000, new Origin.File("/etc/tapswitch.yaml", 20)),
                publication(7, "later", "9000-9010:90", 0, new Origin.File("/etc/tapswitch.yaml", 21)));
        return new DesiredState(42, all.networksById(), all.containersById(), published, 8);
    }

    /** {@return a state of many networks and containers} */
    static DesiredState many(int networks, int containers) {
        Map<String, Network> networksById = new LinkedHashMap<>();
        Map<String, Container> containersById = new LinkedHashMap<>();
        List<Network> all = new java.util.ArrayList<>();
        for (int i = 0; i < networks; i++) {
            Network network = network("net" + i, i, "10." + i / 256 + "." + i % 256 + ".0/24");
            all.add(network);
            networksById.put(network.id(), network);
        }
        for (int i = 0; i < containers; i++) {
            Network network = all.get(i % networks);
            Ipv4Address address = ((Ipv4Address) network.subnets().getFirst().gateway()).plus(1 + i / networks);
            Container container = container(
                    "c" + i,
                    Container.Status.RUNNING,
                    new NetworkMode.Own(),
                    endpoint(network, i, address.toString(), null));
            containersById.put(container.id(), container);
        }
        return new DesiredState(1, networksById, containersById, List.of(), DesiredState.FIRST_RULE);
    }
}
