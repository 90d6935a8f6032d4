package io.tapswitch.core.api;

import static org.assertj.core.api.Assertions.assertThat;

import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import io.tapswitch.core.Daemon;
import io.tapswitch.core.control.FakeDataplane;
import io.tapswitch.core.control.FakePlumbing;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * The description at /openapi.json holds: every path and method in it is called, with success and without, on a daemon
 * whose kernel and dataplane are made up, and every answer must be one that the description allows.
 */
@Timeout(120)
class OpenApiTest {
    private static final String WEB = "{\"name\":\"web\",\"subnets\":[\"10.66.0.0/16\"],\"labels\":{\"a\":\"b\"}}";

    /** What this daemon, in no cluster, refuses; {@code ClusterCommandsIT} holds the answers to the description. */
    private static final List<String> OF_A_CLUSTER = List.of("GET /v1/nodes", "POST /v1/networks/{ref}/verify");

    private final SchemaRegistry registry = SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12);
    private final Map<String, Schema> schemas = new HashMap<>();
    private final TreeSet<String> called = new TreeSet<>();
    private final TreeSet<String> succeeded = new TreeSet<>();

    @TempDir
    Path directory;

    private final FakeDataplane dataplane = new FakeDataplane(1);
    private Daemon daemon;
    private UnixHttp client;
    private JsonNode description;

    @BeforeEach
    void start() throws IOException {
        daemon = Daemon.start(
                directory.resolve("s"),
                null,
                directory.resolve("state"),
                news -> dataplane,
                () -> new FakePlumbing(directory));
        client = new UnixHttp(directory.resolve("s"));
        description =
                Json.MAPPER.readTree(client.call("GET", "/openapi.json", "").body());
    }

    @AfterEach
    void stop() throws IOException {
        client.close();
        daemon.close();
    }

    private Set<String> described() {
        Set<String> operations = new TreeSet<>();
        description
                .at("/paths")
                .properties()
                .forEach(path -> path.getValue()
                        .propertyNames()
                        .forEach(method -> operations.add(method.toUpperCase(Locale.ROOT) + " " + path.getKey())));
        return operations;
    }

    private JsonNode operation(String name) {
        String[] words = name.split(" ", 2);
        return description.path("paths").path(words[1]).path(words[0].toLowerCase(Locale.ROOT));
    }

    /** Calls an operation with this in the place of {ref}, and holds the answer to the description. */
    private JsonNode call(int status, String name, String reference, String query, String body) throws IOException {
        called.add(name);
        String[] words = name.split(" ", 2);
        UnixHttp.Reply reply = client.call(words[0], words[1].replace("{ref}", reference) + query, body);
        assertThat(reply.status()).as("%s: %s", name, reply.body()).isEqualTo(status);
        JsonNode answer = Json.MAPPER.readTree(reply.body());
        JsonNode responses = operation(name).path("responses");
        if (status < 400) {
            succeeded.add(name);
        }
        assertThat(responses.has(String.valueOf(status)))
                .as("%s may answer %s: %s", name, status, reply.body())
                .isTrue();
        JsonNode response = responses.path(String.valueOf(status));
        if (response.has("$ref")) {
            response = description.at(response.path("$ref").asString().substring(1));
        }
        mustSatisfy(name + " " + status, response.at("/content/application~1json/schema"), answer);
        return answer;
    }

    private void mustSatisfy(String what, JsonNode schema, JsonNode value) {
        assertThat(schema.isMissingNode()).as("schema of " + what).isFalse();
        Schema compiled = schemas.computeIfAbsent(schema.toString(), text -> {
            ObjectNode whole = Json.MAPPER.createObjectNode();
            whole.set("components", description.path("components"));
            whole.set("allOf", Json.MAPPER.createArrayNode().add(schema));
            return registry.getSchema(whole);
        });
        assertThat(compiled.validate(value)).as("%s: %s", what, value).isEmpty();
    }

    @Test
    void everyPathAndMethodAnswersAsDescribed() throws Exception {
        succeedWithNetworks();
        succeedWithContainers();
        for (String name : List.of(
                "GET /v1/fdb",
                "GET /v1/drops",
                "GET /v1/ports",
                "GET /v1/dns/top",
                "GET /v1/peers",
                "GET /v1/stats",
                "GET /v1/status",
                "GET /v1/config",
                "GET /openapi.json")) {
            call(200, name, "", "", "");
        }
        refuse();
        for (String name : OF_A_CLUSTER) {
            JsonNode failure = call(409, name, "web", "", "");
            assertThat(failure.path("code").asString()).isEqualTo("cluster_missing");
            succeeded.add(name);
        }
        watchEvents();
        readFlows();
        captureFrames();
        assertThat(called).as("operations that were called").isEqualTo(described());
        assertThat(succeeded).as("operations that succeeded").isEqualTo(described());
    }

    private void succeedWithNetworks() throws IOException {
        call(201, "POST /v1/networks", "", "", WEB);
        call(201, "POST /v1/networks", "", "", "{\"name\":\"six\",\"ipv6\":true,\"auxAddresses\":{}}");
        call(201, "POST /v1/networks", "", "", "{\"name\":\"unused\",\"internal\":true,\"subnets\":null}");
        call(200, "GET /v1/networks", "", "?filters=%7B%22type%22:%5B%22custom%22%5D%7D", "");
        call(200, "GET /v1/networks/{ref}", "web", "", "");
        call(
                201,
                "POST /v1/containers",
                "",
                "",
                "{\"netns\":\"one\",\"networks\":[\"web\"],\"aliases\":[\"a\"],"
                        + "\"expose\":[\"80\"],\"labels\":{\"x\":\"y\"},\"dns\":[\"192.0.2.53\"]}");
        call(200, "POST /v1/networks/{ref}/connect", "six", "", "{\"container\":\"one\",\"aliases\":[\"b\"]}");
        JsonNode members = call(200, "GET /v1/networks/{ref}", "six", "", "").path("Containers");
        assertThat(members.size()).isEqualTo(1);
        call(200, "GET /v1/networks", "", "", "");
        JsonNode published =
                call(200, "POST /v1/containers/{ref}/publish", "one", "", "{\"ports\":[\"8080:80\",\"[::1]:81:81\"]}");
        assertThat(published.at("/ports/0/PublicPort").asInt()).isEqualTo(8080);
        assertThat(published.at("/ports").size()).isEqualTo(3);
        JsonNode bound = call(200, "GET /v1/containers/{ref}", "one", "", "");
        assertThat(bound.at("/NetworkSettings/Ports/80~1tcp/0/HostPort").asString())
                .isEqualTo("8080");
        JsonNode told = call(200, "GET /v1/dns/lookup", "", "?name=a&from=one", "");
        assertThat(told.path("network").asString()).isEqualTo("web");
        assertThat(told.path("records").size()).isEqualTo(1);
        call(200, "POST /v1/containers/{ref}/unpublish", "one", "", "{\"ports\":[\"8080:80\"]}");
        call(200, "POST /v1/networks/{ref}/disconnect", "six", "", "{\"container\":\"one\",\"force\":true}");
        JsonNode pruned = call(200, "POST /v1/networks/prune", "", "", "");
        assertThat(pruned.path("deleted").toString()).contains("six", "unused").doesNotContain("web");
        call(201, "POST /v1/networks", "", "", "{\"name\":\"gone\"}");
        call(200, "DELETE /v1/networks/{ref}", "gone", "", "");
    }

    private void succeedWithContainers() throws IOException {
        call(200, "GET /v1/containers", "", "?all=true", "");
        call(201, "POST /v1/containers", "", "", "{\"netns\":\"alone\",\"networks\":[\"none\"]}");
        call(200, "GET /v1/containers/{ref}", "alone", "", "");
        call(200, "POST /v1/containers/{ref}/rename", "one", "", "{\"name\":\"two\"}");
        call(200, "DELETE /v1/containers/{ref}", "alone", "?force=true", "");
        Process process = new ProcessBuilder("sleep", "1000").start();
        Process again = new ProcessBuilder("sleep", "1000").start();
        try {
            String id = call(201, "POST /v1/containers", "", "", run(process))
                    .path("id")
                    .asString();
            call(200, "POST /v1/containers/{ref}/stop", id, "?timeout=1", "");
            call(200, "GET /v1/containers", "", "?all=1", "");
            JsonNode stopped = call(200, "GET /v1/containers/{ref}", id, "", "");
            assertThat(stopped.at("/State/Running").asBoolean()).isFalse();
            call(200, "POST /v1/containers/{ref}/start", id, "", run(again));
        } finally {
            process.destroyForcibly();
            again.destroyForcibly();
        }
    }

    private static String run(Process process) {
        return "{\"netns\":\"" + process.pid() + "\",\"init\":{\"pid\":" + process.pid()
                + ",\"command\":[\"sleep\",\"1000\"],\"autoRemove\":false}}";
    }

    /** Everything that can be refused is, and described as such. */
    private void refuse() throws IOException {
        for (String name : described()) {
            if (!name.equals("GET /openapi.json")) {
                call(400, name, "web", "?colour=red", "{}");
            }
            if (name.contains("{ref}")) {
                int status = call(name, "nobody");
                assertThat(status).as(name).isIn(400, 404);
            }
            if (operation(name).has("requestBody")) {
                call(400, name, "web", "", "{\"colour\":1}");
                call(400, name, "web", "", "[");
            }
        }
        for (String name :
                List.of("GET /v1/networks", "GET /v1/containers", "POST /v1/networks/prune", "GET /v1/events")) {
            call(400, name, "", "?filters=%7B%22colour%22:%5B%22red%22%5D%7D", "");
        }
        call(409, "POST /v1/networks", "", "", WEB);
        call(409, "DELETE /v1/networks/{ref}", "web", "", "");
        call(501, "POST /v1/networks", "", "", "{\"name\":\"x\",\"driver\":\"macvlan\"}");
        call(404, "GET /v1/fdb", "", "?network=nobody", "");
        call(404, "GET /v1/stats", "", "?container=nobody", "");
        call(404, "GET /v1/flows", "", "?network=nobody", "");
        call(404, "GET /v1/ports", "", "?container=nobody", "");
        call(404, "GET /v1/dns/top", "", "?network=nobody", "");
        call(404, "GET /v1/peers", "", "?network=nobody", "");
        call(400, "GET /v1/dns/top", "", "?count=0", "");
        for (String query : List.of("", "?target=two&form=gif", "?target=two&snaplen=0", "?target=two&count=-1")) {
            call(400, "GET /v1/captures/{ref}", "mine", query, "");
        }
        call(400, "GET /v1/captures/{ref}", "%2F", "?target=two", "");
        call(404, "GET /v1/captures/{ref}", "mine", "?target=nobody", "");
        call(409, "GET /v1/captures/{ref}", "mine", "?target=uplink:eth9", "");
        call(404, "DELETE /v1/captures/{ref}", "mine", "", "");
        call(400, "GET /v1/events", "", "?since=yesterday", "");
        call(400, "POST /v1/containers/{ref}/stop", "two", "?timeout=soon", "");
        for (String path : List.of("/", "/v1", "/networks", "/v2/networks", "/v1/networks/a/b", "/v1/networks/")) {
            failure(404, "no_such_path", client.call("GET", path, ""));
        }
        UnixHttp.Reply notAllowed = client.call("PUT", "/v1/networks", "");
        failure(405, "method_not_allowed", notAllowed);
        assertThat(notAllowed.head()).containsIgnoringCase("allow: GET, POST\r\n");
    }

    private int call(String name, String reference) throws IOException {
        String[] words = name.split(" ", 2);
        String body = operation(name)
                .at("/requestBody/content/application~1json/example")
                .toString();
        UnixHttp.Reply reply = client.call(words[0], words[1].replace("{ref}", reference), body);
        failure(reply.status(), null, reply);
        return reply.status();
    }

    private void failure(int status, @org.jspecify.annotations.Nullable String code, UnixHttp.Reply reply)
            throws IOException {
        assertThat(reply.status()).as(reply.body()).isEqualTo(status);
        JsonNode failure = Json.MAPPER.readTree(reply.body());
        mustSatisfy("failure", description.at("/components/schemas/Failure"), failure);
        if (code != null) {
            assertThat(failure.path("code").asString()).isEqualTo(code);
        }
    }

    private void watchEvents() throws IOException {
        called.add("GET /v1/events");
        JsonNode response = operation("GET /v1/events").at("/responses/200/content");
        assertThat(response.propertyNames()).containsExactly("text/event-stream");
        try (UnixHttp stream = new UnixHttp(directory.resolve("s"))) {
            String body = stream.stream("/v1/events?until=" + (System.currentTimeMillis() / 1000 + 1) + "&since=10m");
            List<String> events = body.lines()
                    .filter(line -> line.startsWith("data: "))
                    .map(line -> line.substring(6))
                    .toList();
            assertThat(events).isNotEmpty();
            for (String event : events) {
                mustSatisfy("event", description.at("/components/schemas/Event"), Json.MAPPER.readTree(event));
            }
        }
        succeeded.add("GET /v1/events");
    }

    private void readFlows() throws IOException {
        called.add("GET /v1/flows");
        dataplane.flows.add(Flows.tcp(0, 40_000));
        dataplane.flows.add(Flows.udp(0, 40_001));
        JsonNode schema = operation("GET /v1/flows").at("/responses/200/content/application~1json/schema");
        try (UnixHttp stream = new UnixHttp(directory.resolve("s"))) {
            JsonNode flows = Json.MAPPER.readTree(stream.whole("/v1/flows").body());
            assertThat(flows.size()).isEqualTo(2);
            mustSatisfy("flows", schema, flows);
        }
        succeeded.add("GET /v1/flows");
    }

    private void captureFrames() throws Exception {
        called.add("GET /v1/captures/{ref}");
        assertThat(operation("GET /v1/captures/{ref}")
                        .at("/responses/200/content")
                        .propertyNames())
                .containsExactly("application/vnd.tcpdump.pcap");
        try (UnixHttp stream = new UnixHttp(directory.resolve("s"))) {
            stream.send(UnixHttp.request("GET", "/v1/captures/mine?target=web", ""));
            stream.await("HTTP/1.1 200 ");
            call(200, "DELETE /v1/captures/{ref}", "mine", "", "");
            stream.await("tapswitch-lost: ");
        }
        succeeded.add("GET /v1/captures/{ref}");
    }

    @Test
    void theExamplesAreWhatTheyAreExamplesOf() {
        for (String name : described()) {
            JsonNode operation = operation(name);
            JsonNode request = operation.at("/requestBody/content/application~1json");
            if (operation.has("requestBody")) {
                mustSatisfy("example of the request " + name, request.path("schema"), request.path("example"));
            }
            if (name.startsWith("GET /openapi")
                    || name.startsWith("GET /v1/events")
                    || name.startsWith("GET /v1/captures")) {
                continue;
            }
            String status = operation.path("responses").has("201") ? "201" : "200";
            JsonNode response = operation.at("/responses/" + status + "/content/application~1json");
            mustSatisfy("example of " + name, response.path("schema"), response.path("example"));
        }
    }

    @Test
    void everythingIsDescribedOnceAndFully() {
        List<String> ids = new ArrayList<>();
        for (String name : described()) {
            JsonNode operation = operation(name);
            ids.add(operation.path("operationId").asString());
            assertThat(operation.path("summary").asString()).as(name).isNotEmpty();
            assertThat(operation.path("responses").propertyNames()).as(name).contains("400", "500", "default");
            for (JsonNode parameter : operation.path("parameters")) {
                assertThat(parameter.propertyNames()).contains("name", "in", "description", "schema", "example");
            }
            boolean hasReference = operation.path("parameters").toString().contains("\"ref\"");
            assertThat(hasReference).as(name).isEqualTo(name.contains("{ref}"));
        }
        assertThat(ids).doesNotHaveDuplicates();
        String[] references = description.toString().split("\"#/", -1);
        for (int i = 1; i < references.length; i++) {
            String pointer = "/" + references[i].substring(0, references[i].indexOf('"'));
            assertThat(description.at(pointer).isMissingNode()).as(pointer).isFalse();
        }
    }

    @Test
    void requestsSayWhatTheyNeedAndAnswersWhatMayBeNull() {
        JsonNode network = description.at("/components/schemas/NetworkRequest");
        assertThat(network.path("required").toString()).isEqualTo("[\"name\"]");
        assertThat(network.at("/properties/name/type").asString()).isEqualTo("string");
        assertThat(network.at("/properties/labels/anyOf/1/type").asString()).isEqualTo("null");
        JsonNode state = description.at("/components/schemas/State");
        assertThat(state.path("required").size()).isEqualTo(6);
        assertThat(state.at("/properties/ExitCode/anyOf").size()).isEqualTo(2);
        JsonNode subnet = description.at("/components/schemas/IpamConfig");
        assertThat(subnet.path("required").valueStream().map(JsonNode::asString).collect(Collectors.toList()))
                .containsExactly("Subnet", "Gateway");
        assertThat(subnet.path("additionalProperties").asBoolean(true)).isFalse();
    }
}
