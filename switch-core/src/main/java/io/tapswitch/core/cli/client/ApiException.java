package io.tapswitch.core.cli.client;

/** The daemon refused a request: its sentence and its HTTP status. */
public final class ApiException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final int status;

    /** A refusal. */
    public ApiException(int status, String message) {
        super(message, null, false, false);
        this.status = status;
    }

    /** {@return the HTTP status} */
    public int status() {
        return status;
    }

    /** {@return docker's words for a refusal} */
    public String text() {
        return "Error response from daemon: " + getMessage();
    }
}
