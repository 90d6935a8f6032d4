package io.tapswitch.lab;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;

/**
 * Remembers everything that the tests make and that would outlive them: processes, namespaces, files. A shutdown hook
 * removes what is left when the JVM ends early (Ctrl-C), and the first use removes what an earlier run left behind that
 * did not even get that far; such names carry the process id of the run, and that process must be dead.
 */
final class Leftovers {
    private static final String PREFIX = "ts";
    private static final String DIRECTORY_PREFIX = "tapswitch-lab-";
    private static final Path NAMESPACES = Path.of("/run/netns");
    private static final Set<Process> PROCESSES = ConcurrentHashMap.newKeySet();
    private static final Set<String> MADE = ConcurrentHashMap.newKeySet();
    private static final Set<Path> ELSEWHERE = ConcurrentHashMap.newKeySet();
    private static final Path DIRECTORY = prepare();
    private static int lastNumber;

    private Leftovers() {}

    /** {@return a directory for this run's files, with a path short enough for unix sockets} */
    static Path directory() {
        return DIRECTORY;
    }

    /** {@return a namespace name that nobody else uses} */
    static synchronized String newName(String kind) {
        return PREFIX + ProcessHandle.current().pid() + "-" + kind + ++lastNumber;
    }

    static void remember(Process process) {
        PROCESSES.add(process);
    }

    static void forget(Process process) {
        PROCESSES.remove(process);
    }

    /** {@return a directory outside of this run's, which goes with it} */
    static Path remember(Path directory) {
        ELSEWHERE.add(directory);
        return directory;
    }

    static void rememberNamespace(String name) {
        MADE.add(name);
    }

    static void forgetNamespace(String name) {
        MADE.remove(name);
    }

    private static Path prepare() {
        try {
            sweepDeadRuns();
            Path directory = Files.createTempDirectory(
                    DIRECTORY_PREFIX + ProcessHandle.current().pid() + "-");
            Runtime.getRuntime().addShutdownHook(new Thread(() -> removeAll(directory), "lab-cleanup"));
            return directory;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void removeAll(Path directory) {
        for (Process process : PROCESSES) {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
        }
        MADE.forEach(Leftovers::deleteNamespace);
        ELSEWHERE.stream().filter(Files::exists).forEach(Leftovers::deleteTree);
        // The test goes on beside this hook until the JVM halts, and may just have made another file.
        for (int attempt = 0; attempt < 3 && Files.exists(directory); attempt++) {
            deleteTree(directory);
        }
    }

    private static void sweepDeadRuns() throws IOException {
        if (!Files.isDirectory(NAMESPACES)) {
            return;
        }
        List<String> names = new ArrayList<>();
        try (Stream<Path> entries = Files.list(NAMESPACES)) {
            entries.map(path -> path.getFileName().toString())
                    .filter(name -> name.matches(PREFIX + "\\d+-[a-z]+\\d+"))
                    .forEach(names::add);
        }
        for (String name : names) {
            long pid = Long.parseLong(name.substring(PREFIX.length(), name.indexOf('-')));
            if (ProcessHandle.of(pid).isEmpty()) {
                deleteNamespace(name);
            }
        }
        sweepDirectories(Path.of(System.getProperty("java.io.tmpdir")), DIRECTORY_PREFIX);
        sweepDirectories(Path.of("/dev/shm"), PREFIX);
    }

    private static void sweepDirectories(Path directory, String prefix) throws IOException {
        if (!Files.isDirectory(directory)) {
            return;
        }
        try (Stream<Path> entries = Files.list(directory)) {
            entries.filter(path -> path.getFileName().toString().matches(prefix + "\\d+-.*"))
                    .filter(path -> ProcessHandle.of(Long.parseLong(path.getFileName()
                                    .toString()
                                    .substring(prefix.length())
                                    .split("-", -1)[0]))
                            .isEmpty())
                    .forEach(Leftovers::deleteTree);
        }
    }

    private static void deleteNamespace(String name) {
        try {
            for (String pid : exec("ip", "netns", "pids", name).lines().toList()) {
                ProcessHandle.of(Long.parseLong(pid.strip())).ifPresent(ProcessHandle::destroyForcibly);
            }
            exec("ip", "netns", "del", name);
        } catch (IOException e) {
            System.err.println("lab: cannot remove namespace " + name + ": " + e.getMessage());
        }
    }

    private static String exec(String... command) throws IOException {
        Process process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        try {
            String out = new String(process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
            process.waitFor();
            return out;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return "";
        }
    }

    /** Deletes a directory with all that is in it. */
    static void deleteTree(Path directory) {
        try (Stream<Path> tree = Files.walk(directory)) {
            for (Path path : tree.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(path);
            }
        } catch (IOException e) {
            System.err.println("lab: cannot remove " + directory + ": " + e.getMessage());
        }
    }
}
