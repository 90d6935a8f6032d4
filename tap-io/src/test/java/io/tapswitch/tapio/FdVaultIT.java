package io.tapswitch.tapio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tapswitch.tapio.sys.Spawn;
import io.tapswitch.tapio.sys.Syscalls;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class FdVaultIT {
    private static final Map<String, String> NOBODY = Map.of();
    private static final int KILLS = Boolean.getBoolean("soak") ? 200 : 20;
    private static final int POLLHUP = 16;
    private static final int F_GETFD = 1;
    private static final int AF_UNIX = 1;
    private static final int SOCK_DGRAM = 2;

    @TempDir
    Path directory;

    @AfterEach
    void endTheKeeper() {
        Keeper keeper = Keeper.of(directory);
        if (keeper != null) {
            keeper.end(directory);
        }
    }

    @Test
    void R4_filesPutByOneProcessAreThereForTheNext() {
        String holder;
        try (FdVault vault = FdVault.open(directory, NOBODY)) {
            assertThat(vault.taken()).isEmpty();
            holder = vault.holder();
            assertThat(holder).matches("keeper \\d+");
            List<Integer> files =
                    IntStream.of(7, 8, 9).mapToObj(VaultProcess::file).toList();
            vault.put("b", files);
            VaultProcess.put(vault, "a", 10);
            files.forEach(Syscalls::close);
        }
        for (int i = 0; i < 2; i++) {
            try (FdVault vault = FdVault.open(directory, NOBODY)) {
                assertThat(vault.holder()).isEqualTo(holder);
                assertThat(numbers(vault)).isEqualTo(Map.of("a", List.of(10), "b", List.of(7, 8, 9)));
            }
        }
    }

    @Test
    void R4_filesOutliveAKilledProcessWhereverItWasKilled() throws Exception {
        long seed = Long.getLong("seed", System.nanoTime());
        Random random = new Random(seed);
        for (int i = 0; i < KILLS; i++) {
            VaultProcess.churnAndKill(directory, random.nextInt(30_000));
            try (FdVault vault = FdVault.open(directory, NOBODY)) {
                Map<String, List<Integer>> found = numbers(vault);
                for (int j = 0; j < VaultProcess.LASTING; j++) {
                    assertThat(found.get("lasting" + j))
                            .as("kill %d, seed %d", i, seed)
                            .containsExactly(j);
                }
                found.forEach((tag, numbers) -> {
                    if (tag.startsWith("passing")) {
                        assertThat(numbers).containsExactly(1000 + Integer.parseInt(tag.substring(7)));
                    }
                });
            }
        }
    }

    @Test
    void fourThousandTagsFitAndAreOpenedAndDroppedQuickly() {
        List<String> tags =
                IntStream.range(0, 4_000).mapToObj(i -> "endpoint" + i).toList();
        try (FdVault vault = FdVault.open(directory, NOBODY)) {
            for (int i = 0; i < tags.size(); i++) {
                VaultProcess.put(vault, tags.get(i), i);
            }
        }
        long begin = System.nanoTime();
        try (FdVault vault = FdVault.open(directory, NOBODY)) {
            long opened = System.nanoTime();
            assertThat((opened - begin) / 1_000_000).as("ms to open").isLessThan(500);
            assertThat(numbers(vault)).hasSize(4_000).containsEntry("endpoint3999", List.of(3_999));
            begin = System.nanoTime();
            vault.drop(List.of("endpoint3999"));
            assertThat((System.nanoTime() - begin) / 1_000_000)
                    .as("ms to drop the last")
                    .isLessThan(200);
            vault.drop(tags.subList(0, 3_998));
        }
        try (FdVault vault = FdVault.open(directory, NOBODY)) {
            assertThat(numbers(vault)).isEqualTo(Map.of("endpoint3998", List.of(3_998)));
        }
    }

    @Test
    void whenDropReturnsNobodyHoldsTheFiles() {
        try (FdVault vault = FdVault.open(directory, NOBODY)) {
            int[] first = pipeInVault(vault, "first");
            VaultProcess.put(vault, "between", 1);
            int[] second = pipeInVault(vault, "second");
            assertThat(isHungUp(first[0])).isFalse();
            vault.drop(List.of("second", "unknown"));
            assertThat(isHungUp(second[0])).isTrue();
            assertThat(isHungUp(first[0])).isFalse();
            vault.drop(List.of("first"));
            assertThat(isHungUp(first[0])).isTrue();
            VaultProcess.put(vault, "first", 2);
            Syscalls.close(first[0]);
            Syscalls.close(second[0]);
        }
        try (FdVault vault = FdVault.open(directory, NOBODY)) {
            assertThat(numbers(vault)).isEqualTo(Map.of("between", List.of(1), "first", List.of(2)));
        }
    }

    @Test
    void R14_aDirectoryIsOneProcesssAndFreeWhenThatIsKilled() throws Exception {
        try (FdVault vault = FdVault.open(directory, NOBODY)) {
            VaultProcess.put(vault, "a", 1);
            String holder = vault.holder();
            assertThatThrownBy(() -> FdVault.open(directory, NOBODY))
                    .isInstanceOf(DeviceException.class)
                    .hasMessageContaining("in use by another tapswitch daemon")
                    .hasMessageContaining("--run-dir");
            assertThat(vault.holder()).isEqualTo(holder);
        }
        VaultProcess.churnAndKill(directory, 1_000);
        try (FdVault vault = FdVault.open(directory, NOBODY)) {
            vault.end();
        }
    }

    @Test
    void refusesATagThatIsThere() {
        try (FdVault vault = FdVault.open(directory, NOBODY)) {
            VaultProcess.put(vault, "a", 1);
            assertThatThrownBy(() -> VaultProcess.put(vault, "a", 2)).isInstanceOf(IllegalStateException.class);
        }
    }

    @Test
    void ignoresAFileThatNamesAnotherProcessOrNone() throws IOException {
        for (String content :
                List.of("", "1 2", "nonsense", ProcessHandle.current().pid() + " 1", "4000000 77")) {
            Files.writeString(directory.resolve("keeper"), content);
            try (FdVault vault = FdVault.open(directory, NOBODY)) {
                assertThat(vault.taken()).isEmpty();
                VaultProcess.put(vault, "a", 1);
                vault.end();
            }
        }
        assertThat(directory.resolve("keeper")).doesNotExist();
    }

    @Test
    void aKilledKeeperIsReplacedAndNothingIsLost() {
        try (FdVault vault = FdVault.open(directory, NOBODY)) {
            VaultProcess.put(vault, "a", 1);
            String before = vault.holder();
            long pid = Long.parseLong(before.substring("keeper ".length()));
            ProcessHandle.of(pid).orElseThrow().destroyForcibly();
            TestNamespace.await("a new keeper", 2_000, () -> !vault.holder().equals(before));
            assertThat(Path.of("/proc/" + pid)).as("no zombie").doesNotExist();
            VaultProcess.put(vault, "b", 2);
        }
        try (FdVault vault = FdVault.open(directory, NOBODY)) {
            assertThat(numbers(vault)).isEqualTo(Map.of("a", List.of(1), "b", List.of(2)));
        }
    }

    @Test
    void aKeeperThatCannotBeReplacedIsSaidAndTriedAgain() throws IOException {
        Path run = Files.createDirectory(directory.resolve("run"));
        try (FdVault vault = FdVault.open(run, NOBODY)) {
            VaultProcess.put(vault, "a", 1);
            long pid = Long.parseLong(vault.holder().substring("keeper ".length()));
            Files.delete(run.resolve("keeper"));
            Files.delete(run.resolve("lock"));
            Files.delete(run);
            ProcessHandle.of(pid).orElseThrow().destroyForcibly();
            TestNamespace.await("nobody keeps it", 3_000, () -> vault.holder().startsWith("nobody (cannot write "));
            assertThat(ProcessHandle.current().children().map(ProcessHandle::info))
                    .as("no zombie and no keeper that nobody knows")
                    .noneMatch(info -> info.command().orElse("").isEmpty()
                            || info.commandLine().orElse("").contains(run.toString()));
            Files.createDirectory(run);
            TestNamespace.await("a new keeper", 5_000, () -> vault.holder().matches("keeper \\d+"));
        }
        try (FdVault vault = FdVault.open(run, NOBODY)) {
            assertThat(numbers(vault)).isEqualTo(Map.of("a", List.of(1)));
            vault.end();
        }
    }

    @Test
    void endLetsEverythingGoAndLeavesNoProcess() {
        FdVault vault = FdVault.open(directory, NOBODY);
        int[] pipe = pipeInVault(vault, "a");
        String pid = vault.holder().substring("keeper ".length());
        vault.end();
        assertThat(isHungUp(pipe[0])).isTrue();
        Syscalls.close(pipe[0]);
        assertThat(Path.of("/proc", pid)).doesNotExist();
        assertThat(directory).isEmptyDirectory();
    }

    @Test
    void leavesNoDescriptorBehindAndGivesNoneToOtherPrograms() throws IOException {
        try (FdVault vault = FdVault.open(directory, NOBODY)) {
            VaultProcess.put(vault, "a", 1);
        }
        int before = openFiles();
        for (int i = 0; i < 10; i++) {
            try (FdVault vault = FdVault.open(directory, NOBODY)) {
                for (int fd : vault.taken().getOrDefault("a", List.of())) {
                    assertThat(Syscalls.fcntl(fd, F_GETFD, 0))
                            .as("closed at exec")
                            .isEqualTo(1);
                    Syscalls.close(fd);
                }
                vault.drop(List.of("a"));
                VaultProcess.put(vault, "a", 1);
            }
        }
        assertThat(openFiles()).isLessThanOrEqualTo(before);
        Path keeper = Path.of(
                "/proc", "" + Objects.requireNonNull(Keeper.of(directory)).pid());
        try (var files = Files.list(keeper.resolve("fd"))) {
            assertThat(files.map(file -> file.getFileName().toString()).sorted())
                    .containsExactly("0", "1", "2", "3", "4", "5", "6");
        }
        assertThat(keeper.resolve("cwd").toRealPath()).isEqualTo(Path.of("/"));
    }

    @Test
    void R6_systemdKeepsTheQueueInsteadOfAKeeper() throws Exception {
        String socketName = "@tapswitch-vault-test-" + ProcessHandle.current().pid();
        int listener = bound(socketName);
        try (FdMessage received = new FdMessage()) {
            Map<String, String> systemd = Map.of("NOTIFY_SOCKET", socketName, "FDSTORE", "16");
            try (FdVault vault = FdVault.open(directory, systemd)) {
                assertThat(vault.holder()).isEqualTo("systemd");
                VaultProcess.put(vault, "a", 1);
                VaultProcess.put(vault, "b", 2);
            }
            assertThat(directory.resolve("keeper")).doesNotExist();
            FdMessage.Received stored = Objects.requireNonNull(received.receive(listener, 0));
            assertThat(stored.text()).isEqualTo("FDSTORE=1\nFDNAME=tapswitch-vault");
            assertThat(stored.fds()).hasSize(2);
            // In whatever order: systemd does not promise one.
            assertThat(restartedBySystemd(
                            socketName, stored.fds().get(1), stored.fds().get(0)))
                    .containsExactly("systemd", "a 1", "b 2");
            assertThat(restartedBySystemd(
                            socketName, stored.fds().get(0), stored.fds().get(1)))
                    .containsExactly("systemd", "a 1", "b 2");
            stored.fds().forEach(Syscalls::close);
        } finally {
            Syscalls.close(listener);
        }
    }

    @Test
    void whereSystemdMayNotKeepFilesAKeeperDoesToo() {
        Path socket = directory.resolve("notify");
        int listener = bound(socket.toString());
        try (FdVault vault = FdVault.open(directory, Map.of("NOTIFY_SOCKET", socket.toString()))) {
            assertThat(vault.holder()).matches("systemd and keeper \\d+");
        } finally {
            Syscalls.close(listener);
        }
    }

    /** What a process finds that is started as systemd starts a service with stored files. */
    private List<String> restartedBySystemd(String socketName, int first, int second) throws IOException {
        List<String> words = new ArrayList<>(List.of(
                "sh",
                "-c",
                "LISTEN_PID=$$ LISTEN_FDS=2 LISTEN_FDNAMES=tapswitch-vault:tapswitch-vault NOTIFY_SOCKET=" + socketName
                        + " exec \"$@\"",
                "sh"));
        words.addAll(VaultProcess.command("report", directory));
        long pid = Spawn.start("/bin/sh", words, -1, -1, -1, first, second);
        assertThat(pid).isPositive();
        assertThat(Syscalls.waitForChild(pid)).isEqualTo((int) pid);
        List<String> lines = Files.readAllLines(directory.resolve("report"));
        Files.delete(directory.resolve("report"));
        return lines;
    }

    private static int bound(String name) {
        int socket = Syscalls.socket(AF_UNIX, SOCK_DGRAM | 0x80000, 0);
        try (Arena arena = Arena.ofConfined()) {
            assertThat(Syscalls.bind(socket, FdMessage.address(arena, name))).isZero();
        }
        return socket;
    }

    private static Map<String, List<Integer>> numbers(FdVault vault) {
        Map<String, List<Integer>> numbers = new TreeMap<>();
        vault.taken().forEach((tag, fds) -> {
            numbers.put(tag, fds.stream().map(VaultProcess::numberOf).toList());
            fds.forEach(Syscalls::close);
        });
        return new HashMap<>(numbers);
    }

    /** A pipe whose end to write is in the vault only. */
    private static int[] pipeInVault(FdVault vault, String tag) {
        int[] pipe = new int[2];
        assertThat(Syscalls.pipe(pipe, 0x80000)).isZero();
        vault.put(tag, List.of(pipe[1]));
        Syscalls.close(pipe[1]);
        return pipe;
    }

    private static boolean isHungUp(int fd) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment pollfd = arena.allocate(8, 8);
            pollfd.set(ValueLayout.JAVA_INT, 0, fd);
            Syscalls.ppoll(pollfd.address(), 1, arena.allocate(16, 8).address());
            return (pollfd.get(ValueLayout.JAVA_SHORT, 6) & POLLHUP) != 0;
        }
    }

    private static int openFiles() {
        return Objects.requireNonNull(new java.io.File("/proc/self/fd").list()).length;
    }
}
