package io.tapswitch.tapio;

/**
 * A device, link or network namespace could not be opened, made or changed. The message is for the user: what, where,
 * the kernel's or iproute2's words, and how to mend it where that is known.
 */
public final class DeviceException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final int errno;

    /** Without an errno. */
    public DeviceException(String message) {
        this(message, 0);
    }

    /** Because of another exception. */
    public DeviceException(String message, Throwable cause) {
        super(message, cause);
        this.errno = 0;
    }

    /**
     * Because a system call failed.
     *
     * @param errno the positive errno, 0 for none
     */
    public DeviceException(String message, int errno) {
        super(message);
        this.errno = errno;
    }

    /** {@return the positive errno of the system call that failed, 0 when it was none} */
    public int errno() {
        return errno;
    }
}
