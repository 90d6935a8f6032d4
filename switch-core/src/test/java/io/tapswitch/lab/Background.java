package io.tapswitch.lab;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A program that runs beside the test. Closing it ends it, the hard way if it must be. */
public final class Background implements AutoCloseable {
    private final Process process;
    private final List<String> command;
    private final Path out;
    private final Path err;

    Background(Process process, List<String> command, Path out, Path err) {
        this.process = process;
        this.command = command;
        this.out = out;
        this.err = err;
    }

    /** {@return the process id; of the program itself where the command only execs it} */
    public long pid() {
        return process.pid();
    }

    /** {@return whether it still runs} */
    public boolean alive() {
        return process.isAlive();
    }

    /** {@return what it has printed on standard output until now} */
    public String out() {
        return text(out);
    }

    /** {@return what it has printed on standard error until now} */
    public String err() {
        return text(err);
    }

    /** Waits until it has printed the words on standard output, or on standard error. */
    public Background awaitWords(String words) {
        return awaitWords(Duration.ofSeconds(20), words);
    }

    /** The same within a time of one's own. */
    Background awaitWords(Duration allowed, String words) {
        Eventually.until(allowed, "`" + words + "` from " + command, () -> {
            if (!alive() && !out().contains(words)) {
                throw new AssertionError("ended before it said `" + words + "`: " + outcome());
            }
            return out().contains(words) || err().contains(words);
        });
        return this;
    }

    /** Gives it input. */
    public void write(String input) {
        try {
            process.getOutputStream().write(input.getBytes(StandardCharsets.UTF_8));
            process.getOutputStream().flush();
        } catch (IOException e) {
            if (!input.isEmpty() && alive()) {
                throw new UncheckedIOException(e);
            }
        }
    }

    /** Ends its input, which is how the traffic tool is told to stop. */
    public void closeInput() {
        try {
            process.getOutputStream().close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Tells it to stop by ending its input, and waits for its result. */
    public Outcome stop() {
        closeInput();
        return await(Duration.ofSeconds(30));
    }

    /** Sends SIGTERM and waits. */
    public Outcome terminate() {
        process.destroy();
        return await(Duration.ofSeconds(15));
    }

    /** Sends SIGINT, as Ctrl-C does. */
    public void interrupt() {
        Commands.run("kill", "-INT", String.valueOf(pid())).ok();
    }

    /** Sends SIGKILL and waits. */
    public void kill() {
        process.destroyForcibly();
        await(Duration.ofSeconds(10));
    }

    /** Waits for its end. */
    public Outcome await(Duration allowed) {
        try {
            if (!process.waitFor(allowed.toMillis(), TimeUnit.MILLISECONDS)) {
                process.descendants().forEach(ProcessHandle::destroyForcibly);
                process.destroyForcibly().waitFor();
                throw new AssertionError("not finished within " + allowed.toMillis() + " ms: " + outcome());
            }
            return outcome();
        } catch (InterruptedException e) {
            process.destroyForcibly();
            throw new AssertionError("interrupted while waiting for " + command, e);
        }
    }

    private Outcome outcome() {
        return new Outcome(command, process.isAlive() ? -1 : process.exitValue(), out(), err());
    }

    private static String text(Path file) {
        try {
            return Files.readString(file, StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        if (process.isAlive()) {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
            await(Duration.ofSeconds(10));
        }
        Leftovers.forget(process);
    }
}
