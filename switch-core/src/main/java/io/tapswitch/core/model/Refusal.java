package io.tapswitch.core.model;

/**
 * Why the control plane did not do what it was asked: one sentence for the person who asked, and what kind of refusal
 * it is. Where docker refuses the same thing, the sentence is docker's. docs/api.md lists the codes.
 */
public final class Refusal extends RuntimeException {
    /** What kind of refusal; the HTTP API makes a status of it. */
    public enum Kind {
        /** The request cannot be understood or asks for something impossible. */
        BAD_INPUT("bad_input"),
        /** What it names does not exist. */
        UNKNOWN("not_found"),
        /** It contradicts what is there. */
        CONFLICT("conflict"),
        /** A part of the product that does not exist yet. */
        NOT_IN_THIS_VERSION("not_in_this_version"),
        /** The kernel or the dataplane failed. */
        FAILED("failed");

        private final String code;

        Kind(String code) {
            this.code = code;
        }

        /** {@return the code of refusals that have none of their own} */
        public String code() {
            return code;
        }
    }

    private static final long serialVersionUID = 1L;

    private final Kind kind;
    private final String code;

    private Refusal(Kind kind, String code, String message, @org.jspecify.annotations.Nullable Throwable cause) {
        super(message, cause);
        this.kind = kind;
        this.code = code;
    }

    /** {@return a refusal of input} */
    public static Refusal badInput(String message) {
        return new Refusal(Kind.BAD_INPUT, Kind.BAD_INPUT.code, message, null);
    }

    /** {@return the same, with a code of its own} */
    public static Refusal badInput(String code, String message) {
        return new Refusal(Kind.BAD_INPUT, code, message, null);
    }

    /** {@return a refusal because something does not exist} */
    public static Refusal unknown(String message) {
        return new Refusal(Kind.UNKNOWN, Kind.UNKNOWN.code, message, null);
    }

    /** {@return the same, with a code of its own} */
    public static Refusal unknown(String code, String message) {
        return new Refusal(Kind.UNKNOWN, code, message, null);
    }

    /** {@return a refusal because of what is there} */
    public static Refusal conflict(String message) {
        return new Refusal(Kind.CONFLICT, Kind.CONFLICT.code, message, null);
    }

    /** {@return the same, with a code of its own} */
    public static Refusal conflict(String code, String message) {
        return new Refusal(Kind.CONFLICT, code, message, null);
    }

    /** {@return a refusal of something that later versions will do} */
    public static Refusal notInThisVersion(String what) {
        return new Refusal(
                Kind.NOT_IN_THIS_VERSION, Kind.NOT_IN_THIS_VERSION.code, what + " is not in this version", null);
    }

    /** {@return a failure below the control plane} */
    public static Refusal failed(String message, Throwable cause) {
        return failed(Kind.FAILED.code, message, cause);
    }

    /** {@return the same, with a code of its own} */
    public static Refusal failed(String code, String message, Throwable cause) {
        return new Refusal(Kind.FAILED, code, message, cause);
    }

    /** {@return a failure that its sentence explains completely, such as a full disk} */
    public static Refusal failed(String message) {
        return new Refusal(Kind.FAILED, Kind.FAILED.code, message, null);
    }

    /** {@return the same, with a code of its own} */
    public static Refusal failed(String code, String message) {
        return new Refusal(Kind.FAILED, code, message, null);
    }

    /** {@return the same refusal, whose sentence says first where a person wrote what is refused} */
    public Refusal at(String file, int line, String key) {
        return new Refusal(kind, code, file + ":" + line + ": " + key + ": " + sentence(), this);
    }

    /** {@return what kind of refusal} */
    public Kind kind() {
        return kind;
    }

    /** {@return the word for programs; it stays the same when the sentence is put better} */
    public String code() {
        return code;
    }

    /** {@return the sentence for the person who asked} */
    public String sentence() {
        String message = getMessage();
        return message == null ? kind.name() : message;
    }
}
