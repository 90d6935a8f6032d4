package io.tapswitch.tapio;

/**
 * How a program gets to a device's entrance, first of all that are there, and stays when the process ends. It belongs
 * to the calling thread's network namespace. One thread at a time.
 */
sealed interface Attachment extends AutoCloseable permits TcxAttachment, FilterAttachment {
    /**
     * Attaches a program, in the place of the one that this daemon has there; without a frame between them.
     *
     * @param program a loaded program's file, which stays the caller's
     */
    void attach(int device, int program);

    /** {@return whether what was attached is the first that sees what comes in} */
    boolean isFirst(int device);

    /** Takes what was attached away; nothing there is no mistake. */
    void detach(int device);

    /** Lets go of what the process holds; what is attached stays. */
    @Override
    void close();
}
