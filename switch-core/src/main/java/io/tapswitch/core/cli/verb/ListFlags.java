package io.tapswitch.core.cli.verb;

import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The flags that all lists of things with an id have. */
final class ListFlags {
    @Option(
            names = {"-q", "--quiet"},
            description = "only the ids")
    boolean quiet;

    @Option(names = "--no-trunc", description = "nothing is shortened")
    boolean noTrunc;

    @Mixin
    FilterFlag filter = new FilterFlag();

    @Mixin
    Format format = new Format();

    /** {@return the id, short unless asked otherwise} */
    String id(String id) {
        return noTrunc ? id : Verb.shortId(id);
    }
}
