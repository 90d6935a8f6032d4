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

/**
 * Where the keys of this host are kept, with the counters that were reserved of each. What was written is on the disk
 * when {@link #write} returns, the directory included: a counter must never go back, also when the machine loses power.
 */
public final class KeyFile implements HostKeys.Disk {
    private static final Set<String> KEYS = Set.of("id", "secret", "salt", "created", "reserved", "spent");
    private static final int BYTES_MAX = 1 << 20;

    private final Path file;

    /** The one in a state directory, which may not be there yet. */
    public KeyFile(Path stateDirectory) {
        file = stateDirectory.resolve("tunnel-keys.json");
    }

    @Override
    public List<HostKeys.Kept> read() {
        if (!Files.exists(file)) {
            return List.of();
        }
        Source source = new Source(file.toString());
        Fields all = Fields.ofAnyKeys(source, "", JsonDocument.parse(source, TextFile.read(file, BYTES_MAX)));
        List<HostKeys.Kept> keys = new ArrayList<>();
        for (Fields one : all.mappings("keys", KEYS)) {
            keys.add(new HostKeys.Kept(
                    one.parse("id", text -> ClusterText.digits(text, 8)),
                    one.parse("secret", text -> ClusterText.digits(text, 64)),
                    one.parse("salt", text -> ClusterText.digits(text, 8)),
                    one.number("created", 0, Long.MAX_VALUE),
                    one.number("reserved", 0, HostKeys.PACKETS_MAX),
                    one.number("spent", 0, HostKeys.PACKETS_MAX)));
        }
        return keys;
    }

    @Override
    public void write(List<HostKeys.Kept> keys) {
        List<Map<String, Object>> list = new ArrayList<>();
        for (HostKeys.Kept key : keys) {
            Map<String, Object> map = new LinkedHashMap<>();
            map.put("id", key.id());
            map.put("secret", key.secret());
            map.put("salt", key.salt());
            map.put("created", key.createdMs());
            map.put("reserved", key.reserved());
            map.put("spent", key.spent());
            list.add(map);
        }
        OwnersFile.write(file, Map.of("keys", list));
    }
}
