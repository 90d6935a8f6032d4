package io.tapswitch.core.cli.sandbox;

import java.io.IOException;
import java.lang.reflect.Proxy;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Signals that we get and that are meant for the command. From {@link #hold} on they are kept, because the default
 * action would end us and leave the command behind; from {@link #deliverTo} on they are handed on. Static, as what they
 * come to is the process. Guarded by the class, because each comes on a thread of its own.
 */
public final class Signals {
    private static final int CODE_INTERRUPTED = 125;
    private static final List<String> FORWARDED = List.of("HUP", "INT", "TERM", "USR1");

    private static final Queue<String> HELD = new ArrayDeque<>();
    private static @Nullable LongSupplier receiver;

    private Signals() {}

    /** Keeps one signal from now on; a second one ends us. {@code kernelInterrupts}: Ctrl-C arrives there by itself. */
    static void hold(boolean kernelInterrupts) {
        for (String signal : FORWARDED) {
            boolean kernelSendsIt = kernelInterrupts && signal.equals("INT");
            handle(signal, () -> {
                if (!kernelSendsIt) {
                    handOn(signal);
                }
            });
        }
    }

    /** Hands on what was held, and what comes, to the process that {@code target} names. */
    static synchronized void deliverTo(LongSupplier target) {
        receiver = target;
        HELD.forEach(signal -> kill(signal, target.getAsLong()));
        HELD.clear();
    }

    /** Runs {@code action} whenever the signal comes. */
    public static void handle(String signal, Runnable action) {
        // Through reflection, because javac warns of sun.misc.Signal in a way that nothing can switch off.
        try {
            Class<?> signalClass = Class.forName("sun.misc.Signal");
            Class<?> handlerClass = Class.forName("sun.misc.SignalHandler");
            Object handler = Proxy.newProxyInstance(
                    Signals.class.getClassLoader(), new Class<?>[] {handlerClass}, (proxy, method, arguments) -> {
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

    private static synchronized void handOn(String signal) {
        if (receiver != null) {
            kill(signal, receiver.getAsLong());
        } else if (HELD.isEmpty()) {
            HELD.add(signal);
        } else {
            Runtime.getRuntime().halt(CODE_INTERRUPTED);
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
}
