package io.tapswitch.core.names;

import java.util.Locale;

/** What the forwarder counts. */
public enum ForwardCounter {
    /** Queries that it was given. */
    QUERIES,
    /** Answered from memory. */
    CACHE_HITS,
    /** Answered from memory after the time that the answer was good for, because no upstream answered. */
    STALE_ANSWERS,
    /** Waited for the answer to the same question of another. */
    JOINED,
    /** Questions that upstreams were asked. */
    QUESTIONS,
    /** Messages sent to upstreams, repeated and hedged ones included. */
    SENT,
    /** Questions asked by TCP, because the answer did not fit. */
    TCP_QUESTIONS,
    /** Answers of upstreams that were passed on. */
    ANSWERS,
    /** Messages that answered nothing that was asked: late, twice, or forged. */
    UNMATCHED,
    /** Answered that no upstream could tell. */
    FAILED,
    /** The same, because none answered in time. */
    TIMED_OUT,
    /** Refused because there is nobody to ask. */
    NO_UPSTREAM,
    /** Refused because too many wait already (D16). */
    OVERLOADED,
    /** Answers that a worker had no room for, and which were too many to wait until it has. */
    ANSWERS_LOST;

    /** {@return the name that stats and metrics show: lower case with underscores} */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}
