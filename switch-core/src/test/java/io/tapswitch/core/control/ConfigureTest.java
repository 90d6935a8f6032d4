package io.tapswitch.core.control;

import static io.tapswitch.core.control.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tapswitch.core.model.Network;
import io.tapswitch.core.model.Refusal;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A configuration file over a whole control plane. */
class ConfigureTest {
    @TempDir
    Path directory;

    private Path file = Path.of("");
    private TestControl control;

    @BeforeEach
    void start() throws IOException {
        file = directory.resolve("tapswitch.yaml");
        control = new TestControl(directory.resolve("state"));
        Files.writeString(file, "networks:\n  web: {subnet: 10.66.0.0/16}\n");
    }

    @AfterEach
    void stop() {
        control.close();
    }

    private void networksAre(String... names) throws Exception {
        eventually(() -> assertThat(control.controller.state().networks())
                .extracting(Network::name)
                .containsExactlyInAnyOrder(names));
    }

    @Test
    void P8_theFileIsInForceAndFollowed() throws Exception {
        control.controller.configure(file, null);
        networksAre("bridge", "host", "none", "web");
        Files.writeString(file, "networks:\n  web: {subnet: 10.66.0.0/16}\n  db:\n");
        networksAre("bridge", "host", "none", "web", "db");
        assertThat(control.controller.warnings()).noneMatch(it -> it.contains("tapswitch.yaml"));
        assertThat(control.controller.reload()).isTrue();
    }

    @Test
    void P8_aFaultIsSaidInWarningsAndEventsAndChangesNothing() throws Exception {
        control.controller.configure(file, null);
        long version = control.controller.state().version();
        Files.writeString(file, "networks:\n  web: {subnett: 10.66.0.0/16}\n");
        eventually(() -> assertThat(control.controller.warnings())
                .anyMatch(it -> it.contains("tapswitch.yaml:2: networks.web.subnett: unknown key")));
        assertThat(control.controller.state().version()).isEqualTo(version);
        try (EventLog.Reader events = control.controller.events().read(Instant.EPOCH)) {
            Event event;
            do {
                EventLog.Entry entry = java.util.Objects.requireNonNull(
                        events.next(it -> true, Duration.ofSeconds(5)).entry());
                event = entry.event();
            } while (!event.action().equals("reload"));
            assertThat(event.type()).isEqualTo("daemon");
            assertThat(event.attributes().get("error")).contains("tapswitch.yaml:2");
        }
    }

    @Test
    void P9_theFileOfBeforeChangesNothingAfterARestart() throws Exception {
        control.controller.configure(file, null);
        var before = control.controller.state();
        control.restart();
        control.controller.configure(file, null);
        assertThat(control.controller.state()).isEqualTo(before);
    }

    @Test
    void P8_aFaultAtTheStartIsRefused() throws Exception {
        Files.writeString(file, "networks: {web: 1}");
        assertThatThrownBy(() -> control.controller.configure(file, null))
                .isInstanceOf(Refusal.class)
                .hasMessageContaining("tapswitch.yaml:1: networks.web: must be keys with values, is a number");
    }

    @Test
    void A_NET_08_commandsAndFileDoNotTakeFromEachOther() throws Exception {
        control.controller.configure(file, null);
        assertThatThrownBy(() -> control.controller.removeNetwork("web"))
                .isInstanceOf(Refusal.class)
                .hasMessageContaining("tapswitch.yaml:2");
        control.create("mine", "10.9.0.0/16");
        control.attach("a", "web");
        Files.writeString(file, "networks:\n");
        eventually(() -> assertThat(control.controller.warnings()).anyMatch(it -> it.contains("active endpoints")));
        networksAre("bridge", "host", "none", "web", "mine");
    }

    @Test
    void P8_aRunWithoutTheFileDoesNotLockTheFileOut() throws Exception {
        control.controller.configure(file, null);
        control.restart();
        control.controller.configure(null, null);
        control.attach("a", "web");
        control.restart();
        control.controller.configure(file, null);
        assertThat(control.controller.warnings()).isEmpty();
        assertThatThrownBy(() -> control.controller.removeNetwork("web")).hasMessageContaining("tapswitch.yaml:2");
    }

    @Test
    void P8_atTheStartAFileThatContradictsWhatIsThereLetsItGoOnAndIsTriedAgain() throws Exception {
        control.controller.configure(file, null);
        control.attach("a", "web");
        Files.writeString(file, "networks:\n  db:\n");
        control.restart();
        control.controller.configure(file, null);
        networksAre("bridge", "host", "none", "web");
        assertThat(control.dataplane.ports).hasSize(1);
        assertThat(control.controller.warnings())
                .singleElement()
                .asString()
                .startsWith("the configuration file is not in force: ")
                .contains("network web is not declared any more, but has active endpoints (a)");
        control.disconnect("web", "a");
        control.controller.reload();
        networksAre("bridge", "host", "none", "db");
        eventually(() -> assertThat(control.controller.warnings()).isEmpty());
    }

    @Test
    void P8_atTheFirstStartACollisionEndsIt() throws Exception {
        Files.writeString(file, "networks:\n  a: {subnet: 10.1.0.0/16}\n  b: {subnet: 10.1.0.0/24}\n");
        assertThatThrownBy(() -> control.controller.configure(file, null))
                .isInstanceOf(Refusal.class)
                .hasMessageContaining("tapswitch.yaml:3");
    }

    @Test
    void P8_withoutAFileItsNetworksAreThoseOfCommands() throws Exception {
        control.controller.configure(file, null);
        control.restart();
        control.controller.configure(null, null);
        assertThat(control.controller.reload()).isFalse();
        assertThat(control.controller.configuration()).isNull();
        assertThat(control.controller.removeNetwork("web")).isEqualTo("web");
        networksAre("bridge", "host", "none");
    }
}
