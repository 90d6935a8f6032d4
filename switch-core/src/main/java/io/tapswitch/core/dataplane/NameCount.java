package io.tapswitch.core.dataplane;

/**
 * How often a name was asked for, by UDP, as far as the workers remember.
 *
 * @param name in lower case
 * @param network id of the network that it was asked in
 * @param least times that it was asked for, at least
 * @param most the same, at most
 */
public record NameCount(String name, int network, long least, long most) {}
