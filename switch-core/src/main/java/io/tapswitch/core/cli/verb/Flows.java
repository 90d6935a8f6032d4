package io.tapswitch.core.cli.verb;

import com.grack.nanojson.JsonObject;
import io.tapswitch.core.cli.client.ApiClient;
import io.tapswitch.core.cli.format.Json;
import io.tapswitch.core.cli.format.Rows;
import io.tapswitch.core.cli.format.Template;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code flows}. */
@Command(
        name = "flows",
        description = {
            "Shows the connections that cross NAT.",
            "",
            "KIND is 'out' for one that a container began and that is masqueraded, 'in' for one to a published port.",
            "INSIDE is the container's address, OUTSIDE the host's, PEER the other side's; packets and bytes are to",
            "the peer / to the container.",
            "",
            "-f prints flows that begin and end. It compares the table once a second: a flow that lives shorter may",
            "not be seen, and each look reads all of the table.",
            "",
            "Example:",
            "  tapswitch flows --container www",
            "  tapswitch flows --format '{{.Container}} {{.Peer}} {{.State}}'",
            "  tapswitch flows -f --network web",
            "",
        })
public final class Flows extends Verb {
    private static final long PERIOD_NS = TimeUnit.SECONDS.toNanos(1);

    @Option(names = "--network", paramLabel = "NETWORK", description = "only of this network")
    private @Nullable String network;

    @Option(names = "--container", paramLabel = "CONTAINER", description = "only of this container")
    private @Nullable String container;

    @Option(
            names = {"-f", "--follow"},
            description = "print those that begin and end, until it is interrupted")
    private boolean follow;

    @Mixin
    private Format format = new Format();

    @Override
    public Integer call() {
        String path = path();
        if (follow) {
            follow(path);
        } else if (format.json()) {
            array(path);
        } else {
            Rows rows = new Rows(FlowRow.HEADERS, FlowRow.USUAL);
            daemon().objects(path, flow -> rows.row(FlowRow.values("", flow)));
            out().print(rows.render(format.name));
        }
        return OK;
    }

    private String path() {
        String query = Stream.of(parameter("network", network), parameter("container", container))
                .filter(text -> !text.isEmpty())
                .collect(Collectors.joining("&"));
        return query.isEmpty() ? "/flows" : "/flows?" + query;
    }

    private static String parameter(String name, @Nullable String value) {
        return value == null ? "" : name + '=' + ApiClient.escape(value);
    }

    /** An array with a line for each, printed while it comes: a full table does not fit into this JVM. */
    private void array(String path) {
        boolean[] begun = {false};
        daemon().objects(path, flow -> {
            out().print(begun[0] ? ",\n" : "[\n");
            out().print(Json.line(flow));
            begun[0] = true;
        });
        out().print(begun[0] ? "\n]\n" : "[]\n");
    }

    private void follow(String path) {
        Template template = template();
        Map<String, JsonObject> known = read(path);
        // An error of the output is how one learns that nobody reads it any more.
        while (!out().checkError()) {
            LockSupport.parkNanos(PERIOD_NS);
            Map<String, JsonObject> now = read(path);
            known.forEach((key, flow) -> {
                if (!now.containsKey(key)) {
                    print(template, "end", flow);
                }
            });
            Map<String, JsonObject> before = known;
            now.forEach((key, flow) -> {
                if (!before.containsKey(key)) {
                    print(template, "begin", flow);
                }
            });
            known = now;
        }
    }

    private @Nullable Template template() {
        String wanted = format.name;
        if (wanted == null || wanted.isEmpty() || wanted.equals("table") || format.json()) {
            return null;
        }
        Template template = Template.parse(wanted.startsWith("table ") ? wanted.substring("table ".length()) : wanted);
        template.applyToRow(FlowRow.HEADERS);
        return template;
    }

    private Map<String, JsonObject> read(String path) {
        Map<String, JsonObject> flows = new HashMap<>();
        daemon().objects(path, flow -> flows.put(FlowRow.key(flow), flow));
        return flows;
    }

    private void print(@Nullable Template template, String event, JsonObject flow) {
        if (template != null) {
            out().println(template.applyToRow(FlowRow.fields(event, flow)));
        } else if (format.json()) {
            Map<String, Object> told = new LinkedHashMap<>();
            told.put("event", event);
            told.putAll(flow);
            out().println(Json.line(told));
        } else {
            out().println(FlowRow.line(event, flow));
        }
    }
}
