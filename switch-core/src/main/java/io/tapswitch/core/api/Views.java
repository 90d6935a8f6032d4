package io.tapswitch.core.api;

import io.tapswitch.core.control.Controller;
import io.tapswitch.core.control.Ipv4;
import io.tapswitch.core.dataplane.DropReason;
import io.tapswitch.core.dataplane.FdbEntry;
import io.tapswitch.core.model.Address;
import io.tapswitch.core.model.Container;
import io.tapswitch.core.model.DesiredState;
import io.tapswitch.core.model.Endpoint;
import io.tapswitch.core.model.Init;
import io.tapswitch.core.model.Network;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Makes the API's answers of the control plane's records. */
final class Views {
    private Views() {}

    static Answers.Network network(Controller.NetworkView view) {
        Network network = view.network();
        Map<String, Answers.Member> members = new LinkedHashMap<>();
        for (Controller.Member member : view.members()) {
            Endpoint endpoint = member.endpoint();
            members.put(
                    member.container().id(),
                    new Answers.Member(
                            member.container().name(),
                            endpoint.id(),
                            endpoint.mac().toString(),
                            cidr(endpoint.ipv4()),
                            cidr(endpoint.ipv6())));
        }
        List<Answers.IpamConfig> config = network.subnets().stream()
                .map(subnet -> new Answers.IpamConfig(
                        subnet.prefix().toString(), subnet.gateway().toString()))
                .toList();
        return new Answers.Network(
                network.name(),
                network.id(),
                network.created(),
                "local",
                network.driver().word(),
                network.ipv6(),
                new Answers.Ipam("default", Map.of(), config),
                network.internal(),
                network.attachable(),
                members,
                new TreeMap<>(network.options()),
                new TreeMap<>(network.labels()));
    }

    private static String cidr(@Nullable Address address) {
        return address == null ? "" : address.ip() + "/" + address.prefixLength();
    }

    private static String networkName(DesiredState state, Endpoint endpoint) {
        Network network = state.networksById().get(endpoint.networkId());
        return network == null ? "" : network.name();
    }

    static Answers.Container container(DesiredState state, Container container) {
        Map<String, Answers.Endpoint> networks = new LinkedHashMap<>();
        for (Endpoint endpoint : container.endpoints()) {
            Address address = endpoint.ipv4();
            networks.put(
                    networkName(state, endpoint),
                    new Answers.Endpoint(
                            endpoint.networkId(),
                            endpoint.id(),
                            address == null ? "" : address.gateway().toString(),
                            address == null ? "" : address.ip().toString(),
                            address == null ? 0 : address.prefixLength(),
                            endpoint.mac().toString(),
                            endpoint.interfaceName()));
        }
        Init init = container.init();
        return new Answers.Container(
                container.id(),
                container.name(),
                container.hostname(),
                init == null ? List.of() : init.command(),
                container.created(),
                new Answers.State(container.status().word(), container.isRunning() && init != null ? init.pid() : 0),
                container.netns(),
                new Answers.NetworkSettings(networks));
    }

    static Answers.Attached attached(DesiredState state, Container container) {
        List<Answers.Interface> interfaces = container.endpoints().stream()
                .map(endpoint -> new Answers.Interface(
                        endpoint.interfaceName(),
                        networkName(state, endpoint),
                        cidr(endpoint.ipv4()),
                        endpoint.ipv4() == null ? "" : endpoint.ipv4().gateway().toString(),
                        endpoint.mac().toString()))
                .toList();
        return new Answers.Attached(container.id(), container.name(), interfaces);
    }

    static Answers.FdbLine fdbLine(Controller.FdbView view) {
        FdbEntry entry = view.entry();
        return new Answers.FdbLine(
                view.network(),
                Ipv4.macText(entry.mac()),
                entry.port(),
                view.container(),
                entry.pinned() ? "pinned" : "learned",
                entry.ageMs() / 1000);
    }

    static List<Answers.DropLine> drops(List<Controller.EndpointCounters> counters) {
        List<Answers.DropLine> lines = new ArrayList<>();
        for (Controller.EndpointCounters one : counters) {
            for (Map.Entry<DropReason, Long> drop : new TreeMap<>(one.counters().drops()).entrySet()) {
                if (drop.getValue() != 0) {
                    lines.add(new Answers.DropLine(
                            one.endpoint().port(),
                            one.container().name(),
                            drop.getKey().word(),
                            drop.getKey().sentence(),
                            drop.getValue()));
                }
            }
        }
        lines.sort(Comparator.comparingInt(Answers.DropLine::port));
        return lines;
    }

    static Answers.Stats stats(Controller controller, List<Controller.EndpointCounters> counters) {
        List<Answers.StatsLine> lines = counters.stream()
                .map(one -> new Answers.StatsLine(
                        one.container().name(),
                        one.network(),
                        one.counters().rxFrames(),
                        one.counters().rxBytes(),
                        one.counters().txFrames(),
                        one.counters().txBytes(),
                        one.counters().dropsTotal()))
                .toList();
        return new Answers.Stats(
                controller.ioWord(),
                controller.workers(),
                Answers.Balance.of(controller.conservation()),
                new TreeMap<>(controller.internals()),
                lines);
    }
}
