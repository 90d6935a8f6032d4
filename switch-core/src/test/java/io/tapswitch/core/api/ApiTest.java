package io.tapswitch.core.api;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.core.Daemon;
import io.tapswitch.core.control.FakeDataplane;
import io.tapswitch.core.control.FakePlumbing;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** The API from outside: HTTP over a real unix socket, against a daemon whose kernel and dataplane are made up. */
@Timeout(60)
class ApiTest {
    @TempDir
    Path directory;

    private Daemon daemon;
    private UnixHttp client;

    @BeforeEach
    void start() throws IOException {
        daemon = Daemon.start(
                directory.resolve("s"),
                null,
                directory.resolve("state"),
                news -> new FakeDataplane(1),
                FakePlumbing::new);
        client = new UnixHttp(directory.resolve("s"));
    }

    @AfterEach
    void stop() throws IOException {
        client.close();
        daemon.close();
    }

    private JsonNode json(int status, String method, String uri, String body) throws IOException {
        UnixHttp.Reply reply = client.call(method, uri, body);
        assertThat(reply.status()).as("%s %s: %s", method, uri, reply.body()).isEqualTo(status);
        return Json.MAPPER.readTree(reply.body());
    }

    private JsonNode get(String uri) throws IOException {
        return json(200, "GET", uri, "");
    }

    private String message(int status, String method, String uri, String body) throws IOException {
        return text(json(status, method, uri, body), "/message");
    }

    private static String text(JsonNode node, String pointer) {
        return node.at(pointer).asString();
    }

    @Test
    @DisplayName("A-NET-01, A-NET-04 a new network's id has 64 digits, and inspect has docker's keys")
    void makesAndShowsNetworks() throws Exception {
        String id = text(json(201, "POST", "/v1/networks", "{\"name\":\"web\",\"subnets\":[\"10.1.0.0/16\"]}"), "/id");
        assertThat(id).matches("[0-9a-f]{64}");
        JsonNode web = get("/v1/networks/" + id.substring(0, 12));
        assertThat(web.propertyNames())
                .containsExactly(
                        "Name",
                        "Id",
                        "Created",
                        "Scope",
                        "Driver",
                        "EnableIPv6",
                        "IPAM",
                        "Internal",
                        "Attachable",
                        "Containers",
                        "Options",
                        "Labels");
        assertThat(text(web, "/Created"))
                .matches("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{9}(Z|[+-]\\d\\d:\\d\\d)");
        assertThat(text(web, "/IPAM/Config/0/Subnet")).isEqualTo("10.1.0.0/16");
        assertThat(text(web, "/IPAM/Config/0/Gateway")).isEqualTo("10.1.0.1");
        assertThat(web.at("/Containers").isEmpty()).isTrue();
        assertThat(text(json(200, "DELETE", "/v1/networks/web", ""), "/name")).isEqualTo("web");
        assertThat(message(404, "GET", "/v1/networks/web", "")).isEqualTo("network web not found");
    }

    @Test
    @DisplayName("A-ATT-06, A-IPAM-10, A-IPAM-11 an attached container is in its own and in its network's inspect")
    void attachesAndShowsContainers() throws Exception {
        json(201, "POST", "/v1/networks", "{\"name\":\"web\",\"subnets\":[\"10.1.0.0/24\"]}");
        JsonNode made = json(201, "POST", "/v1/containers", "{\"netns\":\"one\",\"networks\":[\"web\"]}");
        assertThat(text(made, "/name")).isEqualTo("one");
        assertThat(text(made, "/interfaces/0/name")).isEqualTo("eth0");
        JsonNode member = get("/v1/networks/web").at("/Containers/" + text(made, "/id"));
        assertThat(text(member, "/IPv4Address")).isEqualTo("10.1.0.2/24");
        assertThat(text(member, "/MacAddress")).isEqualTo("02:42:0a:01:00:02");
        JsonNode one = get("/v1/containers/one");
        assertThat(one.at("/NetworkSettings/Networks/web/IPPrefixLen").asInt()).isEqualTo(24);
        assertThat(one.at("/NetworkSettings/Networks/web/EndpointID")).isEqualTo(member.at("/EndpointID"));
        assertThat(text(one, "/State/Status")).isEqualTo("running");
        assertThat(get("/v1/containers?all=false").size()).isEqualTo(1);
        assertThat(message(409, "DELETE", "/v1/networks/web", "")).contains("has active endpoints");
        assertThat(text(json(200, "DELETE", "/v1/containers/one?force=true", ""), "/name"))
                .isEqualTo("one");
        assertThat(get("/v1/containers?all=true").isEmpty()).isTrue();
    }

