package io.tapswitch.core.names;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How names are served beside the workers, for people and for metrics.
 *
 * @param upstreams whom queries go to, those of all containers and those of who says nothing
 * @param forwarder its counters by {@link ForwardCounter#word}; empty when there is none
 * @param tcpQueries queries by TCP, by what became of them, results without any left out
 * @param tcpConnections connections there are now
 * @param tcpIdle connections that ended because they had nothing to say
 * @param tcpEvicted connections that ended for a new one, at a limit
 */
public record NamesStatus(
        List<UpstreamStatus> upstreams,
        Map<String, Long> forwarder,
        Map<String, Long> tcpQueries,
        int tcpConnections,
        long tcpIdle,
        long tcpEvicted) {
    /** {@return the status of a forwarder and a listener; of each that is not there nothing} */
    public static NamesStatus of(NameService names, @Nullable DnsForwarder forwarder, @Nullable TcpCounters tcp) {
        return new NamesStatus(
                forwarder == null ? List.of() : forwarder.upstreams(names.upstreamsInUse()),
                forwarder == null ? Map.of() : forwarder.counters(),
                tcp == null ? Map.of() : tcp.results(),
                tcp == null ? 0 : tcp.connections(),
                tcp == null ? 0 : tcp.idleCount(),
                tcp == null ? 0 : tcp.evictedCount());
    }
}
