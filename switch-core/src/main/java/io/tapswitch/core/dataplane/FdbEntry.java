package io.tapswitch.core.dataplane;

/**
 * One entry of a network's forwarding database, as shown to people.
 *
 * @param mac address, low 48 bits
 * @param port the port behind which it is
 * @param pinned whether it is known from configuration and never ages
 * @param ageMs since it was last seen as a source, 0 when pinned
 */
public record FdbEntry(long mac, int port, boolean pinned, long ageMs) {}
