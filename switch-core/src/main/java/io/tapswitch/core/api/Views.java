package io.tapswitch.core.api;

import io.tapswitch.core.control.Container;
import io.tapswitch.core.control.Controller;
import io.tapswitch.core.control.Endpoint;
import io.tapswitch.core.control.Ipv4;
import io.tapswitch.core.control.Network;
import io.tapswitch.core.dataplane.DropReason;
import io.tapswitch.core.dataplane.FdbEntry;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Makes the API's answers of the control plane's records. */
final class Views {
    private Views() {}

    static Answers.Network network(Controller.NetworkView view) {
        Network network = view.network();
        Map<String, Answers.Member> members = new LinkedHashMap<>();
        for (Endpoint endpoint : view.endpoints()) {
            members.put(
                    endpoint.containerId(),
                    new Answers.Member(
                            endpoint.containerName(),
                            endpoint.id(),
                            Ipv4.macText(endpoint.mac()),
                            Ipv4.text(endpoint.address()) + "/" + endpoint.prefixLength(),
                            ""));
        }
        Answers.IpamConfig config = new Answers.IpamConfig(network.subnet().toString(), Ipv4.text(network.gateway()));
        return new Answers.Network(
                network.name(),
                network.id(),
                network.created(),
                "local",
                network.driver(),
                false,
                new Answers.Ipam("default", Map.of(), List.of(config)),
                false,
                false,
                members,
                new TreeMap<>(network.options()),
                new TreeMap<>(network.labels()));
    }

    static Answers.Container container(Container container) {
        Map<String, Answers.Endpoint> networks = new LinkedHashMap<>();
        for (Endpoint endpoint : container.endpoints()) {
            networks.put(
                    endpoint.networkName(),
                    new Answers.Endpoint(
                            endpoint.networkId(),
                            endpoint.id(),
                            Ipv4.text(endpoint.gateway()),
                            Ipv4.text(endpoint.address()),
                            endpoint.prefixLength(),
                            Ipv4.macText(endpoint.mac()),
                            endpoint.interfaceName()));
        }
        long pid = container.status() == Container.Status.RUNNING ? container.pid() : 0;
        return new Answers.Container(
                container.id(),
                container.name(),
                container.hostname(),
                container.command(),
                container.created(),
                new Answers.State(container.status().word(), pid),
                container.netns(),
                new Answers.NetworkSettings(networks));
    }

    static Answers.Attached attached(Container container) {
        List<Answers.Interface> interfaces = container.endpoints().stream()
                .map(endpoint -> new Answers.Interface(
                        endpoint.interfaceName(),
                        endpoint.networkName(),
                        Ipv4.text(endpoint.address()) + "/" + endpoint.prefixLength(),
                        Ipv4.text(endpoint.gateway()),
                        Ipv4.macText(endpoint.mac())))
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
                            one.endpoint().containerName(),
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
                        one.endpoint().containerName(),
                        one.endpoint().networkName(),
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
