package io.tapswitch.core.names;

import io.tapswitch.dns.ClientView;

/**
 * A container as those see it who answer its queries.
 *
 * @param view which names it sees
 * @param upstreams who is asked for the others
 */
public record NameClient(ClientView view, Upstreams upstreams) {}
