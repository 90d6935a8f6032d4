package io.tapswitch.core.control;

import io.tapswitch.core.model.Container;
import io.tapswitch.core.model.DesiredState;
import io.tapswitch.core.model.NetworkMode;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;
import java.util.function.BiConsumer;

/**
 * Watches the namespaces that would go unnoticed: of containers that were attached, so that no process of ours tells,
 * and have no interface of ours, so that no device tells. Under the controller's lock.
 */
final class BareNamespaces {
    private final Plumbing plumbing;
    private final BiConsumer<String, String> gone;
    /** Identities of the namespaces that are watched, by container id. */
    private final Map<String, String> watched = new HashMap<>();

    /**
     * Watches nothing yet.
     *
     * @param gone hears of the container and the identity of its namespace
     */
    BareNamespaces(Plumbing plumbing, BiConsumer<String, String> gone) {
        this.plumbing = plumbing;
        this.gone = gone;
    }

    /** Watches those that are bare now, and no others. */
    void update(DesiredState state) {
        Map<String, Container> bare = new HashMap<>();
        for (Container container : state.containers()) {
            boolean own = container.mode() instanceof NetworkMode.Own || container.mode() instanceof NetworkMode.None;
            if (container.isRunning()
                    && own
                    && container.init() == null
                    && container.endpoints().isEmpty()) {
                bare.put(container.id(), container);
            }
        }
        for (Iterator<String> ids = watched.keySet().iterator(); ids.hasNext(); ) {
            String id = ids.next();
            if (!bare.containsKey(id)) {
                plumbing.forgetNamespace(id);
                ids.remove();
            }
        }
        bare.forEach((id, container) -> {
            String identity = container.netnsIdentity();
            if (watched.putIfAbsent(id, identity) == null) {
                plumbing.watchNamespace(
                        id,
                        new Plumbing.Place(container.netns(), identity, null),
                        () -> Thread.startVirtualThread(() -> gone.accept(id, identity)));
            }
        });
    }
}
