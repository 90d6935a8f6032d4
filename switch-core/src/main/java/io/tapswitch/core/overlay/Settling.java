package io.tapswitch.core.overlay;

import io.tapswitch.core.model.Refusal;
import io.tapswitch.core.overlay.ClusterEntry.Host;
import io.tapswitch.core.overlay.ClusterEntry.OverlayNetwork;
import io.tapswitch.core.overlay.ClusterEntry.RemoteEndpoint;
import io.tapswitch.core.overlay.store.StoredEntry;
import io.tapswitch.core.overlay.store.Transaction;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Brings what is open into the store, in its order: what is simple, as much as a transaction takes at once. When one of
 * these cannot be done, each of them is done alone, and says why.
 *
 * <p>Used for one turn of {@link SessionLoop}, on its thread.
 */
final class Settling {
    private final SessionLoop.Parts parts;
    private final String self;
    private final ClusterState state;
    private final boolean isOtherStore;
    private final Consumer<List<StoredEntry>> learn;
    private final Consumer<String> alarm;

    /**
     * A turn's work.
     *
     * @param self id of this host
     * @param state what the store has as far as is known
     * @param isOtherStore whether the store was emptied a moment ago, so that networks are registered again too
     * @param learn takes what changed in the store
     * @param alarm takes what a person should know
     */
    Settling(
            SessionLoop.Parts parts,
            String self,
            ClusterState state,
            boolean isOtherStore,
            Consumer<List<StoredEntry>> learn,
            Consumer<String> alarm) {
        this.parts = parts;
        this.self = self;
        this.state = state;
        this.isOtherStore = isOtherStore;
        this.learn = learn;
        this.alarm = alarm;
    }

    /** A piece of work: an endpoint as it was, and as it shall be. */
    private record Open(RemoteEndpoint last, @Nullable RemoteEndpoint wanted) {}

    /** Does it, as far as it can be done. */
    void settle() {
        List<StoredEntry> keys = parts.keys().settle(state);
        if (!keys.isEmpty()) {
            learn.accept(keys);
        }
        List<Open> batch = new ArrayList<>();
        Transaction together = null;
        for (RemoteEndpoint last : parts.own().open()) {
            Open open = new Open(last, parts.own().wanted(last.id()));
            Transaction one = parts.endpoints().simple(state, last, open.wanted());
            Transaction more = one == null || together == null ? null : together.with(one);
            if (more == null) {
                settle(batch, together);
                batch.clear();
            }
            together = more == null ? one : more;
            batch.add(open);
        }
        settle(batch, together);
    }

    private void settle(List<Open> batch, @Nullable Transaction together) {
        List<StoredEntry> changed =
                together == null || batch.size() < 2 ? null : parts.endpoints().commit(state, together);
        if (changed == null) {
            batch.forEach(this::settleAlone);
        } else {
            learn.accept(changed);
            batch.forEach(open -> parts.own().settled(open.last().id(), open.wanted()));
        }
    }

    private void settleAlone(Open open) {
        RemoteEndpoint last = open.last();
        try {
            List<StoredEntry> entries = settle(last, open.wanted());
            if (entries != null) {
                learn.accept(entries);
                parts.own().settled(last.id(), open.wanted());
            }
        } catch (Refusal refusal) {
            String sentence =
                    "container " + last.name() + " is not known to the cluster as it is here: " + refusal.sentence();
            if (parts.own().refuse(last.id(), sentence)) {
                alarm.accept(sentence);
            }
        }
    }

    /** {@return what changed in the store; null when the watch must tell more first} */
    private @Nullable List<StoredEntry> settle(RemoteEndpoint last, @Nullable RemoteEndpoint wanted) {
        // What the store has is what counts: an endpoint whose removal or making it has not told yet is asked about.
        ClusterEntry entry = state.revision(last.key()) == 0 ? null : state.entry(last.key());
        RemoteEndpoint stored = entry instanceof RemoteEndpoint endpoint ? endpoint : null;
        if (stored != null && !stored.host().equals(self)) {
            if (wanted == null) {
                return List.of();
            }
            throw copied(stored);
        }
        if (wanted == null) {
            return parts.endpoints().remove(stored == null ? last : stored);
        }
        if (stored == null) {
            OverlayNetwork network = isOtherStore ? network(last.network()) : null;
            if (network != null) {
                learn.accept(parts.networks().restore(network));
            }
            return parts.endpoints().restore(wanted);
        }
        return stored.equals(wanted) ? List.of() : parts.endpoints().rename(state, wanted);
    }

    private @Nullable OverlayNetwork network(String id) {
        if (state.entry(ClusterKeys.network(id)) instanceof OverlayNetwork known) {
            return known;
        }
        return parts.inForce().get().stream()
                .filter(network -> network.id().equals(id))
                .findFirst()
                .orElse(null);
    }

    /** An endpoint's id is made once: who has it too has a copy of that host's state. */
    private Refusal copied(RemoteEndpoint stored) {
        Host host = state.view().hosts().get(stored.host());
        return Refusal.conflict(
                "endpoint_exists",
                "it is the container " + stored.name() + " of host "
                        + (host == null ? stored.host() : host.name() + " at " + host.vtep())
                        + ", whose state directory was copied here; remove it here: tapswitch rm -f " + stored.name());
    }
}
