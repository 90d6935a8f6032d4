package io.tapswitch.core.control;

import io.tapswitch.core.control.PublishedPorts.ActivePort;
import io.tapswitch.core.model.Container;
import io.tapswitch.core.model.DesiredState;
import io.tapswitch.core.model.Network;
import io.tapswitch.core.model.NetworkMode;
import io.tapswitch.core.model.Refusal;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneId;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiPredicate;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Which networks, containers and events a person's filters mean: docker's keys with docker's meaning. A key that the
 * place does not know is refused when the predicate is made, before anything is looked at.
 */
public final class Selection {
    private static final String NAME = "name";
    private static final String LABEL = "label";
    private static final String NO_LABEL = "label!";
    private static final String TYPE = "type";
    private static final String STATUS = "status";
    private static final String EXITED = "exited";
    private static final String UNTIL = "until";
    private static final String DANGLING = "dangling";

    private static final Set<String> OF_NETWORKS = Set.of("driver", "id", LABEL, NAME, "scope", TYPE, DANGLING);
    private static final Set<String> OF_PRUNE = Set.of(LABEL, NO_LABEL, UNTIL);
    private static final Set<String> OF_CONTAINERS = Set.of(
            "id", NAME, LABEL, STATUS, EXITED, "network", "before", "since", PortFilter.EXPOSE, PortFilter.PUBLISH);
    private static final Set<String> OF_EVENTS =
            Set.of(TYPE, "event", "container", "network", "daemon", LABEL, "scope");

    /** Docker's states, of which we have two, and ours. */
    private static final Set<String> STATES =
            Set.of("created", "restarting", "running", "removing", "paused", "exited", "dead", "detached");

    private Selection() {}

    /** {@return whether a network, which is in use or not, is meant by {@code network ls --filter}} */
    public static BiPredicate<Network, Boolean> networks(Filters filters) {
        filters.allow(OF_NETWORKS);
        for (String type : filters.of(TYPE)) {
            if (!type.equals("custom") && !type.equals("builtin")) {
                throw Filters.invalid(TYPE, type, "must be custom or builtin");
            }
        }
        Boolean dangling = flag(filters, DANGLING);
        return (network, used) -> filters.equal("driver", network.driver().word())
                && filters.found("id", network.id())
                && filters.found(NAME, network.name())
                && filters.equal("scope", network.scope())
                && filters.equal(TYPE, network.isBuiltIn() ? "builtin" : "custom")
                && filters.labels(LABEL, network.labels())
                && (dangling == null || dangling == (!used && !network.isBuiltIn()));
    }

    /** {@return whether an unused network is meant by {@code network prune --filter}} */
    public static Predicate<Network> prune(Filters filters, Instant now) {
        filters.allow(OF_PRUNE);
        List<String> until = filters.of(UNTIL);
        if (until.size() > 1) {
            throw Filters.invalid(UNTIL, until.get(1), "can be given only once");
        }
        @Nullable
        Instant before = until.isEmpty() ? null : Moment.parse(until.getFirst(), UNTIL, now, ZoneId.systemDefault());
        return network -> filters.labels(LABEL, network.labels())
                && !(filters.has(NO_LABEL) && filters.labels(NO_LABEL, network.labels()))
                && (before == null || created(network.created()).isBefore(before));
    }

    /** {@return whether these filters mean containers that ended, too, even if nobody said {@code --all}} */
    public static boolean meansEnded(Filters filters) {
        return filters.has(STATUS) || filters.has(EXITED);
    }

