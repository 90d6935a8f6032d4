package io.tapswitch.tapio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class FileWatchTest {
    @TempDir
    Path temporary;

    private Path directory = Path.of("/");
    private @Nullable FileWatch watch;
    private final BlockingQueue<Path> told = new LinkedBlockingQueue<>();

    @BeforeEach
    void resolve() throws IOException {
        directory = temporary.toRealPath();
    }

    @AfterEach
    void close() {
        if (watch != null) {
            watch.close();
        }
    }

    @Test
    void P8_aFileIsToldOnceItWasClosedAndNotWhileItIsWritten() throws Exception {
        Path file = directory.resolve("config");
        Path other = directory.resolve("other");
        watch = FileWatch.start(List.of(file, other), told::add);
        try (OutputStream out = Files.newOutputStream(file)) {
            out.write(1);
            assertThat(told.poll(300, TimeUnit.MILLISECONDS)).isNull();
            out.write(2);
        }
        expect(file);
        Files.writeString(directory.resolve("stranger"), "x");
        Files.writeString(other, "x");
        expect(other);
    }

    @Test
    void aFileThatIsRenamedIntoPlaceOrRemovedIsTold() throws Exception {
        Path file = directory.resolve("config");
        Files.writeString(file, "1");
        watch = FileWatch.start(List.of(file), told::add);
        Path next = directory.resolve("config.new");
        Files.writeString(next, "2");
        Files.move(next, file, StandardCopyOption.ATOMIC_MOVE);
        expect(file);
        Files.delete(file);
        expect(file);
    }

    @Test
    void manyChangesInARowAreToldOnce() throws Exception {
        Path file = directory.resolve("config");
        watch = FileWatch.start(List.of(file), told::add);
        for (int i = 0; i < 50; i++) {
            Files.writeString(file, "" + i);
        }
        expect(file);
    }

    @Test
    void symbolicLinksAreFollowedAsOrchestratorsUseThem() throws Exception {
        Path first = Files.createDirectory(directory.resolve("..first"));
        Path second = Files.createDirectory(directory.resolve("..second"));
        Files.writeString(first.resolve("config"), "1");
        Files.writeString(second.resolve("config"), "2");
        Path data = Files.createSymbolicLink(directory.resolve("..data"), Path.of("..first"));
        Path file = Files.createSymbolicLink(directory.resolve("config"), Path.of("..data", "config"));
        watch = FileWatch.start(List.of(file), told::add);
        Files.writeString(first.resolve("config"), "1b");
        expect(file);
        Path swap = Files.createSymbolicLink(directory.resolve("..swap"), Path.of("..second"));
        Files.move(swap, data, StandardCopyOption.ATOMIC_MOVE);
        expect(file);
        Files.writeString(second.resolve("config"), "2b");
        expect(file);
    }

    @Test
    void aLinkThatLeadsInACircleEndsNowhereAndIsStillWatched() throws Exception {
        Path file = Files.createSymbolicLink(directory.resolve("a"), Path.of("b"));
        Files.createSymbolicLink(directory.resolve("b"), Path.of("a"));
        watch = FileWatch.start(List.of(file), told::add);
        Files.delete(file);
        Files.writeString(file, "1");
        expect(file);
    }

    @Test
    void refusesAFileWhoseDirectoryDoesNotExist() {
        Path file = directory.resolve("nowhere/config");
        assertThatThrownBy(() -> FileWatch.start(List.of(file), told::add))
                .isInstanceOf(DeviceException.class)
                .hasMessage("cannot watch " + file + ": its directory does not exist");
    }

    private void expect(Path file) throws InterruptedException {
        assertThat(told.poll(2, TimeUnit.SECONDS)).isEqualTo(file);
        assertThat(told.poll(250, TimeUnit.MILLISECONDS)).as("told once").isNull();
    }
}
