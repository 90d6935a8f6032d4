package io.tapswitch.core.api;

import io.tapswitch.core.control.Controller;
import io.tapswitch.core.control.EndpointCounters;
import io.tapswitch.core.control.EventLog;
import io.tapswitch.core.control.Looking;
import io.tapswitch.core.dataplane.CounterSnapshot;
import io.tapswitch.core.dataplane.DropReason;
import io.tapswitch.core.dataplane.FdbEntry;
import io.tapswitch.core.model.Address;
import io.tapswitch.core.model.Container;
import io.tapswitch.core.model.Network;
import io.tapswitch.core.model.Subnet;
import io.tapswitch.core.overlay.ClusterEntry.RemoteEndpoint;
import io.tapswitch.core.overlay.Remotes;
import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.MacAddress;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Makes the API's answers of the control plane's records, but for those about containers. */
final class Views {
    private static final long NS_PER_SECOND = 1_000_000_000L;

    /** What stands for the host where a container's name would. */
    private static final String HOST = "(host)";

    private Views() {}

    static Answers.Network network(Controller.NetworkView view) {
        Network network = view.network();
        Map<String, Answers.Member> members = new LinkedHashMap<>();
        for (Controller.Member member : view.members()) {
            members.put(
                    member.container().id(),
                    new Answers.Member(
                            member.container().name(),
                            member.endpoint().id(),
                            member.endpoint().mac().toString(),
                            prefixed(member.endpoint().ipv4()),
                            prefixed(member.endpoint().ipv6())));
        }
        for (Remotes.Remote remote : view.remotes()) {
            RemoteEndpoint endpoint = remote.endpoint();
            members.put(
                    // Docker's key for somebody on another host (A-OVL-05).
                    "ep-" + endpoint.id(),
                    new Answers.Member(
                            endpoint.name(),
                            endpoint.id(),
                            endpoint.mac().toString(),
                            prefixed(network, endpoint.ipv4()),
                            prefixed(network, endpoint.ipv6())));
        }
        return new Answers.Network(
                network.name(),
                network.id(),
                network.created(),
                network.scope(),
                network.driver().word(),
                network.ipv6(),
                new Answers.Ipam(
                        "default",
                        Map.of(),
                        network.subnets().stream().map(Views::subnet).toList()),
                network.internal(),
                network.attachable(),
                members,
                new TreeMap<>(network.options()),
                new TreeMap<>(network.labels()));
    }

    private static Answers.IpamConfig subnet(Subnet subnet) {
        Map<String, String> reserved = new TreeMap<>();
        subnet.reserved().forEach((name, ip) -> reserved.put(name, ip.toString()));
        return new Answers.IpamConfig(
                subnet.prefix().toString(),
                subnet.range() == null ? null : subnet.range().toString(),
                subnet.gateway().toString(),
                reserved.isEmpty() ? null : reserved);
    }

    private static String prefixed(Network network, @Nullable IpAddress address) {
        for (Subnet subnet : network.subnets()) {
            if (address != null && subnet.prefix().includes(address)) {
                return address + "/" + subnet.prefix().length();
            }
        }
        return "";
    }

    /** {@return the address with its prefix length, empty when there is none} */
    static String prefixed(@Nullable Address address) {
        return address == null ? "" : address.ip() + "/" + address.prefixLength();
    }

    /** {@return where the new container is, and the resolv.conf that it should have} */
    static Answers.Attached attached(
            Container container, Map<String, Network> networks, String resolvConf, List<String> warnings) {
        List<Answers.Interface> interfaces = container.endpoints().stream()
                .map(endpoint -> new Answers.Interface(
                        endpoint.interfaceName(),
                        ContainerViews.name(endpoint.networkId(), networks),
                        prefixed(endpoint.ipv4()),
                        ContainerViews.gateway(endpoint.ipv4()),
                        prefixed(endpoint.ipv6()),
                        ContainerViews.gateway(endpoint.ipv6()),
                        endpoint.mac().toString()))
                .toList();
        return new Answers.Attached(
                container.id(), container.name(), container.hostname(), interfaces, resolvConf, warnings);
    }

