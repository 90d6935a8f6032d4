package io.tapswitch.lab;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import java.util.function.Supplier;

/** Waiting for something to become true by asking for it, instead of sleeping and hoping. */
public final class Eventually {
    private static final Duration DEFAULT_DEADLINE = Duration.ofSeconds(5);
    private static final long POLL_NS = 5_000_000;

    private Eventually() {}

    /** Waits up to 5 s. */
    public static void until(String what, BooleanSupplier condition) {
        until(DEFAULT_DEADLINE, what, condition);
    }

    /** Waits up to the deadline; fails the test when the condition does not become true. */
    public static void until(Duration deadline, String what, BooleanSupplier condition) {
        if (!within(deadline, condition)) {
            throw new AssertionError("not within " + deadline.toMillis() + " ms: " + what);
        }
    }

    /** {@return whether the condition became true within the deadline} */
    public static boolean within(Duration deadline, BooleanSupplier condition) {
        long end = System.nanoTime() + deadline.toNanos();
        while (true) {
            if (condition.getAsBoolean()) {
                return true;
            }
            if (System.nanoTime() - end > 0) {
                return false;
            }
            LockSupport.parkNanos(POLL_NS);
        }
    }

    /** {@return the first value that satisfies; the failure after 5 s names the last one} */
    public static <T> T value(String what, Supplier<T> source, Predicate<T> wanted) {
        return value(what, DEFAULT_DEADLINE, source, wanted);
    }

    /** {@return the first value that satisfies; the failure after the deadline names the last one} */
    public static <T> T value(String what, Duration deadline, Supplier<T> source, Predicate<T> wanted) {
        long end = System.nanoTime() + deadline.toNanos();
        while (true) {
            T value = source.get();
            if (wanted.test(value)) {
                return value;
            }
            if (System.nanoTime() - end > 0) {
                throw new AssertionError(
                        "not within " + deadline.toMillis() + " ms: " + what + ", last seen: " + value);
            }
            LockSupport.parkNanos(POLL_NS);
        }
    }

    /** Lets time pass during which something is measured: there is no event to wait for. */
    public static void measureFor(Duration duration) {
        long end = System.nanoTime() + duration.toNanos();
        for (long left = duration.toNanos(); left > 0; left = end - System.nanoTime()) {
            LockSupport.parkNanos(left);
        }
    }
}
