package io.tapswitch.core.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.tapswitch.core.control.Controller;
import io.tapswitch.core.control.DataplaneEvents;
import io.tapswitch.core.control.Event;
import io.tapswitch.core.control.Eventually;
import io.tapswitch.core.control.FakeDataplane;
import io.tapswitch.core.control.FakePlumbing;
import io.tapswitch.core.control.StateDirectory;
import io.tapswitch.core.model.Refusal;
import java.io.EOFException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/** Clients that hang, talk too much or do not listen, and streams of events, with limits small enough for a test. */
@Timeout(60)
class ApiLimitsTest {
    private static final Limits SMALL =
            new Limits(4, 1024, 4096, Duration.ofMillis(500), Duration.ofMillis(500), Duration.ofMillis(50));

    @TempDir
    Path directory;

    private StateDirectory state;
    private Controller controller;
    private ApiServer server;

    @BeforeEach
    void start() {
        state = StateDirectory.open(directory.resolve("state"));
        controller =
                Controller.forThisHost(new FakeDataplane(1), new FakePlumbing(), state, new DataplaneEvents(), null);
        controller.start(state.load());
        server = serve(null);
    }

    private ApiServer serve(@org.jspecify.annotations.Nullable String group) {
        Routes.About about = new Routes.About("1", directory, directory, () -> Routes.Configured.NOTHING);
        return ApiServer.start(directory.resolve("s"), group, new Routes(controller, about), SMALL);
    }

    @AfterEach
    void stop() {
        server.close();
        controller.close();
        state.close();
    }

    private UnixHttp client() throws IOException {
        return new UnixHttp(directory.resolve("s"));
    }

    private void answers() throws IOException {
        try (UnixHttp other = client()) {
            assertThat(other.call("GET", "/v1/status", "").status()).isEqualTo(200);
        }
    }

    private static void ends(UnixHttp client) {
        assertThatThrownBy(client::receive).isInstanceOf(IOException.class);
    }

    @Test
    void whoSaysNothingOrDripsIsCutOffAndNobodyWaitsForThem() throws Exception {
        try (UnixHttp silent = client();
                UnixHttp dripping = client()) {
            dripping.send("GET /v1/status HT");
            answers();
            ends(silent);
            ends(dripping);
        }
        answers();
    }

    @Test
    void whatIsTooLargeIsAnsweredWithAStatusOfItsOwn() throws Exception {
        assertThat(refused("GET /v1/status?" + "x".repeat(2000) + " HTTP/1.1\r\n\r\n"))
                .isEqualTo("414 address_too_long");
        assertThat(refused("GET /v1/status HTTP/1.1\r\nX: " + "y".repeat(2000) + "\r\n\r\n"))
                .isEqualTo("431 headers_too_large");
        assertThat(refused("POST /v1/networks HTTP/1.1\r\nContent-Length: 5000\r\n\r\n"))
                .isEqualTo("413 body_too_large");
        String expecting = "POST /v1/networks HTTP/1.1\r\nContent-Length: ";
        assertThat(refused(expecting + "5000\r\nExpect: 100-continue\r\n\r\n")).isEqualTo("413 body_too_large");
        assertThat(refused(expecting + "2\r\nExpect: miracles\r\n\r\n")).isEqualTo("417 unknown_expectation");
        try (UnixHttp client = client()) {
            client.send(expecting + "14\r\nExpect: 100-continue\r\n\r\n");
            client.await("100 Continue\r\n\r\n");
            client.send("{\"name\":\"web\"}");
            client.await("201 Created");
        }
        assertThat(refused("\u0001\u0002 nonsense\r\n\r\n")).isEqualTo("400 not_http");
        answers();
    }

    private String refused(String bytes) throws IOException {
        try (UnixHttp client = client()) {
            client.send(bytes);
            UnixHttp.Reply reply = client.receive();
            return reply.status() + " "
                    + Json.MAPPER.readTree(reply.body()).path("code").asString();
        }
    }

