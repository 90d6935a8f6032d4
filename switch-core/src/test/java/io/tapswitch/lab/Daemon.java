package io.tapswitch.lab;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;

/** The product: {@code scripts/tapswitch daemon} in the host's namespace, and its CLI. */
public final class Daemon implements AutoCloseable {
    /** Those that were started and not closed. */
    static final Set<Daemon> RUNNING = ConcurrentHashMap.newKeySet();

    private static final Pattern TROUBLE = Pattern.compile("\\b(WARN|ERROR)\\b|Exception|^\\tat |\\bError\\b");
    private static final String RUN_DIR = "--run-dir";
    private static final Path MEMORY = Path.of("/dev/shm");
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    /** A start takes 2 s, and up to 15 s were measured beside a compiler on two cores. */
    private static final Duration START_PATIENCE = Duration.ofSeconds(60);

    private static final Path LAUNCHER = launcher();

    private final LabHost host;
    private final Path directory;
    private final Path run;
    private final Path socket;
    private final Background process;
    private final Api api;
    private final List<Pattern> expected = new ArrayList<>();
    private int checkedLines;

    private Daemon(LabHost host, Path directory, Path run, Background process) {
        this.host = host;
        this.directory = directory;
        this.run = run;
        this.socket = directory.resolve("s");
        this.process = process;
        this.api = new Api(socket);
        RUNNING.add(this);
    }

    LabHost host() {
        return host;
    }

    /** {@return the folder of the project, found upwards from where the tests run} */
    public static Path projectRoot() {
        Path directory = Path.of("").toAbsolutePath();
        while (!Files.exists(directory.resolve("scripts/tapswitch"))) {
            directory = directory.getParent();
            if (directory == null) {
                throw new AssertionError(
                        "scripts/tapswitch is not above " + Path.of("").toAbsolutePath());
            }
        }
        return directory;
    }

    /** The launcher, with the caches that an installed product has as well, where the run of all tests asks for them. */
    private static Path launcher() {
        Path scripts = projectRoot().resolve("scripts");
        Path launcher = scripts.resolve("tapswitch");
        if (Boolean.getBoolean("aotCache")) {
            Commands.run(
                            Duration.ofMinutes(2),
                            "",
                            List.of(scripts.resolve("aot-cache").toString(), launcher.toString()))
                    .ok();
        }
        return launcher;
    }

    /** Starts a daemon and waits until it says that it is ready. */
    public static Daemon start(LabHost host, Path directory, List<String> wrapper, List<String> flags) {
        Daemon daemon = launch(host, directory, wrapper, flags);
        daemon.process.awaitWords(START_PATIENCE, "tapswitch: ready");
        return daemon;
    }

    /** Starts a daemon, as the words of a wrapper (strace, env) if there are any, without waiting. */
    public static Daemon launch(LabHost host, Path directory, List<String> wrapper, List<String> flags) {
        Path socket = directory.resolve("s");
        List<String> command = new ArrayList<>(List.of("ip", "netns", "exec", host.name()));
        command.addAll(wrapper);
        command.addAll(List.of(
                LAUNCHER.toString(),
                "--socket",
                socket.toString(),
                "daemon",
                "--state-dir",
                directory.resolve("state").toString()));
        if (!flags.contains(RUN_DIR)) {
            command.addAll(List.of(RUN_DIR, runDirectory(host, directory, flags).toString()));
        }
        if (!flags.contains("--uplink")) {
            command.addAll(List.of("--uplink", "none"));
        }
        command.addAll(flags);
        return new Daemon(host, directory, runDirectory(host, directory, flags), Commands.start(command));
    }

    /** What is mapped there while frames pass must not be on a disk. */
    private static Path runDirectory(LabHost host, Path directory, List<String> flags) {
        int given = flags.indexOf(RUN_DIR);
        if (given >= 0) {
            return Path.of(flags.get(given + 1));
        }
        return flags.contains("--uplink") && Files.isDirectory(MEMORY)
                ? Leftovers.remember(MEMORY.resolve(host.name()))
                : directory.resolve("run");
    }

