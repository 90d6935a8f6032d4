package io.tapswitch.lab;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** A person at a terminal, played by resources/io/tapswitch/lab/terminal.py, which explains the steps. */
public final class LabTerminal {
    private static final Path TOOL = LabNamespace.unpack("terminal.py");

    private LabTerminal() {}

    /** Runs the product's command line at a terminal and takes the steps; what it wrote, and at last how it ended. */
    public static Outcome play(Daemon daemon, List<String> words, String... steps) {
        List<String> command = new ArrayList<>(List.of("python3", TOOL.toString()));
        command.addAll(List.of(steps));
        command.add("--");
        command.addAll(daemon.command(words.toArray(String[]::new)));
        return Commands.run(Duration.ofSeconds(40), "", command).ok();
    }
}
