package io.tapswitch.core.ipam;

import io.tapswitch.wire.IpPrefix;

/**
 * A range that is in use.
 *
 * @param prefix its addresses
 * @param by the words that say by whom, such as {@code network web} or {@code the host's route by eth0}
 * @param internal whether it is of an internal network: such a one may lie over others
 */
public record Taken(IpPrefix prefix, String by, boolean internal) {}
