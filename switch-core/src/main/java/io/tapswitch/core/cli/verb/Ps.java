package io.tapswitch.core.cli.verb;

import com.grack.nanojson.JsonArray;
import com.grack.nanojson.JsonObject;
import io.tapswitch.core.cli.format.Age;
import io.tapswitch.core.cli.format.Json;
import io.tapswitch.core.cli.format.Table;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.format.DateTimeParseException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code ps}. */
@Command(
        name = "ps",
        description = {"Lists the containers.", "", "Example:", "  tapswitch ps -a", ""})
public final class Ps extends Verb {
    private static final int COMMAND_LENGTH_MAX = 20;

    @Option(
            names = {"-a", "--all"},
            description = "also those that ended or lost their namespace")
    private boolean all;

    @Option(
            names = {"-q", "--quiet"},
            description = "only the ids")
    private boolean quiet;

    @Option(names = "--no-trunc", description = "ids and commands in full")
    private boolean noTrunc;

    @Mixin
    private Format format = new Format();

    @Override
    public Integer call() {
        boolean json = format.json();
        List<JsonObject> containers = Json.objects(daemon().getArray(all ? "/containers?all=true" : "/containers"));
        if (quiet && !json) {
            containers.forEach(container -> out().println(id(container)));
            return OK;
        }
        Table table = new Table("CONTAINER ID", "COMMAND", "CREATED", "STATUS", "PORTS", "NAMES", "NETWORKS");
        for (JsonObject container : containers) {
            Map<String, String> line = line(container);
            if (json) {
                out().println(Json.line(line));
            } else {
                table.row(
                        line.getOrDefault("ID", ""),
                        line.getOrDefault("Command", ""),
                        line.getOrDefault("RunningFor", ""),
                        line.getOrDefault("Status", ""),
                        line.getOrDefault("Ports", ""),
                        line.getOrDefault("Names", ""),
                        line.getOrDefault("Networks", ""));
            }
        }
        if (!json) {
            out().print(table.render());
        }
        return OK;
    }

    /** Docker's keys of a line of ps. */
    private Map<String, String> line(JsonObject container) {
        String created = Json.text(container, "Created");
        String age = age(created);
        JsonObject networks = Json.object(Json.object(container, "NetworkSettings"), "Networks");
        String state = Json.text(Json.object(container, "State"), "Status");
        Map<String, String> line = new LinkedHashMap<>();
        line.put("Command", command(container));
        line.put("CreatedAt", created);
        line.put("ID", id(container));
        line.put("Names", Json.text(container, "Name"));
        line.put("Networks", String.join(",", networks.keySet()));
        line.put("Ports", "");
        line.put("RunningFor", age.isEmpty() ? "" : age + " ago");
        line.put("State", state);
        line.put(
                "Status",
                switch (state) {
                    case "running" -> "Up " + age;
                    case "exited" -> "Exited";
                    case "detached" -> "Detached";
                    default -> state;
                });
        return line;
    }

    private String id(JsonObject container) {
        String id = Json.text(container, "Id");
        return noTrunc ? id : shortId(id);
    }

    /** In quotes as docker shows it; "-" for what was attached, whose command nobody knows. */
    private String command(JsonObject container) {
        JsonArray words = container.getArray("Command");
        if (words == null || words.isEmpty()) {
            return "-";
        }
        String command = words.stream().map(String::valueOf).collect(Collectors.joining(" "));
        if (!noTrunc && command.codePointCount(0, command.length()) > COMMAND_LENGTH_MAX) {
            command = command.substring(0, command.offsetByCodePoints(0, COMMAND_LENGTH_MAX - 1)) + "…";
        }
        return '"' + command + '"';
    }

    private static String age(String created) {
        try {
            return Age.words(Duration.between(OffsetDateTime.parse(created).toInstant(), Instant.now()));
        } catch (DateTimeParseException e) {
            return ""; // A time that cannot be read is not worth failing a list for.
        }
    }
}
