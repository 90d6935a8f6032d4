package io.tapswitch.core.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tapswitch.core.Daemon;
import io.tapswitch.core.control.FakeDataplane;
import io.tapswitch.core.control.FakePlumbing;
import io.tapswitch.core.model.Refusal;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code --metrics}: what it says, to whom, and what it does not take. With a made-up dataplane. */
@Timeout(60)
class MetricsTest {
    @TempDir
    Path directory;

    private final HttpClient client = HttpClient.newHttpClient();
    private InetSocketAddress address = new InetSocketAddress(0);
    private Daemon daemon;

    private static InetSocketAddress local(int port) {
        return new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), port);
    }

    private Daemon start(String name, InetSocketAddress metrics) {
        return Daemon.start(
                directory.resolve(name),
                null,
                directory.resolve("state-" + name),
                news -> new FakeDataplane(1),
                () -> new FakePlumbing(directory),
                null,
                null,
                metrics,
                null);
    }

    @BeforeEach
    void start() throws IOException {
        try (ServerSocket free = new ServerSocket()) {
            free.bind(local(0));
            address = local(free.getLocalPort());
        }
        daemon = start("s", address);
    }

    @AfterEach
    void stop() {
        client.close();
        daemon.close();
    }

    private HttpResponse<String> send(String method, String path, String body) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + address.getPort() + path))
                .method(method, HttpRequest.BodyPublishers.ofString(body))
                .build();
        return client.send(request, HttpResponse.BodyHandlers.ofString());
    }

    private String raw(String request) throws IOException {
        try (Socket socket = new Socket(address.getAddress(), address.getPort())) {
            socket.getOutputStream().write(request.getBytes(StandardCharsets.UTF_8));
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    @Test
    void everySeriesHasAPrefixAndAHelpAndCountersEndInTotal() throws Exception {
        try (UnixHttp api = new UnixHttp(directory.resolve("s"))) {
            api.call("POST", "/v1/networks", "{\"name\":\"web\",\"subnets\":[\"10.1.0.0/16\"]}");
            api.call("POST", "/v1/containers", "{\"netns\":\"www\",\"networks\":[\"web\"]}");
        }
        HttpResponse<String> reply = send("GET", "/metrics", "");
        assertThat(reply.statusCode()).isEqualTo(200);
        assertThat(reply.headers().firstValue("content-type"))
                .hasValueSatisfying(type -> assertThat(type).startsWith("text/plain; version=0.0.4"));
        List<String> lines = reply.body().lines().toList();
        assertThat(lines)
                .contains(
                        "tapswitch_rx_frames_total{container=\"www\",kind=\"container\",network=\"web\"} 10.0",
                        "tapswitch_tx_bytes_total{container=\"www\",kind=\"container\",network=\"web\"} 2000.0",
                        "tapswitch_fdb_entries{network=\"web\"} 1.0",
                        "tapswitch_frames_total{term=\"received\"} 10.0",
                        "tapswitch_worker_events_total{event=\"waits\"} 5.0",
                        "# TYPE tapswitch_rx_bytes_total counter",
                        "# TYPE tapswitch_workers gauge",
                        "tapswitch_build_info{io=\"poll\",version=\"development\"} 1")
                .anyMatch(line -> line.startsWith("tapswitch_drops_total{") && line.contains("reason=\"storm\"} 3.0"));
        assertThat(lines).allMatch(line -> line.matches("(# (HELP|TYPE) )?tapswitch_[a-z_]+[{ ].*"));
        for (String line : lines) {
            String[] words = line.split(" ", 4);
            if (line.startsWith("# TYPE")) {
                assertThat(words[2].endsWith("_total")).as(line).isEqualTo(words[3].equals("counter"));
                assertThat(lines).anyMatch(help -> help.startsWith("# HELP " + words[2] + " "));
            }
        }
    }

    @Test
    void onlyMetricsAreServedAndOnlyRead() throws Exception {
        assertThat(send("GET", "/", "").statusCode()).isEqualTo(404);
        assertThat(send("GET", "/v1/networks", "").body()).contains("/metrics is all there is");
        assertThat(send("POST", "/metrics", "").statusCode()).isEqualTo(405);
        assertThat(send("GET", "/metrics?x=1", "").statusCode()).isEqualTo(400);
        assertThat(send("GET", "/metrics", "x").statusCode()).isEqualTo(413);
        assertThat(raw("GET /metrics HTTP/1.1\r\nhost: x\r\nx: " + "y".repeat(9000) + "\r\n\r\n"))
                .startsWith("HTTP/1.1 431 ");
        assertThat(raw("GET /" + "y".repeat(9000) + " HTTP/1.1\r\nhost: x\r\n\r\n"))
                .startsWith("HTTP/1.1 414 ");
        assertThat(raw("nonsense\r\n\r\n")).startsWith("HTTP/1.1 400 ");
    }

    @Test
    void oneConnectionTooManyIsToldSo() throws Exception {
        List<Socket> held = new ArrayList<>();
        try {
            for (int i = 0; i < Limits.METRICS.connections(); i++) {
                Socket socket = new Socket(address.getAddress(), address.getPort());
                held.add(socket);
                socket.getOutputStream()
                        .write("GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n".getBytes(StandardCharsets.UTF_8));
                assertThat(socket.getInputStream().read()).isEqualTo('H');
            }
            // Without a request, because a socket that is closed with something unread resets the connection.
            assertThat(raw("")).startsWith("HTTP/1.1 503 ");
        } finally {
            for (Socket socket : held) {
                socket.close();
            }
        }
    }

    @Test
    void anAddressThatCannotBeHadEndsTheStartWithASentence() {
        assertThatThrownBy(() -> start("t", address))
                .isInstanceOf(Refusal.class)
                .hasMessage("--metrics 127.0.0.1:" + address.getPort()
                        + ": another program listens there already; end it, or choose another port");
        InetSocketAddress foreign = new InetSocketAddress(InetAddress.ofLiteral("192.0.2.77"), address.getPort());
        assertThatThrownBy(() -> start("t", foreign))
                .isInstanceOf(Refusal.class)
                .hasMessageContaining("this host does not have that address");
    }
}
