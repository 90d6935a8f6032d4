package io.tapswitch.core.model;

import io.tapswitch.wire.IpAddress;

/**
 * An address of an endpoint.
 *
 * @param ip the address
 * @param prefixLength of its subnet
 * @param gateway of its subnet
 * @param chosen whether a person chose it; such an address survives a restart of the container
 */
public record Address(IpAddress ip, int prefixLength, IpAddress gateway, boolean chosen) {}
