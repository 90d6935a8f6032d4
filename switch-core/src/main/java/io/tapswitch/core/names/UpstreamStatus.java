package io.tapswitch.core.names;

import java.net.InetSocketAddress;

/**
 * What is known of a server, for people.
 *
 * @param server which
 * @param state live, suspect (did not answer while it was waited for) or dead
 * @param asked messages sent to it
 * @param answered messages that it answered
 */
public record UpstreamStatus(InetSocketAddress server, String state, long asked, long answered) {}
