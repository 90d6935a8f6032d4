package io.tapswitch.core.api;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The JSON objects of looking inside NAT. */
final class LookAnswers {
    private LookAnswers() {}

    /**
     * A flow across NAT. Its kind is {@code out} when a container began it, {@code in} when it came to a published
     * port; the state is conntrack's word for TCP, and empty for other protocols.
     */
    record Flow(
            String protocol,
            String kind,
            String container,
            String network,
            String inside,
            int insidePort,
            String outside,
            int outsidePort,
            String peer,
            int peerPort,
            String state,
            long packetsToPeer,
            long bytesToPeer,
            long packetsToContainer,
            long bytesToContainer,
            long idleMs,
            int worker) {}

    /**
     * What went through a publication since it was there; the address is empty where it is on all of the host's. One
     * that is not in force says what it waits for.
     */
    record PortCounters(
            String container,
            String address,
            int hostPort,
            int lastHostPort,
            int containerPort,
            String protocol,
            List<String> allow,
            boolean inForce,
            String waiting,
            long connections,
            long refused,
            long packetsIn,
            long bytesIn,
            long packetsOut,
            long bytesOut) {}

    /** How often a name was asked for in a network, by UDP: at least, and at most. */
    record TopName(String name, String network, long queries, long atMost) {}

    /** A record of an answer; what is neither an address nor a name is in hexadecimal (RFC 3597). */
    record NameRecord(String name, String type, int ttlSeconds, String data) {}

    /**
     * What a container is told when it asks for a name. The network is the one whose names answered, empty when none
     * did; upstreams are those that were asked.
     */
    record Lookup(
            String name,
            String type,
            String code,
            String result,
            String why,
            String network,
            List<String> networks,
            List<String> upstreams,
            List<NameRecord> records) {}

    /**
     * How names are served beside the workers; counters of the forwarder by name, queries by TCP by what became of
     * them.
     */
    record Names(List<Upstream> upstreams, Map<String, Long> forwarder, TcpNames tcp) {}

    /**
     * A name server that is asked what no network knows. State is live, suspect, dead or unasked; milliseconds are null
     * while it has not answered.
     */
    record Upstream(
            String server,
            String state,
            long silentSeconds,
            @Nullable Long roundTripMs,
            long asked,
            long answered) {}

    /** Names by TCP: connections now, connections that were ended, and queries by what became of them. */
    record TcpNames(int connections, long idle, long evicted, Map<String, Long> queries) {}

    /** How many publications there are: in force, waiting for a container, waiting for a process of the host. */
    record Publications(int inForce, int waitingForContainer, int waitingForHost) {}

    /** The way to the outside; the second range of ports is left to the host's own clients, 0 when there is none. */
    record Outside(
            List<Uplink> uplinks,
            List<String> addresses,
            int firstPort,
            int lastPort,
            int excludedFirst,
            int excludedLast,
            long udpTimeoutSeconds,
            long graceSeconds,
            @Nullable Tunnels tunnels) {}

    /** Where tunnels end: address, port of UDP, the device and its MTU; tap or socket and why; and the other ends. */
    record Tunnels(
            String device,
            int mtu,
            String local,
            int udpPort,
            String way,
            @Nullable String reason,
            List<Peer> peers) {}

    /** Another host in a network, reached by VXLAN; what passes on the way there may be less than the device's MTU. */
    record Peer(String network, int vni, String remote, int pathMtu) {}

    /** A device of the host by which packets come and go, and whether somebody's program takes them before. */
    record Uplink(
            String device,
            int mtu,
            boolean steered,
            boolean first,
            @Nullable Own own) {}

    /** What the switch is on a LAN in its own right. */
    record Own(String mac, List<Gateway> gateways) {}

    /** A router; its MAC address is empty while it does not answer. */
    record Gateway(String address, String mac) {}
}
