/**
 * The HTTP/JSON API on a unix socket, served by Netty (io_uring where the kernel has it). It turns requests into calls
 * of the control plane, on virtual threads, and its answers and errors into JSON. It decides nothing itself.
 */
@NullMarked
package io.tapswitch.core.api;

import org.jspecify.annotations.NullMarked;
