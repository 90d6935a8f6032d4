package io.tapswitch.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tapswitch.core.control.FakeDataplane;
import io.tapswitch.core.control.FakePlumbing;
import io.tapswitch.core.model.Refusal;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DaemonTest {
    @TempDir
    Path directory;

    private Daemon start(String socket, String state) {
        return Daemon.start(
                directory.resolve(socket),
                null,
                directory.resolve(state),
                listener -> new FakeDataplane(1),
                FakePlumbing::new);
    }

    @Test
    void socketHasItsModeAndGoesWithTheDaemon() throws Exception {
        Path socket = directory.resolve("run/s");
        try (Daemon daemon = start("run/s", "state")) {
            assertThat(daemon).isNotNull();
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(socket)))
                    .isEqualTo("rw-rw----");
        }
        assertThat(socket).doesNotExist();
    }

    @Test
    void replacesTheSocketOfADeadDaemon() throws Exception {
        Path socket = directory.resolve("s");
        try (ServerSocketChannel dead = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            dead.bind(UnixDomainSocketAddress.of(socket));
        }
        assertThat(socket).exists();
        start("s", "state").close();
    }

    @Test
    void refusesTheSocketOfALivingDaemonAndLetsItsOwnStateGo() throws Exception {
        try (Daemon first = start("s", "one")) {
            assertThat(first).isNotNull();
            assertThatThrownBy(() -> start("s", "two"))
                    .isInstanceOf(Refusal.class)
                    .hasMessageContaining("--socket");
            assertThatThrownBy(() -> start("other", "one")).hasMessageContaining("--state-dir");
        }
        start("s", "two").close();
    }

    @Test
    void leavesAFileAloneThatIsNoSocket() throws Exception {
        Path file = Files.writeString(directory.resolve("s"), "precious");
        assertThatThrownBy(() -> start("s", "state")).hasMessageContaining("not a socket");
        assertThat(file).hasContent("precious");
    }

    @Test
    void refusesAPathThatNoSocketCanHave() {
        assertThatThrownBy(() -> start("x".repeat(120), "state")).hasMessageContaining("too long");
    }
}
