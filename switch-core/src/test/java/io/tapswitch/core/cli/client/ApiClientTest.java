package io.tapswitch.core.cli.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tapswitch.core.cli.FakeDaemon;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
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
    void whatTheDaemonSaysBeforeItClosesIsHeardAlsoByWhoCannotWrite() throws Exception {
        Path socket = directory.resolve("hasty");
        String json = "{\"message\":\"there are 256 connections already\"}";
        String answer = "HTTP/1.1 503 Words\r\ncontent-length: " + json.length() + "\r\n\r\n" + json;
        try (ServerSocketChannel server =
                ServerSocketChannel.open(StandardProtocolFamily.UNIX).bind(UnixDomainSocketAddress.of(socket))) {
            Thread.ofPlatform().daemon().start(() -> {
                try (SocketChannel connection = server.accept()) {
                    connection.write(ByteBuffer.wrap(answer.getBytes(StandardCharsets.US_ASCII)));
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
            // More than the socket takes while nobody reads.
            Map<String, String> large = Map.of("k", "x".repeat(4_000_000));
            assertThatThrownBy(() -> new ApiClient(socket, ApiClient.PATIENCE).post("/x", large))
                    .isInstanceOf(ApiException.class)
                    .hasMessage("there are 256 connections already");
        }
    }

    @Test
    void escapesWhatAPathMustNotHold() {
        assertThat(ApiClient.escape("a/b?c d%é~.-_9")).isEqualTo("a%2Fb%3Fc%20d%25%C3%A9~.-_9");
    }
}
