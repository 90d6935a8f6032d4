package io.tapswitch.core.cli.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HttpAnswerTest {
    private static HttpAnswer read(String text) throws IOException {
        return HttpAnswer.read(Channels.newChannel(new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8))));
    }

    @Test
    void readsABodyByItsLength() throws IOException {
        assertThat(read("HTTP/1.1 201 Created\r\nContent-Length: 5\r\n\r\nhällo"))
                .isEqualTo(new HttpAnswer(201, "häll"));
    }

    @Test
    void readsChunksWithExtensionsAndTrailers() throws IOException {
        String head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        String answer = head.concat("5;x=y\r\nhello\r\nA\r\n, world! 1\r\n0\r\nTrailer: z\r\n\r\n");
        assertThat(read(answer)).isEqualTo(new HttpAnswer(200, "hello, world! 1"));
    }

    @Test
    void readsToTheEndOfTheConnectionWithoutEither() throws IOException {
        assertThat(read("HTTP/1.0 200 OK\r\n\r\nall of it")).isEqualTo(new HttpAnswer(200, "all of it"));
    }

    @Test
    void readsNoBodyOfAnAnswerThatHasNone() throws IOException {
        assertThat(read("HTTP/1.1 204 No Content\r\n\r\n")).isEqualTo(new HttpAnswer(204, ""));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "HTTP/1.1 200 OK\r\n",
                "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort",
                "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
                "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
                "HTTP/1.1 two OK\r\n\r\n",
                "SSH-2.0-OpenSSH_9.2\r\n\r\n",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nlonger\r\n0\r\n\r\n",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7fffffffffffffff\r\nx",
            })
    void refusesWhatIsNoAnswer(String text) {
        assertThatThrownBy(() -> read(text)).isInstanceOf(IOException.class);
    }

    @Test
    void refusesLinesAndHeadersWithoutEnd() {
        assertThatThrownBy(() -> read("HTTP/1.1 200 " + "x".repeat(20_000))).hasMessageContaining("too long");
        assertThatThrownBy(() -> read("HTTP/1.1 200 OK\r\n" + "a: b\r\n".repeat(200) + "\r\n"))
                .hasMessageContaining("too many");
    }
}
