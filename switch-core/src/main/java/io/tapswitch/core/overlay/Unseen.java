package io.tapswitch.core.overlay;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Since when the store has had no sign of life of a host. Looked at by one thread, asked by any. */
final class Unseen {
    /** When the last sign of life of a host went, by id. */
    private final Map<String, Long> gone = new ConcurrentHashMap<>();

    /** Takes in the cluster as it is at a moment. */
    void look(ClusterView view, long nowMs) {
        view.hosts().keySet().forEach(host -> {
            if (view.isAlive(host)) {
                gone.remove(host);
            } else {
                gone.putIfAbsent(host, nowMs);
            }
        });
        gone.keySet().retainAll(view.hosts().keySet());
    }

    /** {@return for how long there has been none, -1 when there is one or the host was never known} */
    long forMs(String host, long nowMs) {
        Long since = gone.get(host);
        return since == null ? -1 : nowMs - since;
    }
}
