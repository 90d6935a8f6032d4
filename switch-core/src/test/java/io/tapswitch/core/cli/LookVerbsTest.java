package io.tapswitch.core.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** flows, capture, stats, status and drops, against a daemon with prepared answers. */
class LookVerbsTest extends CliCase {
    private static final String HEAD = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    private static final String FLOW =
            "{\"protocol\":\"tcp\",\"kind\":\"out\",\"container\":\"www\",\"network\":\"web\","
                    + "\"inside\":\"10.66.0.2\",\"insidePort\":40000,\"outside\":\"192.0.2.1\",\"outsidePort\":20480,"
                    + "\"peer\":\"2001:db8::7\",\"peerPort\":443,\"state\":\"ESTABLISHED\",\"packetsToPeer\":12,"
                    + "\"bytesToPeer\":1530,\"packetsToContainer\":10,\"bytesToContainer\":9120,\"idleMs\":2500,\"worker\":0}";

    private static String chunk(String text) {
        return Integer.toHexString(text.length()) + "\r\n" + text + "\r\n";
    }

    @Test
    void flowsAreATableJsonOrWhatATemplateSays() {
        String array = "[\n" + FLOW + ",\n" + FLOW.replace("\"tcp\"", "\"udp\"").replace("ESTABLISHED", "") + "\n]\n";
        daemon.raw(
                "GET /flows?network=web&container=www",
                HEAD + chunk(array.substring(0, 100)) + chunk(array.substring(100)) + "0\r\n\r\n");
        String[] verb = {"flows", "--network", "web", "--container", "www"};
        assertThat(run(verb)).as(err).isZero();
        assertThat(out.lines().map(line -> line.replaceAll(" {2,}", "|")))
                .containsExactly(
                        "PROTOCOL|CONTAINER|KIND|INSIDE|OUTSIDE|PEER|STATE|IDLE|PACKETS|BYTES",
                        "tcp|www|out|10.66.0.2:40000|192.0.2.1:20480|[2001:db8::7]:443|ESTABLISHED|2s|12 / 10"
                                + "|1530 / 9120",
                        "udp|www|out|10.66.0.2:40000|192.0.2.1:20480|[2001:db8::7]:443|-|2s|12 / 10|1530 / 9120");
        run("flows", "--network", "web", "--container", "www", "--format", "{{.Peer}} {{.BytesToContainer}}");
        assertThat(out).isEqualTo("[2001:db8::7]:443 9120\n".repeat(2));
        run("flows", "--network", "web", "--container", "www", "--format", "json");
        assertThat(out).isEqualTo(array);
    }

    @Test
    void noFlowsAreAnEmptyArrayAndARefusalIsTheDaemons() {
        daemon.raw("GET /flows", HEAD + chunk("[]\n") + "0\r\n\r\n")
                .on(
                        "GET /flows?network=no",
                        404,
                        "{\"code\":\"network_not_found\",\"message\":\"network no not found\"}");
        assertThat(run("flows", "--format", "json")).isZero();
        assertThat(out).isEqualTo("[]\n");
        assertThat(run("flows", "--network", "no")).isEqualTo(1);
        assertThat(err).isEqualTo("Error response from daemon: network no not found\n");
        daemon.raw("GET /flows", HEAD + chunk("[\n" + FLOW + ",\n"));
        assertThat(run("flows"))
                .as("an answer that breaks off is no short answer")
                .isEqualTo(1);
    }

    private String captured() {
        String path = Objects.requireNonNull(daemon.requests().peek()).substring("GET ".length());
        assertThat(path).matches("/captures/[0-9a-f-]{36}\\?target=www.*");
        return path.substring(path.indexOf('?'));
    }

    @Test
    void aCaptureIsWrittenAsItComesAndCounted() throws IOException {
        Path file = directory.resolve("x.pcap");
        daemon.always(
                HEAD + chunk("begin") + chunk("more") + "0\r\nTapswitch-Captured: 7\r\ntapswitch-lost: 1\r\n\r\n");
        assertThat(run("capture", "-w", file.toString(), "-c", "7", "-s", "96", "www"))
                .as(err)
                .isZero();
        assertThat(Files.readString(file)).isEqualTo("beginmore");
        assertThat(err).isEqualTo("7 frames captured\n1 frames lost because they came too fast\n");
        assertThat(captured()).isEqualTo("?target=www&count=7&snaplen=96");
        daemon.requests().clear();
        assertThat(run("capture", "www")).isZero();
        assertThat(out).isEqualTo("beginmore");
        assertThat(captured()).isEqualTo("?target=www&form=lines");
    }

    @Test
    void aRefusedCaptureEmptiesNoFile() throws IOException {
        Path file = Files.writeString(directory.resolve("x.pcap"), "precious");
        daemon.always("HTTP/1.1 404 Words\r\ncontent-length: 16\r\n\r\n{\"message\":\"no\"}");
        assertThat(run("capture", "-w", file.toString(), "www")).isEqualTo(1);
        assertThat(err).isEqualTo("Error response from daemon: no\n");
        assertThat(Files.readString(file)).isEqualTo("precious");
        assertThat(run("capture", "-s", "0", "www")).isEqualTo(1);
    }

