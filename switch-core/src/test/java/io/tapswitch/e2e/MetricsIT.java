package io.tapswitch.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.lab.Background;
import io.tapswitch.lab.Eventually;
import io.tapswitch.lab.Json;
import io.tapswitch.lab.LabContainer;
import io.tapswitch.lab.Outside;
import io.tapswitch.lab.World;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * The counters of frames and names as people and Prometheus see them: {@code --metrics}, {@code status}, {@code stats -n
 * --top}. The judge of the text is Prometheus's own parser for Python.
 */
@Tag("netns")
@Timeout(90)
final class MetricsIT {
    private static final String RESOLVER = "@169.254.53.53";
    private static final String URL = "http://127.0.0.1:9642/metrics";
    private static final String DEAD = "192.0.2.99";

    /** Reads the text strictly, and prints each series as an object of JSON, its labels among its keys. */
    private static final String JUDGE = """
            import json, sys
            from prometheus_client.parser import text_string_to_metric_families
            series = []
            for family in text_string_to_metric_families(sys.stdin.read()):
                assert family.documentation, family.name
                assert family.name.startswith("tapswitch_"), family.name
                assert family.type in ("counter", "gauge"), family
                for s in family.samples:
                    assert s.name.endswith("_total") == (family.type == "counter"), s
                    series.append({"metric": s.name, "value": s.value, **s.labels})
            keys = [json.dumps({k: v for k, v in s.items() if k != "value"}, sort_keys=True) for s in series]
            assert len(keys) == len(set(keys)), "a series twice"
            print(json.dumps(series))
            """;

    /** Asks for so many names that nobody has, each once, and for one name now and then. */
    private static final String FLOOD = """
            import random, socket, struct
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            s.settimeout(2)
            def ask(labels):
                q = b"".join(bytes([len(l)]) + l for l in labels) + b"\\0"
                s.sendto(struct.pack(">6H", 1, 256, 1, 0, 0, 0) + q + struct.pack(">2H", 1, 1), ("169.254.53.53", 53))
                s.recv(2000)
            for i in range(5000):
                ask([b"r%016x" % random.getrandbits(64), b"dev"])
                if i % 50 == 0:
                    ask([b"OftenAsked", b"dev"])
            """;

    private static final World WORLD = World.withOutside();
    private static Background upstream;

    @BeforeAll
    static void start() {
        Path file = WORLD.file(
                "tapswitch.yaml",
                "dns: {upstream: [\"" + DEAD + "\", \"" + Outside.ONE + "\"]}\n"
                        + "networks: {dev: {subnet: 10.66.0.0/16}}\n");
        upstream = WORLD.outside().dnsmasq(Outside.ONE, "--host-record=www.example.org,198.51.100.7");
        WORLD.start("--uplink", "shared", "--config", file.toString(), "--metrics", "127.0.0.1:9642");
    }

    @AfterAll
    static void close() {
        upstream.terminate();
        WORLD.assertNoTrouble();
        WORLD.close();
    }

    private static String dig(LabContainer from, String... words) {
        List<String> command = new ArrayList<>(List.of("dig", "+tries=2", "+time=5", RESOLVER));
        command.addAll(List.of(words));
        return from.exec(command.toArray(String[]::new)).ok().out();
    }

    private static String text() {
        return WORLD.host().fetch(URL);
    }

    private static List<Json> judged(String text) {
        return Json.parse(WORLD.host()
                        .exec(Duration.ofSeconds(20), text, List.of("/usr/bin/python3", "-c", JUDGE))
                        .ok()
                        .out())
                .elements();
    }

    /** The sum of the series of a name that have these labels. */
    private static double sum(List<Json> series, String name, String... labels) {
        return series.stream()
                .filter(one -> one.text("metric").equals(name))
                .filter(one -> {
                    for (int i = 0; i < labels.length; i += 2) {
                        if (!one.has(labels[i]) || !one.text(labels[i]).equals(labels[i + 1])) {
                            return false;
                        }
                    }
                    return true;
                })
                .mapToDouble(one -> one.fraction("value"))
                .sum();
    }

    private static Json stats(String container) {
        return Json.parse(WORLD.cli("stats", container, "--format", "json"))
                .at("containers")
                .at(0);
    }

