package io.tapswitch.tapio;

import io.tapswitch.tapio.sys.Errno;
import io.tapswitch.tapio.sys.Syscalls;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;

/** A process with a vault, for {@link FdVaultIT}: one that is killed, or one that says what it finds. */
final class VaultProcess {
    /** How many tags it puts and never drops. */
    static final int LASTING = 60;

    private static final int EFD_CLOEXEC = 0x80000;

    private VaultProcess() {}

    /** {@code churn|report RUN-DIR}. */
    public static void main(String[] arguments) throws IOException {
        Path directory = Path.of(arguments[1]);
        if (arguments[0].equals("churn")) {
            churn(directory);
        } else {
            report(directory);
        }
    }

    /** Puts what lasts if it is not there; then puts, drops and opens again for ever. */
    private static void churn(Path directory) {
        Random random = new Random();
        boolean told = false;
        while (true) {
            try (FdVault vault = FdVault.open(directory)) {
                vault.taken().values().forEach(fds -> fds.forEach(Syscalls::close));
                vault.drop(vault.taken().keySet().stream()
                        .filter(tag -> tag.startsWith("passing"))
                        .toList());
                for (int i = 0; i < LASTING; i++) {
                    if (!vault.taken().containsKey("lasting" + i)) {
                        put(vault, "lasting" + i, i);
                    }
                }
                if (!told) {
                    told = true;
                    System.out.println("go");
                }
                for (int i = 0; i < 20; i++) {
                    put(vault, "passing" + i, 1000 + i);
                }
                for (int i = 0; i < 20; i++) {
                    vault.drop(List.of("passing" + i));
                    if (random.nextInt(4) == 0) {
                        put(vault, "passing" + i, 1000 + i);
                    }
                }
            }
        }
    }

    private static void report(Path directory) throws IOException {
        try (FdVault vault = FdVault.open(directory)) {
            StringBuilder text = new StringBuilder(vault.holder()).append('\n');
            for (Map.Entry<String, List<Integer>> entry : new TreeMap<>(vault.taken()).entrySet()) {
                text.append(entry.getKey());
                for (int fd : entry.getValue()) {
                    text.append(' ').append(numberOf(fd));
                }
                text.append('\n');
            }
            Files.writeString(directory.resolve("report.new"), text);
            Files.move(directory.resolve("report.new"), directory.resolve("report"));
        }
    }

    /** Puts one file that can be told from others by its number. */
    static void put(FdVault vault, String tag, int number) {
        int fd = file(number);
        vault.put(tag, List.of(fd));
        Syscalls.close(fd);
    }

    /** Opens a file that can be told from others by its number. */
    static int file(int number) {
        int fd = Syscalls.eventfd(number, EFD_CLOEXEC);
        if (fd < 0) {
            throw new AssertionError(Errno.describe(fd));
        }
        return fd;
    }

    /** {@return the number of a file of {@link #file}} */
    static int numberOf(int fd) {
        try {
            return Files.readAllLines(Path.of("/proc/self/fdinfo/" + fd)).stream()
                    .filter(line -> line.startsWith("eventfd-count:"))
                    .mapToInt(line -> Integer.parseInt(
                            line.substring("eventfd-count:".length()).strip(), 16))
                    .findFirst()
                    .orElseThrow();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    /** {@return words that start this class in a JVM of its own} */
    static List<String> command(String verb, Path directory) {
        return List.of(
                ProcessHandle.current().info().command().orElseThrow(),
                "--enable-native-access=ALL-UNNAMED",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                VaultProcess.class.getName(),
                verb,
                directory.toString());
    }

    /** Starts one that churns and kills it within a random time after it began. */
    static void churnAndKill(Path directory, long withinMicros) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command("churn", directory))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try (var lines = process.inputReader()) {
            if (!"go".equals(lines.readLine())) {
                throw new AssertionError("it ended with " + process.waitFor());
            }
            TimeUnit.MICROSECONDS.sleep(withinMicros);
        } finally {
            process.destroyForcibly().waitFor();
        }
    }
}
