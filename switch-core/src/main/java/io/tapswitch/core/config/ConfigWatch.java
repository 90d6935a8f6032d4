package io.tapswitch.core.config;

import io.tapswitch.core.model.Refusal;
import io.tapswitch.tapio.FileWatch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BiConsumer;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Theory of operation: keeps a configuration file in force.
 *
 * <p>At the start the file is read and brought into force, and a fault ends the start. One that only contradicts what
 * an earlier daemon left does not, where the caller says so: nobody could mend what is there without a daemon, and
 * containers would wait for one. From then on it is read again
 * when it was closed or renamed into place (100 ms after, see {@link FileWatch}) and when somebody asks for it, as
 * SIGHUP does.
 * While the file rests, its text is parsed and planned for already, so that the reading itself only has to find the
 * same text again.
 * A file with a fault, or one that contradicts what is there, changes nothing: the one before stays in force, and log,
 * warning and listener say why. The log says it once, not with every further reading of the same file.
 *
 * <p>Threads: readings happen one after the other on one thread of this object's own. Requests that come while one is
 * waiting are one with it, so that a thousand signals are as many readings as there is time for, and the last of
 * them sees the last file (catalogue row 79).
 */
public final class ConfigWatch implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ConfigWatch.class);

    private static final long LOOK_NS = 50_000_000;
    private static final int EMPTY_LOOKS = 20;
    /** From this length on, how fast the first reload is depends on whether the machine has compiled its way. */
    private static final int LONG_CHARACTERS = 50_000;

    private static final int REHEARSALS = 4;
    /** When the daemon has other things to do no more. */
    private static final long REHEARSAL_AFTER_MS = 1_000;

    private final Path file;
    private final ParsedOnce parser;
    private final Consumer<Configuration> prepare;
    private final Consumer<Configuration> bringIntoForce;
    private final BiConsumer<Path, @Nullable String> onReload;
    private final ExecutorService readings = Executors.newSingleThreadExecutor(
            Thread.ofPlatform().daemon().name("config").factory());
    /** Held during a reading; the first is that of who starts. */
    private final ReentrantLock reading = new ReentrantLock();

    private final AtomicBoolean isRequested = new AtomicBoolean();
    private final AtomicBoolean isPreparing = new AtomicBoolean();
    /** Of the last reading. */
    private String lastText = "";

    private volatile Configuration current;
    private volatile @Nullable String fault;
    private @Nullable FileWatch watch;

    /**
     * Composes; nothing happens before {@link #start}.
     *
     * @param file which
     * @param parser makes a configuration of the file's name and its text
     * @param bringIntoForce makes what a configuration declares, all of it or nothing, and throws a {@link Refusal}
     *     when it cannot be
     * @param onReload hears of each reading but the first, with the fault or null
     */
    public ConfigWatch(
            Path file,
            BiFunction<String, String, Configuration> parser,
            Consumer<Configuration> bringIntoForce,
            BiConsumer<Path, @Nullable String> onReload) {
        this(file, parser, () -> "", prepared -> {}, bringIntoForce, onReload);
    }

    /**
     * The same, where what a text means depends on something besides, and where there is more to prepare than the
     * parsing.
     *
     * @param basis what the parser takes into account besides the text, as a value
     * @param prepare does while the file rests what can be done ahead; nothing of it is in force, and what it throws
     *     will be thrown again when the file is brought into force
     */
    public ConfigWatch(
            Path file,
            BiFunction<String, String, Configuration> parser,
            Supplier<@Nullable Object> basis,
            Consumer<Configuration> prepare,
            Consumer<Configuration> bringIntoForce,
            BiConsumer<Path, @Nullable String> onReload) {
        this.file = file;
        this.parser = new ParsedOnce(file.toString(), parser, basis);
        this.prepare = prepare;
        this.bringIntoForce = bringIntoForce;
        this.onReload = onReload;
        this.current = Configuration.empty(file.toString());
    }

    /**
     * Brings the file into force for the first time, and begins to watch it.
     *
     * @param orGoOn whether what is there stays in force, with a warning, when the file contradicts it
     */
    public void start(boolean orGoOn) {
        reading.lock();
        try {
            // Before the reading that counts, so that nothing written after it goes unseen.
            watch = FileWatch.start(List.of(file), path -> prepare(), path -> reload());
            lastText = ConfigFile.text(file);
            Configuration first = parser.parse(lastText);
            bringIntoForceFirst(first, orGoOn);
        } finally {
            reading.unlock();
        }
        if (lastText.length() >= LONG_CHARACTERS) {
            CompletableFuture.delayedExecutor(REHEARSAL_AFTER_MS, TimeUnit.MILLISECONDS, this::execute)
                    .execute(() -> rehearse(REHEARSALS));
        }
    }

    /** What a list of thousands takes at its first reload is, for the most part, its code that nobody has run yet. */
    private void rehearse(int times) {
        prepare(() -> parser.afresh(lastText));
        if (times > 1) {
            // Behind a reading that waits.
            execute(() -> rehearse(times - 1));
        }
    }

    private void execute(Runnable work) {
        try {
            readings.execute(work);
        } catch (RejectedExecutionException e) {
            // The daemon ends.
            LOG.debug("{} is not read any more", file);
        }
    }

    private void bringIntoForceFirst(Configuration first, boolean orGoOn) {
        try {
            bringIntoForce.accept(first);
            current = first;
        } catch (Refusal e) {
            if (!orGoOn) {
                throw e;
            }
            fault = e.sentence();
            LOG.error("{}; what there was before stays in force", e.sentence());
        }
    }

    /** Asks for another reading, and does not wait for it. */
    public void reload() {
        if (isRequested.compareAndSet(false, true)) {
            execute(this::readWhenStarted);
        }
    }

    /** The file was touched: what it says now is parsed while it rests, and counts only if it says so afterwards. */
    private void prepare() {
        if (isPreparing.compareAndSet(false, true)) {
            execute(this::prepareWhenStarted);
        }
    }

    private void prepareWhenStarted() {
        isPreparing.set(false);
        prepare(() -> parser.parse(ConfigFile.text(file)));
    }

    private void prepare(Supplier<Configuration> parsing) {
        reading.lock();
        try {
            prepare.accept(parsing.get());
        } catch (RuntimeException e) {
            LOG.debug("{} is not to be read yet: {}", file, e.getMessage());
        } finally {
            reading.unlock();
        }
    }

    private void readWhenStarted() {
        isRequested.set(false);
        reading.lock();
        try {
            read();
        } finally {
            reading.unlock();
        }
    }

    private void read() {
        String before = fault;
        try {
            FileTime changed = changed();
            String text = ConfigFile.text(file);
            if ((text.isEmpty() || !text.equals(lastText)) && !isSettled(text, changed)) {
                // Somebody is writing it just now. The watch tells when that is over.
                return;
            }
            lastText = text;
            Configuration next = parser.parse(text);
            bringIntoForce.accept(next);
            boolean isNew = !next.equals(current) || before != null;
            current = next;
            fault = null;
            if (isNew) {
                LOG.info("{} is in force", file);
            }
            onReload.accept(file, null);
        } catch (Refusal e) {
            fault = e.sentence();
            if (!e.sentence().equals(before)) {
                LOG.error("{}; the configuration before stays in force", e.sentence());
            }
            onReload.accept(file, e.sentence());
        } catch (RuntimeException e) {
            fault = file + " could not be brought into force: " + e;
            LOG.error("{} could not be brought into force", file, e);
            onReload.accept(file, fault);
        }
    }

    /**
     * A file that is just being written must not count: it is cut to nothing first, and would seem to declare nothing
     * at all. So a change must last for a moment, and one to nothing for a second. The time of the last change counts
     * too: a file that is written again and again may be empty at each look. One that has rested for so long already,
     * as it has when the watch tells of it, is not waited for.
     *
     * @param changed when it was, before the text was read
     */
    private boolean isSettled(String text, FileTime changed) {
        int looks = text.isEmpty() ? EMPTY_LOOKS : 1;
        boolean isSettled = changed().equals(changed);
        if (isSettled && hasRested(changed, looks * LOOK_NS)) {
            return true;
        }
        for (; looks > 0 && isSettled; looks--) {
            LockSupport.parkNanos(LOOK_NS);
            isSettled = text.equals(ConfigFile.text(file)) && changed().equals(changed);
        }
        return isSettled;
    }

    private static boolean hasRested(FileTime since, long ns) {
        return Duration.between(since.toInstant(), Instant.now()).compareTo(Duration.ofNanos(ns)) >= 0;
    }

    /** {@return when the file was written or put there; a program can set the time of the last write, but not this} */
    private FileTime changed() {
        try {
            return (FileTime) Files.getAttribute(file, "unix:ctime");
        } catch (IOException e) {
            // The reading says in its own words why not.
            return FileTime.fromMillis(0);
        }
    }

    /** {@return whether this is the file that is watched} */
    public boolean isOf(Path other) {
        return file.equals(other);
    }

    /** {@return what is in force} */
    public Configuration current() {
        return current;
    }

    /** {@return a sentence for those who look at the status, none when the file is in force} */
    public List<String> warnings() {
        String why = fault;
        return why == null ? List.of() : List.of("the configuration file is not in force: " + why);
    }

    @Override
    public void close() {
        if (watch != null) {
            watch.close();
        }
        readings.shutdownNow();
    }
}
