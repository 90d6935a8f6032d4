package io.tapswitch.core.control;

import io.tapswitch.core.overlay.store.EtcdSettings;

/**
 * What a daemon is told of its cluster.
 *
 * @param store where it is, and how to speak to it
 * @param advertise an interface or an address, with or without a port, at which other hosts reach this one; empty for
 *     the address by which the store is reached
 */
public record ClusterOptions(EtcdSettings store, String advertise) {}
