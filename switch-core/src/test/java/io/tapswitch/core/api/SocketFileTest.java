package io.tapswitch.core.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tapswitch.core.model.Refusal;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SocketFileTest {
    @TempDir
    Path directory;

    private Path path;

    @BeforeEach
    void name() {
        path = directory.resolve("s");
    }

    private ServerSocketChannel serve() throws IOException {
        ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        server.bind(UnixDomainSocketAddress.of(path));
        return server;
    }

    @Test
    void aDaemonThatServesThereIsLeftAlone() throws IOException {
        try (ServerSocketChannel server = serve()) {
            assertThatThrownBy(() -> SocketFile.prepare(path, null))
                    .isInstanceOfSatisfying(
                            Refusal.class, e -> assertThat(e.code()).isEqualTo("socket_in_use"))
                    .hasMessageContaining("another daemon serves on " + path);
            assertThat(server.isOpen()).isTrue();
        }
    }

    @Test
    void R5_aDaemonThatWasKilledMayAcceptForAMoment() throws Exception {
        ServerSocketChannel dying = serve();
        Thread kernel = Thread.ofVirtual().start(() -> {
            try (dying) {
                for (int i = 0; i < 2; i++) {
                    SocketChannel accepted = dying.accept();
                    accepted.close();
                }
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        });
        SocketFile file = SocketFile.prepare(path, null);
        assertThat(file.temporary()).doesNotExist();
        kernel.join();
        assertThat(dying.isOpen()).isFalse();
    }
}
