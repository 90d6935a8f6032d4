/**
 * The frame's way: {@link io.tapswitch.core.dataplane.Datapath} is the class to open first, and
 * docs/journey-of-a-frame.md has its headings in its order.
 *
 * <p>A {@code Worker} owns a ring, its ports and its shard of every table, and runs each of its frames to completion on
 * its own thread. Nothing here allocates per frame, locks, logs, or throws on the frame's way; other threads reach a
 * worker through {@link io.tapswitch.core.dataplane.Dataplane}, which puts commands on its ring, and read its counters
 * where they lie. The control plane is not known here.
 */
@NullMarked
package io.tapswitch.core.dataplane;

import org.jspecify.annotations.NullMarked;
