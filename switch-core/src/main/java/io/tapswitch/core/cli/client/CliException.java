package io.tapswitch.core.cli.client;

/** A command that failed, with what to print on standard error and how to end: not a bug, so no stack trace. */
public final class CliException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** Standing in for the exit code of the verb: 125 for {@code run}, else 1. */
    public static final int DEFAULT_CODE = -1;

    private final int exitCode;

    /** A failure with the exit code that docker's command of the same name would have. */
    public CliException(String message) {
        this(message, DEFAULT_CODE);
    }

    /** A failure with this exit code; an empty message prints nothing. */
    public CliException(String message, int exitCode) {
        super(message, null, false, false);
        this.exitCode = exitCode;
    }

    /** The exit code, or {@code verbDefault} when the failure has no code of its own. */
    public int exitCode(int verbDefault) {
        return exitCode == DEFAULT_CODE ? verbDefault : exitCode;
    }

    /** {@return the message; never null} */
    public String text() {
        String message = getMessage();
        return message == null ? "" : message;
    }
}
