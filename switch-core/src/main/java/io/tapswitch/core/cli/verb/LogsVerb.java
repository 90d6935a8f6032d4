package io.tapswitch.core.cli.verb;

import io.tapswitch.core.cli.client.ApiClient;
import io.tapswitch.core.cli.client.ApiException;
import io.tapswitch.core.cli.client.CliException;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code logs}. */
@Command(
        name = "logs",
        description = {
            "Prints what the command of a container wrote that runs in the background: output and errors as they came.",
            "What 'run' waits for writes to its terminal and leaves nothing here.",
            "",
            "Example:",
            "  tapswitch logs -f --tail 20 www",
            "",
        })
public final class LogsVerb extends Verb {
    private static final long POLL_NS = TimeUnit.MILLISECONDS.toNanos(100);
    private static final int BUFFER_BYTES = 64 * 1024;
    private static final String ALL = "all";

    @Option(
            names = {"-f", "--follow"},
            description = "go on until the command ends")
    private boolean follow;

    @Option(
            names = {"-n", "--tail"},
            paramLabel = "N",
            description = "only the last N lines; 'all' is the default")
    private String tail = ALL;

    @Parameters(paramLabel = "CONTAINER", description = "name, id, or the beginning of an id")
    private String container = "";

    @Override
    public Integer call() {
        long lines = lines();
        ApiClient daemon = daemon();
        ContainerView found = ContainerView.of(daemon, container);
        Path log = Logs.path(Launch.stateDirectory(daemon.getObject("/status")), found.id());
        if (!Files.exists(log)) {
            throw new CliException("tapswitch: container " + container + " has no log: "
                    + (found.command().isEmpty() ? "it was attached, not run" : "it was not run in the background"));
        }
        out().flush();
        try (FileChannel in = FileChannel.open(log)) {
            // Not closed: it is the process's.
            copy(daemon, found.id(), in.position(LogTail.begin(in, lines)), new FileOutputStream(FileDescriptor.out));
        } catch (IOException e) {
            throw new CliException("tapswitch: the log " + log + " cannot be shown: " + e.getMessage());
        }
        return OK;
    }

    private long lines() {
        try {
            long lines = tail.equals(ALL) ? Long.MAX_VALUE : Long.parseLong(tail);
            return lines < 0 ? Long.MAX_VALUE : lines; // As docker takes it.
        } catch (NumberFormatException e) {
            throw new CliException("tapswitch: --tail takes a number of lines or 'all', not '" + tail + "'");
        }
    }

    private void copy(ApiClient daemon, String id, FileChannel in, OutputStream out) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(BUFFER_BYTES);
        while (true) {
            // Asked before reading, so that what was written until the end is read after it.
            boolean more = follow && runs(daemon, id);
            while (in.read(buffer.clear()) > 0) {
                out.write(buffer.array(), 0, buffer.position());
            }
            if (!more) {
                return;
            }
            LockSupport.parkNanos(POLL_NS);
        }
    }

    private static boolean runs(ApiClient daemon, String id) {
        try {
            return ContainerView.of(daemon, id).running();
        } catch (ApiException e) {
            return false; // Removed meanwhile.
        }
    }
}
