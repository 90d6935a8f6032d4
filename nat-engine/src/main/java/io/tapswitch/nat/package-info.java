/**
 * Address translation: conntrack table, MASQUERADE, DNAT rules, port allocation, TCP states, ICMP errors, fragments.
 *
 * <p>Nothing lives here before published ports do. It will depend on {@link io.tapswitch.wire} only, take frames as
 * buffers and offsets, and be called by the workers' threads; it will never touch a device.
 */
@NullMarked
package io.tapswitch.nat;

import org.jspecify.annotations.NullMarked;