    @Test
    void statsShowNatAndPublishedPorts() {
        daemon.on(
                        "GET /stats",
                        200,
                        "{\"io\":\"multishot\",\"workers\":1,\"conservation\":{\"holds\":true},\"internals\":{},"
                                + "\"nat\":{\"flows\":12,\"capacity\":65536,\"outbound_flows\":20,\"inbound_flows\":3,"
                                + "\"port_overloaded\":2,\"expired\":0,\"refused_quota\":4,\"refused_ports\":0},"
                                + "\"containers\":[]}")
                .on(
                        "GET /ports?container=www",
                        200,
                        "[{\"container\":\"www\",\"address\":\"\",\"hostPort\":8080,\"lastHostPort\":8089,"
                                + "\"containerPort\":80,\"protocol\":\"tcp\",\"allow\":[],\"inForce\":false,"
                                + "\"connections\":3,\"refused\":1,\"packetsIn\":30,\"bytesIn\":2400,"
                                + "\"packetsOut\":28,\"bytesOut\":40960}]");
        assertThat(run("stats")).isZero();
        assertThat(out).endsWith("""
                        NAT flows: 12 of 65536   begun out: 20   begun in: 3   port overloaded: 2
                        NAT refused: quota 4 (tapswitch drops says what these mean)
                        """);
        assertThat(run("stats", "-p", "www")).isZero();
        assertThat(out.lines().map(line -> line.replaceAll(" {2,}", "|")))
                .containsExactly(
                        "CONTAINER|PORT|PUBLISHED|CONNECTIONS|REFUSED|PACKETS IN|BYTES IN|PACKETS OUT|BYTES OUT|ALLOW",
                        "www|80-89/tcp|*:8080-8089 (not in force)|3|1|30|2400|28|40960|any");
    }

    @Test
    void statusShowsTheWayToTheOutside() {
        daemon.on(
                "GET /status",
                200,
                "{\"io\":\"multishot\",\"uplink\":\"shared\",\"outside\":{\"uplinks\":[{\"device\":\"eth0\",\"mtu\":1500,"
                        + "\"steered\":true,\"first\":false},{\"device\":\"lo\",\"mtu\":65536,\"steered\":true,"
                        + "\"first\":true}],\"addresses\":[\"192.0.2.1\",\"::1\"],\"firstPort\":1024,\"lastPort\":65535,"
                        + "\"excludedFirst\":32768,\"excludedLast\":60999,\"udpTimeoutSeconds\":300,\"graceSeconds\":5},"
                        + "\"warnings\":[]}");
        assertThat(run("status")).isZero();
        assertThat(out.lines().map(line -> line.replaceAll(" {2,}", "|")))
                .contains(
                        "uplink eth0|steered, but another program comes first, MTU 1500",
                        "uplink lo|steered, MTU 65536",
                        "addresses|192.0.2.1 ::1",
                        "natPorts|1024-65535 without 32768-60999 of the host's own clients",
                        "grace|5s");
        daemon.on("GET /status", 200, "{\"uplink\":\"none\",\"outside\":null,\"warnings\":[]}");
        run("status");
        assertThat(out).doesNotContain("outside").contains("none");
    }

    @Test
    void statusSaysWhoIsAskedForNamesAndWhetherTheyAnswer() {
        daemon.on(
                "GET /status",
                200,
                "{\"names\":{\"upstreams\":["
                        + "{\"server\":\"192.0.2.53\",\"state\":\"live\",\"silentSeconds\":0,\"roundTripMs\":3,"
                        + "\"asked\":9,\"answered\":8},"
                        + "{\"server\":\"[2001:db8::53]:5353\",\"state\":\"dead\",\"silentSeconds\":12,"
                        + "\"roundTripMs\":null,\"asked\":4,\"answered\":0},"
                        + "{\"server\":\"192.0.2.54\",\"state\":\"unasked\",\"silentSeconds\":0,"
                        + "\"roundTripMs\":null,\"asked\":0,\"answered\":0}],"
                        + "\"forwarder\":{\"cache_hits\":2,\"failed\":0,\"queries\":7},"
                        + "\"tcp\":{\"connections\":1,\"idle\":0,\"evicted\":0,\"queries\":{\"answered\":5}}},"
                        + "\"warnings\":[]}");
        assertThat(run("status")).isZero();
        assertThat(out.lines().map(line -> line.replaceAll(" {2,}", "|")))
                .contains(
                        "upstream 192.0.2.53|live in 3 ms, 8 of 9 answered",
                        "upstream [2001:db8::53]:5353|dead, silent for 12s, 0 of 4 answered",
                        "upstream 192.0.2.54|not asked yet",
                        "forwarder|cache hits 2, queries 7",
                        "names by TCP|1 connections, queries: answered 5");
    }

    @Test
    void statsShowTheNamesAskedForMost() {
        String names = "[{\"name\":\"db.web\",\"network\":\"web\",\"queries\":12,\"atMost\":14}]";
        daemon.on("GET /dns/top?count=10", 200, names).on("GET /dns/top?count=3&network=web", 200, names);
        assertThat(run("stats", "-n", "--top")).isZero();
        assertThat(out.lines().map(line -> line.strip().replaceAll(" {2,}", "|")))
                .containsExactly("NAME|NETWORK|QUERIES|AT MOST", "db.web|web|12|14");
        assertThat(run("stats", "--names", "--top=3", "--network", "web", "--format", "{{.Name}}"))
                .isZero();
        assertThat(out.strip()).isEqualTo("db.web");
        for (String[] words : new String[][] {
            {"stats", "--top"},
            {"stats", "-n", "--network", "web"},
            {"stats", "-n", "--top=0"},
            {"stats", "-n", "--top", "3", "www"}
        }) {
            assertThat(run(words)).as(String.join(" ", words)).isEqualTo(1);
            assertThat(err).contains("--top");
        }
    }
}
