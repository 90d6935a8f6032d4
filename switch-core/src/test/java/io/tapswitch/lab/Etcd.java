package io.tapswitch.lab;

import io.tapswitch.tapio.NetworkNamespace;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** A real etcd, or a member of one, in a namespace, whose data outlives it: it can be killed and started again. */
public final class Etcd implements AutoCloseable {
    private static final int THREADS = 8;

    private final LabNamespace namespace;
    private final String address;
    private final Path data;
    private final String scheme;
    private final List<String> flags;
    private @Nullable Background running;

    /**
     * Describes one, and starts nothing yet.
     *
     * @param namespace that it runs in
     * @param address of the namespace that it listens at
     * @param data directory that it makes
     * @param scheme http or https
     * @param flags more of etcd's
     */
    public Etcd(LabNamespace namespace, String address, Path data, String scheme, String... flags) {
        this.namespace = namespace;
        this.address = address;
        this.data = data;
        this.scheme = scheme;
        this.flags = List.of(flags);
    }

    /** {@return the flag's text by which a tapswitch finds it} */
    public String url() {
        return "etcd://" + address + ":2379";
    }

    /**
     * Describes one member of several, each in a namespace of its own.
     *
     * @param namespaces of all members
     * @param addresses of all members, in the same order
     * @param number of this one, from 0
     * @param directory for the data of all
     */
    public static Etcd member(List<LabNamespace> namespaces, List<String> addresses, int number, Path directory) {
        String all = IntStream.range(0, addresses.size())
                .mapToObj(i -> "m" + i + "=http://" + addresses.get(i) + ":2380")
                .collect(Collectors.joining(","));
        String name = "m" + number;
        return new Etcd(
                namespaces.get(number),
                addresses.get(number),
                directory.resolve(name),
                "http",
                "--name",
                name,
                "--initial-cluster",
                all,
                // Members that are starved for a moment by the rest of a test do not lose their leader.
                "--heartbeat-interval",
                "100",
                "--election-timeout",
                "1000");
    }

    /** Starts it and waits until it takes clients. */
    public Etcd start() {
        return launch().awaitReady();
    }

    /** Waits until it takes clients. */
    public Etcd awaitReady() {
        Objects.requireNonNull(running, "launched").awaitWords("ready to serve client requests");
        return this;
    }

    /** Starts it without waiting: the first of several members is not ready before the second. */
    public Etcd launch() {
        List<String> command = new ArrayList<>(List.of(
                "etcd",
                "--data-dir",
                data.toString(),
                "--listen-client-urls",
                scheme + "://" + address + ":2379",
                "--advertise-client-urls",
                scheme + "://" + address + ":2379",
                "--listen-peer-urls",
                "http://" + address + ":2380",
                "--initial-advertise-peer-urls",
                "http://" + address + ":2380",
                "--initial-cluster",
                "default=http://" + address + ":2380",
                // One member elects itself; waiting for others is not worth a second in each test.
                "--heartbeat-interval",
                "10",
                "--election-timeout",
                "100"));
        command.addAll(flags);
        running = namespace.start(command.toArray(String[]::new));
        return this;
    }

    /** Kills it with SIGKILL. */
    public void kill() {
        if (running != null) {
            running.close();
            running = null;
        }
    }

    /** Stops it where it is (SIGSTOP): it takes connections, and answers nothing. */
    public void freeze() {
        signal("-STOP");
    }

    /** Lets it go on. */
    public void thaw() {
        signal("-CONT");
    }

    private void signal(String name) {
        long pid = Objects.requireNonNull(running, "started").pid();
        Commands.run("kill", name, String.valueOf(pid)).ok();
    }

    /** Asks its gateway by curl, which is not ours. {@return the answer} */
    public String curl(String path, String question, String... options) {
        List<String> command = new ArrayList<>(
                List.of("curl", "-sS", "-m", "5", scheme + "://" + address + ":2379" + path, "-d", question));
        command.addAll(List.of(options));
        return namespace.exec(Duration.ofSeconds(10), "", command).ok().text();
    }

    /** {@return threads that are in a namespace, for a client that makes its connections there} */
    public static ExecutorService threadsIn(LabNamespace namespace) {
        try (NetworkNamespace inside = NetworkNamespace.ofName(namespace.name())) {
            // A thread is born into the namespace of the one that starts it.
            return inside.call(() -> {
                ThreadPoolExecutor pool = new ThreadPoolExecutor(
                        THREADS,
                        THREADS,
                        1,
                        TimeUnit.MINUTES,
                        new LinkedBlockingQueue<>(),
                        task -> Thread.ofPlatform().daemon().unstarted(task));
                pool.prestartAllCoreThreads();
                return pool;
            });
        }
    }

    @Override
    public void close() {
        kill();
    }
}