    /**
     * {@return whether a container is meant by {@code ps --filter}}
     *
     * @param served the published ports in force
     */
    public static Predicate<Container> containers(Filters filters, DesiredState state, List<ActivePort> served) {
        filters.allow(OF_CONTAINERS);
        for (String status : filters.of(STATUS)) {
            if (!STATES.contains(status)) {
                throw Filters.invalid(STATUS, status, "must be running, exited or detached");
            }
        }
        for (String code : filters.of(EXITED)) {
            if (!code.matches("\\d{1,9}")) {
                throw Filters.invalid(EXITED, code, "must be an exit code");
            }
        }
        Instant before = createdOf(filters, "before", state);
        Instant since = createdOf(filters, "since", state);
        Predicate<Container> hasPort = PortFilter.of(filters, served);
        return container -> filters.found("id", container.id())
                && (filters.found(NAME, container.name()) || filters.found(NAME, "/" + container.name()))
                && filters.labels(LABEL, container.labels())
                && filters.equal(STATUS, container.status().word())
                && filters.equal(EXITED, exitCode(container))
                && isInOne(filters.of("network"), container, state)
                && hasPort.test(container)
                && (before == null || created(container.created()).isBefore(before))
                && (since == null || created(container.created()).isAfter(since));
    }

    /** {@return whether an event is meant by {@code events --filter}} */
    public static Predicate<Event> events(Filters filters) {
        filters.allow(OF_EVENTS);
        return event -> filters.equal(TYPE, event.type())
                && filters.equal("event", event.action())
                && filters.equal("scope", "local")
                && filters.labels(LABEL, event.attributes())
                && isAbout(filters, Event.CONTAINER, event)
                && isAbout(filters, Event.NETWORK, event)
                && isAbout(filters, Event.DAEMON, event);
    }

    /** By the beginning of its id or name; a network's event also by the container that came or went. */
    private static boolean isAbout(Filters filters, String type, Event event) {
        Map<String, String> attributes = event.attributes();
        return !filters.has(type)
                || (event.type().equals(type)
                        && (filters.begins(type, event.id())
                                || filters.begins(type, attributes.getOrDefault(NAME, ""))))
                || filters.begins(type, attributes.getOrDefault(type, ""));
    }

    private static boolean isInOne(List<String> wanted, Container container, DesiredState state) {
        return wanted.isEmpty()
                || state.networks().stream()
                        .filter(network -> isIn(container, network))
                        .anyMatch(network -> wanted.stream()
                                .anyMatch(reference -> network.name().equals(reference)
                                        || (!reference.isEmpty() && network.id().startsWith(reference))));
    }

    private static boolean isIn(Container container, Network network) {
        return switch (container.mode()) {
            case NetworkMode.Own own ->
                container.connections().stream()
                        .anyMatch(connection -> connection.networkId().equals(network.id()));
            case NetworkMode.Host host -> network.name().equals(Network.HOST);
            case NetworkMode.None none -> network.name().equals(Network.NONE);
            case NetworkMode.Shared shared -> false;
        };
    }

    private static String exitCode(Container container) {
        Integer code = container.exitCode();
        return code == null || container.isRunning() ? "" : code.toString();
    }

    private static @Nullable Instant createdOf(Filters filters, String key, DesiredState state) {
        if (!filters.has(key)) {
            return null;
        }
        String reference = filters.of(key).getFirst();
        return state.containers().stream()
                .filter(container ->
                        container.name().equals(reference) || container.id().startsWith(reference))
                .findFirst()
                .map(container -> created(container.created()))
                .orElseThrow(() -> Refusal.unknown("container_not_found", "No such container: " + reference));
    }

    private static @Nullable Boolean flag(Filters filters, String key) {
        if (!filters.has(key)) {
            return null;
        }
        String value = filters.of(key).getFirst();
        return switch (value) {
            case "1", "true", "True", "TRUE", "t", "T" -> true;
            case "0", "false", "False", "FALSE", "f", "F" -> false;
            default -> throw Filters.invalid(key, value, "must be true or false");
        };
    }

    private static Instant created(String text) {
        try {
            return OffsetDateTime.parse(text).toInstant();
        } catch (DateTimeException e) {
            return Instant.EPOCH;
        }
    }
}
