package io.tapswitch.core.cli.verb;

import com.grack.nanojson.JsonArray;
import com.grack.nanojson.JsonObject;
import io.tapswitch.core.cli.format.Json;
import io.tapswitch.core.cli.format.Table;
import io.tapswitch.core.cli.format.Template;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code status}. */
@Command(
        name = "status",
        description = {
            "Shows which daemon answers, which I/O path it found, and its warnings.",
            "",
            "Example:",
            "  tapswitch status",
            "  tapswitch status --format '{{.io}}'",
            "",
        })
public final class Status extends Verb {
    @Mixin
    private Format format = new Format();

    @Override
    public Integer call() {
        boolean json = format.json();
        JsonObject status = daemon().getObject("/status");
        if (json) {
            out().print(Json.pretty(status));
            return OK;
        }
        if (format.name != null && !format.name.isEmpty() && !format.name.equals("table")) {
            out().println(Template.parse(format.name).apply(status));
            return OK;
        }
        Table table = new Table("DAEMON", "unix://" + socket());
        for (Map.Entry<String, Object> member : status.entrySet()) {
            if (!(member.getValue() instanceof JsonArray)) {
                table.row(member.getKey(), String.valueOf(member.getValue()));
            }
        }
        out().print(table.render());
        JsonArray warnings = status.getArray("warnings");
        if (warnings != null) {
            warnings.forEach(warning -> out().println("warning: " + warning));
        }
        return OK;
    }
}