    /** {@return its run directory} */
    public Path run() {
        return run;
    }

    /** Removes all traces of it, which must not run any more, by the product's own command. */
    public Outcome cleanup() {
        return cli("cleanup", "--state-dir", directory.resolve("state").toString(), "--run-dir", run.toString());
    }

    /** {@return the process, which is the daemon's JVM unless there is a wrapper} */
    public Background process() {
        return process;
    }

    /** {@return what the daemon's process uses} */
    public ProcessUse use() {
        return new ProcessUse(api.get("/status").number("pid"));
    }

    /** {@return its HTTP API} */
    public Api api() {
        return api;
    }

    /**
     * Runs the product's command line against this daemon: inside this JVM where that makes no difference to the
     * command, because a JVM for each would be most of the time of most tests, and otherwise on the host.
     */
    public Outcome cli(String... words) {
        return CliInside.takes(words) ? CliInside.run(PATIENCE, socket, words) : cliOnHost(words);
    }

    /** Runs the product's command line as people do: by the launcher, as a process of its own on the host. */
    public Outcome cliOnHost(String... words) {
        return cliWithInput("", words);
    }

    /** Runs the product's command line with something on its standard input. */
    public Outcome cliWithInput(String input, String... words) {
        return Commands.run(PATIENCE, input, command(words));
    }

    /** Runs the product's command line, which must refuse in words that people read. {@return those} */
    public String refused(String... words) {
        Outcome outcome = cli(words);
        assertThat(outcome.exit()).as("%s", outcome).isNotZero();
        assertThat(outcome.err())
                .as("%s", outcome)
                .isNotBlank()
                .doesNotContain("Exception")
                .doesNotContain("\tat ");
        return outcome.err().strip();
    }

    /** Starts the product's command line on the host, against this daemon. */
    public Background startCli(String... words) {
        return Commands.start(command(words));
    }

    List<String> command(String... words) {
        List<String> command = new ArrayList<>(
                List.of("ip", "netns", "exec", host.name(), LAUNCHER.toString(), "--socket", socket.toString()));
        command.addAll(List.of(words));
        return command;
    }

    /** {@return a counter of the switch itself} */
    public long internal(String name) {
        return api.get("/stats").at("internals").numberOrZero(name);
    }

    /** From now on, log lines that the expression finds are no reason to fail. */
    public void expectLog(String regex) {
        expected.add(Pattern.compile(regex));
    }

    /** Waits until nothing moves and the sum of the frames holds, 3 s at most. */
    public void assertConservation() {
        boolean holds = Eventually.within(
                Duration.ofSeconds(3),
                () -> api().get("/stats").at("conservation").is("holds"));
        assertThat(holds)
                .as("frames are conserved: %s", api().get("/stats").at("conservation"))
                .isTrue();
    }

    /** {@return frames dropped for a reason, at all ports} */
    public long drops(String reason) {
        return api().get("/drops").elements().stream()
                .filter(drop -> drop.text("reason").equals(reason))
                .mapToLong(drop -> drop.number("frames"))
                .sum();
    }

    /** {@return warnings, errors and stack traces that it has logged since the last call and that no test expects} */
    public List<String> newTrouble() {
        List<String> lines = process.err().lines().toList();
        List<String> trouble = lines.subList(checkedLines, lines.size()).stream()
                .filter(line -> TROUBLE.matcher(line).find())
                .filter(line -> expected.stream()
                        .noneMatch(pattern -> pattern.matcher(line).find()))
                .toList();
        checkedLines = lines.size();
        expected.clear();
        return trouble;
    }

    /** {@return all that it has logged} */
    public String log() {
        return process.err();
    }

    @Override
    public void close() {
        RUNNING.remove(this);
        if (process.alive()) {
            // Not the process that was started: a wrapper does not pass signals on.
            ProcessHandle.of(api.get("/status").number("pid")).ifPresent(ProcessHandle::destroy);
            process.await(Duration.ofSeconds(10));
        }
        process.close();
    }
}
