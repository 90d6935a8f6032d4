package io.tapswitch.tapio;

/**
 * How a TAP is made.
 *
 * @param queues files of the device, each with its own queue; 1 unless several workers shall read it
 * @param txQueueLength frames that each queue holds for a slow reader before the container's sends are dropped (O9);
 * to
 *     be set with {@link LinkCommand.SetTxQueueLength}
 */
public record TapOptions(int queues, int txQueueLength) {
    /**
     * Queue length unless told otherwise: 1000, the kernel's own for TAPs, kept on purpose. It bridges 2 ms at 500 000
     * small frames a second, longer than a worker's stalls, and 0.7 s of a daemon's restart at 1 400 frames a second.
     * Longer queues only add delay for a sender that is faster than its receiver, and memory: tun orphans what it
     * queues, so nothing but this length bounds what one stalled container can hold, 1000 super-frames of 64 KiB.
     */
    public static final int DEFAULT_TX_QUEUE_LENGTH = 1000;
    /** Most queues of one device (MAX_TAP_QUEUES of drivers/net/tun.c). */
    public static final int MAX_QUEUES = 256;

    /** One queue of the default length. */
    public static final TapOptions DEFAULT = new TapOptions(1, DEFAULT_TX_QUEUE_LENGTH);

    /** Checks the ranges. */
    public TapOptions {
        if (queues < 1 || queues > MAX_QUEUES) {
            throw new IllegalArgumentException("a TAP has 1 to " + MAX_QUEUES + " queues, not " + queues);
        }
        if (txQueueLength < 1) {
            throw new IllegalArgumentException("a TAP's queue takes at least one frame, not " + txQueueLength);
        }
    }
}
