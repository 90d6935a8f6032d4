package io.tapswitch.core.control;

/**
 * Why the control plane did not do what it was asked: one sentence for the person who asked, and what kind of refusal
 * it is. Where docker refuses the same thing, the sentence is docker's.
 */
public final class Refusal extends RuntimeException {
    /** What kind of refusal; the HTTP API makes a status of it. */
    public enum Kind {
        /** The request cannot be understood or asks for something impossible. */
        BAD_INPUT,
        /** What it names does not exist. */
        UNKNOWN,
        /** It contradicts what is there. */
        CONFLICT,
        /** A part of the product that does not exist yet. */
        NOT_IN_THIS_VERSION,
        /** The kernel or the dataplane failed. */
        FAILED
    }

    private static final long serialVersionUID = 1L;

    private final Kind kind;

    private Refusal(Kind kind, String message, @org.jspecify.annotations.Nullable Throwable cause) {
        super(message, cause);
        this.kind = kind;
    }

    /** {@return a refusal of input} */
    public static Refusal badInput(String message) {
        return new Refusal(Kind.BAD_INPUT, message, null);
    }

    /** {@return a refusal because something does not exist} */
    public static Refusal unknown(String message) {
        return new Refusal(Kind.UNKNOWN, message, null);
    }

    /** {@return a refusal because of what is there} */
    public static Refusal conflict(String message) {
        return new Refusal(Kind.CONFLICT, message, null);
    }

    /** {@return a refusal of something that later versions will do} */
    public static Refusal notInThisVersion(String what) {
        return new Refusal(Kind.NOT_IN_THIS_VERSION, what + " is not in this version", null);
    }

    /** {@return a failure below the control plane} */
    public static Refusal failed(String message, Throwable cause) {
        return new Refusal(Kind.FAILED, message, cause);
    }

    /** {@return what kind of refusal} */
    public Kind kind() {
        return kind;
    }

    /** {@return the sentence for the person who asked} */
    public String sentence() {
        String message = getMessage();
        return message == null ? kind.name() : message;
    }
}
