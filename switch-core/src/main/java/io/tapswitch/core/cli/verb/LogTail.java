package io.tapswitch.core.cli.verb;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;

/** Where the last lines of a file begin, read backwards: a log may be long and its end is what people want. */
final class LogTail {
    private static final int BLOCK_BYTES = 64 * 1024;

    private LogTail() {}

    /** {@return the offset of the last {@code lines} lines; a newline at the very end ends the last one} */
    static long begin(FileChannel file, long lines) throws IOException {
        long end = file.size();
        if (lines == 0) {
            return end;
        }
        long newlines = 0;
        ByteBuffer block = ByteBuffer.allocate(BLOCK_BYTES);
        for (long until = lines == Long.MAX_VALUE ? 0 : end; until > 0; until -= BLOCK_BYTES) {
            long from = Math.max(0, until - BLOCK_BYTES);
            int length = (int) (until - from);
            block.clear().limit(length);
            while (block.hasRemaining() && file.read(block, from + block.position()) > 0) {
                // Once more, for a read that was short.
            }
            for (int i = length - 1; i >= 0; i--) {
                boolean atEnd = from + i == end - 1;
                if (block.get(i) == '\n' && !atEnd && ++newlines == lines) {
                    return from + i + 1;
                }
            }
        }
        return 0;
    }
}
