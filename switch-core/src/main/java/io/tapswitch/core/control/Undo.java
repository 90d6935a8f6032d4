package io.tapswitch.core.control;

import java.util.ArrayDeque;
import java.util.Deque;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What must be taken back when a later step of a change fails: newest first, each step whatever the others did. */
final class Undo {
    private static final Logger LOG = LoggerFactory.getLogger(Undo.class);

    private final Deque<Runnable> steps = new ArrayDeque<>();

    /** Remembers how to take back what was just done. */
    void add(Runnable step) {
        steps.push(step);
    }

    /** Remembers a step on whose success the older ones rest: when it fails, they are left as they are. */
    void addOrStop(Runnable step) {
        steps.push(() -> {
            try {
                step.run();
            } catch (RuntimeException e) {
                steps.clear();
                throw e;
            }
        });
    }

    /** Takes everything back. */
    void run() {
        while (!steps.isEmpty()) {
            try {
                steps.pop().run();
            } catch (RuntimeException e) {
                LOG.error("a step of a failed change could not be taken back", e);
            }
        }
    }
}
