package io.tapswitch.core.cli.verb;

import io.tapswitch.core.cli.client.CliException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The flags that {@code attach} and {@code run} share. */
final class AttachOptions {
    /** The host's own network namespace, as a network. */
    static final String HOST = "host";
    /** What the namespace of another container is called as a network, before its name. */
    static final String OF_CONTAINER = "container:";

    private static final int HOSTNAME_LENGTH_MAX = 64; // __NEW_UTS_LEN, linux/utsname.h

    @Option(names = "--name", paramLabel = "NAME", description = "the container's name")
    private @Nullable String name;

    @Option(
            names = {"--network", "--net"},
            paramLabel = "NETWORK",
            description = "a network to be in; repeatable, the first becomes eth0; else 'bridge'")
    private List<String> networks = new ArrayList<>();

    @Option(
            names = "--ip",
            paramLabel = "IP",
            description = "its address, in a single network other than 'bridge'; else the lowest free")
    private @Nullable String ip;

    @Option(names = "--ip6", paramLabel = "IP", description = "its IPv6 address, in the same way")
    private @Nullable String ip6;

    @Option(
            names = "--mac-address",
            paramLabel = "MAC",
            description = "of its interface, in a single network; else 02:42 and its IPv4 address")
    private @Nullable String mac;

    @Option(
            names = {"--network-alias", "--net-alias"},
            paramLabel = "NAME",
            description = "another name in its networks; repeatable")
    private List<String> aliases = new ArrayList<>();

    @Option(
            names = {"-h", "--hostname"},
            paramLabel = "NAME",
            description = "its hostname; else the short id")
    private @Nullable String hostname;

    @Option(
            names = "--dns",
            paramLabel = "IP",
            description = "a server that is asked for names of the outside, by the switch; repeatable. Without it those"
                    + " of the network or of the configuration file are asked, else the host's")
    private List<String> dns = new ArrayList<>();

    @Option(
            names = {"-l", "--label"},
            paramLabel = "KEY[=VALUE]",
            description = "a label, which filters find; repeatable")
    private List<String> labels = new ArrayList<>();

    @Option(
            names = "--expose",
            paramLabel = "PORT[-LAST][/PROTO]",
            description = "a port that the container serves, for others to see and for -P; repeatable")
    private List<String> expose = new ArrayList<>();

    @Option(
            names = "--source-guard",
            description = "drop what it sends under another's MAC or IP address (the default);"
                    + " --source-guard=false turns it off")
    private @Nullable Boolean sourceGuard;

    @Option(
            names = {"-p", "--publish"},
            paramLabel = "[[IP:]HOST:]PORT",
            description = "show a port, or a range, at the host, as 'publish' does; repeatable")
    private List<String> publish = new ArrayList<>();

    @Option(
            names = {"-P", "--publish-all"},
            description = "show every exposed port at the host, at ports that are chosen")
    private boolean publishAll;

    /** {@return the networks asked for; never empty} */
    List<String> networks() {
        return networks.isEmpty() ? List.of("bridge") : networks;
    }

    /** {@return the network that brings a namespace of its own with it: host or container:NAME; "" otherwise} */
    String joined() {
        return networks.stream()
                .filter(network -> network.equals(HOST) || network.startsWith(OF_CONTAINER))
                .findFirst()
                .orElse("");
    }

    /** {@return the name servers} */
    List<String> dns() {
        return dns;
    }

    /** {@return the hostname that was asked for} */
    @Nullable
    String hostname() {
        return hostname;
    }

    private boolean publishes() {
        return publishAll || !publish.isEmpty();
    }

    /** Refuses what cannot be, in docker's words, before anything is made. */
    void check() {
        if (hostname != null && !hostname.matches("[A-Za-z0-9]([A-Za-z0-9.-]{0," + (HOSTNAME_LENGTH_MAX - 1) + "})")) {
            throw new CliException("tapswitch: '" + hostname + "' is not a hostname");
        }
        if (joined().startsWith(OF_CONTAINER)) {
            refuseConflicts();
        }
    }

    /** The request that makes the container of this namespace. */
    Map<String, Object> request(String netns) {
        Map<String, Object> request = new LinkedHashMap<>();
        request.put("netns", netns);
        put(request, "name", name);
        request.put("networks", networks());
        put(request, "ip", ip);
        put(request, "ip6", ip6);
        put(request, "mac", mac);
        put(request, "aliases", aliases);
        put(request, "hostname", hostname);
        put(request, "dns", dns);
        put(request, "labels", labelMap());
        put(request, "expose", expose);
        put(request, "publish", publish);
        if (publishAll) {
            request.put("publishAll", true);
        }
        put(request, "sourceGuard", sourceGuard);
        return request;
    }

    private static void put(Map<String, Object> request, String key, @Nullable Object value) {
        boolean empty = value == null || value.equals(List.of()) || value.equals(Map.of());
        if (!empty) {
            request.put(key, Objects.requireNonNull(value));
        }
    }

    /** As docker reads them: without {@code =} the value is empty, and the last one of a key counts. */
    private Map<String, String> labelMap() {
        Map<String, String> map = new LinkedHashMap<>();
        for (String label : labels) {
            int equals = label.indexOf('=');
            map.put(equals < 0 ? label : label.substring(0, equals), equals < 0 ? "" : label.substring(equals + 1));
        }
        return map;
    }

    /** A namespace that belongs to another container has that one's names, addresses and ports. */
    private void refuseConflicts() {
        if (joined().equals(OF_CONTAINER)) {
            throw new CliException("tapswitch: invalid network mode: invalid container format container:<name|id>");
        }
        refuseConflict(hostname != null, "hostname and the network mode");
        refuseConflict(!dns.isEmpty(), "dns and the network mode");
        refuseConflict(mac != null, "mac-address and the network mode");
        refuseConflict(publishes(), "port publishing and the container type network mode");
        refuseConflict(!expose.isEmpty(), "port exposing and the container type network mode");
    }

    private static void refuseConflict(boolean given, String what) {
        if (given) {
            throw new CliException("tapswitch: conflicting options: " + what);
        }
    }
}
