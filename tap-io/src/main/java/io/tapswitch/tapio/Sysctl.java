package io.tapswitch.tapio;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * A setting of the kernel, below /proc/sys.
 *
 * <p>It must be read in one piece: a setting of several numbers answers a read from anywhere but its begin with nothing
 * (proc_dointvec of kernel/sysctl.c), and {@link java.nio.file.Files#readString} begins with a single byte, because the
 * file says that it has none.
 */
public final class Sysctl {
    private static final int LONGEST = 1 << 17;

    private Sysctl() {}

    /** {@return what the setting is, without the end of its line} */
    public static String read(Path setting) throws IOException {
        try (FileChannel file = FileChannel.open(setting, StandardOpenOption.READ)) {
            ByteBuffer text = ByteBuffer.allocate(LONGEST);
            file.read(text);
            return StandardCharsets.US_ASCII.decode(text.flip()).toString().strip();
        }
    }

    /** Sets it; of a long list the kernel takes a page at a time, and adds what follows to what it has. */
    static void write(Path setting, String value) throws IOException {
        try (FileChannel file = FileChannel.open(
                setting, StandardOpenOption.WRITE, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING)) {
            ByteBuffer text = StandardCharsets.US_ASCII.encode(value);
            while (text.hasRemaining()) {
                file.write(text);
            }
        }
    }
}
