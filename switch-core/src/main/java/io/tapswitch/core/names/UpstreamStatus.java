package io.tapswitch.core.names;

import io.tapswitch.core.config.DnsEntries;
import java.net.InetSocketAddress;

/**
 * What is known of a server, for people.
 *
 * @param server which
 * @param state {@link #LIVE}, suspect (did not answer while it was waited for), dead, or {@link #UNASKED}
 * @param silentSeconds since it was found not to answer, 0 while it does
 * @param roundTripMs how long its answers take, the last ones counting most; below 0 when there was none
 * @param asked messages sent to it
 * @param answered messages that it answered
 */
public record UpstreamStatus(
        InetSocketAddress server, String state, long silentSeconds, double roundTripMs, long asked, long answered) {
    /** It answers, as far as is known. */
    public static final String LIVE = "live";
    /** Nothing is known of it. */
    public static final String UNASKED = "unasked";

    /** {@return one that nobody has asked} */
    static UpstreamStatus unasked(InetSocketAddress server) {
        return new UpstreamStatus(server, UNASKED, 0, -1, 0, 0);
    }

    /** {@return whether there is no reason to think that it does not answer} */
    public boolean isUp() {
        return state.equals(LIVE) || state.equals(UNASKED);
    }

    /** {@return its address, and the port where that is not the usual one} */
    public String name() {
        return DnsEntries.text(server);
    }
}