    @Test
    void showsWhatTheDataplaneKnows() throws Exception {
        json(201, "POST", "/v1/containers", "{\"netns\":\"one\"}");
        JsonNode fdb = get("/v1/fdb?network=bridge");
        assertThat(text(fdb, "/0/type")).isEqualTo("pinned");
        assertThat(text(fdb, "/0/container")).isEqualTo("one");
        JsonNode drops = get("/v1/drops");
        assertThat(drops.size()).as("reasons without drops are left out").isEqualTo(2);
        assertThat(text(drops, "/0/reason")).isEqualTo("storm");
        assertThat(text(drops, "/1/container")).as("the host's port").isEqualTo("(host)");
        JsonNode stats = get("/v1/stats?container=one");
        assertThat(text(stats, "/io")).isEqualTo("poll");
        assertThat(stats.at("/conservation/holds").asBoolean()).isTrue();
        assertThat(stats.at("/internals/waits").asInt()).isEqualTo(5);
        assertThat(stats.at("/containers/0/drops").asInt()).isEqualTo(3);
        JsonNode status = get("/v1/status");
        assertThat(text(status, "/uplink")).isEqualTo("none");
        assertThat(status.at("/pid").asLong()).isEqualTo(ProcessHandle.current().pid());
    }

    @Test
    void saysWhatIsWrongWithARequest() throws Exception {
        assertThat(message(400, "POST", "/v1/networks", "{\"name\":\"x\",\"colour\":1}"))
                .contains("\"colour\"");
        assertThat(message(400, "POST", "/v1/networks", "{\"name\":")).contains("not the JSON");
        for (String body : List.of("", "null", "[]", "7", "{\"name\":\"x\"} trailing")) {
            assertThat(message(400, "POST", "/v1/networks", body)).isNotEmpty();
        }
        assertThat(message(400, "GET", "/v1/fdb?colour=1", "")).contains("\"colour\"");
        assertThat(message(400, "GET", "/v1/containers?all=perhaps", "")).contains("true or false");
        assertThat(message(400, "GET", "/v1/networks/%zz", "")).contains("malformed");
        assertThat(message(400, "POST", "/v1/networks", "{\"name\":\"x\",\"labels\":{\"\":\"y\"}}"))
                .isEqualTo("invalid label '=y': empty name");
        assertThat(message(400, "POST", "/v1/containers", "{\"netns\":\"x\",\"labels\":{\"\":\"\"}}"))
                .isEqualTo("invalid label '=': empty name");
        assertThat(message(404, "GET", "/nothing", "")).contains("/openapi.json");
        assertThat(message(405, "PUT", "/v1/networks", "")).contains("GET").contains("POST");
        assertThat(message(501, "POST", "/v1/networks", "{\"name\":\"x\",\"driver\":\"macvlan\"}"))
                .contains("macvlan");
        assertThat(message(409, "POST", "/v1/networks", "{\"name\":\"bridge\"}"))
                .isEqualTo("operation is not permitted on predefined bridge network");
    }

    @Test
    void answersPipelinedRequestsInOrder() throws Exception {
        StringBuilder all = new StringBuilder();
        for (int i = 0; i < 10; i++) {
            all.append(UnixHttp.request("POST", "/v1/networks", "{\"name\":\"n" + i + "\"}"));
            all.append(UnixHttp.request("GET", "/v1/networks/n" + i, ""));
        }
        client.send(all.toString());
        for (int i = 0; i < 10; i++) {
            assertThat(client.receive().status()).isEqualTo(201);
            assertThat(client.receive().body()).contains("\"n" + i + "\"");
        }
    }

    @Test
    void refusesABodyThatIsTooLarge() throws Exception {
        client.send("POST /v1/networks HTTP/1.1\r\nHost: x\r\nContent-Length: 2000000\r\n\r\n");
        assertThat(client.receive().status()).isEqualTo(413);
        try (UnixHttp other = new UnixHttp(directory.resolve("s"))) {
            assertThat(other.call("GET", "/v1/status", "").status()).isEqualTo(200);
        }
    }

    @Test
    void manyAtOnceGetAddressesOfTheirOwn() {
        List<CompletableFuture<String>> calls = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            String body = "{\"netns\":\"c" + i + "\"}";
            calls.add(CompletableFuture.supplyAsync(() -> attachedAddress(body)));
        }
        assertThat(calls.stream().map(CompletableFuture::join).distinct())
                .hasSize(50)
                .doesNotContain("");
    }

    private String attachedAddress(String body) {
        try (UnixHttp own = new UnixHttp(directory.resolve("s"))) {
            return text(
                    Json.MAPPER.readTree(
                            own.call("POST", "/v1/containers", body).body()),
                    "/interfaces/0/address");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
