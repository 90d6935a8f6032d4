package io.tapswitch.core.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tapswitch.core.model.Refusal;
import io.tapswitch.core.overlay.ClusterState;
import io.tapswitch.core.overlay.store.ClusterStore;
import io.tapswitch.core.overlay.store.StoredEntry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ClusterFileTest {
    @TempDir
    Path directory = Path.of("");

    private static ClusterState state() {
        String host = "a".repeat(64);
        String text = "{\"name\":\"north\",\"vtep\":\"192.0.2.1\",\"incarnation\":3}";
        StoredEntry entry = new StoredEntry("/tapswitch/v1/hosts/" + host, text, 5, 7);
        return ClusterState.empty()
                .merged(new ClusterStore.Range("c", 9, List.of(entry)))
                .state();
    }

    @Test
    void row94_aHostIsTheSameForTheLifeOfItsDirectory_andKnowsWhatItKnew() {
        ClusterFile first = ClusterFile.next(directory);
        assertThat(first.host()).matches("[0-9a-f]{64}");
        assertThat(first.incarnation()).isEqualTo(1);
        assertThat(first.saved().view().hosts()).isEmpty();
        first.save(state());
        ClusterFile second = ClusterFile.next(directory);
        assertThat(second.host()).isEqualTo(first.host());
        assertThat(second.incarnation()).isEqualTo(2);
        assertThat(second.saved().complete()).isEqualTo(9);
        assertThat(second.saved().stored()).isEqualTo(state().stored());
        assertThat(ClusterFile.next(directory).incarnation())
                .as("also when nothing was saved meanwhile")
                .isEqualTo(3);
    }

    /** After the store was emptied, what nobody has registered again yet has no revision. */
    @Test
    void row92_whatIsOnlyRememberedIsKeptToo() {
        String network = "/tapswitch/v1/network-names/web";
        ClusterState remembered = ClusterState.restored(4, List.of(new StoredEntry(network, "b".repeat(64), 0, 0)));
        ClusterFile.next(directory).save(remembered);
        ClusterState back = ClusterFile.next(directory).saved();
        assertThat(back.isRemembered(network)).isTrue();
        assertThat(back.stored()).isEqualTo(remembered.stored());
    }

    /** As the JVM itself tells which files were forced to the disk. */
    @Test
    void row94_theFileAndItsNameAreOnTheDiskBeforeAnybodyHearsOfTheHost() throws IOException {
        Path recorded = directory.resolve("forced.jfr");
        List<String> forced;
        try (Recording recording = new Recording()) {
            recording.enable("jdk.FileForce").withoutThreshold();
            recording.start();
            ClusterFile.next(directory);
            recording.stop();
            recording.dump(recorded);
            forced = RecordingFile.readAllEvents(recorded).stream()
                    .map(event -> event.getString("path"))
                    .toList();
        }
        assertThat(forced)
                .containsSubsequence(directory.resolve("cluster.json.new").toString(), directory.toString());
    }

    @Test
    void aFileThatCannotBeReadIsRefusedAndStays() throws IOException {
        ClusterFile.next(directory);
        Path file = directory.resolve("cluster.json");
        for (String text : new String[] {"", "{", "{\"version\": 2}", "{\"version\": 1}"}) {
            Files.writeString(file, text);
            assertThatThrownBy(() -> ClusterFile.next(directory))
                    .isInstanceOf(Refusal.class)
                    .hasMessageStartingWith("what is known of the cluster cannot be read: " + file)
                    .hasMessageEndingWith("move it away to join the cluster as a new host)");
            assertThat(file).hasContent(text);
        }
    }
}
