package io.tapswitch.core.model;

/** Whose interfaces a container has. */
public sealed interface NetworkMode {
    /** Its own, one for each network that it is in. */
    record Own() implements NetworkMode {}

    /** Those of the host ({@code --net host}). */
    record Host() implements NetworkMode {}

    /** Only lo ({@code --net none}). */
    record None() implements NetworkMode {}

    /**
     * Those of another container ({@code --net container:NAME}).
     *
     * @param containerId of that one
     */
    record Shared(String containerId) implements NetworkMode {}
}
