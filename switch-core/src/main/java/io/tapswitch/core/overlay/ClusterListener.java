package io.tapswitch.core.overlay;

import java.util.List;

/** Hears what a {@link ClusterSession} finds out, on the session's one thread. */
public interface ClusterListener {
    /**
     * The cluster is different from before.
     *
     * @param state all of it
     * @param changes what is different, and nothing else
     */
    void changed(ClusterState state, List<ClusterState.Change> changes);

    /** This host stands otherwise than before. */
    void standing(Standing standing);

    /**
     * {@return what this host has in force of a network} On a thread of its own, which may wait.
     *
     * @param network id of it
     */
    default Belief believed(String network) {
        return Belief.none("it serves no networks");
    }

    /** Something needs a person: told once, when it begins. {@link ClusterSession#trouble} is what still does. */
    void alarm(String sentence);
}
