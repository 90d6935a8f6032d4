package io.tapswitch.core.control;

import java.util.List;
import java.util.Locale;

/**
 * A network namespace with a name.
 *
 * @param id 64 hex digits
 * @param name unique among containers
 * @param hostname as given, or the short id, as docker does
 * @param command what {@code run} started; empty for attached namespaces
 * @param created RFC 3339 with nanoseconds
 * @param status see {@link Status}
 * @param pid of the process that {@code run} started, 0 for attached namespaces
 * @param autoRemove whether the record goes when that process ends
 * @param netns path of the namespace
 * @param netnsIdentity tells namespaces apart, whatever path they were given by
 * @param endpoints in the order of attachment
 */
public record Container(
        String id,
        String name,
        String hostname,
        List<String> command,
        String created,
        Status status,
        long pid,
        boolean autoRemove,
        String netns,
        String netnsIdentity,
        List<Endpoint> endpoints) {
    /** In what state a container is. */
    public enum Status {
        /** Attached; its endpoints are served. */
        RUNNING,
        /** The process that {@code run} started ended. No endpoints; {@code rm} forgets it. */
        EXITED,
        /** Its namespace or its last device went away. No endpoints; attaching the same name again replaces it. */
        DETACHED;

        /** {@return the word that the API shows} */
        public String word() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** Copies the lists. */
    public Container {
        command = List.copyOf(command);
        endpoints = List.copyOf(endpoints);
    }

    /** {@return whether a process that tapswitch started is its first} */
    public boolean hasInit() {
        return pid != 0;
    }

    Container with(Status newStatus, List<Endpoint> newEndpoints) {
        return new Container(
                id, name, hostname, command, created, newStatus, pid, autoRemove, netns, netnsIdentity, newEndpoints);
    }
}
