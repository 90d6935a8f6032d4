package io.tapswitch.core.overlay;

import io.tapswitch.core.document.Fields;
import io.tapswitch.core.document.JsonDocument;
import io.tapswitch.core.document.OwnersFile;
import io.tapswitch.core.document.Source;
import io.tapswitch.core.document.TextFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Where is kept how far the other hosts had got with their keys, when a frame of theirs was taken last. */
public final class MarkFile {
    private static final Set<String> KEYS = Set.of("host", "id", "salt", "seen", "next");
    private static final int BYTES_MAX = 64 << 20;

    private final Path file;

    /**
     * How far a host had got with a key. No secret is in it.
     *
     * @param host whose key
     * @param id of the key, 8 hex digits
     * @param salt of the key: another key may have its id
     * @param seenMs when it was in the store last, since 1970, in whole days
     * @param next for each worker of the host, the first sequence behind all that came
     */
    record Mark(String host, String id, String salt, long seenMs, List<Long> next) {
        Mark {
            next = List.copyOf(next);
        }
    }

    /** The one in a state directory, which may not be there yet. */
    public MarkFile(Path stateDirectory) {
        file = stateDirectory.resolve("tunnel-marks.json");
    }

    /** {@return what was written last, nothing at first} Refused when it cannot be read. */
    List<Mark> read() {
        if (!Files.exists(file)) {
            return List.of();
        }
        Source source = new Source(file.toString());
        Fields all = Fields.ofAnyKeys(source, "", JsonDocument.parse(source, TextFile.read(file, BYTES_MAX)));
        List<Mark> marks = new ArrayList<>();
        for (Fields one : all.mappings("keys", KEYS)) {
            marks.add(new Mark(
                    one.parse("host", text -> ClusterText.digits(text, 64)),
                    one.parse("id", text -> ClusterText.digits(text, 8)),
                    one.parse("salt", text -> ClusterText.digits(text, 8)),
                    one.number("seen", 0, Long.MAX_VALUE),
                    one.list("next", Long::parseUnsignedLong)));
        }
        return marks;
    }

    /** Writes; when it returns, it is on the disk. Refused when it cannot be. */
    void write(Iterable<Mark> marks) {
        List<Map<String, Object>> list = new ArrayList<>();
        for (Mark mark : marks) {
            Map<String, Object> map = new LinkedHashMap<>();
            map.put("host", mark.host());
            map.put("id", mark.id());
            map.put("salt", mark.salt());
            map.put("seen", mark.seenMs());
            map.put("next", mark.next().stream().map(String::valueOf).toList());
            list.add(map);
        }
        OwnersFile.write(file, Map.of("keys", list));
    }
}
