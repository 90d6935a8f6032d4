package io.tapswitch.tapio;

/** The three ways a worker can move frames; which one runs is probed at start or forced by {@code --io}. */
public enum IoMode {
    /** io_uring with multishot reads and a provided-buffer ring per port (Linux 6.7). */
    MULTISHOT("multishot"),
    /** io_uring with a few single-shot reads in flight per port (Linux 6.1). */
    SINGLE("single"),
    /** poll, read and write system calls, for kernels and sandboxes without io_uring. */
    POLL("poll");

    private final String word;

    IoMode(String word) {
        this.word = word;
    }

    /** {@return the word that {@code --io} takes and {@code stats} shows} */
    public String word() {
        return word;
    }
}
