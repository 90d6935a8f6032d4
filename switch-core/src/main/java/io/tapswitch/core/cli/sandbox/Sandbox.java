package io.tapswitch.core.cli.sandbox;

import io.tapswitch.core.cli.client.CliException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * A process in new network, mount, UTS and PID namespaces: what {@code run} makes.
 *
 * <p>Theory of operation. The network can be attached only when the namespace is there, and the command may start only
 * when the network is there. So the first process of the sandbox (init.sh) stops half way, and both sides talk through
 * two FIFOs in a temporary directory:
 *
 * <pre>
 *   command line (this class)                 unshare --fork --kill-child
 *     opens up and go for reading and writing   |
 *     starts unshare ---------------------------+--> init.sh, process 1 inside
 *     reads up  &lt;------------- PID --------------------- mounts done
 *     POST /containers                                    waits for go
 *     writes go ------------------ hostname, files --> starts the user's command
 *     deletes the directory
 * </pre>
 *
 * <p>Both FIFOs are opened for reading and writing here, because such an open never blocks (fifo(7)). A sandbox that
 * ends early is noticed by the watcher of its process, which writes an empty line into {@code up}. When this process
 * dies before {@code go}, init.sh reads the end of the file and ends, and the directory is left until the next command
 * comes ({@link Handshake}); at any other end nothing is left. Owned by the command's only thread.
 */
public final class Sandbox implements AutoCloseable {
    private static final int LINE_BYTES_MAX = 4096;

    private final Handshake handshake;
    private final FileChannel up;
    private final FileChannel go;
    private final Process process;
    private final @Nullable Foreground foreground;
    private final long pid;

    private Sandbox(Handshake handshake, Plan plan) throws IOException {
        this.handshake = handshake;
        this.foreground = plan.foreground();
        this.up = FileChannel.open(handshake.path("up"), StandardOpenOption.READ, StandardOpenOption.WRITE);
        this.go = FileChannel.open(handshake.path("go"), StandardOpenOption.READ, StandardOpenOption.WRITE);
        this.process = Foreground.start(builder(plan), CANNOT_RUN);
        this.pid = awaitUp();
    }

    /** The exit code of docker when a container could not be made. */
    public static final int CANNOT_RUN = 125;

    /** Makes the namespaces and waits until the sandbox is ready for its network. */
    public static Sandbox open(Plan plan) {
        Handshake handshake = null;
        try {
            handshake = Handshake.make(Path.of(System.getProperty("java.io.tmpdir")));
            Files.createDirectory(handshake.path("etc"));
            makeFifos(handshake.path("up"), handshake.path("go"));
            return new Sandbox(handshake, plan);
        } catch (IOException e) {
            remove(handshake);
            throw new CliException("tapswitch: cannot prepare the sandbox: " + e.getMessage(), CANNOT_RUN);
        } catch (CliException e) {
            remove(handshake);
            throw e;
        }
    }

    /** {@return the first process inside, as it is numbered outside} */
    public long pid() {
        return pid;
    }

    /** Lets the command start. */
    public void start(Surroundings surroundings) {
        StringBuilder lines = new StringBuilder("hostname " + surroundings.hostname() + '\n');
        surroundings.hosts().forEach(line -> lines.append("hosts ").append(line).append('\n'));
        surroundings
                .resolver()
                .forEach(line -> lines.append("resolver ").append(line).append('\n'));
        if (surroundings.log() != null) {
            lines.append("log ").append(surroundings.log()).append('\n');
        }
        ByteBuffer bytes = ByteBuffer.wrap(lines.append("start\n").toString().getBytes(StandardCharsets.UTF_8));
        try {
            while (bytes.hasRemaining()) {
                go.write(bytes);
            }
            handshake.remove(); // Both sides hold the FIFOs open, so whatever happens to us now leaves nothing behind.
        } catch (IOException e) {
            throw new CliException("tapswitch: the sandbox cannot be told to start: " + e.getMessage(), CANNOT_RUN);
        }
    }

