package io.tapswitch.core.cli.verb;

import com.grack.nanojson.JsonArray;
import com.grack.nanojson.JsonObject;
import io.tapswitch.core.cli.client.ApiClient;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** What all verbs have: help, a way to the daemon and a place to print. */
abstract class Verb implements Callable<Integer> {
    static final int OK = 0;
    static final int FAILED = 1;

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli injects it before it parses
    CommandSpec spec;

    @Option(names = "--help", usageHelp = true, description = "print this help")
    boolean help;

    ApiClient daemon() {
        Tapswitch all = (Tapswitch) spec.root().userObject();
        return new ApiClient(all.socket(), all.patience());
    }

    Path socket() {
        return ((Tapswitch) spec.root().userObject()).socket();
    }

    PrintWriter out() {
        return spec.commandLine().getOut();
    }

    PrintWriter err() {
        return spec.commandLine().getErr();
    }

    /** Prints what a person should know about what was done, as docker's run does it. */
    void warn(JsonObject answer) {
        JsonArray warnings = answer.getArray("warnings");
        if (warnings != null) {
            warnings.forEach(warning -> err().println("WARNING: " + warning));
        }
    }

    /** The first 12 digits, as docker shortens an id. */
    static String shortId(String id) {
        return id.substring(0, Math.min(12, id.length()));
    }
}
