package io.tapswitch.core.cli.verb;

import com.grack.nanojson.JsonArray;
import com.grack.nanojson.JsonObject;
import io.tapswitch.core.cli.format.Age;
import io.tapswitch.core.cli.format.Json;
import io.tapswitch.core.cli.format.Rows;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.format.DateTimeParseException;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code ps}. */
@Command(
        name = "ps",
        description = {
            "Lists the containers, newest first.",
            "Filters: id, name, label, status, exited, network, before, since, expose.",
            "",
            "Example:",
            "  tapswitch ps -a --filter network=web",
            "  tapswitch ps --format 'table {{.Names}}\\t{{.Networks}}'",
            "",
        })
public final class Ps extends Verb {
    private static final int COMMAND_LENGTH_MAX = 20;

    /** The year in which nothing happened: docker's word for a moment that nobody knows. */
    private static final String NEVER = "0001-";

    @Option(
            names = {"-a", "--all"},
            description = "also those that ended or lost their namespace")
    private boolean all;

    @Option(
            names = {"-l", "--latest"},
            description = "only the newest, whatever its state")
    private boolean latest;

    @Option(
            names = {"-n", "--last"},
            paramLabel = "N",
            description = "only the N newest, whatever their state")
    private int last = -1;

    @Mixin
    private ListFlags flags = new ListFlags();

    @Override
    public Integer call() {
        int limit = latest ? 1 : last;
        String path = flags.filter.on("/containers", all || limit > 0 ? "all=true" : "");
        List<JsonObject> containers = Json.objects(daemon().getArray(path));
        Rows rows = new Rows(
                Rows.headers(
                        "Command",
                        "COMMAND",
                        "CreatedAt",
                        "CREATED AT",
                        "ID",
                        "CONTAINER ID",
                        "Labels",
                        "LABELS",
                        "Names",
                        "NAMES",
                        "Networks",
                        "NETWORKS",
                        "Ports",
                        "PORTS",
                        "RunningFor",
                        "CREATED",
                        "State",
                        "STATE",
                        "Status",
                        "STATUS"),
                "ID",
                "Command",
                "RunningFor",
                "Status",
                "Ports",
                "Names",
                "Networks");
        containers.stream().limit(limit > 0 ? limit : Long.MAX_VALUE).forEach(container -> add(rows, container));
        String format = flags.format.name;
        if (flags.quiet && format != null && !format.isEmpty()) {
            err().println("WARNING: Ignoring custom format, because both --format and --quiet are set.");
        }
        out().print(rows.render(flags.quiet ? "{{.ID}}" : format));
        return OK;
    }

    private void add(Rows rows, JsonObject container) {
        String created = Json.text(container, "Created");
        String age = age(created);
        JsonObject networks = Json.object(Json.object(container, "NetworkSettings"), "Networks");
        JsonObject state = Json.object(container, "State");
        rows.row(
                command(Json.object(container, "Config").getArray("Cmd")),
                created,
                flags.id(Json.text(container, "Id")),
                NetworkLs.labels(Json.object(Json.object(container, "Config"), "Labels")),
                Json.text(container, "Name"),
                String.join(",", networks.keySet()),
                Ports.words(Json.objects(container.getArray("Ports"))),
                age.isEmpty() ? "" : age + " ago",
                Json.text(state, "Status"),
                status(state));
    }

    private static String status(JsonObject state) {
        String status = Json.text(state, "Status");
        String code = Json.text(state, "ExitCode");
        return switch (status) {
            case "running" -> "Up " + age(Json.text(state, "StartedAt"));
            case "exited" -> (code.isEmpty() ? "Exited" : "Exited (" + code + ")") + since(state);
            case "detached" -> "Detached" + since(state);
            default -> status;
        };
    }

    private static String since(JsonObject state) {
        String finished = Json.text(state, "FinishedAt");
        String age = finished.startsWith(NEVER) ? "" : age(finished);
        return age.isEmpty() ? "" : " " + age + " ago";
    }

    /** In quotes as docker shows it; "-" for what was attached, whose command nobody knows. */
    private String command(@Nullable JsonArray words) {
        if (words == null || words.isEmpty()) {
            return "-";
        }
        String command = words.stream().map(String::valueOf).collect(Collectors.joining(" "));
        if (!flags.noTrunc && command.codePointCount(0, command.length()) > COMMAND_LENGTH_MAX) {
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
