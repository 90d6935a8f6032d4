package io.tapswitch.lab;

import java.util.List;

/**
 * How a command ended.
 *
 * @param command what was run
 * @param exit its exit code
 * @param out its standard output
 * @param err its standard error
 */
public record Outcome(List<String> command, int exit, String out, String err) {
    /** {@return this, when the command succeeded; fails the test with all that it said otherwise} */
    public Outcome ok() {
        if (exit != 0) {
            throw new AssertionError(this.toString());
        }
        return this;
    }

    /** {@return the last line of standard output, where the traffic tool puts its result} */
    public String lastLine() {
        String trimmed = out.strip();
        return trimmed.substring(trimmed.lastIndexOf('\n') + 1);
    }

    /** {@return standard output without the newline at its end} */
    public String text() {
        return out.stripTrailing();
    }

    @Override
    public String toString() {
        return "exit " + exit + " of " + String.join(" ", command) + "\n--- output\n" + out + "--- errors\n" + err;
    }
}
