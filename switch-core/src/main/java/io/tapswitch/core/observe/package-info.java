/**
 * The switch as it is looked at. Captured frames waiting for their reader, as a pcap file or as lines: these know the
 * dataplane's frames and nobody's names; the API gives them these. And metrics: the control plane's counters as a text
 * of Prometheus. Nothing here is on a frame's way: a worker hands copies to a thread of the dataplane's, and that
 * thread only puts them down here; counters are read while the workers go on.
 */
@NullMarked
package io.tapswitch.core.observe;

import org.jspecify.annotations.NullMarked;
