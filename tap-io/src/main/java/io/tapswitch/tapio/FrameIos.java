package io.tapswitch.tapio;

import org.jspecify.annotations.Nullable;

/**
 * Chooses the way frames are moved, by trying what the kernel permits.
 *
 * <p>A ring is set up and thrown away: that tells a missing system call (ENOSYS), a forbidden one (EPERM from
 * kernel.io_uring_disabled or a seccomp filter) and a kernel that is too old from one another, which no version
 * number does.
 */
public final class FrameIos {
    /** What the kernel can do, and why not more, as a sentence for the log. */
    public record Probe(IoMode mode, String sentence) {}

    private FrameIos() {}

    /** {@return the best way that this kernel permits the calling thread} */
    public static Probe probe() {
        try (FrameMemory memory = FrameMemory.map(2L * FrameMemory.SLOT_LENGTH)) {
            String noMultishot = failure(IoMode.MULTISHOT, memory);
            if (noMultishot == null) {
                return new Probe(IoMode.MULTISHOT, "io_uring with multishot reads");
            }
            String noSingle = failure(IoMode.SINGLE, memory);
            if (noSingle == null) {
                return new Probe(IoMode.SINGLE, noMultishot + "; using io_uring with single-shot reads");
            }
            return new Probe(IoMode.POLL, noSingle + "; using poll, read and write");
        }
    }

    /** {@return why this kernel does not permit the calling thread that way, or null when it does} */
    public static @Nullable String whyNot(IoMode mode) {
        try (FrameMemory memory = FrameMemory.map(2L * FrameMemory.SLOT_LENGTH)) {
            return failure(mode, memory);
        }
    }

    /**
     * Opens the I/O of one worker, on the worker's thread. It sleeps as soon as it has nothing to do.
     *
     * @param mode the way to use, or null for the best
     * @param firstSlot first slot of this worker's slice of the memory
     * @param slots length of the slice
     * @throws IllegalStateException if the kernel does not permit the mode; the message says why
     */
    public static FrameIo open(@Nullable IoMode mode, FrameMemory memory, int firstSlot, int slots) {
        return open(mode, memory, firstSlot, slots, 0);
    }

    /**
     * The same, with a worker that looks for frames before it sleeps, when frames that answer others come soon.
     *
     * @param busyPollNs how long at most; 0 for not at all. Not for {@link IoMode#POLL}, where each look would be a
     *     system call over all devices
     */
    public static FrameIo open(@Nullable IoMode mode, FrameMemory memory, int firstSlot, int slots, long busyPollNs) {
        IoMode chosen = mode == null ? probe().mode() : mode;
        try {
            return make(chosen, memory, firstSlot, slots, busyPollNs);
        } catch (IllegalStateException e) {
            throw new IllegalStateException("--io " + chosen.word() + " is not possible here: " + e.getMessage(), e);
        }
    }

    private static @Nullable String failure(IoMode mode, FrameMemory memory) {
        try (FrameIo tried = make(mode, memory, 0, 1, 0)) {
            return tried.mode() == mode ? null : "another mode was made";
        } catch (IllegalStateException e) {
            return e.getMessage();
        }
    }

    private static FrameIo make(IoMode mode, FrameMemory memory, int firstSlot, int slots, long busyPollNs) {
        return switch (mode) {
            case MULTISHOT -> new MultishotFrameIo(memory, firstSlot, slots, busyPollNs);
            case SINGLE -> new SingleShotFrameIo(memory, firstSlot, slots, busyPollNs);
            case POLL -> new PollFrameIo(memory, firstSlot, slots);
        };
    }
}
