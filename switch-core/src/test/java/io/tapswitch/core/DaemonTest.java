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
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DaemonTest {
    @TempDir
    Path directory;

    private Daemon start(String socket, String state) {
        return start(socket, null, state, FakePlumbing::new, null);
    }

    private Daemon start(
            String socket,
            @Nullable String group,
            String state,
            Supplier<FakePlumbing> devices,
            @Nullable Path configuration) {
        return Daemon.start(
                directory.resolve(socket),
                group,
                directory.resolve(state),
                listener -> new FakeDataplane(1),
                devices,
                configuration,
                null,
                null,
                null);
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
    void P8_aStartThatIsRefusedMakesNothingThatOutlivesIt() throws Exception {
        Path state = Files.createDirectories(directory.resolve("broken"));
        Files.writeString(state.resolve("state.json"), "{");
        try (Daemon first = start("s", "one")) {
            assertThat(first).isNotNull();
            Supplier<FakePlumbing> never = () -> {
                throw new AssertionError("devices were opened");
            };
            assertThatThrownBy(() -> start("s", null, "two", never, null)).hasMessageContaining("--socket");
            assertThatThrownBy(() -> start("t", null, "broken", never, null)).hasMessageContaining("state.json:1");
            assertThatThrownBy(() -> start("t", "nobody-has-this", "two", never, null))
                    .isInstanceOf(Refusal.class)
                    .hasMessage("--group nobody-has-this: there is no such group on this machine");
            for (String number : new String[] {"4294967295", "4294967296", "99999999999"}) {
                assertThatThrownBy(() -> start("t", number, "two", never, null))
                        .isInstanceOf(Refusal.class)
                        .hasMessage("--group " + number + ": the number of a group is from 0 to 4294967294");
            }
        }
    }

    @Test
    void P8_aStartThatFailsLateTakesBackWhatItMade() throws Exception {
        Path file = Files.writeString(
                directory.resolve("f.yaml"), "networks:\n  a: {subnet: 10.1.0.0/16}\n  b: {subnet: 10.1.0.0/24}\n");
        FakePlumbing plumbing = new FakePlumbing();
        assertThatThrownBy(() -> start("s", null, "state", () -> plumbing, file))
                .isInstanceOf(Refusal.class)
                .hasMessageContaining("f.yaml:3");
        assertThat(plumbing.ended).isTrue();
        assertThat(plumbing.host).isNull();
        assertThat(plumbing.kept).isEmpty();
        start("s", "state").close();
    }

    @Test
    void refusesAPathThatNoSocketCanHave() {
        assertThatThrownBy(() -> start("x".repeat(120), "state")).hasMessageContaining("too long");
    }
}