    /** Waits for the command's end and hands signals on meanwhile: its exit code, 128 + n if signal n ended it. */
    public int await() {
        if (foreground == null) {
            throw new IllegalStateException("nobody waits for a command that is left alone");
        }
        return foreground.await(process, () -> pid);
    }

    /** Ends everything inside, for when it could not be attached. */
    public void kill() {
        process.destroyForcibly();
    }

    /** Forgets the handshake. A sandbox that was not started ends by that; one that was, runs on. */
    @Override
    public void close() {
        try (up;
                go) {
            handshake.remove();
        } catch (IOException e) {
            // Closing a FIFO has nothing to lose.
            return;
        }
    }

    private ProcessBuilder builder(Plan plan) throws IOException {
        // A file, which the shell keeps open after it was deleted, so that ps shows no page of shell.
        Files.writeString(handshake.path("init"), Scripts.read("find-command.sh") + Scripts.read("init.sh"));
        List<String> words = new ArrayList<>();
        if (plan.network() != null) {
            words.addAll(List.of("nsenter", "--net=" + plan.network(), "--"));
        }
        words.addAll(List.of("unshare", "--mount", "--uts", "--pid", "--fork", "--kill-child"));
        if (plan.network() == null) {
            words.add("--net");
        }
        words.addAll(List.of(
                "--",
                "sh",
                handshake.path("init").toString(),
                handshake.directory().toString()));
        words.addAll(List.of(
                plan.network() == null ? "own" : "joined",
                plan.replaced().word(),
                plan.foreground() == null ? "none" : plan.foreground().streams().word()));
        words.addAll(plan.command());
        if (plan.foreground() != null) {
            return plan.foreground().builder(words);
        }
        if (plan.waits()) {
            makeFifos(handshake.path("idle"));
        }
        words.addFirst("setsid");
        // Output and errors are not ours: whoever reads ours to its end would wait for the container's.
        ProcessBuilder builder = new ProcessBuilder(words);
        if (plan.directory() != null) {
            builder.directory(plan.directory().toFile());
        }
        return builder.redirectInput(Path.of("/dev/null").toFile())
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(handshake.path("messages").toFile());
    }

    private long awaitUp() throws IOException {
        CompletableFuture<Void> watcher = process.onExit().thenRun(this::wakeReader);
        ByteBuffer line = ByteBuffer.allocate(LINE_BYTES_MAX);
        do {
            up.read(line);
        } while (line.get(line.position() - 1) != '\n');
        watcher.cancel(false);
        String text = new String(line.array(), 0, line.position(), StandardCharsets.US_ASCII);
        String word = text.substring(0, text.indexOf('\n'));
        if (!word.isEmpty()) {
            return Long.parseLong(word);
        }
        // init.sh ends with docker's codes; anything else is unshare's own failure.
        int code = process.exitValue() > CANNOT_RUN ? process.exitValue() : CANNOT_RUN;
        // One in the foreground has said on our standard error what was wrong.
        Path messages = handshake.path("messages");
        throw new CliException(foreground == null ? Files.readString(messages).strip() : "", code);
    }

    /** Through a channel of its own, because one file channel serves one thread at a time. */
    private void wakeReader() {
        try (FileChannel writer =
                FileChannel.open(handshake.path("up"), StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            writer.write(ByteBuffer.wrap(new byte[] {'\n'}));
        } catch (IOException e) {
            // Deleted: nobody waits any more.
            return;
        }
    }

    private static void makeFifos(Path... paths) throws IOException {
        List<String> words = new ArrayList<>(List.of("mkfifo", "-m", "600"));
        for (Path path : paths) {
            words.add(path.toString());
        }
        try {
            if (new ProcessBuilder(words).redirectErrorStream(true).start().waitFor() != 0) {
                throw new IOException("mkfifo failed");
            }
        } catch (InterruptedException e) {
            throw new IOException("interrupted", e);
        }
    }

    private static void remove(@Nullable Handshake handshake) {
        if (handshake != null) {
            handshake.remove();
        }
    }
}
