package io.tapswitch.core.cli.verb;

import io.tapswitch.core.cli.sandbox.Entry;
import io.tapswitch.core.cli.sandbox.Streams;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code exec}. */
@Command(
        name = "exec",
        description = {
            "Runs a command in a container, and ends with its exit code.",
            "It is in all namespaces of what 'run' made, and in the network namespace of what was attached.",
            "",
            "Example:",
            "  tapswitch exec www ip addr",
            "",
        })
public final class Exec extends Verb {
    @Mixin
    private Stdio stdio = new Stdio();

    @Parameters(paramLabel = "CONTAINER", index = "0", description = "name, id, or the beginning of an id")
    private String container = "";

    @Parameters(paramLabel = "COMMAND", index = "1..*", arity = "1..*", description = "the command and its arguments")
    private List<String> command = new ArrayList<>();

    @Override
    public Integer call() {
        Streams streams = stdio.streams();
        ContainerView found = ContainerView.of(daemon(), container).mustRun();
        Entry entry =
                found.command().isEmpty() ? Entry.ofNetworkNamespace(found.namespace()) : Entry.ofProcess(found.pid());
        return entry.run(command, streams);
    }
}
