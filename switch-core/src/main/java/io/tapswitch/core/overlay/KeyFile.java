package io.tapswitch.core.overlay;

import io.tapswitch.core.document.Fields;
import io.tapswitch.core.document.JsonDocument;
import io.tapswitch.core.document.Source;
import io.tapswitch.core.document.TextFile;
import io.tapswitch.core.model.Refusal;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import tools.jackson.databind.json.JsonMapper;

/**
 * Where the keys of this host are kept, with the counters that were reserved of each. What was written is on the disk
 * when {@link #write} returns, the directory included: a counter must never go back, also when the machine loses power.
 */
public final class KeyFile implements HostKeys.Disk {
    private static final FileAttribute<?> OWNER_ONLY =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));
    private static final Set<StandardOpenOption> WRITE_NEW =
            Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
    private static final Set<String> KEYS = Set.of("id", "secret", "salt", "created", "reserved", "spent");
    private static final int BYTES_MAX = 1 << 20;
    private static final JsonMapper JSON = JsonMapper.shared();

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
        write(file, Map.of("keys", list));
    }

    /** Writes an object to a file that is its owner's alone; when it returns, it is there whatever happens. */
    static void write(Path file, Map<String, ?> object) {
        Path next = file.resolveSibling(file.getFileName() + ".new");
        try {
            // A file that somebody else left there would keep its owner and mode.
            Files.deleteIfExists(next);
            byte[] text = JSON.writeValueAsString(object).getBytes(StandardCharsets.UTF_8);
            try (FileChannel channel = FileChannel.open(next, WRITE_NEW, OWNER_ONLY)) {
                ByteBuffer buffer = ByteBuffer.wrap(text);
                while (buffer.hasRemaining()) {
                    channel.write(buffer);
                }
                channel.force(true);
            }
            Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            try (FileChannel directory = FileChannel.open(file.toAbsolutePath().getParent())) {
                directory.force(true);
            }
        } catch (IOException e) {
            throw Refusal.failed("cannot write " + file + ": " + TextFile.reason(e));
        }
    }
}
