package io.tapswitch.tapio;

import io.tapswitch.tapio.sys.Errno;
import org.jspecify.annotations.Nullable;

/**
 * What every I/O path keeps about a port, and what to make of its failed reads.
 *
 * <p>A read that failed for the moment (EINTR, EAGAIN, EIO, ENOMEM) is tried again at once, but only {@value
 * #FAILURES_BEFORE_REST} times in a row; then the port rests {@value #REST_NS} ns between two attempts, so that a
 * sick device cannot keep the worker busy, and after a second of that it counts as gone. Everything else means that
 * the file will never be readable again: EBADFD is a deleted device.
 */
class IoPort {
    /** Reading and writing. */
    static final int ACTIVE = 0;
    /** Its file gave up; writes still go to the kernel, which refuses them. */
    static final int GONE = 1;
    /** Told to be removed; what is in flight is awaited. */
    static final int REMOVING = 2;

    /** Time between two reads of a port that failed often. */
    static final long REST_NS = 10_000_000L;

    private static final int FAILURES_BEFORE_REST = 16;
    private static final int FAILURES_BEFORE_GONE = 116;

    final int id;
    final int fd;
    final boolean reads;
    int state = ACTIVE;
    /** Slots that are the port's: waiting for frames, or in use. */
    int slots;
    /** What makes frames of its messages when it is a socket; null of a TAP. */
    @Nullable
    SocketMessages socket;

    private int failures;
    private long restUntilNs;

    IoPort(int id, int fd, boolean reads) {
        this.id = id;
        this.fd = fd;
        this.reads = reads;
    }

    /** A read succeeded. */
    final void onReadSucceeded() {
        failures = 0;
    }

    /**
     * A read failed.
     *
     * @param errno positive
     * @return whether the file is to be given up
     */
    final boolean onReadFailed(int errno) {
        switch (errno) {
            case 0, Errno.EINTR, Errno.EAGAIN, Errno.EIO, Errno.ENOMEM -> {
                failures++;
                if (failures > FAILURES_BEFORE_REST) {
                    restUntilNs = System.nanoTime() + REST_NS;
                }
                return failures > FAILURES_BEFORE_GONE;
            }
            default -> {
                return true;
            }
        }
    }

    /** {@return whether the port has to rest before it is read again} */
    final boolean resting() {
        return failures > FAILURES_BEFORE_REST && System.nanoTime() - restUntilNs < 0;
    }
}
