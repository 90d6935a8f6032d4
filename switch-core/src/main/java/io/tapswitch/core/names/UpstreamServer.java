package io.tapswitch.core.names;

import java.net.InetSocketAddress;
import java.util.Locale;

/**
 * A name server and what is known of it: how fast it answers, and whether it answers at all.
 *
 * <pre>
 *   LIVE --- not answered while it was waited for ---> SUSPECT --- three questions in vain, or refused ---> DEAD
 *     ^                                                   |                                                  |
 *     +------------------- any answer --------------------+--------------------------------------------------+
 * </pre>
 *
 * One that does not live is not waited for: the others are asked first, and it is asked beside them now and then, so
 * that a client never pays for finding out that it is back (D14).
 *
 * <p><b>By TCP</b> a server may be silent that answers by UDP: of that it knows apart. One that did not answer by TCP
 * is not the first to be asked by it for a while, which is longer each time.
 *
 * <p>The loop's thread; {@link #state} and {@link #status} are for any.
 */
final class UpstreamServer {
    /** Whether it answers. */
    enum State {
        /** It does, as far as is known. */
        LIVE,
        /** It did not while it was waited for. */
        SUSPECT,
        /** It has not for some time. */
        DEAD
    }

    private static final int LEAST_PATIENCE_MS = 100;
    private static final int MOST_PATIENCE_MS = 800;
    private static final int FIRST_PROBE_MS = 500;
    private static final int LAST_PROBE_MS = 5_000;
    private static final int MISSES_TO_DIE = 3;
    private static final int FIRST_TCP_PAUSE_MS = 5_000;
    private static final int LAST_TCP_PAUSE_MS = 60_000;
    private static final int MS_PER_SECOND = 1_000;

    final InetSocketAddress address;
    final UdpSockets sockets;

    private final int firstPatienceMs;
    private double smoothedMs = -1;
    private double variationMs;
    private int misses;
    private int probeMs = FIRST_PROBE_MS;
    private long nextProbeMs;
    private int tcpPauseMs;
    private long tcpAgainMs;
    private volatile State state = State.LIVE;
    private volatile long silentSinceMs;
    private volatile double roundTripMs = -1;
    private volatile long asked;
    private volatile long answered;

    UpstreamServer(InetSocketAddress address, int firstPatienceMs, UdpSockets.Opener opener) {
        this.address = address;
        this.firstPatienceMs = firstPatienceMs;
        sockets = new UdpSockets(this, opener);
    }

    /** {@return how long it is waited for before another is asked too} */
    long patienceMs() {
        if (smoothedMs < 0) {
            return firstPatienceMs;
        }
        return Math.clamp(Math.round(smoothedMs * 2 + variationMs * 4), LEAST_PATIENCE_MS, MOST_PATIENCE_MS);
    }

    /** It answered, so many milliseconds after it was asked. */
    @SuppressWarnings("NonAtomicVolatileUpdate") // One writer.
    void answered(long afterMs) {
        if (smoothedMs < 0) {
            smoothedMs = afterMs;
            variationMs = afterMs / 2.0;
        } else {
            variationMs += (Math.abs(smoothedMs - afterMs) - variationMs) / 4;
            smoothedMs += (afterMs - smoothedMs) / 8;
        }
        misses = 0;
        probeMs = FIRST_PROBE_MS;
        roundTripMs = smoothedMs;
        state = State.LIVE;
        answered++;
    }

    /** It was waited for long enough to ask another. */
    void late(long nowMs) {
        if (state == State.LIVE) {
            silentSinceMs = nowMs;
            state = State.SUSPECT;
            nextProbeMs = nowMs + probeMs;
        }
    }

    /** A question to it found no answer at all. */
    void missed(long nowMs) {
        late(nowMs);
        misses++;
        if (misses >= MISSES_TO_DIE) {
            state = State.DEAD;
        }
    }

    /** Its host says that nobody is there, or there is no way to it. */
    void refused(long nowMs) {
        misses = Math.max(misses, MISSES_TO_DIE);
        if (state == State.LIVE) {
            silentSinceMs = nowMs;
        }
        if (state != State.DEAD) {
            nextProbeMs = nowMs + probeMs;
        }
        state = State.DEAD;
    }

    /** It answered by TCP. */
    void answeredTcp() {
        tcpPauseMs = 0;
    }

    /** A question by TCP was not answered: no connection, or nothing came, or not in time. */
    void missedTcp(long nowMs) {
        tcpPauseMs = Math.clamp(tcpPauseMs * 2L, FIRST_TCP_PAUSE_MS, LAST_TCP_PAUSE_MS);
        tcpAgainMs = nowMs + tcpPauseMs;
    }

    /** {@return whether it may be the first that is asked by TCP} */
    boolean isTcpPromising(long nowMs) {
        return tcpPauseMs == 0 || nowMs >= tcpAgainMs;
    }

    /** {@return whether it is to be asked although it does not live, beside another; the next time is later then} */
    boolean isProbeDue(long nowMs) {
        if (state == State.LIVE || nowMs < nextProbeMs) {
            return false;
        }
        probeMs = Math.min(probeMs * 2, LAST_PROBE_MS);
        nextProbeMs = nowMs + probeMs;
        return true;
    }

    /** It is asked. */
    @SuppressWarnings("NonAtomicVolatileUpdate") // One writer.
    void asked() {
        asked++;
    }

    State state() {
        return state;
    }

    /** {@return what people see of it} Any thread. */
    UpstreamStatus status(long nowMs) {
        State now = state;
        long silentSeconds = now == State.LIVE ? 0 : Math.max(0, nowMs - silentSinceMs) / MS_PER_SECOND;
        String word = asked == 0 ? UpstreamStatus.UNASKED : now.name().toLowerCase(Locale.ROOT);
        return new UpstreamStatus(address, word, silentSeconds, roundTripMs, asked, answered);
    }
}
