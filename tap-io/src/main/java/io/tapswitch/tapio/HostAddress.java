package io.tapswitch.tapio;

import io.tapswitch.wire.IpAddress;

/**
 * An address of the host.
 *
 * @param ip of either family
 * @param prefixLength of its subnet
 * @param link name of the link that has it
 */
public record HostAddress(IpAddress ip, int prefixLength, String link) {}
