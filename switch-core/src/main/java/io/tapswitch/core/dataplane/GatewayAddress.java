package io.tapswitch.core.dataplane;

import io.tapswitch.wire.IpAddress;

/**
 * An address of the switch itself in a network.
 *
 * @param address of either family
 * @param prefixLength of its subnet
 */
public record GatewayAddress(IpAddress address, int prefixLength) {}
