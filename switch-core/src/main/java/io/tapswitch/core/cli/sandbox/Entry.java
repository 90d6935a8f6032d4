package io.tapswitch.core.cli.sandbox;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The way into a container that is there already: what {@code exec} takes. */
public final class Entry {
    private static final List<Path> NAMED = List.of(Path.of("/run/netns"), Path.of("/var/run/netns"));

    /** At a terminal, Ctrl-C must end neither the tool nor us, but the command as it sees fit: so it is let through. */
    private static final String ENTER =
            "find_command \"$1\"\nexec env --default-signal=INT,QUIT sh -c 'exec \"$@\"' sh \"$@\"\n";

    private final List<String> words;
    private final boolean forks;

    private Entry(List<String> words, boolean forks) {
        this.words = words;
        this.forks = forks;
    }

    /** Into all namespaces of what {@code run} made. */
    public static Entry ofProcess(long pid) {
        String target = Long.toString(pid);
        return new Entry(List.of("nsenter", "--target", target, "--net", "--mount", "--uts", "--pid", "--"), true);
    }

    /** Into a network namespace only; a named one with its files of /etc/netns, as ip-netns(8) does it. */
    public static Entry ofNetworkNamespace(Path path) {
        if (NAMED.contains(path.getParent())) {
            return new Entry(List.of("ip", "netns", "exec", String.valueOf(path.getFileName())), false);
        }
        return new Entry(List.of("nsenter", "--net=" + path, "--"), false);
    }

    /** Runs a command there and waits for it: its exit code, 127 when it is not found, 126 when it is no program. */
    public int run(List<String> command, boolean input) {
        Process process = Foreground.start(Foreground.builder(input, words(command)), 1);
        // nsenter stays outside and its child is the command, because a PID namespace holds only children.
        return Foreground.await(
                process,
                input,
                () -> forks
                        ? process.children()
                                .mapToLong(ProcessHandle::pid)
                                .findFirst()
                                .orElse(process.pid())
                        : process.pid());
    }

    List<String> words(List<String> command) {
        List<String> all = new ArrayList<>(words);
        String script = Scripts.read("find-command.sh") + ENTER;
        all.addAll(List.of("sh", "-c", script, "tapswitch"));
        all.addAll(command);
        return all;
    }
}
