package io.tapswitch.tapio;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** A network namespace of a test's own, with a name that no other run has, and what tests do around it. */
final class TestNamespace implements AutoCloseable {
    private static final AtomicInteger COUNT = new AtomicInteger();

    final String name;
    private boolean deleted;

    TestNamespace() {
        name = uniqueName();
        sh("ip netns add " + name);
    }

    /** A name for a namespace or a link, of at most 15 characters. */
    static String uniqueName() {
        return "ts" + Long.toString(ProcessHandle.current().pid(), 36) + "x" + COUNT.incrementAndGet();
    }

    NetworkNamespace open() {
        return NetworkNamespace.ofName(name);
    }

    /** Runs a shell command inside; its output. */
    String run(String command) {
        return sh("ip netns exec " + name + " " + command);
    }

    void delete() {
        if (!deleted) {
            deleted = true;
            sh("ip netns del " + name);
        }
    }

    @Override
    public void close() {
        delete();
    }

    /** Runs a shell command, which must succeed; its output. */
    static String sh(String command) {
        try {
            Process process = new ProcessBuilder("sh", "-c", command)
                    .redirectErrorStream(true)
                    .start();
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(process.waitFor()).as("%s: %s", command, output).isZero();
            return output;
        } catch (IOException e) {
            throw new AssertionError(command, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(command, e);
        }
    }

    /** Asks every millisecond until the condition holds; fails when the time is over. Milliseconds that it took. */
    static long await(String what, long withinMillis, BooleanSupplier condition) {
        long begin = System.nanoTime();
        while (!condition.getAsBoolean()) {
            assertThat((System.nanoTime() - begin) / 1_000_000).as(what).isLessThan(withinMillis);
            LockSupport.parkNanos(1_000_000);
        }
        return (System.nanoTime() - begin) / 1_000_000;
    }
}
