/**
 * Wire formats: flyweights over byte buffers for Ethernet, 802.1Q, ARP, IPv4, IPv6 and its extension headers, ICMP,
 * ICMPv6, UDP, TCP and SCTP, the Internet checksum, and updates of CRC32c.
 *
 * <p>It is a plain library: static methods that read and write fields of a {@link org.agrona.DirectBuffer} at an
 * offset. It keeps no state, allocates nothing, and knows neither switch nor kernel. The frame path calls it on a
 * worker's thread; anybody else may call it on any thread.
 *
 * <p>It is not a packet object model: nothing here parses a frame into objects, and nothing decides what happens to a
 * frame. The headers live in the module of the VXLAN codec because a VXLAN frame is Ethernet, IP, UDP, VXLAN and again
 * Ethernet, so that codec needs them all.
 */
@NullMarked
package io.tapswitch.wire;

import org.jspecify.annotations.NullMarked;
