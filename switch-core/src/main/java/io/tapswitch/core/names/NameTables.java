package io.tapswitch.core.names;

import io.tapswitch.core.config.DnsEntries;
import io.tapswitch.core.config.DnsSettings;
import io.tapswitch.core.dataplane.ClientViews;
import io.tapswitch.core.model.Container;
import io.tapswitch.core.model.DesiredState;
import io.tapswitch.core.model.Endpoint;
import io.tapswitch.core.model.Network;
import io.tapswitch.core.model.ObjectName;
import io.tapswitch.core.model.Subnet;
import io.tapswitch.core.overlay.ClusterEntry.RemoteEndpoint;
import io.tapswitch.core.overlay.Remotes;
import io.tapswitch.dns.ClientView;
import io.tapswitch.dns.DnsAddress;
import io.tapswitch.dns.DnsName;
import io.tapswitch.dns.SpecialNames;
import io.tapswitch.dns.StaticRecord;
import io.tapswitch.dns.Zone;
import io.tapswitch.dns.ZoneSpec;
import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.Ipv4Address;
import io.tapswitch.wire.Ipv6Address;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Who sees which names, made of the desired state.
 *
 * <h2>Theory of operation</h2>
 *
 * As the dataplane's other tables: the same state gives the same names, whatever happened before.
 *
 * <pre>
 *   DesiredState   a network and who is in it        a container and its networks in connect order
 *        |  spec                                           |
 *   ZoneSpec       plain values                            |
 *        |  Zone.compile, where the spec is another        |
 *   Zone  ---------------------------------------->  ClientView + Upstreams, one for all its ports
 * </pre>
 *
 * <p>What it remembers is for speed only: the zone of a network whose spec is as it was, and the view of a list of
 * zones that is as it was. So a container that comes costs the compiling of its networks, and views of ports that see
 * none of them stay the same objects.
 *
 * <p>Whoever has no chosen name is found by alias and short id only, unless the configuration lets generated names be
 * found too (C1). A view has the zones of all networks that the
 * container is in, whichever of its interfaces a query came by: who asks is the container. The default network has no
 * zone (C10); who is only in internal networks has nobody asked for names of the outside (D18).
 *
 * <p>Called with the lock of the desired state held.
 */
public final class NameTables {
    private static final List<String> GATEWAY_NAMES = List.of("host.docker.internal", "host.containers.internal");

    private final Zone special = Zone.compile(SpecialNames.spec());
    private Map<String, Compiled> networks = Map.of();
    private Map<Seen, ClientView> views = Map.of();
    private @Nullable DnsSettings settings;
    private Zone records = Zone.EMPTY;

    private record Compiled(ZoneSpec spec, Zone zone) {}

    /** What a view is made of; zones are the same only when they are the same object. */
    private record Seen(List<Zone> zones, boolean forwards) {}

    /**
     * What a version says of names.
     *
     * @param views for the workers, by port
     * @param clients for those who forward, by port
     */
    public record Compilation(ClientViews views, Map<Integer, NameClient> clients) {}

    /**
     * {@return the names of a state}
     *
     * @param wanted how they are answered
     * @param remotes who is in its networks on other hosts
     */
    public Compilation compile(DesiredState state, DnsSettings wanted, Remotes remotes) {
        if (!wanted.equals(settings)) {
            settings = wanted;
            networks = Map.of();
            views = Map.of();
            records = Zone.compile(new ZoneSpec("", false, true, List.of(), List.of(), List.of(), wanted.records()));
        }
        Map<String, Compiled> zones = zones(state, wanted, remotes);
        Map<Seen, ClientView> seen = new HashMap<>();
        Map<Integer, ClientView> byPort = new HashMap<>();
        Map<Integer, NameClient> clients = new HashMap<>();
        for (Container container : state.containers()) {
            if (container.isRunning() && !container.endpoints().isEmpty()) {
                NameClient client = client(container, state, zones, seen, wanted);
                for (Endpoint endpoint : container.endpoints()) {
                    byPort.put(endpoint.port(), client.view());
                    clients.put(endpoint.port(), client);
                }
            }
        }
        networks = zones;
        views = seen;
        return new Compilation(new ClientViews(byPort), Map.copyOf(clients));
    }

    private Map<String, Compiled> zones(DesiredState state, DnsSettings wanted, Remotes remotes) {
        Map<String, ZoneSpec.Builder> specs = new LinkedHashMap<>();
        for (Network network : state.networks()) {
            if (isNamed(network)) {
                specs.put(network.id(), spec(network, wanted));
            }
        }
        for (Container container : state.containers()) {
            if (container.isRunning()) {
                for (Endpoint endpoint : container.endpoints()) {
                    ZoneSpec.Builder spec = specs.get(endpoint.networkId());
                    if (spec != null) {
                        spec.host(
                                names(
                                        container.nameChosen() || wanted.generatedNames(),
                                        container.name(),
                                        container.id(),
                                        endpoint.aliases()),
                                addresses(endpoint.ipv4Address(), endpoint.ipv6Address()));
                    }
                }
            }
        }
        specs.forEach((id, spec) -> remotes.of(id)
                .forEach(remote -> spec.host(
                        names(remote.endpoint(), wanted.generatedNames()),
                        addresses(remote.endpoint().ipv4(), remote.endpoint().ipv6()))));
        Map<String, Compiled> compiled = new HashMap<>();
        specs.forEach((id, builder) -> {
            ZoneSpec spec = builder.build();
            Compiled known = networks.get(id);
            compiled.put(id, known != null && known.spec.equals(spec) ? known : new Compiled(spec, Zone.compile(spec)));
        });
        return compiled;
    }

