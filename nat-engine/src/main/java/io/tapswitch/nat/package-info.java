/**
 * Address translation: conntrack table, MASQUERADE, DNAT rules, port allocation, TCP states, ICMP errors, fragments.
 *
 * <p>It depends on {@link io.tapswitch.wire} only, takes packets as buffers and offsets, and is called by the workers'
 * threads; it never touches a device. A packet is first given its class ({@link io.tapswitch.nat.PacketClass}), or a
 * reason to be dropped ({@link io.tapswitch.nat.NatDrop}): what has no class is never passed on.
 */
@NullMarked
package io.tapswitch.nat;

import org.jspecify.annotations.NullMarked;
