package io.tapswitch.core.cli.sandbox;

import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the command in a sandbox finds.
 *
 * @param hostname its own
 * @param hosts lines of /etc/hosts
 * @param resolver lines of /etc/resolv.conf
 * @param log takes the output of one that is left alone; null otherwise
 */
public record Surroundings(
        String hostname,
        List<String> hosts,
        List<String> resolver,
        @Nullable Path log) {
    /** Copies the lists. */
    public Surroundings {
        hosts = List.copyOf(hosts);
        resolver = List.copyOf(resolver);
    }
}