    /** {@return whether a network has names: not the default one (C10)} */
    private static boolean isNamed(Network network) {
        return network.driver().isSwitched() && !network.isBuiltIn();
    }

    private static ZoneSpec.Builder spec(Network network, DnsSettings wanted) {
        ZoneSpec.Builder spec = ZoneSpec.network(suffix(network)).suffixInPointers(wanted.suffixInPointers());
        for (Subnet subnet : network.subnets()) {
            spec.subnet(
                    DnsEntries.dnsAddress(subnet.prefix().network()),
                    subnet.prefix().length());
            // An internal network's gateway is not the host.
            if (!network.internal()) {
                DnsAddress gateway = DnsEntries.dnsAddress(subnet.gateway());
                GATEWAY_NAMES.forEach(name -> spec.record(StaticRecord.address(name, gateway)));
            }
        }
        return spec;
    }

    /** {@return the network's name; none when DNS cannot carry it, and names are found without it only} */
    private static String suffix(Network network) {
        try {
            DnsName.parse(network.name());
            return network.name();
        } catch (IllegalArgumentException e) {
            return "";
        }
    }

    /**
     * {@return the names by which a container is found in a network, the one for its address first}
     *
     * @param isNameChosen whether somebody chose its name, or generated ones count; others are found without it (C1)
     * @param name of it
     * @param id of it
     * @param aliases that it has in the network
     */
    public static List<String> names(boolean isNameChosen, String name, String id, List<String> aliases) {
        List<String> names = new ArrayList<>();
        if (isNameChosen) {
            names.add(name);
        }
        names.addAll(aliases);
        names.add(ObjectName.shortId(id));
        return names;
    }

    /** {@return the names of a container of another host: those that it says, and its own if generated ones count} */
    private static List<String> names(RemoteEndpoint remote, boolean generated) {
        if (!generated || remote.aliases().contains(remote.name())) {
            return remote.aliases();
        }
        List<String> names = new ArrayList<>();
        names.add(remote.name());
        names.addAll(remote.aliases());
        return names;
    }

    private static DnsAddress[] addresses(@Nullable Ipv4Address ipv4, @Nullable Ipv6Address ipv6) {
        return Stream.<@Nullable IpAddress>of(ipv4, ipv6)
                .filter(Objects::nonNull)
                .map(DnsEntries::dnsAddress)
                .toArray(DnsAddress[]::new);
    }

    private NameClient client(
            Container container,
            DesiredState state,
            Map<String, Compiled> zones,
            Map<Seen, ClientView> seen,
            DnsSettings wanted) {
        List<Zone> visible = new ArrayList<>();
        List<String> named = new ArrayList<>();
        boolean leadsOut = false;
        for (Endpoint endpoint : container.endpoints()) {
            Compiled compiled = zones.get(endpoint.networkId());
            Network network = state.networksById().get(endpoint.networkId());
            if (compiled != null && network != null) {
                visible.add(compiled.zone);
                named.add(network.name());
            }
            leadsOut |= network != null && !network.internal();
        }
        if (!visible.isEmpty() && records.size() > 0) {
            visible.add(records);
        }
        visible.add(special);
        Upstreams upstreams = leadsOut ? upstreams(container, state, wanted) : Upstreams.NONE;
        boolean forwards = leadsOut;
        ClientView view = seen.computeIfAbsent(new Seen(visible, forwards), it -> {
            ClientView known = views.get(it);
            // A name of one label that is not known is for the search list, where there is one (D20).
            boolean single = wanted.search().isEmpty();
            return known != null
                    ? known
                    : new ClientView(visible, forwards, single, wanted.ttlSeconds(), wanted.negativeTtlSeconds());
        });
        return new NameClient(
                view, upstreams, List.copyOf(named), !wanted.search().isEmpty());
    }

    /** The container's own, else those of the first network that has some, else everybody's. */
    private static Upstreams upstreams(Container container, DesiredState state, DnsSettings wanted) {
        if (!container.dns().isEmpty()) {
            return Upstreams.of(container.dns().stream().map(DnsEntries::server).toList());
        }
        for (Endpoint endpoint : container.endpoints()) {
            Network network = state.networksById().get(endpoint.networkId());
            List<InetSocketAddress> own =
                    network == null ? null : wanted.ofNetworks().get(network.name());
            if (own != null) {
                return Upstreams.of(own);
            }
        }
        List<InetSocketAddress> servers = wanted.upstream();
        return servers == null ? Upstreams.HOST : Upstreams.of(servers);
    }
}
