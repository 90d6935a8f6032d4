package io.tapswitch.tapio;

/**
 * How long a worker that has nothing to do looks for work before it sleeps.
 *
 * <p><b>Theory of operation.</b> To be woken from a sleep costs some 30 us when the waker is on another CPU (measured,
 * in a virtual machine), which is more than all else that a frame costs. A frame that answers another comes sooner
 * than that, so whoever waits for one had better stay awake; whoever waits for nothing had better not. Which of both
 * it is, the waits before tell, as for a hypervisor that waits for its guest (halt polling of KVM,
 * Documentation/virt/kvm/halt-polling.rst, whose rule this is):
 *
 * <pre>
 *   the wait was longer than the longest window      the next one is half as long: sleep it was that was needed
 *   longer than its window, not than the longest     twice as long: a little more and it would have been found
 *   found within its window                          it stays
 * </pre>
 *
 * <p>So frames that come once a millisecond cost no polling at all, and a ping-pong no sleep.
 *
 * <p>Between two looks the worker yields: on a CPU that it shares, whom it waits for may be waiting for that CPU. A
 * yield that takes a millisecond says that somebody computes there. Yielding to him costs a whole time slice, where a
 * sleeper that is woken comes first; so for the next {@value #CONTENDED_MS} ms it sleeps.
 *
 * <p>Owned by one thread; times are {@link System#nanoTime}.
 */
final class BusyPoll {
    private static final long FIRST_WINDOW_NS = 10_000;
    private static final long NS_PER_MS = 1_000_000;
    private static final long CONTENDED_MS = 100;
    private static final long LONG_YIELD_NS = NS_PER_MS;

    private final long longestNs;
    private long beganNs;
    private long windowNs;
    private long contendedUntilNs;
    private boolean contended;

    /** @param longestNs longest window; 0 for none at all */
    BusyPoll(long longestNs) {
        this.longestNs = longestNs;
    }

    /** A wait begins. */
    void begin() {
        beganNs = longestNs == 0 ? 0 : System.nanoTime();
    }

    /** Submits what is queued and looks for completions, when that is worth it; whether there are that many. */
    boolean finds(Uring ring, int minComplete, long timeoutNs) {
        long lookNs = Math.min(timeoutNs, windowNs(beganNs));
        if (lookNs == 0) {
            return false;
        }
        ring.enter(0, Uring.NO_LIMIT);
        long nowNs = beganNs;
        boolean goesOn = true;
        while (goesOn && ring.readable() < minComplete && nowNs - beganNs < lookNs) {
            long before = nowNs;
            boolean work = ring.hasWork();
            if (work) {
                ring.enter(0, Uring.NO_LIMIT);
            } else {
                yieldCpu();
            }
            nowNs = System.nanoTime();
            goesOn = work || yielded(before, nowNs);
        }
        return ring.readable() >= minComplete;
    }

    @SuppressWarnings("ThreadPriorityCheck") // whom we wait for may be waiting for this CPU
    private static void yieldCpu() {
        Thread.yield();
    }

    /** A wait is over. */
    void end() {
        if (longestNs > 0) {
            waited(System.nanoTime() - beganNs);
        }
    }

    /** {@return how long to look for work before sleeping} */
    long windowNs(long nowNs) {
        if (contended && nowNs - contendedUntilNs >= 0) {
            contended = false;
        }
        return contended ? 0 : windowNs;
    }

    /** Takes note of how long a yield took. {@return whether to look on} */
    boolean yielded(long beganNs, long nowNs) {
        if (nowNs - beganNs < LONG_YIELD_NS) {
            return true;
        }
        contended = true;
        contendedUntilNs = nowNs + CONTENDED_MS * NS_PER_MS;
        windowNs = 0;
        return false;
    }

    /** Takes note of how long a wait was, looking and sleeping together. */
    void waited(long ns) {
        if (ns > longestNs) {
            long half = windowNs / 2;
            windowNs = half < FIRST_WINDOW_NS ? 0 : half;
        } else if (ns > windowNs) {
            windowNs = Math.min(longestNs, Math.max(FIRST_WINDOW_NS, 2 * windowNs));
        }
    }
}
