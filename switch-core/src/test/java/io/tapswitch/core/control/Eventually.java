package io.tapswitch.core.control;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** Waits for something that another thread will do, with a deadline. */
public final class Eventually {
    private static final long DEADLINE_NS = TimeUnit.SECONDS.toNanos(10);

    private Eventually() {}

    /** Something that can be asserted. */
    @FunctionalInterface
    public interface Check {
        void run() throws Exception;
    }

    /** Repeats a check until it passes, and fails as it failed last when the deadline is over. */
    public static void eventually(Check check) throws Exception {
        long deadline = System.nanoTime() + DEADLINE_NS;
        while (true) {
            try {
                check.run();
                return;
            } catch (AssertionError e) {
                if (deadline - System.nanoTime() < 0) {
                    throw e;
                }
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(2));
            }
        }
    }
}
