/**
 * The command line: one picocli class a verb, each a client of the HTTP API. Packed as a small jar of its own, without
 * Netty and Jackson, so that a command answers within 0.2 s. Runs in the user's process, never in the daemon's.
 */
@NullMarked
package io.tapswitch.core.cli;

import org.jspecify.annotations.NullMarked;
