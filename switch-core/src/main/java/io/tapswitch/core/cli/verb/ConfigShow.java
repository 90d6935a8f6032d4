package io.tapswitch.core.cli.verb;

import com.grack.nanojson.JsonObject;
import io.tapswitch.core.cli.format.Json;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code config show}. */
@Command(
        name = "show",
        description = {
            "Shows the configuration file that is in force, which after a refused reload is not the one on disk.",
            "",
            "Example:",
            "  tapswitch config show",
            "",
        })
public final class ConfigShow extends Verb {
    @Mixin
    private Format format = new Format();

    @Override
    public Integer call() {
        JsonObject configuration = daemon().getObject("/config");
        if (format.json()) {
            out().print(Json.pretty(configuration));
            return OK;
        }
        String file = Json.text(configuration, "file");
        out().println(file.isEmpty() ? "# the daemon was started without a configuration file" : "# " + file);
        out().print(Json.text(configuration, "yaml"));
        return OK;
    }
}
