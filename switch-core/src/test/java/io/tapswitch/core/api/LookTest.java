package io.tapswitch.core.api;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.core.Daemon;
import io.tapswitch.core.control.Eventually;
import io.tapswitch.core.control.FakeDataplane;
import io.tapswitch.core.control.FakePlumbing;
import io.tapswitch.core.control.Looking;
import io.tapswitch.core.dataplane.CaptureSink;
import io.tapswitch.core.dataplane.RuleCounts;
import io.tapswitch.core.model.Origin;
import io.tapswitch.core.model.PortSpec;
import io.tapswitch.core.model.Publication;
import io.tapswitch.wire.IpPrefix;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** Looking inside from outside: flows, counters of ports and captures over a real socket, with a made-up dataplane. */
@Timeout(120)
class LookTest {
    private static final byte[] ARP = HexFormat.of()
            .parseHex("ffffffffffff02420a010002" + "0806" + "0001080006040001" + "02420a0100020a010002"
                    + "0000000000000a010003");

    @TempDir
    Path directory;

    private final FakeDataplane dataplane = new FakeDataplane(1);
    private Daemon daemon;
    private UnixHttp client;

    @BeforeEach
    void start() throws IOException {
        daemon = Daemon.start(
                directory.resolve("s"),
                null,
                directory.resolve("state"),
                news -> dataplane,
                () -> new FakePlumbing(directory));
        client = new UnixHttp(directory.resolve("s"));
        client.call("POST", "/v1/networks", "{\"name\":\"web\",\"subnets\":[\"10.1.0.0/16\"]}");
        client.call("POST", "/v1/containers", "{\"netns\":\"www\",\"networks\":[\"web\"]}");
        client.call("POST", "/v1/containers", "{\"netns\":\"other\",\"networks\":[\"web\"]}");
    }

    @AfterEach
    void stop() throws IOException {
        client.close();
        daemon.close();
    }

    private UnixHttp.Reply whole(String uri) throws IOException {
        try (UnixHttp one = new UnixHttp(directory.resolve("s"))) {
            return one.whole(uri);
        }
    }

    private CompletableFuture<UnixHttp.Reply> capturing(String uri) throws Exception {
        int before = dataplane.captures.size();
        CompletableFuture<UnixHttp.Reply> reply = CompletableFuture.supplyAsync(
                () -> {
                    try {
                        return whole(uri);
                    } catch (IOException e) {
                        throw new java.io.UncheckedIOException(e);
                    }
                },
                Thread::startVirtualThread);
        Eventually.eventually(() -> assertThat(dataplane.captures).hasSizeGreaterThan(before));
        return reply;
    }

    private CaptureSink sink() {
        return dataplane.captures.values().iterator().next();
    }

    private static void frame(CaptureSink sink, long epochNs, int port, boolean transmitted, int frameLength) {
        sink.onFrame(epochNs, port, transmitted, frameLength, new UnsafeBuffer(ARP), 0, ARP.length);
    }

    @Test
    void seventyThousandFlowsComeALineEach() throws Exception {
        for (int i = 0; i < 70_000; i++) {
            dataplane.flows.add(Flows.tcp(i % 2, i % 65_536));
        }
        JsonNode flows = Json.MAPPER.readTree(whole("/v1/flows").body());
        assertThat(flows.size()).isEqualTo(70_000);
        assertThat(flows.path(0).path("container").asString()).isEqualTo("www");
        assertThat(flows.path(1).path("container").asString()).isEqualTo("other");
        assertThat(flows.path(0).path("state").asString()).isEqualTo("ESTABLISHED");
        assertThat(Json.MAPPER.readTree(whole("/v1/flows?container=www").body()).size())
                .isEqualTo(35_000);
        assertThat(flows.path(0).path("network").asString()).isEqualTo("web");
        assertThat(whole("/v1/flows?network=bridge").body().length()).isEqualTo("[]\n".length());
    }

    @Test
    void aClientThatGoesAwayEndsItsFlowsAndItsCapture() throws Exception {
        for (int i = 0; i < 70_000; i++) {
            dataplane.flows.add(Flows.udp(0, i % 65_536));
        }
        try (UnixHttp one = new UnixHttp(directory.resolve("s"))) {
            one.send(UnixHttp.request("GET", "/v1/flows", ""));
            one.await("[\n");
        }
        try (UnixHttp one = new UnixHttp(directory.resolve("s"))) {
            one.send(UnixHttp.request("GET", "/v1/captures/a?target=www", ""));
            one.await("HTTP/1.1 200 ");
            assertThat(dataplane.captures).hasSize(1);
        }
        Eventually.eventually(() -> assertThat(dataplane.captures).isEmpty());
        assertThat(client.call("DELETE", "/v1/captures/a", "").status()).isEqualTo(404);
    }

