package io.tapswitch.tapio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tapswitch.tapio.sys.Errno;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class FlowFileTest {
    private static final int LENGTH = 3 * 4096 + 8;

    @TempDir
    private Path directory;

    @Test
    void aNewFileIsZerosThatHaveTheirBlocks() throws IOException {
        Path path = directory.resolve("flows");
        try (FlowFile file = FlowFile.open(path, LENGTH)) {
            file.buffer().verifyAlignment();
            assertThat(file.buffer().capacity()).isEqualTo(LENGTH);
            for (int at = 0; at < LENGTH; at += Long.BYTES) {
                assertThat(file.buffer().getLong(at)).isZero();
            }
        }
        assertThat(Files.size(path)).isEqualTo(LENGTH);
        assertThat(Files.getPosixFilePermissions(path)).hasSize(2);
        String blocks = TestNamespace.sh("stat -c '%b %B' " + path).strip();
        String[] numbers = blocks.split(" ", -1);
        assertThat(Long.parseLong(numbers[0]) * Long.parseLong(numbers[1])).isGreaterThanOrEqualTo(LENGTH);
    }

    @Test
    void anotherLengthKeepsWhatReachesThere() {
        Path path = directory.resolve("flows");
        try (FlowFile file = FlowFile.open(path, LENGTH)) {
            file.buffer().putLong(8, 42);
            file.buffer().putLong(LENGTH - 8, 43);
        }
        try (FlowFile file = FlowFile.open(path, LENGTH + 4096)) {
            assertThat(file.buffer().getLong(8)).isEqualTo(42);
            assertThat(file.buffer().getLong(LENGTH - 8)).isEqualTo(43);
            assertThat(file.buffer().getLong(LENGTH)).isZero();
        }
        try (FlowFile file = FlowFile.open(path, 16)) {
            assertThat(file.buffer().getLong(8)).isEqualTo(42);
        }
    }

    @Test
    void isOneOwnersAtATime() {
        Path path = directory.resolve("flows");
        FlowFile file = FlowFile.open(path, LENGTH);
        assertThatThrownBy(() -> FlowFile.open(path, LENGTH))
                .isInstanceOfSatisfying(
                        DeviceException.class, e -> assertThat(e.errno()).isEqualTo(Errno.EAGAIN))
                .hasMessageContaining(path.toString());
        file.close();
        file.close();
        FlowFile.open(path, LENGTH).close();
    }

    @Test
    void R14_aKilledProcessLeavesWhatItStoredAndNoLock() throws Exception {
        Path path = directory.resolve("flows");
        Process process = new ProcessBuilder(List.of(
                        ProcessHandle.current().info().command().orElseThrow(),
                        "--enable-native-access=ALL-UNNAMED",
                        "--add-exports=java.base/jdk.internal.misc=ALL-UNNAMED",
                        "--add-opens=java.base/jdk.internal.misc=ALL-UNNAMED",
                        "-XX:+UseSerialGC",
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Storer.class.getName(),
                        path.toString()))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try (BufferedReader lines = process.inputReader()) {
            assertThat(lines.readLine()).isEqualTo("stored");
            assertThatThrownBy(() -> FlowFile.open(path, LENGTH)).isInstanceOf(DeviceException.class);
        } finally {
            process.destroyForcibly().waitFor();
        }
        try (FlowFile file = FlowFile.open(path, LENGTH)) {
            for (int at = 0; at < LENGTH; at += Long.BYTES) {
                assertThat(file.buffer().getLong(at)).isEqualTo(at + 1L);
            }
        }
    }

    /** A process that stores and then waits to be killed. */
    static final class Storer {
        private Storer() {}

        public static void main(String[] arguments) throws IOException {
            FlowFile file = FlowFile.open(Path.of(arguments[0]), LENGTH);
            for (int at = 0; at < LENGTH; at += Long.BYTES) {
                file.buffer().putLong(at, at + 1L);
            }
            System.out.println("stored");
            System.out.flush();
            int end = System.in.read();
            file.buffer().putLong(0, end);
        }
    }

    @Test
    void saysWhetherItLiesInMemory() throws IOException {
        Path memory = Path.of("/dev/shm");
        Assumptions.assumeTrue(
                Files.isDirectory(memory) && Files.getFileStore(memory).type().equals("tmpfs"), "no tmpfs at /dev/shm");
        Path path = Files.createTempFile(memory, "tapswitch-test", "");
        try (FlowFile file = FlowFile.open(path, LENGTH)) {
            assertThat(file.isMemory()).isTrue();
        } finally {
            Files.delete(path);
        }
        try (FlowFile file = FlowFile.open(directory.resolve("flows"), LENGTH)) {
            assertThat(file.isMemory())
                    .isEqualTo(Files.getFileStore(directory).type().equals("tmpfs"));
        }
    }

    @Test
    void refusesWhatCannotBe() {
        assertThatThrownBy(() -> FlowFile.open(directory.resolve("flows"), 0))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> FlowFile.open(directory.resolve("flows"), 1L << 31))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> FlowFile.open(directory.resolve("no").resolve("flows"), 1))
                .isInstanceOf(DeviceException.class)
                .hasMessageContaining("ENOENT");
    }

    @Test
    void derivedMemoryIsZerosAndTheBootHasAnId() {
        try (MappedMemory memory = MappedMemory.map(1L << 30)) {
            memory.buffer().verifyAlignment();
            assertThat(memory.buffer().capacity()).isEqualTo(1 << 30);
            assertThat(memory.buffer().getLong((1 << 30) - 8)).isZero();
        }
        assertThat(BootId.read()).isEqualTo(BootId.read()).isNotEqualTo(new BootId(0, 0));
    }
}