    @Test
    void oneConnectionTooManyIsToldSo() throws Exception {
        List<UnixHttp> all = new ArrayList<>();
        for (int i = 0; i < SMALL.connections(); i++) {
            UnixHttp one = client();
            assertThat(one.call("GET", "/v1/status", "").status()).isEqualTo(200);
            all.add(one);
        }
        try (UnixHttp more = client()) {
            assertThat(more.receive().status()).isEqualTo(503);
        }
        for (UnixHttp one : all) {
            one.close();
        }
    }

    @Test
    void aClientThatClosesInTheMiddleOfItsRequestIsNoLineOfTheLog() throws Exception {
        ListAppender<ILoggingEvent> lines = new ListAppender<>();
        lines.start();
        Logger logger = (Logger) LoggerFactory.getLogger(Connection.class);
        logger.addAppender(lines);
        try {
            try (UnixHttp client = client()) {
                client.call("GET", "/v1/status", "");
                client.send("POST /v1/networks HTTP/1.1\r\nContent-Length: 100\r\n\r\n{\"name\"");
            }
            try (UnixHttp client = client()) {
                client.call("GET", "/v1/status", "");
                client.send("GET /v1/sta");
            }
            // When the server has closed its side, it has said what it says.
            Eventually.eventually(() -> assertThat(server.connectionCount()).isZero());
            assertThat(lines.list).isEmpty();
        } finally {
            logger.detachAppender(lines);
        }
    }

    @Test
    void eventsComeAsTheyHappenAndEndWithTheDaemon() throws Exception {
        try (UnixHttp stream = client()) {
            stream.send(UnixHttp.request("GET", "/v1/events?filters=%7B%22type%22:%5B%22network%22%5D%7D", ""));
            stream.await("text/event-stream");
            try (UnixHttp other = client()) {
                other.call("POST", "/v1/networks", "{\"name\":\"web\"}");
            }
            stream.await("\"Action\":\"create\"");
            stream.await(": nothing happened");
            server.close();
            assertThatThrownBy(() -> stream.await("never")).isInstanceOf(EOFException.class);
        }
    }

    @Test
    void aReaderThatDoesNotReadIsCutOffAndHoldsNobodyUp() throws Exception {
        try (UnixHttp slow = client()) {
            slow.send(UnixHttp.request("GET", "/v1/events", ""));
            slow.await("text/event-stream");
            Event event = new Event(Event.NETWORK, "create", "id", Map.of("name", "n".repeat(200)));
            for (int i = 0; i < 20_000; i++) {
                controller.events().publish(event);
            }
            answers();
            assertThatThrownBy(() -> slow.await("never")).isInstanceOf(IOException.class);
        }
        answers();
    }

    @Test
    void aStreamWhoseClientLeftIsForgotten() throws Exception {
        for (int i = 0; i < SMALL.connections() * 3; i++) {
            UnixHttp one = client();
            one.send(UnixHttp.request("GET", "/v1/events", ""));
            one.await("text/event-stream");
            one.close();
            Eventually.eventually(this::answers);
        }
    }

    @Test
    void theSocketHasItsModeAndTheGroupThatWasAskedFor() throws Exception {
        Path socket = directory.resolve("s");
        assertThat(Files.getPosixFilePermissions(socket)).isEqualTo(PosixFilePermissions.fromString("rw-rw----"));
        server.close();
        Object own = Files.getAttribute(directory, "unix:gid");
        server = serve(String.valueOf(own));
        assertThat(Files.getAttribute(socket, "unix:gid")).isEqualTo(own);
        server.close();
        assertThatThrownBy(() -> serve("no-such-group"))
                .isInstanceOf(Refusal.class)
                .hasMessage("--group no-such-group: there is no such group on this machine");
        assertThat(Files.exists(socket)).isFalse();
        server = serve(null);
    }
}
