/**
 * VXLAN (RFC 7348): its header, frames into a tunnel and out of it, and what becomes of super-frames on the way.
 *
 * <p>A frame enters by {@link io.tapswitch.vxlan.Encapsulation} and leaves by {@link
 * io.tapswitch.vxlan.Decapsulation}, in the slot where it is, with the header of the TAP before and after, of which
 * {@link io.tapswitch.vxlan.TunnelHeader} knows both forms. Where the kernel cannot cut a super-frame,
 * {@link io.tapswitch.vxlan.Segmentation} does; where it delivers packets by the train,
 * {@link io.tapswitch.vxlan.Coalescing} makes super-frames again. Why a frame went no further is a
 * {@link io.tapswitch.vxlan.VxlanDrop}.
 *
 * <p>It is a plain library over byte buffers, on the headers of {@link io.tapswitch.wire}: no sockets, no peers, no
 * tables, no allocation. Its callers are the workers' threads; what is not static belongs to one of them, or never
 * changes.
 */
@NullMarked
package io.tapswitch.vxlan;

import org.jspecify.annotations.NullMarked;
