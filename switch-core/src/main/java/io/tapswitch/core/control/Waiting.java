package io.tapswitch.core.control;

import io.tapswitch.core.model.Refusal;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Waiting for the dataplane's answers. */
final class Waiting {
    /** A worker acts on a command within a batch, microseconds; this long only when it hangs. */
    private static final long TIMEOUT_S = 10;

    private Waiting() {}

    /** {@return the future's value} */
    static <T> T await(CompletableFuture<T> future, String what) {
        try {
            return future.get(TIMEOUT_S, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            Throwable cause = e.getCause() == null ? e : e.getCause();
            throw Refusal.failed("cannot " + what + ": " + cause.getMessage(), cause);
        } catch (TimeoutException e) {
            throw Refusal.failed("cannot " + what + ": the dataplane did not answer within " + TIMEOUT_S + " s", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw Refusal.failed("cannot " + what + ": interrupted", e);
        }
    }
}
