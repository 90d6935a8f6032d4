package io.tapswitch.core.cli.sandbox;

import io.tapswitch.core.cli.client.CliException;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A process that stands for the command: its exit code becomes ours, and signals that we get are handed on.
 *
 * <p>With our terminal as its input it stays in our process group, so that Ctrl-C reaches it from the kernel; we only
 * have to survive it. In any other case it gets a session of its own and everything is handed on by hand: then a signal
 * arrives exactly once either way.
 */
public final class Foreground {
    private static final int CODE_INTERRUPTED = 125;
    private static final List<String> FORWARDED = List.of("HUP", "INT", "TERM", "USR1");

    private static final Queue<String> HELD = new ArrayDeque<>();
    private static @Nullable LongSupplier receiver;

    private Foreground() {}

    /** Whether standard input is a terminal. {@code System.console} would load a line editor to find out. */
    public static boolean atTerminal() {
        try {
            String input = Files.readSymbolicLink(Path.of("/proc/self/fd/0")).toString();
            return input.startsWith("/dev/pts/") || input.startsWith("/dev/tty") || input.equals("/dev/console");
        } catch (IOException e) {
            return false;
        }
    }

    /** How to start {@code command} with or without our standard input. */
    public static ProcessBuilder builder(boolean input, List<String> command) {
        List<String> words = new ArrayList<>();
        if (sharesTerminal(input)) {
            // unshare and nsenter would die of Ctrl-C and take the command with them; the scripts inside undo this.
            words.addAll(List.of("env", "--ignore-signal=INT,QUIT"));
        } else {
            words.add("setsid");
        }
        words.addAll(command);
        ProcessBuilder builder = new ProcessBuilder(words).inheritIO();
        if (!input) {
            builder.redirectInput(Path.of("/dev/null").toFile());
        }
        return builder;
    }

    /** Starts it; a tool that is missing is a clear failure. */
    public static Process start(ProcessBuilder builder, int codeWhenMissing) {
        try {
            return builder.start();
        } catch (IOException e) {
            throw new CliException(
                    "tapswitch: cannot start '" + builder.command().getFirst()
                            + "' (the packages util-linux and iproute2 are needed): " + e.getMessage(),
                    codeWhenMissing);
        }
    }

    /** Waits for the end of {@code process}; signals that come meanwhile go to the one that {@code target} names. */
    public static int await(Process process, boolean input, LongSupplier target) {
        holdSignals(input);
        synchronized (HELD) {
            receiver = target;
            HELD.forEach(signal -> kill(signal, target.getAsLong()));
            HELD.clear();
        }
        return process.onExit().join().exitValue();
    }

    /**
     * Keeps a signal that comes from now on for the command, until {@link #await}: while it is being started, the
     * signal's default action would end us and leave the command behind. A second signal does end us.
     */
    public static void holdSignals(boolean input) {
        boolean terminal = sharesTerminal(input);
        for (String signal : FORWARDED) {
            boolean kernelSendsIt = terminal && signal.equals("INT");
            handle(signal, () -> {
                if (!kernelSendsIt) {
                    handOn(signal);
                }
            });
        }
    }

    private static void handOn(String signal) {
        synchronized (HELD) {
            if (receiver != null) {
                kill(signal, receiver.getAsLong());
            } else if (HELD.isEmpty()) {
                HELD.add(signal);
            } else {
                Runtime.getRuntime().halt(CODE_INTERRUPTED);
            }
        }
    }

    /** Sends a signal, by the shell because the JDK knows only TERM and KILL. */
    private static void kill(String signal, long pid) {
        try {
            new ProcessBuilder("sh", "-c", "kill -s \"$0\" \"$1\" 2>/dev/null", signal, Long.toString(pid))
                    .start()
                    .waitFor();
        } catch (IOException | InterruptedException e) {
            throw new IllegalStateException("cannot send SIG" + signal + " to " + pid, e);
        }
    }

    private static boolean sharesTerminal(boolean input) {
        return input && atTerminal();
    }

    /** Through reflection, because javac warns of sun.misc.Signal in a way that nothing can switch off. */
    private static void handle(String signal, Runnable action) {
        try {
            Class<?> signalClass = Class.forName("sun.misc.Signal");
            Class<?> handlerClass = Class.forName("sun.misc.SignalHandler");
            Object handler = Proxy.newProxyInstance(
                    Foreground.class.getClassLoader(), new Class<?>[] {handlerClass}, (proxy, method, arguments) -> {
                        if (method.getName().equals("handle")) {
                            action.run();
                        }
                        return null;
                    });
            signalClass
                    .getMethod("handle", signalClass, handlerClass)
                    .invoke(null, signalClass.getConstructor(String.class).newInstance(signal), handler);
        } catch (ReflectiveOperationException e) {
            // A JVM without this signal (or with -Xrs) cannot hand it on; the command works all the same.
            return;
        }
    }
}
