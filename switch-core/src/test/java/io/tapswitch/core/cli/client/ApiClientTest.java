package io.tapswitch.core.cli.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tapswitch.core.cli.FakeDaemon;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ApiClientTest {
    @TempDir
    Path directory;

    @Test
    void speaksToTheSocketAndReadsJsonInChunks() {
        try (FakeDaemon daemon = new FakeDaemon(directory)) {
            daemon.raw(
                    "POST /x",
                    "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\n{\"a\r\n4\r\n\":1}\r\n0\r\n\r\n");
            assertThat(new ApiClient(daemon.socket(), ApiClient.PATIENCE).post("/x", Map.of("k", "ä")))
                    .containsEntry("a", 1);
            assertThat(daemon.requests()).containsExactly("POST /x {\"k\":\"ä\"}");
        }
    }

    @Test
    void aRefusalCarriesTheDaemonsSentence() {
        try (FakeDaemon daemon = new FakeDaemon(directory)) {
            daemon.on("GET /a", 409, "{\"message\":\"no\"}")
                    .on("GET /b", 500, "plain words")
                    .on("GET /c", 500, "");
            ApiClient client = new ApiClient(daemon.socket(), ApiClient.PATIENCE);
            assertThatThrownBy(() -> client.getObject("/a"))
                    .isInstanceOf(ApiException.class)
                    .hasMessage("no");
            assertThatThrownBy(() -> client.getObject("/b"))
                    .isInstanceOf(ApiException.class)
                    .hasMessage("plain words");
            assertThatThrownBy(() -> client.getObject("/c")).hasMessage("HTTP status 500");
        }
    }

    @Test
    void anAnswerThatIsNotWhatItShouldBeIsAFailureOfItsOwn() {
        try (FakeDaemon daemon = new FakeDaemon(directory)) {
            daemon.on("GET /a", 200, "[]").on("GET /b", 200, "{").raw("GET /c", "");
            ApiClient client = new ApiClient(daemon.socket(), ApiClient.PATIENCE);
            assertThatThrownBy(() -> client.getObject("/a")).isInstanceOf(CliException.class);
            assertThatThrownBy(() -> client.getObject("/b")).isInstanceOf(CliException.class);
            assertThatThrownBy(() -> client.getObject("/c")).hasMessageContaining("broke");
        }
    }

    @Test
    void escapesWhatAPathMustNotHold() {
        assertThat(ApiClient.escape("a/b?c d%é~.-_9")).isEqualTo("a%2Fb%3Fc%20d%25%C3%A9~.-_9");
    }
}
