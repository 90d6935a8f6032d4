package io.tapswitch.core.api;

import io.tapswitch.core.control.PublishedPorts.ActivePort;
import io.tapswitch.core.model.Container;
import io.tapswitch.core.model.PortProtocol;
import io.tapswitch.core.model.PortSpec;
import io.tapswitch.core.model.Publication;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Makes the API's answers about published ports. Lists show a range as one line; inspect shows each port by itself, as
 * docker does it.
 */
final class PortViews {
    private PortViews() {}

    /** A container's port and its protocol; sorted by number. */
    private record Inside(int port, PortProtocol protocol) implements Comparable<Inside> {
        static Inside of(String exposed) {
            int slash = exposed.indexOf('/');
            return new Inside(
                    Integer.parseInt(exposed.substring(0, slash)), PortProtocol.of(exposed.substring(slash + 1)));
        }

        @Override
        public int compareTo(Inside other) {
            return Comparator.comparingInt(Inside::port)
                    .thenComparing(Inside::protocol)
                    .compare(this, other);
        }

        @Override
        public String toString() {
            return port + "/" + protocol.word();
        }
    }

    /** {@return the ports of a running container as a list shows them: those in force, and what else it exposes} */
    static List<Answers.Port> summary(Container container, List<ActivePort> active) {
        List<Answers.Port> ports = new ArrayList<>(lines(active));
        if (container.isRunning()) {
            for (String exposed : container.exposed()) {
                Inside inside = Inside.of(exposed);
                if (active.stream().noneMatch(port -> serves(port.publication(), inside))) {
                    ports.add(new Answers.Port(
                            "", inside.port(), 0, 1, inside.protocol().word()));
                }
            }
        }
        return ports;
    }

    private static boolean serves(Publication publication, Inside inside) {
        return publication.protocol() == inside.protocol()
                && publication.firstContainerPort() <= inside.port()
                && inside.port() <= publication.lastContainerPort();
    }

    /** {@return where each port of a container is in force; nowhere for those that are exposed only} */
    static Map<String, List<Answers.PortBinding>> bindings(Container container, List<ActivePort> active) {
        Map<Inside, List<Answers.PortBinding>> bindings = new TreeMap<>();
        if (container.isRunning()) {
            container.exposed().forEach(exposed -> bindings.put(Inside.of(exposed), new ArrayList<>()));
        }
        for (ActivePort port : active) {
            for (int i = 0; i < port.publication().asked().count(); i++) {
                bindings.computeIfAbsent(
                                new Inside(port.firstContainerPort() + i, port.protocol()), key -> new ArrayList<>())
                        .add(new Answers.PortBinding(port.shownAddress(), Integer.toString(port.firstHostPort() + i)));
            }
        }
        return words(bindings);
    }

    /** {@return what was asked for: with an empty address for all, and an empty port for one that is chosen} */
    static Map<String, List<Answers.PortBinding>> asked(List<Publication> publications) {
        Map<Inside, List<Answers.PortBinding>> bindings = new TreeMap<>();
        for (Publication publication : publications) {
            PortSpec asked = publication.asked();
            for (int i = 0; i < asked.count(); i++) {
                String host = asked.isRandom()
                        ? ""
                        : asked.isPool()
                                ? PortSpec.words(asked.firstHostPort(), asked.lastHostPort())
                                : Integer.toString(asked.firstHostPort() + i);
                bindings.computeIfAbsent(
                                new Inside(asked.firstContainerPort() + i, asked.protocol()), key -> new ArrayList<>())
                        .add(new Answers.PortBinding(
                                asked.address() == null ? "" : asked.address().toString(), host));
            }
        }
        return words(bindings);
    }

    private static Map<String, List<Answers.PortBinding>> words(Map<Inside, List<Answers.PortBinding>> bindings) {
        Map<String, List<Answers.PortBinding>> words = new LinkedHashMap<>();
        bindings.forEach((inside, at) -> words.put(inside.toString(), List.copyOf(at)));
        return words;
    }

    /** {@return a line for each range and family in force} */
    static List<Answers.Port> lines(List<ActivePort> active) {
        return active.stream()
                .map(port -> new Answers.Port(
                        port.shownAddress(),
                        port.firstContainerPort(),
                        port.firstHostPort(),
                        port.publication().asked().count(),
                        port.protocol().word()))
                .toList();
    }
}
