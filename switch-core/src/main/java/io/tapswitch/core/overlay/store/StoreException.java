package io.tapswitch.core.overlay.store;

import org.jspecify.annotations.Nullable;

/** Why the store did not do what it was asked: a sentence for people, and what can be done about it. */
public final class StoreException extends RuntimeException {
    /** What kind of failure. */
    public enum Kind {
        /** Nobody answers, or the connection broke. */
        UNREACHABLE,
        /** Somebody is there and does not answer in time. */
        TOO_SLOW,
        /** User, password, certificate or permission. */
        REFUSED,
        /** Something answers that is not the store. */
        GARBAGE,
        /** The revision that was asked for is forgotten: read everything again. */
        COMPACTED,
        /** The lease is gone. */
        LEASE_LOST,
        /** The store cannot: no leader, no space, a fault of its own. */
        FAILED,
        /** The caller has closed the store, or was interrupted. */
        CLOSED
    }

    private static final long serialVersionUID = 1L;

    private final Kind kind;
    private final boolean mayHaveHappened;

    /**
     * Makes one.
     *
     * @param kind of failure
     * @param mayHaveHappened whether what was asked for may have been done all the same
     * @param sentence for people
     * @param cause below, null when there is none
     */
    public StoreException(Kind kind, boolean mayHaveHappened, String sentence, @Nullable Throwable cause) {
        super(sentence, cause);
        this.kind = kind;
        this.mayHaveHappened = mayHaveHappened;
    }

    /** {@return what kind of failure} */
    public Kind kind() {
        return kind;
    }

    /** {@return whether what was asked for may have been done all the same} */
    public boolean mayHaveHappened() {
        return mayHaveHappened;
    }

    /** {@return the sentence for people} */
    public String sentence() {
        String message = getMessage();
        return message == null ? kind.name() : message;
    }
}
