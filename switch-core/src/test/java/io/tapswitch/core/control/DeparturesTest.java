package io.tapswitch.core.control;

import static io.tapswitch.core.control.Eventually.eventually;
import static io.tapswitch.core.control.TestControl.refused;
import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.core.model.Container;
import io.tapswitch.core.model.Refusal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DeparturesTest {
    @TempDir
    Path directory;

    private TestControl control;

    @BeforeEach
    void start() {
        control = new TestControl(directory);
        control.create("web", "10.1.0.0/24");
    }

    @AfterEach
    void stop() {
        control.close();
    }

    @Test
    @DisplayName("R13 what died goes also when the state cannot be written; what people ask is refused meanwhile")
    void goesOnWithAFullDisk() throws Exception {
        Container one = control.attach("one", "web");
        // A directory in the place of the new file: nothing can be written, whoever asks.
        Path blocked = Files.createDirectories(directory.resolve("state.json.new"));
        Path content = Files.createFile(blocked.resolve("x"));
        refused(Refusal.Kind.FAILED, () -> control.attach("two", "web"), "state");
        control.plumbing.listener(one.endpoints().getFirst().id()).onGone();
        eventually(() -> assertThat(control.container("one").status()).isEqualTo(Container.Status.DETACHED));
        control.nothingIsAttached();
        assertThat(control.controller.warnings())
                .anySatisfy(
                        warning -> assertThat(warning).contains("the state on the disk is older than that in force"));
        Files.delete(content);
        Files.delete(blocked);
        control.attach("two", "web");
        assertThat(control.controller.warnings()).isEmpty();
        control.restart();
        assertThat(control.container("one").status()).isEqualTo(Container.Status.DETACHED);
    }

    @Test
    @DisplayName("A namespace without interfaces is watched until it has one, and its end detaches the container")
    void watchesBareNamespaces() throws Exception {
        Container bare = control.attach("bare", "none");
        Container left = control.attach("left", "web");
        control.disconnect("web", "left");
        assertThat(control.plumbing.namespaces).containsOnlyKeys(bare.id(), left.id());
        control.connect("web", "left");
        assertThat(control.plumbing.namespaces).containsOnlyKeys(bare.id());
        Objects.requireNonNull(control.plumbing.namespaces.get(bare.id())).run();
        eventually(() -> assertThat(control.container("bare").status()).isEqualTo(Container.Status.DETACHED));
        assertThat(control.plumbing.namespaces).isEmpty();
    }

    @Test
    @DisplayName("--detach-on-exit takes everything away: containers, the host's interface, the keeper")
    void detachesAll() {
        control.attach("one", "web");
        control.controller.detachAll();
        control.nothingIsAttached();
        assertThat(control.container("one").status()).isEqualTo(Container.Status.DETACHED);
        assertThat(control.dataplane.tables.host()).isNull();
        assertThat(control.plumbing.ended).isTrue();
    }

    @Test
    @DisplayName("Events say in docker's words what happened, in its order")
    void tellsEvents() throws Exception {
        Instant start = Instant.now();
        Container one = control.attach("one", "web");
        control.disconnect("web", "one");
        control.controller.rename("one", "uno");
        control.controller.removeContainer("uno", false);
        control.controller.removeNetwork("web");
        List<String> told = new ArrayList<>();
        try (EventLog.Reader reader = control.controller.events().read(start)) {
            EventLog.Next next = reader.next(event -> true, Duration.ZERO);
            while (next.fate() == EventLog.Fate.EVENT) {
                Event event = Objects.requireNonNull(next.entry()).event();
                told.add(event.type() + " " + event.action() + " "
                        + event.attributes().get("name")
                        + (one.id().equals(event.attributes().get("container")) ? " one" : ""));
                next = reader.next(event2 -> true, Duration.ZERO);
            }
        }
        assertThat(told)
                .containsExactly(
                        "container create one",
                        "network connect web one",
                        "container start one",
                        "network disconnect web one",
                        "container rename uno",
                        "container destroy uno",
                        "network destroy web");
    }
}
