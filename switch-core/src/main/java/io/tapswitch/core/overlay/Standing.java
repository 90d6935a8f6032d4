package io.tapswitch.core.overlay;

/** How this host stands in the cluster. */
public sealed interface Standing {
    /**
     * The store cannot be asked; what was known goes on.
     *
     * @param sentence why
     */
    record Away(String sentence) implements Standing {}

    /**
     * The store is there, and this host may not take part.
     *
     * @param sentence why
     */
    record Refused(String sentence) implements Standing {}

    /** This host takes part. */
    record Joined() implements Standing {}
}
