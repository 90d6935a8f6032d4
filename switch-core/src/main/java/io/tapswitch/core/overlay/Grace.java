package io.tapswitch.core.overlay;

/**
 * The time in which nothing is dropped that another store lacks: after it was emptied, or restored from a copy. For one
 * thread, but for {@link #sentence}.
 */
final class Grace {
    /** 0 when it is the same store. */
    private long endMs;

    private volatile String sentence = "";

    /** It is another store. */
    void begin(long untilMs, String store) {
        endMs = untilMs;
        sentence = "the cluster store " + store + " is not as it was: it was emptied, or restored from an older copy;"
                + " what it lacks is kept for " + SessionLoop.GRACE_MS / 1_000
                + " s, until each host has registered again";
    }

    /** Ends it when its time is over. */
    void look(long nowMs) {
        if (isOver(nowMs)) {
            endMs = 0;
            sentence = "";
        }
    }

    /** {@return whether its time is over and it is still on} */
    boolean isOver(long nowMs) {
        return endMs != 0 && nowMs - endMs >= 0;
    }

    boolean isOn() {
        return endMs != 0;
    }

    /** {@return what a person should know meanwhile, empty when it is the same store; any thread} */
    String sentence() {
        return sentence;
    }
}
