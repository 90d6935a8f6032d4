/**
 * The control plane: networks, endpoints, address management, containers and their life cycle.
 *
 * <p>Everything that blocks happens here, on virtual threads: iproute2, files, processes. It tells the dataplane what
 * to do through {@link io.tapswitch.core.dataplane.Dataplane} and hears from it through
 * {@link io.tapswitch.core.dataplane.DataplaneListener}. Called by the HTTP API.
 */
@NullMarked
package io.tapswitch.core.control;

import org.jspecify.annotations.NullMarked;
