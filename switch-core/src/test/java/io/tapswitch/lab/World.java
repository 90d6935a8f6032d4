package io.tapswitch.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A host and a daemon of one test alone, which may end the daemon, kill it, spoil its files and start it again. What is
 * left in the host's namespace at the end is removed, the process that keeps the daemon's files included.
 */
public final class World implements AutoCloseable {
    private final LabHost host = new LabHost();
    private final List<LabContainer> containers = new ArrayList<>();
    private final Path directory;
    private @Nullable Daemon daemon;
    private @Nullable Outside outside;

    /** Makes the host, and starts nothing yet. */
    public World() {
        assumeTrue("root".equals(System.getProperty("user.name")), "network namespaces need root");
        try {
            directory = Files.createTempDirectory(Leftovers.directory(), "w");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Makes a host with a running daemon. */
    public static World withDaemon(String... flags) {
        World world = new World();
        world.start(flags);
        return world;
    }

    /** Makes a host with ways out, and starts nothing yet. The daemon is to be started with `--uplink shared`. */
    public static World withOutside() {
        World world = new World();
        world.outside = new Outside(world.host);
        return world;
    }

    /** {@return what is around the host} */
    public Outside outside() {
        if (outside == null) {
            throw new IllegalStateException("this host has no outside");
        }
        return outside;
    }

    /** Starts the daemon and waits until it is ready. */
    public Daemon start(String... flags) {
        return start(List.of(), flags);
    }

    /** Starts the daemon as the words of a wrapper, and waits until it is ready. */
    public Daemon start(List<String> wrapper, String... flags) {
        try {
            daemon = Daemon.start(host, directory, wrapper, List.of(flags));
        } catch (AssertionError e) {
            close();
            throw e;
        }
        return daemon;
    }

    /** Starts the daemon without waiting for anything. */
    public Daemon launch(String... flags) {
        daemon = Daemon.launch(host, directory, List.of(), List.of(flags));
        return daemon;
    }

    /** Ends the daemon with SIGTERM and waits for its end. */
    public void stop() {
        daemon().close();
    }

    /** {@return the daemon that was started last} */
    public Daemon daemon() {
        if (daemon == null) {
            throw new IllegalStateException("no daemon was started");
        }
        return daemon;
    }

    /** {@return the namespace that plays the host} */
    public LabHost host() {
        return host;
    }

    /** {@return a directory for the test's own files, which also holds the daemon's} */
    public Path directory() {
        return directory;
    }

    /** {@return the daemon's state directory} */
    public Path state() {
        return directory.resolve("state");
    }

    /** Runs the product's command line on the host; it must succeed. {@return what it prints} */
    public String cli(String... words) {
        return daemon().cli(words).ok().text();
    }

    /** Runs the product's command line on the host; it must refuse. {@return its words} */
    public String refused(String... words) {
        return daemon().refused(words);
    }

    /** {@return the first element of the JSON array that a command prints} */
    public Json inspected(String... words) {
        return Json.parse(cli(words)).at(0);
    }

    /** Makes a namespace and attaches it by the command line: a name, and further flags. */
    public LabContainer attached(String name, String... flags) {
        LabContainer container = new LabContainer(daemon());
        containers.add(container);
        return container.attachByCommand(name, flags);
    }

    /** Writes a file in the world's directory. {@return its path} */
    public Path file(String name, String content) {
        try {
            return Files.writeString(directory.resolve(name), content);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * Fails the test when the daemon logged a warning or an error that it did not announce, or does not know where its
     * frames are, once nothing moves.
     */
    public void assertNoTrouble() {
        daemon().assertConservation();
        assertThat(daemon().newTrouble()).as("trouble in the daemon's log").isEmpty();
    }

    @Override
    public void close() {
        if (daemon != null) {
            daemon.close();
        }
        containers.forEach(LabContainer::close);
        if (outside != null) {
            if (daemon != null) {
                daemon.cleanup();
            }
            outside.close();
        }
        host.close();
    }
}
