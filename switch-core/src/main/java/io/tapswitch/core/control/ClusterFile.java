package io.tapswitch.core.control;

import io.tapswitch.core.document.Fields;
import io.tapswitch.core.document.JsonDocument;
import io.tapswitch.core.document.OwnersFile;
import io.tapswitch.core.document.Source;
import io.tapswitch.core.document.TextFile;
import io.tapswitch.core.model.ObjectName;
import io.tapswitch.core.model.Refusal;
import io.tapswitch.core.overlay.ClusterState;
import io.tapswitch.core.overlay.store.StoredEntry;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What a daemon knows of its cluster beyond its own life: who it is there, and what the store had when it was asked
 * last. So tunnels come up after a restart while the store is away (V12).
 *
 * <pre>
 *   STATE-DIR/cluster.json   {"version": 1, "host": ID, "incarnation": N, "revision": N, "entries": [...]}
 * </pre>
 *
 * <p>Who it is, is on the disk before anybody hears of it; the rest may be older than the truth, which the store tells.
 */
final class ClusterFile {
    private static final String FILE = "cluster.json";
    private static final int VERSION = 1;
    private static final int BYTES_MAX = 256 << 20;

    private final Path directory;
    private final String host;
    private final long incarnation;
    private ClusterState saved;

    private ClusterFile(Path directory, String host, long incarnation, ClusterState saved) {
        this.directory = directory;
        this.host = host;
        this.incarnation = incarnation;
        this.saved = saved;
    }

    /**
     * {@return the file of a state directory, written with the next incarnation}
     *
     * @param directory of the state, which is this daemon's
     */
    static ClusterFile next(Path directory) {
        ClusterFile last = Files.exists(directory.resolve(FILE), LinkOption.NOFOLLOW_LINKS)
                ? read(directory)
                : new ClusterFile(directory, ObjectName.newId(), 0, ClusterState.empty());
        ClusterFile now = new ClusterFile(directory, last.host, last.incarnation + 1, last.saved);
        now.save(last.saved);
        return now;
    }

    private static ClusterFile read(Path directory) {
        Path file = directory.resolve(FILE);
        try {
            Source source = new Source(file.toString());
            Fields fields = Fields.ofAnyKeys(source, "", JsonDocument.parse(source, TextFile.read(file, BYTES_MAX)));
            if (fields.number("version", 1, Integer.MAX_VALUE) != VERSION) {
                throw fields.refuse("version", "a newer tapswitch wrote this file");
            }
            List<StoredEntry> entries = new ArrayList<>();
            for (Fields entry : fields.mappings("entries", Set.of("key", "value", "created", "revision"))) {
                entries.add(new StoredEntry(
                        entry.text("key"),
                        entry.text("value"),
                        entry.number("created", 0, Long.MAX_VALUE),
                        entry.number("revision", 0, Long.MAX_VALUE)));
            }
            ClusterState state = ClusterState.restored(fields.number("revision", 0, Long.MAX_VALUE), entries);
            return new ClusterFile(
                    directory, fields.text("host"), fields.number("incarnation", 0, Long.MAX_VALUE), state);
        } catch (Refusal e) {
            throw Refusal.failed("what is known of the cluster cannot be read: " + e.sentence()
                    + " (nothing was changed; mend the file, or move it away to join the cluster as a new host)");
        }
    }

    /** {@return where it is, as people find it} */
    static Path in(Path directory) {
        return directory.resolve(FILE).toAbsolutePath().normalize();
    }

    /** {@return this host's id in the cluster, 64 hexadecimal digits, the same for the life of the directory} */
    String host() {
        return host;
    }

    /** {@return which start of the daemon this is} */
    long incarnation() {
        return incarnation;
    }

    /** {@return what was known last} */
    ClusterState saved() {
        return saved;
    }

    /** Writes what is known now; refuses when the disk does not take it, and what it has stays. */
    void save(ClusterState state) {
        List<Map<String, Object>> entries = new ArrayList<>();
        for (StoredEntry entry : state.stored()) {
            Map<String, Object> map = new LinkedHashMap<>();
            map.put("key", entry.key());
            map.put("value", entry.value());
            map.put("created", entry.createRevision());
            map.put("revision", entry.revision());
            entries.add(map);
        }
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("version", VERSION);
        all.put("host", host);
        all.put("incarnation", incarnation);
        all.put("revision", state.complete());
        all.put("entries", entries);
        // The new name is on the disk too: without its id, a host that lost its power would be another one.
        OwnersFile.write(directory.resolve(FILE), all);
        saved = state;
    }
}
