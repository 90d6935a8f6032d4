package io.tapswitch.core.cli;

import io.tapswitch.core.cli.client.ApiClient;
import io.tapswitch.core.cli.client.ApiException;
import io.tapswitch.core.cli.client.CliException;
import io.tapswitch.core.cli.format.TemplateException;
import io.tapswitch.core.cli.verb.Tapswitch;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import picocli.CommandLine;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.MissingParameterException;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/**
 * The command line's main. It builds only the verb that was typed, because describing all of them to picocli costs more
 * than the whole request; a call for help builds them all.
 *
 * <p>Exit codes are docker's: what {@code run} and {@code exec} ran decides, 125 when {@code run} itself fails, else 1.
 */
public final class Main {
    private static final int FAILED = 1;
    private static final int RUN_FAILED = 125;

    private Main() {}

    /** Runs one command. */
    public static void main(String[] arguments) {
        // Bytes out in the encoding of JSON and of every terminal of today, whatever the locale says.
        PrintWriter out = new PrintWriter(System.out, false, StandardCharsets.UTF_8);
        PrintWriter err = new PrintWriter(System.err, false, StandardCharsets.UTF_8);
        int code = execute(arguments, System.getenv(), out, err);
        out.flush();
        err.flush();
        System.exit(code);
    }

    /** Runs one command and returns its exit code. */
    public static int execute(String[] arguments, Map<String, String> environment, PrintWriter out, PrintWriter err) {
        return execute(arguments, environment, ApiClient.PATIENCE, out, err);
    }

    /** The same, which waits so long for the daemon's answers. */
    static int execute(
            String[] arguments, Map<String, String> environment, Duration patience, PrintWriter out, PrintWriter err) {
        Words words = Words.of(arguments);
        String verb = words.verb();
        if (NotYet.VERBS.contains(verb)) {
            return fail(err, NotYet.refusal("'" + verb + "'").text(), FAILED);
        }
        CommandLine command =
                commandLine(words, environment, patience).setOut(out).setErr(err);
        command.setParameterExceptionHandler((e, args) -> explain(e, verb));
        command.setExecutionExceptionHandler((e, failed, result) -> switch (e) {
            case TemplateException mistake -> fail(err, mistake.text(), codeOf(verb));
            case CliException failure -> fail(err, failure.text(), failure.exitCode(codeOf(verb)));
            case ApiException refusal ->
                fail(err, (verb.equals("run") ? "tapswitch: " : "") + refusal.text(), codeOf(verb));
            default -> {
                err.println("tapswitch: a bug in the command line:");
                e.printStackTrace(err);
                yield codeOf(verb);
            }
        });
        return command.execute(arguments);
    }

    private static CommandLine commandLine(Words words, Map<String, String> environment, Duration patience) {
        CommandLine root = new CommandLine(new Tapswitch(environment, patience));
        Verbs.top(words.first()).forEach((name, maker) -> {
            CommandLine verb = new CommandLine(maker.get());
            Verbs.within(name, words.second())
                    .forEach((second, command) ->
                            verb.addSubcommand(second, withFlags(name + ' ' + second, new CommandLine(command.get()))));
            root.addSubcommand(name, withFlags(name, verb));
        });
        root.setColorScheme(CommandLine.Help.defaultColorScheme(Ansi.OFF));
        root.setUsageHelpAutoWidth(false).setUsageHelpWidth(110);
        root.setAllowOptionsAsOptionParameters(false);
        for (String verb : Set.of("run", "exec")) {
            CommandLine found = root.getSubcommands().get(verb);
            if (found != null) {
                found.setStopAtPositional(true);
            }
        }
        return root;
    }

    private static CommandLine withFlags(String verb, CommandLine command) {
        NotYet.refuseFlags(verb, command.getCommandSpec());
        return command;
    }

    /** Words for a command line that does not parse, as near to docker's as they are clear. */
    private static int explain(ParameterException e, String verb) {
        if (e instanceof NotYet.FlagException refusal) {
            return fail(e.getCommandLine().getErr(), String.valueOf(refusal.getMessage()), codeOf(verb));
        }
        CommandSpec spec = e.getCommandLine().getCommandSpec();
        String name = spec.qualifiedName();
        String problem = e.getMessage();
        boolean group = !e.getCommandLine().getSubcommands().isEmpty();
        if (e instanceof UnmatchedArgumentException unmatched) {
            String word = unmatched.getUnmatched().getFirst();
            if (word.startsWith("-") && word.length() > 1) {
                problem = "unknown flag: " + word;
            } else if (group) {
                problem = "'" + word + "' is not a " + name + " command.";
            } else {
                problem = "\"" + name + "\" does not take '" + word + "'";
            }
        } else if (e instanceof MissingParameterException missing
                && !missing.getMissing().isEmpty()
                && missing.getMissing().getFirst() instanceof OptionSpec option) {
            // picocli tells a flag that is not there at all from one without a value by its words only.
            problem = String.valueOf(problem).startsWith("Missing required option")
                    ? "the flag " + option.longestName() + " is missing"
                    : "flag needs an argument: " + option.longestName();
        } else if (group) {
            problem = "a verb is missing";
        } else if (e instanceof MissingParameterException missing
                && !missing.getMissing().isEmpty()
                && missing.getMissing().getFirst().isPositional()) {
            String unknown = unknownFlag(e.getCommandLine());
            problem = unknown.isEmpty()
                    ? "\"" + name + "\" needs "
                            + missing.getMissing().getFirst().paramLabel()
                    : "unknown flag: " + unknown;
        } else {
            // picocli says it twice for the values of a map.
            problem = String.valueOf(problem).replace("option option ", "option ");
        }
        String hint = "\nSee '" + name + " --help'.";
        return fail(e.getCommandLine().getErr(), "tapswitch: " + problem + hint, codeOf(verb));
    }

    /** {@return the first word that looks like a flag and is none: as {@code -5:80} where a port is missed then} */
    private static String unknownFlag(CommandLine command) {
        return command.getUnmatchedArguments().stream()
                .filter(word -> word.startsWith("-") && word.length() > 1)
                .findFirst()
                .orElse("");
    }

    private static int fail(PrintWriter err, String message, int code) {
        if (!message.isEmpty()) {
            err.println(message);
        }
        return code;
    }

    private static int codeOf(String verb) {
        return verb.equals("run") ? RUN_FAILED : FAILED;
    }
}
