package io.tapswitch.tapio;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Tells when files were written anew: closed after writing, renamed into place, removed, or reached by a symbolic link
 * that leads elsewhere now.
 *
 * <p>Not the files are watched but the directories on the way to them, since editors and configuration tools put a new
 * file, or a new link, in the place of the old one. Each link on the way is followed, and its directory watched too:
 *
 * <pre>
 *   /etc/tapswitch.yaml -> ..data/tapswitch.yaml,  ..data -> ..2026_11_21/      watched: /etc, /etc/..2026_11_21
 * </pre>
 *
 * <p>A change is told when nothing happened to the file for {@value #QUIET_MS} ms, so that a program that writes in
 * several steps is heard once. A file that is being written is not told before it is closed. Calls are made on a thread
 * of this object's own, one at a time; after {@link #close} from another thread there are none.
 *
 * <p>Limits: a directory that is itself replaced, not a link to it, is not seen again.
 */
public final class FileWatch implements AutoCloseable {
    private static final int QUIET_MS = 100;
    private static final int MOST_LINKS = 40;
    private static final int MASK = Inotify.IN_CLOSE_WRITE
            | Inotify.IN_MOVED_TO
            | Inotify.IN_MOVED_FROM
            | Inotify.IN_CREATE
            | Inotify.IN_DELETE;

    private final Inotify inotify = new Inotify();
    private final DescriptorPoll poll = DescriptorPoll.start("file-watch");
    private final Consumer<Path> onTouched;
    private final Consumer<Path> onChanged;
    // From here on these belong to the poll's thread.
    /** Each file, and the paths on the way to it at which a change counts. */
    private final Map<Path, Set<Path>> ways = new HashMap<>();
    /** How often something happened to a file. */
    private final Map<Path, Integer> news = new HashMap<>();

    private FileWatch(Consumer<Path> onTouched, Consumer<Path> onChanged) {
        this.onTouched = onTouched;
        this.onChanged = onChanged;
    }

    /**
     * Begins to watch.
     *
     * @param files which need not exist; their directories must
     * @param onChanged hears which of them has changed, as it was named
     */
    public static FileWatch start(List<Path> files, Consumer<Path> onChanged) {
        return start(files, touched -> {}, onChanged);
    }

    /**
     * Begins to watch, for one that has something to prepare.
     *
     * @param files which need not exist; their directories must
     * @param onTouched hears at once, each time that something happened to one: what it finds may not be the last word
     * @param onChanged hears which of them has changed, as it was named
     */
    public static FileWatch start(List<Path> files, Consumer<Path> onTouched, Consumer<Path> onChanged) {
        FileWatch watch = new FileWatch(onTouched, onChanged);
        try {
            for (Path file : files) {
                watch.follow(file);
            }
        } catch (RuntimeException e) {
            watch.close();
            throw e;
        }
        watch.poll.add(watch.inotify.fd(), watch::onNews);
        return watch;
    }

    /** Walks the way to a file, link by link, and watches each directory in which something on it could change. */
    private void follow(Path file) {
        Set<Path> way = new LinkedHashSet<>();
        Path reached = Path.of("/");
        Deque<Path> ahead = new ArrayDeque<>();
        file.toAbsolutePath().forEach(ahead::addLast);
        int links = 0;
        while (!ahead.isEmpty()) {
            Path name = ahead.removeFirst();
            if (name.toString().equals("..")) {
                reached = reached.getParent() == null ? reached : reached.getParent();
                continue;
            }
            Path next = reached.resolve(name).normalize();
            Path target = ++links > MOST_LINKS ? null : target(next);
            if (target != null || ahead.isEmpty()) {
                way.add(next);
                if (!inotify.add(reached, MASK) && way.size() == 1) {
                    throw new DeviceException("cannot watch " + file + ": its directory does not exist");
                }
            }
            if (target == null) {
                links = 0;
                reached = next;
            } else {
                reached = target.isAbsolute() ? Path.of("/") : reached;
                prepend(target, ahead);
            }
        }
        ways.put(file, way);
    }

    private static void prepend(Path target, Deque<Path> ahead) {
        for (int i = target.getNameCount() - 1; i >= 0; i--) {
            ahead.addFirst(target.getName(i));
        }
    }

    private static @Nullable Path target(Path path) {
        try {
            return Files.isSymbolicLink(path) ? Files.readSymbolicLink(path) : null;
        } catch (IOException gone) {
            return null;
        }
    }

    private void onNews() {
        Set<Path> touched = new HashSet<>();
        inotify.drain((path, mask) -> {
            // A plain file that was only just made is still to be written and closed.
            if (path == null || (mask & Inotify.IN_CREATE) == 0 || Files.isSymbolicLink(path)) {
                ways.forEach((file, way) -> {
                    if (path == null || way.contains(path)) {
                        touched.add(file);
                    }
                });
            }
        });
        for (Path file : touched) {
            try {
                follow(file);
            } catch (DeviceException noWay) {
                // Its directory is gone: that is a change, and the old way is what there is left to watch.
            }
            int count = news.merge(file, 1, Integer::sum);
            poll.after(Duration.ofMillis(QUIET_MS), () -> tellIfQuiet(file, count));
            onTouched.accept(file);
        }
    }

    private void tellIfQuiet(Path file, int count) {
        if (news.getOrDefault(file, 0) == count) {
            onChanged.accept(file);
        }
    }

    /** Ends the watch. */
    @Override
    public void close() {
        poll.close();
        inotify.close();
    }
}
