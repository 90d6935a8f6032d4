package io.tapswitch.core.document;

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
import java.util.Map;
import java.util.Set;
import tools.jackson.databind.json.JsonMapper;

/** Files of JSON that are their owner's alone, and that must be there after a loss of power, too. */
public final class OwnersFile {
    private static final FileAttribute<?> OWNER_ONLY =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));
    private static final Set<StandardOpenOption> WRITE_NEW =
            Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
    private static final JsonMapper JSON = JsonMapper.shared();

    private OwnersFile() {}

    /**
     * Writes an object; when it returns, it is on the disk, the file's name included. Refused when the disk does not
     * take it, and then what was there stays.
     */
    public static void write(Path file, Map<String, ?> object) {
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
