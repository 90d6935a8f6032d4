package io.tapswitch.core.cli;

import io.tapswitch.core.cli.client.CliException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;

/**
 * What belongs to tapswitch but not to this version: it is refused by name, so that nobody takes it for a typing error
 * or, worse, believes that it worked. Whoever builds one of these parts deletes its line here.
 */
final class NotYet {
    /** Verbs; those of a group with its name before them. */
    static final Set<String> VERBS = Set.of("top", "trace");

    private static final List<String> OF_CONTAINERS = List.of(
            "--dns-search",
            "--dns-option",
            "--link",
            "--add-host",
            "--env -e",
            "--volume -v",
            "--user -u",
            "--workdir -w",
            "--restart",
            "--privileged",
            "--init",
            "--sysctl");

    private static final Map<String, List<String>> FLAGS = Map.ofEntries(
            Map.entry(
                    "network create",
                    List.of("--scope", "--ingress", "--config-only", "--config-from", "--ipam-driver", "--ipam-opt")),
            Map.entry("network inspect", List.of("--verbose -v")),
            Map.entry("network connect", List.of("--link", "--link-local-ip", "--driver-opt", "--gw-priority")),
            Map.entry("attach", OF_CONTAINERS),
            Map.entry("run", OF_CONTAINERS),
            Map.entry("exec", List.of("--detach -d", "--env -e", "--user -u", "--workdir -w", "--privileged")),
            Map.entry("logs", List.of("--since", "--until", "--timestamps -t", "--details")),
            Map.entry("stop", List.of("--signal -s")),
            Map.entry("start", List.of("--attach -a", "--interactive -i", "--detach-keys")),
            Map.entry("ps", List.of("--size -s")),
            Map.entry("inspect", List.of("--size -s")),
            Map.entry("rm", List.of("--volumes -v", "--link -l")));

    /** What picocli lets through from the middle of its parsing. */
    static final class FlagException extends ParameterException {
        private static final long serialVersionUID = 1L;

        FlagException(CommandSpec verb, String message) {
            super(verb.commandLine(), message);
        }
    }

    private NotYet() {}

    static CliException refusal(String what) {
        return new CliException("tapswitch: " + what + " is not in this version");
    }

    /** Adds the flags of a later version to a verb: not shown by help, and refused as soon as they are read. */
    static void refuseFlags(String verb, CommandSpec spec) {
        for (String flag : FLAGS.getOrDefault(verb, List.of())) {
            String[] names = flag.split(" ");
            spec.addOption(OptionSpec.builder(names)
                    .arity("0..1")
                    .type(String.class)
                    .hidden(true)
                    .parameterConsumer((arguments, option, command) -> {
                        throw new FlagException(command, refusal(names[0]).text());
                    })
                    .build());
        }
    }
}
