/**
 * Processes in namespaces: what {@code run} makes and {@code exec} enters, by util-linux's unshare and nsenter. Knows
 * nothing of networks; the daemon attaches the namespace that it is told of. Runs in the user's process.
 */
@NullMarked
package io.tapswitch.core.cli.sandbox;

import org.jspecify.annotations.NullMarked;
