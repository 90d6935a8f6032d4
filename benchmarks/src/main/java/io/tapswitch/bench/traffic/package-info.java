/**
 * The traffic of {@code scripts/bench}: 64-byte datagrams, TCP ping-pong and connections, between two namespaces.
 *
 * <p>It calls the C library directly (sendmmsg, recvmmsg, connect) through the Foreign Function &amp; Memory API, so
 * that it needs no compiler on the user's machine and is no slower than a tool written in C. It is started by
 * {@code scripts/bench} as a server in one container and a client in the other, and both take orders on standard input:
 * they stay up, and warm, for all rounds. It knows nothing of tapswitch, so it measures all contenders the same way.
 */
@NullMarked
package io.tapswitch.bench.traffic;

import org.jspecify.annotations.NullMarked;