    @Test
    void metricsSayWhatStatsAndStatusSay() {
        LabContainer asker = WORLD.attached("asker", "--network", "dev");
        assertThat(dig(asker, "+short", "www.example.org")).contains("198.51.100.7");
        assertThat(dig(asker, "nobody.dev")).contains("NXDOMAIN");
        assertThat(dig(asker, "+tcp", "asker")).contains("NOERROR");
        assertThat(asker.reaches(Outside.ONE)).isTrue();
        List<Json> series = judged(text());
        Json after = stats("asker");
        // Neighbours speak at any time: what was read later is not less.
        assertThat(sum(series, "tapswitch_rx_frames_total", "container", "asker", "network", "dev"))
                .isBetween(10.0, (double) after.number("rxFrames"));
        assertThat(sum(series, "tapswitch_tx_bytes_total", "container", "asker"))
                .isBetween(500.0, (double) after.number("txBytes"));
        assertThat(sum(series, "tapswitch_dns_udp_queries_total", "container", "asker", "result", "no_name"))
                .isEqualTo(1);
        assertThat(sum(series, "tapswitch_dns_udp_queries_total", "container", "asker", "result", "forward"))
                .isEqualTo((double) after.at("queries").number("forward"));
        assertThat(sum(series, "tapswitch_dns_tcp_queries_total", "container", "asker", "result", "answered"))
                .isEqualTo(1);
        assertThat(after.at("queriesByTcp").number("answered")).isEqualTo(1);
        assertThat(WORLD.cli("stats", "-n", "asker").lines().toList().getLast().split(" +"))
                .as("by UDP and by TCP: answered, no data, no name, forwarded, other")
                .containsExactly("asker", "dev", "1", "0", "1", "1", "0");
        assertThat(sum(series, "tapswitch_rx_frames_total", "kind", "uplink")).isPositive();
        assertThat(sum(series, "tapswitch_nat_events_total", "event", "outbound_flows"))
                .isPositive();
        assertThat(sum(series, "tapswitch_fdb_entries", "network", "dev")).isPositive();
        assertThat(sum(series, "tapswitch_dns_upstream_up", "server", Outside.ONE))
                .isEqualTo(1);
        assertThat(sum(series, "tapswitch_dns_upstream_queries_total", "server", Outside.ONE))
                .isPositive();
        assertThat(sum(series, "tapswitch_dns_forwarder_events_total", "event", "answers"))
                .isPositive();
        assertThat(sum(series, "tapswitch_workers")).isEqualTo(1);
        String last = series.stream().map(one -> one.text("metric")).distinct().collect(Collectors.joining(" "));
        assertThat(last).doesNotContain("_created");
    }

    @Test
    void statusNamesEachUpstreamAndWhetherItAnswers() {
        LabContainer asker = WORLD.attached("asks-status", "--network", "dev");
        assertThat(dig(asker, "+short", "www.example.org")).contains("198.51.100.7");
        Eventually.until("both were asked", () -> {
            dig(asker, "+short", "n" + System.nanoTime() + ".example.org");
            return WORLD.cli("status").contains("upstream " + Outside.ONE + " ")
                    && !WORLD.cli("status").contains("not asked yet");
        });
        assertThat(WORLD.cli("status").lines().map(line -> line.replaceAll(" {2,}", "|")))
                .anyMatch(line ->
                        line.matches("upstream " + DEAD + "\\|(suspect|dead), silent for \\d+s, 0 of \\d+ answered"))
                .anyMatch(line -> line.matches("upstream " + Outside.ONE + "\\|live in \\d+ ms, \\d+ of \\d+ answered"))
                .anyMatch(line -> line.startsWith("forwarder|") && line.contains("queries "))
                .anyMatch(line -> line.startsWith("names by TCP|"));
        Json names = Json.parse(WORLD.cli("status", "--format", "json")).at("names");
        assertThat(names.at("upstreams").elements())
                .extracting(one -> one.text("server"))
                .containsExactly(DEAD, Outside.ONE);
        assertThat(names.at("forwarder").number("queries")).isPositive();
    }

    @Test
    void theNamesAskedForMostAreFoundInAFloodOfOthersThatMakesNoSeries() {
        LabContainer flooder = WORLD.attached("flooder", "--network", "dev");
        LabContainer quiet = WORLD.attached("quiet", "--network", "bridge");
        flooder.exec(Duration.ofSeconds(30), "", List.of("/usr/bin/python3", "-c", FLOOD))
                .ok();
        Json top = Json.parse(WORLD.cli("stats", "-n", "--top=3", "--format", "json"));
        assertThat(top.elements()).hasSize(3);
        assertThat(top.at(0).text("name")).isEqualTo("oftenasked.dev");
        assertThat(top.at(0).text("network")).isEqualTo("dev");
        assertThat(top.at(0).number("queries")).isBetween(90L, 100L);
        assertThat(top.at(0).number("atMost")).isGreaterThanOrEqualTo(100);
        assertThat(WORLD.cli("stats", "-n", "--top", "--network", "bridge")).doesNotContain("oftenasked");
        assertThat(dig(quiet, "localhost")).contains("NOERROR");
        assertThat(WORLD.cli("stats", "-n", "--top", "--network", "bridge"))
                .contains("NAME", "NETWORK", "QUERIES", "AT MOST", "localhost");
        List<Json> series = judged(text());
        assertThat(sum(series, "tapswitch_dns_top_name_queries", "network", "dev", "name", "oftenasked.dev"))
                .isEqualTo((double) top.at(0).number("queries"));
        assertThat(series.stream()
                        .filter(one -> one.has("name") && one.text("name").matches("r[0-9a-f]{16}\\.dev")))
                .isEmpty();
        assertThat(series).hasSizeLessThan(400);
        for (int i = 0; i < 10; i++) {
            dig(quiet, "+tcp", "LOCALHOST");
        }
        assertThat(Json.parse(WORLD.cli("stats", "-n", "--top", "--network", "bridge", "--format", "json"))
                        .at(0)
                        .number("queries"))
                .as("by UDP once, by TCP ten times")
                .isEqualTo(11);
    }
}
