package io.tapswitch.core.cli;

import io.tapswitch.core.cli.client.ApiClient;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** A daemon with prepared answers, and the command line beside it. */
abstract class CliCase {
    /** An id of full length. */
    static final String ID = "0123456789abcdef".repeat(4);

    @TempDir
    Path directory;

    FakeDaemon daemon;
    Duration patience = ApiClient.PATIENCE;

    /** What the last command printed. */
    String out = "";

    /** What it said on standard error. */
    String err = "";

    @BeforeEach
    final void startDaemon() {
        daemon = new FakeDaemon(directory);
    }

    @AfterEach
    final void stopDaemon() {
        daemon.close();
    }

    /** Runs a command; {@return its exit code} */
    final int run(String... words) {
        return runWith(daemon.socket().toString(), words);
    }

    /** Runs a command of words with one blank between them. */
    final int line(String command) {
        return run(command.split(" ", -1));
    }

    /** Runs a command whose environment names a socket. */
    final int runWith(String socket, String... words) {
        StringWriter stdout = new StringWriter();
        StringWriter stderr = new StringWriter();
        Map<String, String> environment = Map.of("TAPSWITCH_SOCKET", socket);
        int code = Main.execute(words, environment, patience, new PrintWriter(stdout), new PrintWriter(stderr));
        out = stdout.toString();
        err = stderr.toString();
        return code;
    }
}
