package io.tapswitch.lab;

import io.tapswitch.core.cli.Main;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * The product's command line as a call instead of a process. It is the same from the first word to the exit code; left
 * out are the launcher and the JVM, which the scenarios, {@link Daemon#cliOnHost} and all other verbs go through.
 */
final class CliInside {
    /** Verbs that only talk with the daemon: they start nothing, follow nothing, and read neither input nor /proc. */
    private static final Set<String> TALKERS = Set.of(
            "attach",
            "drops",
            "fdb",
            "flows",
            "inspect",
            "network",
            "node",
            "peers",
            "port",
            "ps",
            "publish",
            "rename",
            "rm",
            "stats",
            "status",
            "stop",
            "unpublish");

    private CliInside() {}

    /** {@return whether these words may run in this JVM} */
    static boolean takes(String... words) {
        List<String> all = List.of(words);
        // It asks whether one is sure, and reads the answer.
        boolean asks = all.contains("prune");
        return TALKERS.contains(words[0]) && !asks && !all.contains("--follow");
    }

    static Outcome run(Duration allowed, Path socket, String... words) {
        List<String> command = new ArrayList<>(List.of("tapswitch", "--socket", socket.toString()));
        command.addAll(Arrays.asList(words));
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        CompletableFuture<Integer> exit = CompletableFuture.supplyAsync(() -> Main.execute(
                command.subList(1, command.size()).toArray(String[]::new),
                Map.of(),
                new PrintWriter(out),
                new PrintWriter(err)));
        try {
            return new Outcome(command, exit.get(allowed.toMillis(), TimeUnit.MILLISECONDS), "" + out, "" + err);
        } catch (TimeoutException e) {
            throw new AssertionError("not finished within " + allowed.toMillis() + " ms: " + command + err, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted while waiting for " + command, e);
        } catch (ExecutionException e) {
            throw new AssertionError("the command line failed: " + command, e.getCause());
        }
    }
}
