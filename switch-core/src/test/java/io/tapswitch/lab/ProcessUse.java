package io.tapswitch.lab;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** What a process uses, as /proc says. */
public final class ProcessUse {
    /** USER_HZ is 100 on every Linux that the JVM runs on (proc(5), times(2)). */
    private static final int TICKS_PER_SECOND = 100;

    private final Path proc;

    ProcessUse(long pid) {
        this.proc = Path.of("/proc", Long.toString(pid));
    }

    /** {@return CPU time that it has used, user and system, in milliseconds} */
    public long cpuMs() {
        String stat = read("stat");
        String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
        // Fields 14 and 15 of proc(5); field 3 is the first after the name.
        return (Long.parseLong(fields[11]) + Long.parseLong(fields[12])) * 1000 / TICKS_PER_SECOND;
    }

    /** {@return resident memory in bytes} */
    public long residentBytes() {
        return read("status")
                .lines()
                .filter(line -> line.startsWith("VmRSS:"))
                .map(line -> Long.parseLong(line.replaceAll("\\D", "")) * 1024)
                .findFirst()
                .orElseThrow();
    }

    /** {@return number of open file descriptors} */
    public int openFiles() {
        try (Stream<Path> fds = Files.list(proc.resolve("fd"))) {
            return (int) fds.count();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** {@return names of its threads} */
    public List<String> threads() {
        try (Stream<Path> tasks = Files.list(proc.resolve("task"))) {
            return tasks.map(task -> read(task.resolve("comm")).strip()).toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** {@return thread id of the switch's worker of that index} */
    public long worker(int index) {
        // The kernel keeps 15 characters; the JVM leaves out the middle of longer names, or the end.
        Pattern name = Pattern.compile("tapswit.*(rker-" + index + "|worke)");
        try (Stream<Path> tasks = Files.list(proc.resolve("task"))) {
            return tasks.filter(task ->
                            name.matcher(read(task.resolve("comm")).strip()).matches())
                    .map(task -> Long.parseLong(task.getFileName().toString()))
                    .findFirst()
                    .orElseThrow(() -> new AssertionError("no worker among " + threads()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private String read(String file) {
        return read(proc.resolve(file));
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
