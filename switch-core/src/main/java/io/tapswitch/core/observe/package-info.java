/**
 * What people look at frames with: captured frames waiting for their reader, as a pcap file or as lines. It knows the
 * dataplane's frames and nobody's names; the API gives it these. Nothing here is on a frame's way: a worker hands
 * copies to a thread of the dataplane's, and that thread only puts them down here.
 */
@NullMarked
package io.tapswitch.core.observe;

import org.jspecify.annotations.NullMarked;
