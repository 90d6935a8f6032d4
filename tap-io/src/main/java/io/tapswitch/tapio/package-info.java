/**
 * The kernel boundary: io_uring rings, TAP devices, network namespaces, links and addresses, and the steering of the
 * host's ports.
 *
 * <p>It moves frames between TAP file descriptors and memory ({@link io.tapswitch.tapio.FrameIo}), and makes, moves
 * and watches the devices. It knows nothing of packets, addresses of containers or switching: a port is a small
 * integer that the caller chose, a frame is a slot, an offset and a length. Only the programs that the kernel runs for
 * {@link io.tapswitch.tapio.Steering} look into frames.
 *
 * <p>A {@code FrameIo} and its {@code FramePool} belong to one thread, a worker's, which makes them, calls them and
 * closes them; only {@link io.tapswitch.tapio.FrameIo#wake()} is for other threads. Devices, namespaces and iproute2
 * are the control plane's, on threads that may block.
 */
@NullMarked
package io.tapswitch.tapio;

import org.jspecify.annotations.NullMarked;
