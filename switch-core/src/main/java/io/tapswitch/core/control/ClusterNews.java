package io.tapswitch.core.control;

import io.tapswitch.core.overlay.Belief;
import io.tapswitch.core.overlay.ClusterListener;
import io.tapswitch.core.overlay.ClusterState;
import io.tapswitch.core.overlay.ClusterView;
import io.tapswitch.core.overlay.Standing;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Hears the session, on its thread, and keeps what people should know of it, for any. */
final class ClusterNews implements ClusterListener {
    private static final Logger LOG = LoggerFactory.getLogger(ClusterNews.class);

    private final String store;
    private final Consumer<ClusterView> changed;
    private final StandingWatch stood = new StandingWatch();
    private final Set<String> alarms = ConcurrentHashMap.newKeySet();
    private volatile Function<String, Belief> believed = network -> Belief.none("it is about to start");

    /**
     * Keeps nothing yet.
     *
     * @param store the words for where it is
     * @param changed takes the cluster as it is now
     */
    ClusterNews(String store, Consumer<ClusterView> changed) {
        this.store = store;
        this.changed = changed;
    }

    @Override
    public void changed(ClusterState state, List<ClusterState.Change> changes) {
        changed.accept(state.view());
    }

    @Override
    public void standing(Standing now) {
        stood.is(now);
        switch (now) {
            case Standing.Away(String why) -> {
                alarms.clear();
                LOG.warn("{}; what is known of the cluster goes on", why);
            }
            case Standing.Refused(String why) -> LOG.error("this host takes no part in the cluster: {}", why);
            case Standing.Joined() -> {
                // That the store is another one stands until it is away again: people should know.
                alarms.removeIf(sentence -> !sentence.contains("is not as it was"));
                LOG.info("joined the cluster of {}", store);
            }
        }
    }

    @Override
    public Belief believed(String network) {
        return believed.apply(network);
    }

    @Override
    public void alarm(String sentence) {
        alarms.add(sentence);
        LOG.warn(sentence);
    }

    /** Whom to ask what this host has in force of a network, by its id. */
    void answering(Function<String, Belief> with) {
        believed = with;
    }

    /** {@return since when it stands as it does} */
    StandingWatch stood() {
        return stood;
    }

    /** {@return what a person should know of what happened} */
    Set<String> alarms() {
        return Set.copyOf(alarms);
    }
}
