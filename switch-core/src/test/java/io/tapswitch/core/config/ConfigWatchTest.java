package io.tapswitch.core.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tapswitch.core.config.Configuration.DeclaredNetwork;
import io.tapswitch.core.model.Refusal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class ConfigWatchTest {
    @TempDir
    Path directory;

    private Path file = Path.of("");
    /** The names of the networks of each configuration that came into force. */
    private final List<List<String>> inForce = new CopyOnWriteArrayList<>();

    private final List<String> told = new CopyOnWriteArrayList<>();
    private ConfigWatch watch = new ConfigWatch(Path.of(""), ConfigFile::parse, it -> {}, (path, fault) -> {});

    @BeforeEach
    void compose() throws Exception {
        file = directory.resolve("tapswitch.yaml");
        Files.writeString(file, "networks: {a: {}}");
        watch = new ConfigWatch(
                file, ConfigFile::parse, this::accept, (path, fault) -> told.add(fault == null ? "ok" : fault));
    }

    @AfterEach
    void close() {
        watch.close();
    }

    private void accept(Configuration configuration) {
        List<String> names =
                configuration.networks().stream().map(DeclaredNetwork::name).toList();
        if (names.contains("refused")) {
            throw Refusal.conflict("network refused cannot be");
        }
        inForce.add(names);
    }

    private static void until(BooleanSupplier condition) {
        long deadline = System.nanoTime() + 20_000_000_000L;
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).isLessThan(deadline);
            LockSupport.parkNanos(1_000_000);
        }
    }

    private void untilInForce(String... names) {
        until(() -> inForce.getLast().equals(List.of(names)));
    }

    @Test
    void P8_aFileThatWasClosedOrRenamedIntoPlaceIsInForceByItself() throws Exception {
        watch.start(false);
        untilInForce("a");
        Files.writeString(file, "networks: {a: {}, b: {}}");
        untilInForce("a", "b");
        Path beside = directory.resolve("beside");
        Files.writeString(beside, "networks: {c: {}}");
        Files.move(beside, file, StandardCopyOption.ATOMIC_MOVE);
        untilInForce("c");
        assertThat(watch.warnings()).isEmpty();
        until(() -> watch.current().networks().getFirst().name().equals("c"));
    }

    @Test
    void P8_aFaultChangesNothingAndIsSaid() throws Exception {
        watch.start(false);
        for (String bad : List.of("networks: {a: {x: 1}}", "networks: {refused: {}}", "a: [")) {
            Files.writeString(file, bad);
            until(() -> !told.isEmpty() && !told.getLast().equals("ok"));
            assertThat(watch.warnings())
                    .singleElement()
                    .satisfies(it -> assertThat(it)
                            .startsWith("the configuration file is not in force: ")
                            .endsWith(told.getLast()));
            assertThat(watch.current().networks())
                    .extracting(DeclaredNetwork::name)
                    .containsExactly("a");
            Files.writeString(file, "networks: {a: {}}");
            until(() -> told.getLast().equals("ok"));
            assertThat(watch.warnings()).isEmpty();
        }
        Files.delete(file);
        until(() -> told.getLast().equals("cannot read " + file + ": there is no such file"));
        assertThat(inForce).allMatch(List.of("a")::equals);
    }

    @Test
    void P8_aFaultAtTheStartEndsIt() throws Exception {
        Files.writeString(file, "networks: {a: {}, a: {}}");
        assertThatThrownBy(() -> watch.start(false))
                .isInstanceOf(Refusal.class)
                .hasMessageStartingWith(file + ":1: a: is there twice");
        Files.writeString(file, "networks: {refused: {}}");
        assertThatThrownBy(() -> watch.start(false))
                .isInstanceOf(Refusal.class)
                .hasMessage("network refused cannot be");
        assertThat(inForce).isEmpty();
    }

    @Test
    void row79_theLastOfAThousandRequestsSeesTheLastFile() throws Exception {
        watch.start(false);
        for (int i = 0; i < 1_000; i++) {
            Files.writeString(file, i % 2 == 0 ? "networks: {a: {}}" : "networks: {b: {}}");
            watch.reload();
        }
        untilInForce("b");
        assertThat(inForce).as("a file that is just being written").doesNotContain(List.of());
        int readings = told.size();
        watch.reload();
        until(() -> told.size() > readings);
        assertThat(inForce.getLast()).containsExactly("b");
    }

    @Test
    void P8_whatIsPreparedWhileTheFileRestsIsWhatComesIntoForce_andALongFileIsRehearsed() throws Exception {
        List<Configuration> prepared = new CopyOnWriteArrayList<>();
        List<Configuration> accepted = new CopyOnWriteArrayList<>();
        Files.writeString(file, "# long\n".repeat(10_000) + "networks: {a: {}}");
        try (ConfigWatch full =
                new ConfigWatch(file, ConfigFile::parse, () -> "", prepared::add, accepted::add, (path, fault) -> {})) {
            full.start(false);
            until(() -> prepared.size() >= 4);
            assertThat(accepted).hasSize(1);
            Files.writeString(file, "networks: {b: {}}");
            until(() -> accepted.size() == 2);
            assertThat(prepared.getLast()).isSameAs(accepted.getLast());
        }
    }
}
