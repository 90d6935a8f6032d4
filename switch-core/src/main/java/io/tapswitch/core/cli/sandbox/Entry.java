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

    /** With a terminal of its own: in a session of its own, whose terminal it becomes; its keys send signals again. */
    private static final String ENTER_SESSION =
            "find_command \"$1\"\nexec setsid --ctty --wait env --default-signal=INT,QUIT sh -c 'exec \"$@\"'"
                    + " sh \"$@\" 2>&1\n";

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
    public int run(List<String> command, Streams streams) {
        Foreground foreground = Foreground.prepare(streams);
        Process process = Foreground.start(foreground.builder(words(command, streams)), 1);
        // nsenter stays outside and its child is the command, because a PID namespace holds only children; so does
        // setsid when it led a process group before.
        boolean child = forks || streams.ownTerminal();
        return foreground.await(process, () -> child ? onlyChild(process.toHandle()) : process.pid());
    }

    List<String> words(List<String> command, Streams streams) {
        List<String> all = new ArrayList<>(words);
        String script = Scripts.read("find-command.sh") + (streams.ownTerminal() ? ENTER_SESSION : ENTER);
        all.addAll(List.of("sh", "-c", script, "tapswitch"));
        all.addAll(command);
        return all;
    }

    private static long onlyChild(ProcessHandle parent) {
        return parent.children().mapToLong(ProcessHandle::pid).findFirst().orElse(parent.pid());
    }
}
