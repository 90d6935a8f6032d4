package io.tapswitch.core.control;

import io.tapswitch.core.model.Refusal;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Waiting for the dataplane's answers. */
final class Waiting {
    /**
     * A worker acts on a command within a batch, microseconds. On a machine whose CPUs others have, a worker that runs
     * its first code took more than 10 s; whoever waits this long waits for one that hangs.
     */
    private static final long TIMEOUT_S = 30;

    private Waiting() {}

    /** {@return the future's value} */
    static <T> T await(CompletableFuture<T> future, String what) {
        try {
            return future.get(TIMEOUT_S, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            Throwable cause = e.getCause() == null ? e : e.getCause();
            throw Refusal.failed("cannot " + what + ": " + cause.getMessage(), cause);
        } catch (TimeoutException e) {
            throw Refusal.failed(
                    "cannot " + what + ": no answer from the workers within " + TIMEOUT_S
                            + " s: they hang, or the machine's CPUs are overloaded ('top' shows by what); try again",
                    e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw Refusal.failed("cannot " + what + ": interrupted", e);
        }
    }
}
