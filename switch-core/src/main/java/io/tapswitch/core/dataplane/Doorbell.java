package io.tapswitch.core.dataplane;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * Theory of operation: how a worker that sleeps in the kernel learns that something was put on one of its queues,
 * without a system call for each offer, and without ever sleeping over one.
 *
 * <pre>
 *   producer                              worker
 *   offer(x)                              asleep = true          beginSleep()
 *   --- full fence ---                    --- full fence ---
 *   asleep? then clear it and wake        queues empty? then block, else do not
 * </pre>
 *
 * <p>This is Dekker's pattern: each side stores its own, then looks at the other's. With a full fence in between, at
 * least one of the two sees the other's store, so either the worker finds x, or the producer finds it asleep and wakes
 * it. Without the fences both stores may sit in store buffers, and both sides see nothing.
 *
 * <p>Only the producer that clears the flag wakes, so a sleep costs one wake-up, however many offers meet it. A wake-up
 * may come when the worker has already decided not to block: waking must then end the next wait instead (as
 * {@link io.tapswitch.tapio.FrameIo#wake} does), which costs a turn and loses nothing.
 *
 * <p><b>Threads.</b> {@code beginSleep, endSleep}: the worker. {@link #ring}: any.
 */
public final class Doorbell {
    private static final VarHandle ASLEEP;

    static {
        try {
            ASLEEP = MethodHandles.lookup().findVarHandle(Doorbell.class, "asleep", boolean.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final Runnable wake;

    @SuppressWarnings("UnusedVariable") // read and written through ASLEEP
    private boolean asleep;

    /**
     * Makes a doorbell of a worker that is awake.
     *
     * @param wake ends the worker's wait, or its next one; called on the thread of who rings
     */
    public Doorbell(Runnable wake) {
        this.wake = wake;
    }

    /** The worker is about to block. It must look at its queues once more after this. */
    public void beginSleep() {
        ASLEEP.setOpaque(this, true);
        VarHandle.fullFence();
    }

    /** The worker is awake again, or did not block after all. */
    public void endSleep() {
        ASLEEP.setOpaque(this, false);
    }

    /** Something was put on a queue of the worker. */
    public void ring() {
        VarHandle.fullFence();
        if ((boolean) ASLEEP.getOpaque(this) && ASLEEP.compareAndSet(this, true, false)) {
            wake.run();
        }
    }
}
