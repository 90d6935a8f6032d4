package io.tapswitch.lab;

import java.util.List;

/** tcpdump in a namespace: a second, independent witness of what arrives. */
public final class Capture implements AutoCloseable {
    private final Background process;

    private Capture(Background process) {
        this.process = process;
    }

    /** Begins to capture what comes in on the interface and matches the filter (pcap-filter(7)). */
    public static Capture in(LabNamespace namespace, String filter) {
        return in(namespace, "eth0", filter);
    }

    /** Begins to capture what comes in on an interface of that name. */
    public static Capture in(LabNamespace namespace, String link, String filter) {
        return new Capture(namespace
                .start("tcpdump", "-i", link, "-Q", "in", "-e", "-n", "-l", "--immediate-mode", filter)
                .awaitWords("listening on"));
    }

    /** {@return the lines that it has printed until now} */
    public List<String> lines() {
        return process.out().lines().toList();
    }

    /** Waits until it has printed a line with the words. */
    public void awaitLine(String words) {
        Eventually.until("tcpdump prints " + words, () -> process.out().contains(words));
    }

    @Override
    public void close() {
        process.close();
    }
}
