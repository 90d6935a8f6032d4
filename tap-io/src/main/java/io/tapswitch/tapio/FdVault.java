package io.tapswitch.tapio;

import io.tapswitch.tapio.sys.Syscalls;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Keeps open files past the end of this process, each set under a tag: the TAPs' files, without which a restarted
 * daemon could not get its interfaces back, and containers would see them go.
 *
 * <p><b>Theory of operation.</b> A TAP's file must not be opened anew, since that works only inside the container's
 * namespace and would keep the namespace alive ({@link TapDevice}). So somebody has to hold it who outlives the daemon.
 * The kernel can: a message with open files that nobody has received yet (SCM_RIGHTS) keeps them open. All that is
 * left to hold is the two ends of one socketpair, and for that a process without code of its own will do, or systemd:
 *
 * <pre>
 *   daemon --sendmsg--> [tag, files][tag, files][tag, files] --(MSG_PEEK)--> next daemon
 *        entrance \______________ kernel's queue ______________/ exit
 *                  \____ held by the daemon and by a keeper ___/
 * </pre>
 *
 * <p>{@link #open} looks for the queue, in this order: passed by systemd (its FDSTORE); in the {@link Keeper} of
 * the run directory, by pidfd_getfd; else it is a new one. Where systemd keeps it for certain there is no keeper. A
 * keeper that is killed while the daemon lives is replaced, and nothing is lost, since the daemon holds the ends too;
 * while no new one can be started, {@link #holder} says so.
 *
 * <p>Invariants: what is in the queue is only looked at ({@link FdQueue#openAll}); a message is taken from the front
 * only when it is dropped or was sent to the end again. So whenever this process is killed, each tag that was not
 * being dropped is in the queue, at most twice. A tag stands for one set of files and cannot be put again before it was
 * dropped. Our ends and all files taken are closed at exec, so that no other child holds what we drop.
 *
 * <p>Limits: {@value FdQueue#CAPACITY} tags, {@value FdMessage#MAX_FDS} files each; a full queue refuses and is left as
 * it was. {@link #put} costs some microseconds, {@link #drop} as much for each tag that lies before the wanted one, and
 * opening 4 000 tags some 20 ms. The kernel's limit of files in flight does not hold for root (too_many_unix_fds of
 * net/core/scm.c). One process at a time has a vault: the directory is locked.
 *
 * <p>Any thread may call; calls wait for each other.
 */
public final class FdVault implements AutoCloseable {
    private static final Duration KEEPER_PAUSE = Duration.ofSeconds(1);

    private final Path runDirectory;
    private final DirectoryLock lock;
    private final ServiceStore service;
    private final FdQueue queue;
    private final Map<String, List<Integer>> taken;

    private @Nullable Keeper keeper;
    /** Why there is no keeper now, though there should be one; empty when there is. */
    private String keeperLack = "";

    private long keeperStartNs;
    private @Nullable DescriptorPoll keeperWatch;
    private int keeperPidfd = -1;
    private boolean closed;

    private FdVault(
            Path runDirectory,
            DirectoryLock lock,
            ServiceStore service,
            FdQueue queue,
            Map<String, List<Integer>> taken) {
        this.runDirectory = runDirectory;
        this.lock = lock;
        this.service = service;
        this.queue = queue;
        this.taken = taken;
    }

    /**
     * Opens the vault of a directory, with what an earlier process put in, or a new one.
     *
     * @param runDirectory made when it does not exist; on a file system that does not outlive the machine's boot
     */
    public static FdVault open(Path runDirectory) {
        return open(runDirectory, System.getenv());
    }

    static FdVault open(Path runDirectory, Map<String, String> environment) {
        try {
            Files.createDirectories(
                    runDirectory, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        } catch (IOException e) {
            throw new DeviceException("cannot make the directory " + runDirectory + ": " + e.getMessage(), e);
        }
        DirectoryLock lock = lock(runDirectory);
        try {
            return open(runDirectory, lock, environment);
        } catch (RuntimeException e) {
            release(lock);
            throw e;
        }
    }

    private static DirectoryLock lock(Path runDirectory) {
        try {
            DirectoryLock lock = DirectoryLock.tryTake(runDirectory);
            if (lock == null) {
                throw new DeviceException("run directory " + runDirectory + " is in use by another tapswitch daemon,"
                        + " whose interfaces are kept there: give this one a directory of its own with --run-dir");
            }
            return lock;
        } catch (IOException e) {
            throw new DeviceException("cannot use run directory " + runDirectory + ": " + e.getMessage(), e);
        }
    }

    private static void release(DirectoryLock lock) {
        try {
            lock.close();
        } catch (IOException e) {
            // Nothing was buffered: the file is closed all the same.
        }
    }

    private static FdVault open(Path runDirectory, DirectoryLock lock, Map<String, String> environment) {
        ServiceStore service = new ServiceStore(environment);
        Keeper keeper = Keeper.of(runDirectory);
        FdQueue kept = keeper == null ? null : keeper.queue(runDirectory);
        FdQueue passed = service.queue();
        FdQueue queue = passed != null ? passed : kept != null ? kept : FdQueue.create();
        try {
            FdVault vault = new FdVault(runDirectory, lock, service, queue, queue.openAll());
            vault.findHolder(passed, keeper, kept);
            return vault;
        } catch (RuntimeException e) {
            queue.close();
            throw e;
        }
    }

    /** Sees to it that somebody besides us holds the queue. */
    private synchronized void findHolder(@Nullable FdQueue passed, @Nullable Keeper found, @Nullable FdQueue kept) {
        if (passed == null && service.exists()) {
            service.keep(queue);
        }
        if (found != null && passed != null && kept != null) {
            takeOver(kept);
        }
        if (passed == null && !service.promises()) {
            DescriptorPoll watch = DescriptorPoll.start("keeper-watch");
            keeperWatch = watch;
            try {
                Keeper ours = found != null && kept == queue ? found : Keeper.start(queue, runDirectory);
                keeper = ours;
                watchKeeper(ours, watch);
            } catch (RuntimeException e) {
                watch.close();
                throw e;
            }
        } else if (found != null) {
            found.end(runDirectory);
        }
    }

    /** Puts into our queue what only another has, from a time when there were a keeper and systemd. */
    private void takeOver(FdQueue other) {
        other.openAll().forEach((tag, fds) -> {
            if (queue.contains(tag)) {
                fds.forEach(Syscalls::close);
            } else {
                queue.put(tag, fds);
                taken.put(tag, fds);
            }
        });
        other.close();
    }

    private void watchKeeper(Keeper watched, DescriptorPoll watch) {
        int pidfd = Syscalls.pidfdOpen(watched.pid());
        if (pidfd < 0) {
            // It ended meanwhile, or there is no file left to watch it with; the second may pass.
            watch.after(KEEPER_PAUSE, () -> lookAgain(watched, watch));
            return;
        }
        keeperPidfd = pidfd;
        watch.add(pidfd, () -> keeperEnded(watched, watch));
    }

    private synchronized void lookAgain(Keeper watched, DescriptorPoll watch) {
        if (closed || !watched.equals(keeper)) {
            return;
        }
        if (watched.isOf(runDirectory)) {
            watchKeeper(watched, watch);
        } else {
            keeperEnded(watched, watch);
        }
    }

    private synchronized void keeperEnded(Keeper dead, DescriptorPoll watch) {
        if (closed || !dead.equals(keeper)) {
            return;
        }
        dead.reap();
        forgetPidfd();
        keeper = null;
        keeperLack = "keeper " + dead.pid() + " ended";
        // Whatever ends each new one at once must not keep a processor busy.
        if (System.nanoTime() - keeperStartNs < KEEPER_PAUSE.toNanos()) {
            watch.after(KEEPER_PAUSE, () -> startKeeper(watch));
        } else {
            startKeeper(watch);
        }
    }

    /** The daemon has the queue's ends too, so a new keeper holds what the dead one held. */
    private synchronized void startKeeper(DescriptorPoll watch) {
        if (closed || keeper != null) {
            return;
        }
        keeperStartNs = System.nanoTime();
        try {
            Keeper next = Keeper.start(queue, runDirectory);
            keeper = next;
            keeperLack = "";
            watchKeeper(next, watch);
        } catch (DeviceException e) {
            keeperLack = String.valueOf(e.getMessage());
            watch.after(KEEPER_PAUSE, () -> startKeeper(watch));
        }
    }

    private void forgetPidfd() {
        if (keeperPidfd >= 0 && keeperWatch != null) {
            keeperWatch.remove(keeperPidfd);
            Syscalls.close(keeperPidfd);
            keeperPidfd = -1;
        }
    }

    /**
     * {@return what the vault held when it was opened: tag to files, which are open in this process and the caller's}
     */
    public Map<String, List<Integer>> taken() {
        return Map.copyOf(taken);
    }

    /**
     * Keeps files open under a tag, until it is dropped. They stay open here as well, and the caller's.
     *
     * @throws DeviceException when there is no room
     * @throws IllegalStateException when the tag is there
     */
    public synchronized void put(String tag, List<Integer> fds) {
        requireOpen();
        if (queue.contains(tag)) {
            throw new IllegalStateException("the vault has files under " + tag + " already");
        }
        queue.put(tag, fds);
    }

    /** Lets the files of these tags go; when it returns, the vault holds none of them. Unknown tags do nothing. */
    public synchronized void drop(Collection<String> tags) {
        requireOpen();
        queue.drop(tags);
    }

    /** {@return the root of the file system as the keeper sees it, this process's own while there is none} */
    public synchronized Path holderRoot() {
        Keeper ours = keeper;
        return ours == null ? Path.of("/") : Path.of("/proc", String.valueOf(ours.pid()), "root");
    }

    /** {@return who holds the files beside this process: "systemd", "keeper PID", both, or "nobody" and why} */
    public synchronized String holder() {
        Keeper ours = keeper;
        if (ours != null) {
            return service.exists() ? "systemd and keeper " + ours.pid() : "keeper " + ours.pid();
        }
        String alone = keeperLack.isEmpty() ? "" : " (" + keeperLack + "; another is tried every second)";
        return (service.exists() ? "systemd" : "nobody") + alone;
    }

    /** Lets everything go and ends the keeper; this vault is closed then. */
    public void end() {
        synchronized (this) {
            requireOpen();
            queue.drop(queue.tags());
            Keeper ours = keeper;
            keeper = null;
            if (ours != null) {
                ours.end(runDirectory);
            }
            service.forget();
            try {
                lock.deleteFile();
            } catch (IOException e) {
                throw new DeviceException("cannot empty the directory " + runDirectory + ": " + e.getMessage(), e);
            }
        }
        close();
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("the vault was closed");
        }
    }

    /** Closes this process' ends; the vault itself stays. */
    @Override
    public void close() {
        DescriptorPoll watch;
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
            watch = keeperWatch;
            forgetPidfd();
            queue.close();
            release(lock);
        }
        if (watch != null) {
            watch.close();
        }
    }
}
