package io.tapswitch.core.cli.verb;

import com.grack.nanojson.JsonObject;
import com.grack.nanojson.JsonParser;
import com.grack.nanojson.JsonParserException;
import io.tapswitch.core.cli.client.ApiClient;
import io.tapswitch.core.cli.client.CliException;
import io.tapswitch.core.cli.format.Json;
import io.tapswitch.core.cli.format.Template;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code events}. */
@Command(
        name = "events",
        description = {
            "Prints what changes, a line each, until it is ended or --until has come.",
            "T is a time such as 2026-01-02T15:04:05, seconds since 1970, or how long ago, such as 10m or 1h30m.",
            "Filters: type, event, container, network, label. The daemon keeps the last 4096 events.",
            "",
            "Example:",
            "  tapswitch events --since 10m --filter type=network",
            "  tapswitch events --format '{{.Action}} {{.Actor.ID}}'",
            "",
        })
public final class Events extends Verb {
    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ss.SSSSSSSSSXXX", Locale.ROOT);

    @Option(names = "--since", paramLabel = "T", description = "begin with what happened from then on")
    private @Nullable String since;

    @Option(names = "--until", paramLabel = "T", description = "end then")
    private @Nullable String until;

    @Mixin
    private FilterFlag filter = new FilterFlag();

    @Option(names = "--format", paramLabel = "FORMAT", description = "json, or a template such as '{{json .}}'")
    private @Nullable String format;

    @Override
    public Integer call() {
        Template template = format == null || format.isEmpty()
                ? null
                : Template.parse(format.equals("json") ? "{{json .}}" : format);
        String path = filter.on("/events", parameter("since", since), parameter("until", until));
        daemon().stream(path, data -> {
            JsonObject event = parse(data);
            out().println(template == null ? line(event) : template.apply(event));
            out().flush();
        });
        return OK;
    }

    private static String parameter(String name, @Nullable String value) {
        return value == null ? "" : name + "=" + ApiClient.escape(value);
    }

    private static JsonObject parse(String data) {
        try {
            return JsonParser.object().from(data);
        } catch (JsonParserException e) {
            throw new CliException("the daemon's event is not JSON: " + e.getMessage());
        }
    }

    /** Docker's line: time, type, action, id, and the attributes by name. */
    private static String line(JsonObject event) {
        long ns = event.getLong("timeNano");
        JsonObject actor = Json.object(event, "Actor");
        Map<String, Object> attributes = new TreeMap<>(Json.object(actor, "Attributes"));
        return TIME.format(Instant.EPOCH.plusNanos(ns).atZone(ZoneId.systemDefault()))
                + ' '
                + Json.text(event, "Type")
                + ' '
                + Json.text(event, "Action")
                + ' '
                + Json.text(actor, "ID")
                + attributes.entrySet().stream()
                        .map(attribute -> attribute.getKey() + "=" + attribute.getValue())
                        .collect(Collectors.joining(", ", " (", ")"));
    }
}
