/**
 * The command line: one picocli class a verb, each a client of the HTTP API. Packed as a small jar of its own, without
 * Netty and Jackson, so that a command answers within 0.2 s. Runs in the user's process, never in the daemon's.
 *
 * <p>{@link io.tapswitch.core.cli.Main} finds the verb and turns failures into words and exit codes; {@code verb} holds
 * the verbs, {@code client} the requests, {@code format} what is printed, {@code sandbox} the processes in namespaces.
 * {@link io.tapswitch.core.cli.Rehearsal} runs the verbs for the JVM's AOT cache when tapswitch is built, after
 * {@link io.tapswitch.core.cli.ModernBytecode} made picocli fit for it.
 */
@NullMarked
package io.tapswitch.core.cli;

import org.jspecify.annotations.NullMarked;
