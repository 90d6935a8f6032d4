package io.tapswitch.core.model;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What people may put on networks and containers. */
public final class Labels {
    private Labels() {}

    /**
     * Holds labels to docker's rule: each has a name.
     *
     * @param labels what a person wrote, null for none
     * @return the labels
     */
    public static Map<String, String> check(@Nullable Map<String, String> labels) {
        if (labels == null) {
            return Map.of();
        }
        if (labels.containsKey("")) {
            throw Refusal.badInput("invalid label '=" + labels.get("") + "': empty name");
        }
        return labels;
    }
}
