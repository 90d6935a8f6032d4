/**
 * The VXLAN header, encapsulation, and the segmentation and coalescing of inner frames (RFC 7348).
 *
 * <p>Nothing lives here before overlay networks do. What it will build on, the headers, is in
 * {@link io.tapswitch.wire}. Its callers will be the workers' threads.
 */
@NullMarked
package io.tapswitch.vxlan;

import org.jspecify.annotations.NullMarked;
