/**
 * What several hosts know together, for overlay networks: hosts, networks, addresses, endpoints.
 *
 * <p>{@link io.tapswitch.core.overlay.ClusterState} is what one host knows of it at one moment, a value that changes by
 * a pure function of what the store tells. {@link io.tapswitch.core.overlay.Allocation} makes and removes things by
 * transactions, so that nothing is ever given twice. {@link io.tapswitch.core.overlay.ClusterSession} is the running
 * thing: it registers this host, keeps the state, and carries out later what could not be done while the store was
 * away. docs/overlay.md has the layout of the keys, for operators and for other versions.
 *
 * <p>Not here: tunnels and tables, which others make of the state. Nothing of this is on a frame's way.
 */
@NullMarked
package io.tapswitch.core.overlay;

import org.jspecify.annotations.NullMarked;
