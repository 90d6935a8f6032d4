package io.tapswitch.core.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tapswitch.core.model.ObjectName;
import io.tapswitch.core.model.Refusal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StateDirectoryTest {
    private static final Network WEB = new Network(
            ObjectName.newId(),
            "web",
            "2026-11-21T10:00:00.000000001Z",
            "bridge",
            Ipv4.prefix("10.1.0.0/16", "subnet"),
            Ipv4.parse("10.1.0.9", "gateway"),
            Map.of(NetworkOptions.MTU, "1400"),
            Map.of("tier", "front"));

    @TempDir
    Path directory;

    @Test
    void bringsBackWhatWasWritten() {
        try (StateDirectory state = StateDirectory.open(directory)) {
            assertThat(state.load()).isEmpty();
            state.save(List.of(WEB));
            assertThat(state.load()).containsExactly(WEB);
        }
        assertThat(directory.resolve("state.json.new")).doesNotExist();
    }

    @Test
    void belongsToOneDaemonAtATime() {
        try (StateDirectory first = StateDirectory.open(directory)) {
            assertThat(first.path()).isEqualTo(directory);
            assertThatThrownBy(() -> StateDirectory.open(directory))
                    .hasMessageContaining("in use by another tapswitch daemon")
                    .hasMessageContaining(directory.toString());
        }
        StateDirectory.open(directory).close();
    }

    @ParameterizedTest
    @DisplayName("A file that is broken or newer stops the start, is named, and stays as it is")
    @ValueSource(
            strings = {
                "",
                "{",
                "[]",
                "{\"version\":2,\"networks\":[]}",
                "{\"networks\":[]}",
                "{\"version\":1,\"networks\":[{\"name\":\"web\"}]}",
                "{\"version\":1,\"extra\":1}",
                "{\"version\":1,\"networks\":[null]}"
            })
    void neverOverwritesWhatItCannotRead(String contents) throws Exception {
        Path file = directory.resolve("state.json");
        Files.writeString(file, contents);
        try (StateDirectory state = StateDirectory.open(directory)) {
            assertThatThrownBy(state::load).isInstanceOf(Refusal.class).hasMessageContaining(file.toString());
        }
        assertThat(file).hasContent(contents);
    }
}
