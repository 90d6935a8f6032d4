package io.tapswitch.tapio;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;

/**
 * Which start of the system this is (/proc/sys/kernel/random/boot_id, random(4)): what was written down under another
 * one says nothing about now.
 *
 * @param high its first half
 * @param low its second half
 */
public record BootId(long high, long low) {
    private static final Path FILE = Path.of("/proc/sys/kernel/random/boot_id");

    /** {@return that of this boot} */
    public static BootId read() {
        try {
            UUID id = UUID.fromString(Files.readString(FILE).strip());
            return new BootId(id.getMostSignificantBits(), id.getLeastSignificantBits());
        } catch (IOException | IllegalArgumentException e) {
            throw new DeviceException("cannot read the boot's id from " + FILE + "; is /proc mounted?", e);
        }
    }
}
