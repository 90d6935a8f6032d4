package io.tapswitch.lab;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * Sees what arrives in a container. Order is kept on every way through the switch, so a frame that was sent before a
 * fence and is not there when the fence has arrived, will never come: that is how tests prove that something was not
 * delivered without waiting for nothing to happen.
 */
public final class Sniffer implements AutoCloseable {
    private static int lastFence;

    private final String word;
    private final Background process;

    private Sniffer(String word, Background process) {
        this.word = word;
        this.process = process;
    }

    /** Begins to listen in a container for all frames that contain the bytes, given in hexadecimal. */
    public static Sniffer in(LabNamespace container, String only) {
        String word = "fence-" + ++lastFence + "-";
        return new Sniffer(word, container.startTraffic("sniff", "fence", word, "only", only));
    }

    /** {@return the frames that had arrived when a fence from the sender did} */
    public List<String> framesBeforeFenceFrom(LabNamespace sender) {
        sender.traffic("fence", "word", word);
        return frames(process.await(Duration.ofSeconds(20)).ok());
    }

    /** {@return the frames that arrived until now, where no fence can pass} */
    public List<String> framesUntilNow() {
        return frames(process.stop().ok());
    }

    private static List<String> frames(Outcome outcome) {
        List<String> frames = new ArrayList<>();
        for (String line : outcome.out().lines().toList()) {
            if (!line.equals("ready") && !line.startsWith("{")) {
                frames.add(line);
            }
        }
        return frames;
    }

    @Override
    public void close() {
        process.close();
    }
}
