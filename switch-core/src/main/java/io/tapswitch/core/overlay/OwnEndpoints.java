package io.tapswitch.core.overlay;

import io.tapswitch.core.overlay.ClusterEntry.RemoteEndpoint;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The endpoints of this host as they shall be, and which of them the store may not have so. That is the queue of
 * changes while the store is away: however often an endpoint changes, it is one piece of work, so the queue is never
 * longer than there are endpoints. Any thread.
 */
final class OwnEndpoints {
    /** Endpoints that shall be, by id. */
    private final Map<String, RemoteEndpoint> wanted = new HashMap<>();
    /** What is to be brought into the store, with the endpoint as it was known last, in the order of the changes. */
    private final Map<String, RemoteEndpoint> open = new LinkedHashMap<>();
    /** Ids that are being given by transactions: neither wanted yet nor left over. */
    private final Set<String> coming = new HashSet<>();
    /** Those that the store cannot have, with a sentence that says so. */
    private final Map<String, String> refused = new HashMap<>();

    OwnEndpoints(Collection<RemoteEndpoint> restored) {
        restored.forEach(endpoint -> wanted.put(endpoint.id(), endpoint));
    }

    synchronized void coming(RemoteEndpoint endpoint) {
        coming.add(endpoint.id());
    }

    synchronized void came(RemoteEndpoint endpoint) {
        coming.remove(endpoint.id());
        wanted.put(endpoint.id(), endpoint);
    }

    /** It failed, and may have happened all the same: then it is removed. */
    synchronized void failed(RemoteEndpoint endpoint) {
        coming.remove(endpoint.id());
        open.put(endpoint.id(), endpoint);
    }

    synchronized @Nullable RemoteEndpoint wanted(String id) {
        return wanted.get(id);
    }

    synchronized void change(RemoteEndpoint endpoint) {
        wanted.put(endpoint.id(), endpoint);
        refused.remove(endpoint.id());
        open.putIfAbsent(endpoint.id(), endpoint);
    }

    synchronized void remove(String id) {
        RemoteEndpoint endpoint = wanted.remove(id);
        if (endpoint != null) {
            refused.remove(id);
            open.put(id, endpoint);
        }
    }

    /** Compares all with what the store has; what a store that was replaced had (revision 0) does not count. */
    synchronized void compare(ClusterState state, String self) {
        for (RemoteEndpoint endpoint : wanted.values()) {
            boolean isThere = state.revision(endpoint.key()) != 0;
            if (!isThere || !endpoint.equals(state.entry(endpoint.key()))) {
                open.putIfAbsent(endpoint.id(), endpoint);
            }
        }
        for (RemoteEndpoint left : state.view().endpointsOf(self)) {
            if (!wanted.containsKey(left.id()) && !coming.contains(left.id())) {
                open.putIfAbsent(left.id(), left);
            }
        }
    }

    /** {@return what is to be brought into the store} */
    synchronized List<RemoteEndpoint> open() {
        return new ArrayList<>(open.values());
    }

    /** It is as wanted, unless it was changed meanwhile. */
    synchronized void settled(String id, @Nullable RemoteEndpoint as) {
        if (Objects.equals(wanted.get(id), as)) {
            open.remove(id);
            refused.remove(id);
        }
    }

    /** {@return what the store cannot have, a sentence each} */
    synchronized List<String> refusals() {
        return List.copyOf(refused.values());
    }

    /** {@return whether the store cannot have it for a reason that is new} */
    synchronized boolean refuse(String id, String sentence) {
        open.remove(id);
        return !sentence.equals(refused.put(id, sentence));
    }

    /** What was refused is tried again. */
    synchronized void tryAgain() {
        for (String id : refused.keySet()) {
            RemoteEndpoint endpoint = wanted.get(id);
            if (endpoint != null) {
                open.putIfAbsent(id, endpoint);
            }
        }
    }
}
