package io.tapswitch.core.dataplane;

import io.tapswitch.tapio.FrameIo;
import org.jspecify.annotations.Nullable;

/**
 * A number for each port, in blocks that exist only where a port ever had one: a network has a handful of the switch's
 * {@link FrameIo#MAX_PORTS} ports. For the thread that owns it.
 */
final class PortCounts {
    private static final int BLOCK_SHIFT = 6;
    private static final int BLOCK = 1 << BLOCK_SHIFT;

    private final int[] @Nullable [] blocks = new int[FrameIo.MAX_PORTS >> BLOCK_SHIFT][];

    int get(int port) {
        int[] block = blocks[port >> BLOCK_SHIFT];
        return block == null ? 0 : block[port & (BLOCK - 1)];
    }

    void add(int port, int amount) {
        int[] block = blocks[port >> BLOCK_SHIFT];
        if (block == null) {
            block = new int[BLOCK];
            blocks[port >> BLOCK_SHIFT] = block;
        }
        block[port & (BLOCK - 1)] += amount;
    }
}
