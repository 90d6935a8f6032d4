package io.tapswitch.core.control;

import io.tapswitch.core.overlay.Belief;
import io.tapswitch.core.overlay.ClusterListener;
import io.tapswitch.core.overlay.ClusterState;
import io.tapswitch.core.overlay.ClusterView;
import io.tapswitch.core.overlay.Standing;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Hears the session, on its thread: writes the log, and keeps since when this host stands as it does, for any. */
final class ClusterNews implements ClusterListener {
    private static final Logger LOG = LoggerFactory.getLogger(ClusterNews.class);

    private final String store;
    private final Consumer<ClusterView> changed;
    private final StandingWatch stood = new StandingWatch();
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
            case Standing.Away(String why) -> LOG.warn("{}; what is known of the cluster goes on", why);
            case Standing.Refused(String why) -> LOG.error("this host takes no part in the cluster: {}", why);
            case Standing.Joined() -> LOG.info("joined the cluster of {}", store);
        }
    }

    @Override
    public Belief believed(String network) {
        return believed.apply(network);
    }

    @Override
    public void alarm(String sentence) {
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
}
