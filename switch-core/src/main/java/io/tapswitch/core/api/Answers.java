package io.tapswitch.core.api;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import io.tapswitch.core.dataplane.Conservation;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The JSON objects that the API answers with; where docker has the same object, with docker's keys. */
final class Answers {
    private Answers() {}

    /** Why a request was not done: for programs and for people. With every status of 400 and above. */
    record Failure(String code, String message) {}

    /** The id of a new object. */
    record Created(String id) {}

    /** The name of a removed object. */
    record Removed(String name) {}

    /** The names of removed objects. */
    record Pruned(List<String> deleted) {}

    /** That something was done about which there is nothing to say. */
    record Done() {}

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

    /** One subnet of a network; what nobody chose is left out, as docker does it. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    record IpamConfig(
            @JsonProperty("Subnet") String subnet,
            @JsonProperty("IPRange") @Nullable String ipRange,
            @JsonProperty("Gateway") String gateway,
            @JsonProperty("AuxiliaryAddresses") @Nullable Map<String, String> auxiliaryAddresses) {}

    /** A container in a network (A-ATT-06). */
    record Member(
            @JsonProperty("Name") String name,
            @JsonProperty("EndpointID") String endpointId,
            @JsonProperty("MacAddress") String macAddress,
            @JsonProperty("IPv4Address") String ipv4Address,
            @JsonProperty("IPv6Address") String ipv6Address) {}

    /** A new container, the resolv.conf that it should have, and what a person should know about it. */
    record Attached(
            String id,
            String name,
            String hostname,
            List<Interface> interfaces,
            String resolvConf,
            List<String> warnings) {}

    /** Ports that were published just now: where they are in force, and what a person should know about them. */
    record Published(List<Port> ports, List<String> warnings) {}

    /**
     * Ports of a container next to each other; at no address, and at port 0, when they are exposed but not published.
     * Docker's keys, and how many there are.
     */
    record Port(
            @JsonProperty("IP") String ip,
            @JsonProperty("PrivatePort") int privatePort,
            @JsonProperty("PublicPort") int publicPort,
            @JsonProperty("Count") int count,
            @JsonProperty("Type") String type) {}

    /** A port of the host. */
    record PortBinding(
            @JsonProperty("HostIp") String hostIp,
            @JsonProperty("HostPort") String hostPort) {}

    /** An interface of a new container; what it does not have is empty. */
    record Interface(
            String name,
            String network,
            String address,
            String gateway,
            String address6,
            String gateway6,
            String mac) {}

    /** A container. */
    record Container(
            @JsonProperty("Id") String id,
            @JsonProperty("Name") String name,
            @JsonProperty("Created") String created,
            @JsonProperty("Mode") String mode,
            @JsonProperty("Netns") String netns,
            @JsonProperty("SourceGuard") boolean sourceGuard,
            @JsonProperty("State") State state,
            @JsonProperty("Config") Config config,
            @JsonProperty("HostConfig") HostConfig hostConfig,
            @JsonProperty("Ports") List<Port> ports,
            @JsonProperty("NetworkSettings") NetworkSettings networkSettings) {}

    /** Whether a container runs, and its process. The exit code is null when nobody knows it. Times as docker's. */
    record State(
            @JsonProperty("Status") String status,
            @JsonProperty("Running") boolean running,
            @JsonProperty("Pid") long pid,
            @JsonProperty("ExitCode") @Nullable Integer exitCode,
            @JsonProperty("StartedAt") String startedAt,
            @JsonProperty("FinishedAt") String finishedAt) {}

    /** What a container is, apart from its networks. */
    record Config(
            @JsonProperty("Hostname") String hostname,
            @JsonProperty("Labels") Map<String, String> labels,
            @JsonProperty("ExposedPorts") Map<String, Map<String, String>> exposedPorts,
            @JsonProperty("Cmd") List<String> command) {}

    /** How a container was asked to be made; the ports are left out in lists. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    record HostConfig(
            @JsonProperty("NetworkMode") String networkMode,
            @JsonProperty("PortBindings") @Nullable Map<String, List<PortBinding>> portBindings,
            @JsonProperty("Dns") List<String> dns,
            @JsonProperty("AutoRemove") boolean autoRemove) {}

    /** The networks of a container, and its ports in force; these are left out in lists. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    record NetworkSettings(
            @JsonProperty("Networks") Map<String, Endpoint> networks,
            @JsonProperty("Ports") @Nullable Map<String, List<PortBinding>> ports) {}

    /** A container's place in a network; ids and addresses are empty while it does not run. */
    record Endpoint(
            @JsonProperty("NetworkID") String networkId,
            @JsonProperty("EndpointID") String endpointId,
            @JsonProperty("Gateway") String gateway,
            @JsonProperty("IPAddress") String ipAddress,
            @JsonProperty("IPPrefixLen") int ipPrefixLength,
            @JsonProperty("IPv6Gateway") String ipv6Gateway,
            @JsonProperty("GlobalIPv6Address") String globalIpv6Address,
            @JsonProperty("GlobalIPv6PrefixLen") int globalIpv6PrefixLength,
            @JsonProperty("MacAddress") String macAddress,
            @JsonProperty("Aliases") List<String> aliases,
            @JsonProperty("Interface") String interfaceName) {}

    /** Something that changed, as docker's events show it. */
    record Event(
            @JsonProperty("Type") String type,
            @JsonProperty("Action") String action,
            @JsonProperty("Actor") Actor actor,
            String scope,
            long time,
            long timeNano) {}

    /** What it happened to. */
    record Actor(
            @JsonProperty("ID") String id,
            @JsonProperty("Attributes") Map<String, String> attributes) {}

    /** The configuration in force; no file and no text when the daemon was started without one. */
    record Configuration(@Nullable String file, String yaml) {}

    /** A line of the forwarding database. */
    record FdbLine(String network, String mac, int port, String container, String type, long ageSeconds) {}

    /** Frames that were dropped for one reason at one port; port -1 where they are not those of one. */
    record DropLine(int port, String container, String reason, String sentence, long frames) {}

    /** Counters of the switch, of NAT (none without an uplink), and of containers. */
    record Stats(
            String io,
            int workers,
            Balance conservation,
            Map<String, Long> internals,
            Map<String, Long> nat,
            List<StatsLine> containers) {}

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

    /** Counters of one container in one network; queries for names by UDP and by TCP, by what became of them. */
    record StatsLine(
            String container,
            String network,
            long rxFrames,
            long rxBytes,
            long txFrames,
            long txBytes,
            long drops,
            Map<String, Long> queries,
            Map<String, Long> queriesByTcp) {}

    /** What the daemon is and how it runs. */
    record Status(
            String version,
            long pid,
            String io,
            int workers,
            String kernel,
            String uplink,
            LookAnswers.@Nullable Outside outside,
            ClusterAnswers.@Nullable Cluster cluster,
            LookAnswers.Publications publications,
            LookAnswers.Names names,
            String keeper,
            String socket,
            String stateDir,
            int networks,
            int containers,
            List<String> warnings) {}
}
