/**
 * Terminals: a pseudo-terminal for a command ({@code -t}), and our own in raw mode meanwhile ({@code -i -t}).
 *
 * <p>The JDK knows neither, so this package calls the C library, as the only one beside tap-io: the command line's jar
 * must not carry tap-io, because it is opened at every short command. It is loaded only when somebody asks for
 * {@code -t}. Knows nothing of processes; the sandbox package joins the two.
 */
@NullMarked
package io.tapswitch.core.cli.terminal;

import org.jspecify.annotations.NullMarked;
