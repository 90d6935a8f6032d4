package io.tapswitch.lab;

import java.util.List;
import org.junit.jupiter.api.extension.AfterTestExecutionCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Prints what the running daemons know, when a test has failed and before its lab is taken down: a failure that comes
 * once in a thousand runs of a busy machine is seldom there again to be looked at. The suite finds it by itself.
 */
public final class FailureReport implements AfterTestExecutionCallback {
    private static final List<List<String>> QUESTIONS = List.of(
            List.of("status"),
            List.of("drops"),
            List.of("stats"),
            List.of("ps"),
            List.of("fdb"),
            List.of("flows"),
            List.of("peers"));
    private static final int LOG_LINES = 40;

    @Override
    public void afterTestExecution(ExtensionContext context) {
        if (context.getExecutionException().isPresent()) {
            System.err.println(context.getUniqueId() + " failed: "
                    + context.getExecutionException().get());
            Daemon.RUNNING.stream().filter(daemon -> daemon.process().alive()).forEach(FailureReport::print);
        }
    }

    private static void print(Daemon daemon) {
        StringBuilder report =
                new StringBuilder("what the daemon in " + daemon.host().name() + " says:\n");
        for (List<String> question : QUESTIONS) {
            report.append("$ tapswitch ").append(String.join(" ", question)).append('\n');
            try {
                Outcome answer = daemon.cli(question.toArray(String[]::new));
                report.append(answer.out()).append(answer.err());
            } catch (RuntimeException | AssertionError e) {
                report.append("no answer: ").append(e.getMessage());
            }
            report.append('\n');
        }
        List<String> log = daemon.log().lines().toList();
        log.subList(Math.max(0, log.size() - LOG_LINES), log.size())
                .forEach(line -> report.append(line).append('\n'));
        System.err.println(report);
    }
}
