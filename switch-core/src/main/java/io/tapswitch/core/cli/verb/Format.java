package io.tapswitch.core.cli.verb;

import io.tapswitch.core.cli.client.CliException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The flag {@code --format} of this version: a table, or JSON. */
final class Format {
    @Option(names = "--format", paramLabel = "FORMAT", description = "'table' (the default) or 'json'")
    @Nullable
    String name;

    boolean json() {
        if (name == null || name.equals("table")) {
            return false;
        }
        if (name.equals("json")) {
            return true;
        }
        throw new CliException("tapswitch: --format '" + name + "' is not in this version: it takes 'table' or 'json'");
    }
}
