package io.tapswitch.core.cli.verb;

import io.tapswitch.core.cli.client.ApiException;
import io.tapswitch.core.cli.client.CliException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.UnaryOperator;

/**
 * The same for each of several names at once, because the end of a container takes its time and ends are independent.
 * What each has to say is printed in the order of the names; one that fails does not stop the others.
 */
final class Together {
    /** As many requests as wait at the daemon at a time. */
    private static final int AT_ONCE_MAX = 16;

    private Together() {}

    /** Prints what {@code one} answers for each name; 1 if it was refused for any. */
    static int each(List<String> names, UnaryOperator<String> one, PrintWriter out, PrintWriter err) {
        int result = Verb.OK;
        try (ExecutorService threads = Executors.newFixedThreadPool(Math.min(names.size(), AT_ONCE_MAX))) {
            List<Future<String>> answers = new ArrayList<>();
            names.forEach(name -> answers.add(threads.submit(() -> one.apply(name))));
            for (Future<String> answer : answers) {
                String refusal = print(answer, out);
                if (!refusal.isEmpty()) {
                    err.println(refusal);
                    result = Verb.FAILED;
                }
            }
        }
        return result;
    }

    /** {@return why it was refused, else ""} */
    private static String print(Future<String> answer, PrintWriter out) {
        try {
            out.println(answer.get());
            return "";
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return "interrupted";
        } catch (ExecutionException e) {
            return switch (e.getCause()) {
                case ApiException refusal -> refusal.text();
                case CliException failure -> failure.text();
                case null, default -> throw new IllegalStateException(e);
            };
        }
    }
}