    @Test
    void aCaptureIsAPcapFileOfNanosecondsAndCountsAtItsEnd() throws Exception {
        CompletableFuture<UnixHttp.Reply> reply = capturing("/v1/captures/a?target=www&count=2&snaplen=42");
        CaptureSink sink = sink();
        frame(sink, 1_000_000_002L, 0, false, 42);
        frame(sink, 2_000_000_003L, 0, true, 1_514);
        frame(sink, 3_000_000_004L, 0, true, 42);
        byte[] file = reply.get().body().getBytes(StandardCharsets.ISO_8859_1);
        String arp = HexFormat.of().formatHex(ARP);
        assertThat(HexFormat.of().formatHex(file))
                .isEqualTo("4d3cb2a1" + "02000400" + "00000000" + "00000000" + "2a000000" + "01000000"
                        + "01000000" + "02000000" + "2a000000" + "2a000000" + arp
                        + "02000000" + "03000000" + "2a000000" + "ea050000" + arp);
        assertThat(reply.get().head()).contains("tapswitch-captured: 2\r\n", "tapswitch-lost: 2\r\n");
        Eventually.eventually(() -> assertThat(dataplane.captures).isEmpty());
    }

    @Test
    void aCaptureEndsWhenNothingIsLeftOfIt_andSaysSo() throws Exception {
        CompletableFuture<UnixHttp.Reply> reply = capturing("/v1/captures/a?target=www&form=lines");
        frame(sink(), 0, 0, false, 42);
        sink().onPortsGone();
        assertThat(reply.get().body()).contains("from www/eth0");
        assertThat(reply.get().head()).contains("tapswitch-captured: 1\r\n", "tapswitch-ended: ");
        Eventually.eventually(() -> assertThat(dataplane.captures).isEmpty());
    }

    @Test
    void linesSayFromAndToWhom_andOneCaptureOfAPortRunsAtATime() throws Exception {
        CompletableFuture<UnixHttp.Reply> reply = capturing("/v1/captures/a?target=web&form=lines");
        frame(sink(), 0, 0, false, 42);
        frame(sink(), 1_000, 1, true, 42);
        UnixHttp.Reply again = client.call("GET", "/v1/captures/b?target=www", "");
        assertThat(again.status()).isEqualTo(409);
        assertThat(again.body()).contains("\"capture_running\"", "www/eth0 are being captured already");
        assertThat(client.call("GET", "/v1/captures/a?target=www", "").body()).contains("\"capture_id_in_use\"");
        assertThat(client.call("DELETE", "/v1/captures/a", "").status()).isEqualTo(200);
        assertThat(reply.get().body()).matches("""
                        \\d\\d:\\d\\d:00\\.000000 from www/eth0 ARP, Request who-has 10\\.1\\.0\\.3 tell 10\\.1\\.0\\.2
                        \\d\\d:\\d\\d:00\\.000001 to other/eth0 ARP, .*
                        """);
        assertThat(reply.get().head()).contains("tapswitch-captured: 2\r\n");
        assertThat(dataplane.captures).isEmpty();
    }

    @Test
    void natCountersStandInStatsAndWhatItRefusedInDrops() throws Exception {
        dataplane.nat.put("flows", 12L);
        dataplane.nat.put("refused_quota", 5L);
        JsonNode stats =
                Json.MAPPER.readTree(client.call("GET", "/v1/stats", "").body());
        assertThat(stats.at("/nat/flows").asLong()).isEqualTo(12);
        JsonNode last = null;
        for (JsonNode drop :
                Json.MAPPER.readTree(client.call("GET", "/v1/drops", "").body())) {
            last = drop;
        }
        assertThat(String.valueOf(last))
                .isEqualTo(
                        "{\"port\":-1,\"container\":\"(nat)\",\"reason\":\"nat_quota\",\"sentence\":\"the endpoint has used up"
                                + " its quota of flows\",\"frames\":5}");
    }

    @Test
    void aPublicationsCountersBearWhatWasAskedFor() {
        PortSpec spec = PortSpec.parse("192.0.2.1:8080:80");
        Publication publication =
                new Publication(1, "id", spec, 8_080, List.of(IpPrefix.parse("198.51.100.0/24")), new Origin.Command());
        LookAnswers.PortCounters port = LookViews.port(
                new Looking.PortView("www", publication, "", new RuleCounts(3, 1, 30, 2_400, 28, 40_960)));
        assertThat(port)
                .isEqualTo(new LookAnswers.PortCounters(
                        "www",
                        "192.0.2.1",
                        8_080,
                        8_080,
                        80,
                        "tcp",
                        List.of("198.51.100.0/24"),
                        true,
                        "",
                        3,
                        1,
                        30,
                        2_400,
                        28,
                        40_960));
    }
}
