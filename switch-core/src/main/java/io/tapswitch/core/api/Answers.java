package io.tapswitch.core.api;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.tapswitch.core.dataplane.Conservation;
import java.util.List;
import java.util.Map;

/** The JSON objects that the API answers with; where docker has the same object, with docker's keys. */
final class Answers {
    private Answers() {}

    /** A message for people, with every status of 400 and above. */
    record Failure(String message) {}

    /** The id of a new object. */
    record Created(String id) {}

    /** The name of a removed object. */
    record Removed(String name) {}

    /** A network, as docker's inspect shows it (A-NET-04). */
    record Network(
            @JsonProperty("Name") String name,
            @JsonProperty("Id") String id,
            @JsonProperty("Created") String created,
            @JsonProperty("Scope") String scope,
            @JsonProperty("Driver") String driver,
            @JsonProperty("EnableIPv6") boolean enableIpv6,
            @JsonProperty("IPAM") Ipam ipam,
            @JsonProperty("Internal") boolean internal,
            @JsonProperty("Attachable") boolean attachable,
            @JsonProperty("Containers") Map<String, Member> containers,
            @JsonProperty("Options") Map<String, String> options,
            @JsonProperty("Labels") Map<String, String> labels) {}

    /** Address management of a network. */
    record Ipam(
            @JsonProperty("Driver") String driver,
            @JsonProperty("Options") Map<String, String> options,
            @JsonProperty("Config") List<IpamConfig> config) {}

    /** One subnet of a network. */
    record IpamConfig(
            @JsonProperty("Subnet") String subnet,
            @JsonProperty("Gateway") String gateway) {}

    /** A container in a network (A-ATT-06). */
    record Member(
            @JsonProperty("Name") String name,
            @JsonProperty("EndpointID") String endpointId,
            @JsonProperty("MacAddress") String macAddress,
            @JsonProperty("IPv4Address") String ipv4Address,
            @JsonProperty("IPv6Address") String ipv6Address) {}

    /** A new container. */
    record Attached(String id, String name, List<Interface> interfaces) {}

    /** An interface of a new container. */
    record Interface(String name, String network, String address, String gateway, String mac) {}

    /** A container. */
    record Container(
            @JsonProperty("Id") String id,
            @JsonProperty("Name") String name,
            @JsonProperty("Hostname") String hostname,
            @JsonProperty("Command") List<String> command,
            @JsonProperty("Created") String created,
            @JsonProperty("State") State state,
            @JsonProperty("Netns") String netns,
            @JsonProperty("NetworkSettings") NetworkSettings networkSettings) {}

    /** Whether a container runs, and its process. */
    record State(
            @JsonProperty("Status") String status,
            @JsonProperty("Pid") long pid) {}

    /** The networks of a container. */
    record NetworkSettings(@JsonProperty("Networks") Map<String, Endpoint> networks) {}

    /** A container's place in a network. */
    record Endpoint(
            @JsonProperty("NetworkID") String networkId,
            @JsonProperty("EndpointID") String endpointId,
            @JsonProperty("Gateway") String gateway,
            @JsonProperty("IPAddress") String ipAddress,
            @JsonProperty("IPPrefixLen") int ipPrefixLength,
            @JsonProperty("MacAddress") String macAddress,
            @JsonProperty("Interface") String interfaceName) {}

    /** A line of the forwarding database. */
    record FdbLine(String network, String mac, int port, String container, String type, long ageSeconds) {}

    /** Frames that were dropped for one reason at one port. */
    record DropLine(int port, String container, String reason, String sentence, long frames) {}

    /** Counters of the switch and of containers. */
    record Stats(
            String io, int workers, Balance conservation, Map<String, Long> internals, List<StatsLine> containers) {}

    /** The conservation of frames (architecture.md) and whether it holds. */
    record Balance(
            long received,
            long generated,
            long copied,
            long split,
            long transmitted,
            long dropped,
            long consumed,
            long merged,
            long held,
            boolean holds) {
        static Balance of(Conservation sum) {
            return new Balance(
                    sum.received(),
                    sum.generated(),
                    sum.copied(),
                    sum.split(),
                    sum.transmitted(),
                    sum.dropped(),
                    sum.consumed(),
                    sum.merged(),
                    sum.held(),
                    sum.holds());
        }
    }

    /** Counters of one container in one network. */
    record StatsLine(
            String container, String network, long rxFrames, long rxBytes, long txFrames, long txBytes, long drops) {}

    /** What the daemon is and how it runs. */
    record Status(
            String version,
            long pid,
            String io,
            int workers,
            String uplink,
            String stateDir,
            int networks,
            int containers,
            List<String> warnings) {}
}
