/**
 * The command line's way to the daemon: HTTP/1.1 over the unix socket, JSON in and out. Small on purpose, because it is
 * loaded at every command: no connection pool, no TLS, one request a connection. Runs on the command's only thread.
 */
@NullMarked
package io.tapswitch.core.cli.client;

import org.jspecify.annotations.NullMarked;
