package io.tapswitch.core.model;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A network namespace with a name.
 *
 * @param id 64 hex digits
 * @param name unique among containers
 * @param nameChosen whether a person chose it; a generated name is not resolvable (C1)
 * @param hostname as given, or the short id, as docker does
 * @param created RFC 3339 with nanoseconds and zone
 * @param status see {@link Status}
 * @param exitCode of the process that ended, null when nobody knows it
 * @param started when it started last, as {@code created}
 * @param finished when it ended last, as {@code created}; empty when it never did
 * @param init the process that {@code run} started, null for attached namespaces; kept after its end
 * @param netns path of the namespace; empty when stopped
 * @param netnsIdentity tells namespaces apart, whatever path they were given by; empty when stopped
 * @param mode whose interfaces it has
 * @param sourceGuard whether it speaks with its own addresses only
 * @param queues of each of its devices
 * @param dns servers that its resolv.conf names
 * @param exposed ports that {@code -P} publishes, such as 80/tcp
 * @param labels as given with {@code --label}
 * @param connections networks that it wants, in the order of connecting
 * @param endpoints where it is now, in the order of connecting
 */
public record Container(
        String id,
        String name,
        boolean nameChosen,
        String hostname,
        String created,
        Status status,
        @Nullable Integer exitCode,
        String started,
        String finished,
        @Nullable Init init,
        String netns,
        String netnsIdentity,
        NetworkMode mode,
        boolean sourceGuard,
        int queues,
        List<String> dns,
        List<String> exposed,
        Map<String, String> labels,
        List<Connection> connections,
        List<Endpoint> endpoints) {
    /** In what state a container is. */
    public enum Status {
        /** Attached; its endpoints are served. */
        RUNNING,
        /** The process that {@code run} started ended. No endpoints; {@code start} runs it again. */
        EXITED,
        /** Its namespace or its last device went away. No endpoints; attaching the same name again replaces it. */
        DETACHED;

        /** {@return the word that the API shows} */
        public String word() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** Copies the collections. */
    public Container {
        dns = List.copyOf(dns);
        exposed = List.copyOf(exposed);
        labels = Map.copyOf(labels);
        connections = List.copyOf(connections);
        endpoints = List.copyOf(endpoints);
    }

    /** {@return whether it is attached} */
    public boolean isRunning() {
        return status == Status.RUNNING;
    }

    /** {@return its place in a network, when it has one} */
    public Optional<Endpoint> endpointIn(String networkId) {
        return endpoints.stream().filter(e -> e.networkId().equals(networkId)).findFirst();
    }

    /** {@return it with other connections and endpoints} */
    public Container with(List<Connection> newConnections, List<Endpoint> newEndpoints) {
        return new Change(this).connections(newConnections, newEndpoints).made();
    }

    /** {@return it with other interfaces} */
    public Container in(NetworkMode newMode) {
        return new Change(this).mode(newMode).made();
    }

    /** {@return it running in a namespace from this moment on, with a process; without endpoints yet} */
    public Container started(String newNetns, String newIdentity, @Nullable Init newInit, String at) {
        return new Change(this)
                .status(Status.RUNNING, null)
                .startedAt(at)
                .sandbox(newNetns, newIdentity, newInit)
                .made();
    }

    /** {@return it in another state from this moment on, without endpoints} */
    public Container ended(Status newStatus, @Nullable Integer code, String at) {
        return new Change(this)
                .status(newStatus, code)
                .finishedAt(at)
                .sandbox("", "", init)
                .made();
    }

    /** {@return it under another name} */
    public Container renamed(String newName) {
        return new Change(this).chosenName(newName).made();
    }

    /** A copy whose parts that can change do; what is not here never changes. */
    private static final class Change {
        private final Container from;
        private String name;
        private boolean nameChosen;
        private Status status;
        private @Nullable Integer exitCode;
        private String started;
        private String finished;
        private @Nullable Init init;
        private String netns;
        private String netnsIdentity;
        private NetworkMode mode;
        private List<Connection> connections;
        private List<Endpoint> endpoints;

        Change(Container from) {
            this.from = from;
            name = from.name;
            nameChosen = from.nameChosen;
            status = from.status;
            exitCode = from.exitCode;
            started = from.started;
            finished = from.finished;
            init = from.init;
            netns = from.netns;
            netnsIdentity = from.netnsIdentity;
            mode = from.mode;
            connections = from.connections;
            endpoints = from.endpoints;
        }

        Change chosenName(String newName) {
            name = newName;
            nameChosen = true;
            return this;
        }

        /** Another state: whoever starts or ends has no endpoints. */
        Change status(Status newStatus, @Nullable Integer code) {
            status = newStatus;
            exitCode = code;
            endpoints = List.of();
            return this;
        }

        Change startedAt(String moment) {
            started = moment;
            return this;
        }

        Change finishedAt(String moment) {
            finished = moment;
            return this;
        }

        Change sandbox(String newNetns, String newIdentity, @Nullable Init newInit) {
            netns = newNetns;
            netnsIdentity = newIdentity;
            init = newInit;
            return this;
        }

        Change mode(NetworkMode newMode) {
            mode = newMode;
            return this;
        }

        Change connections(List<Connection> newConnections, List<Endpoint> newEndpoints) {
            connections = newConnections;
            endpoints = newEndpoints;
            return this;
        }

        Container made() {
            return new Container(
                    from.id,
                    name,
                    nameChosen,
                    from.hostname,
                    from.created,
                    status,
                    exitCode,
                    started,
                    finished,
                    init,
                    netns,
                    netnsIdentity,
                    mode,
                    from.sourceGuard,
                    from.queues,
                    from.dns,
                    from.exposed,
                    from.labels,
                    connections,
                    endpoints);
        }
    }
}
