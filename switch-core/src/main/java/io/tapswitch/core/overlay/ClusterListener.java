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

    /** Something needs a person. */
    void alarm(String sentence);
}
