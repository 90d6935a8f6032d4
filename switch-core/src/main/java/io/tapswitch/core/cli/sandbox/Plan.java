package io.tapswitch.core.cli.sandbox;

import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a sandbox runs, and how.
 *
 * @param command of at least one word
 * @param directory where it starts, null for ours
 * @param network namespace to join, null for a new one
 * @param replaced which files of /etc are the container's own
 * @param foreground whose streams it has, null when it is left alone
 * @param waits whether one that is left alone has an input that never ends, instead of an empty one
 */
public record Plan(
        List<String> command,
        @Nullable Path directory,
        @Nullable Path network,
        Replaced replaced,
        @Nullable Foreground foreground,
        boolean waits) {
    /** Which files of /etc are the container's own. */
    public enum Replaced {
        /** Its hosts and resolv.conf. */
        BOTH("files"),
        /** Only resolv.conf. */
        RESOLVER("resolver"),
        /** None: those of the host are seen. */
        NONE("as-is");

        private final String word;

        Replaced(String word) {
            this.word = word;
        }

        /** {@return what init.sh calls it} */
        String word() {
            return word;
        }
    }

    /** Copies the words. */
    public Plan {
        command = List.copyOf(command);
    }
}