    static Answers.FdbLine fdbLine(Controller.FdbView view) {
        FdbEntry entry = view.entry();
        return new Answers.FdbLine(
                view.network(),
                MacAddress.fromBits(entry.mac()).toString(),
                entry.port(),
                view.container(),
                entry.pinned() ? "pinned" : "learned",
                entry.ageMs() / 1000);
    }

    /** Drops of all containers, and of uplinks, tunnels, the host and NAT, which stand where their names would. */
    static List<Answers.DropLine> drops(Controller controller) {
        List<Answers.DropLine> lines = new ArrayList<>();
        controller.counters(null).forEach(one -> addDrops(lines, one.container().name(), one.counters()));
        controller.looking().uplinks().forEach(one -> addDrops(lines, uplink(one), one.counters()));
        controller.looking().tunnels().forEach(one -> addDrops(lines, tunnel(one), one.counters()));
        addDrops(lines, HOST, controller.hostCounters());
        lines.sort(Comparator.comparingInt(Answers.DropLine::port));
        LookViews.addRefusals(lines, controller.looking());
        return lines;
    }

    private static String uplink(Looking.UplinkCounters one) {
        return "(uplink " + one.device() + ")";
    }

    private static String tunnel(Looking.TunnelCounters one) {
        return one.remote().isEmpty() ? "(tunnels)" : "(peer " + one.remote() + ")";
    }

    private static void addDrops(List<Answers.DropLine> lines, String name, CounterSnapshot counters) {
        for (Map.Entry<DropReason, Long> drop : new TreeMap<>(counters.drops()).entrySet()) {
            if (drop.getValue() != 0) {
                lines.add(new Answers.DropLine(
                        counters.port(),
                        name,
                        drop.getKey().word(),
                        drop.getKey().sentence(),
                        drop.getValue()));
            }
        }
    }

    /** Counters of containers, and of uplinks, tunnels and the host when all are asked for. */
    static Answers.Stats stats(Controller controller, @Nullable String container) {
        List<Answers.StatsLine> lines = new ArrayList<>();
        for (EndpointCounters one : controller.counters(container)) {
            lines.add(line(one.container().name(), one.network(), one.counters(), one.queriesByTcp()));
        }
        if (container == null) {
            controller.looking().uplinks().forEach(one -> lines.add(line(uplink(one), "", one.counters())));
            controller.looking().tunnels().forEach(one -> lines.add(line(tunnel(one), one.network(), one.counters())));
        }
        CounterSnapshot host = controller.hostCounters();
        if (container == null && host.rxFrames() + host.txFrames() + host.dropsTotal() > 0) {
            lines.add(line(HOST, "", host));
        }
        return new Answers.Stats(
                controller.ioWord(),
                controller.workers(),
                Answers.Balance.of(controller.conservation()),
                new TreeMap<>(controller.internals()),
                controller.looking().nat(),
                lines);
    }

    private static Answers.StatsLine line(String container, String network, CounterSnapshot counters) {
        return line(container, network, counters, Map.of());
    }

    private static Answers.StatsLine line(
            String container, String network, CounterSnapshot counters, Map<String, Long> queriesByTcp) {
        return new Answers.StatsLine(
                container,
                network,
                counters.rxFrames(),
                counters.rxBytes(),
                counters.txFrames(),
                counters.txBytes(),
                counters.dropsTotal(),
                queries(counters),
                queriesByTcp);
    }

    private static Map<String, Long> queries(CounterSnapshot counters) {
        Map<String, Long> words = new TreeMap<>();
        counters.queries().forEach((result, count) -> words.put(result.word(), count));
        return words;
    }

    static Answers.Event event(EventLog.Entry entry) {
        return new Answers.Event(
                entry.event().type(),
                entry.event().action(),
                new Answers.Actor(
                        entry.event().id(), new TreeMap<>(entry.event().attributes())),
                "local",
                entry.timeNs() / NS_PER_SECOND,
                entry.timeNs());
    }
}
