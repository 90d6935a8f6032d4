package io.tapswitch.core.cli.verb;

import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The flag {@code --format}. */
final class Format {
    @Option(
            names = "--format",
            paramLabel = "FORMAT",
            description = "table (the default), json, a template such as '{{.Name}}', or 'table {{.Name}}\\t{{.ID}}'")
    @Nullable
    String name;

    boolean json() {
        return "json".equals(name);
    }
}
