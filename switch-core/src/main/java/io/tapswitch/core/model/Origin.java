package io.tapswitch.core.model;

/** Who wants an object: a reload of the configuration file touches only what it made, and a command only the rest. */
public sealed interface Origin {
    /** It is there without anybody asking: {@code bridge}, {@code host}, {@code none}. */
    record BuiltIn() implements Origin {}

    /** Somebody asked for it, by command or API. */
    record Command() implements Origin {}

    /** It is a network of the cluster, on whichever host somebody asked for it. */
    record Cluster() implements Origin {}

    /**
     * The configuration file declares it.
     *
     * @param file its path
     * @param line where in it, from 1
     */
    record File(String file, int line) implements Origin {}
}
