package io.tapswitch.core.cli.verb;

import com.grack.nanojson.JsonArray;
import com.grack.nanojson.JsonObject;
import io.tapswitch.core.cli.client.ApiClient;
import io.tapswitch.core.cli.client.CliException;
import io.tapswitch.core.cli.format.Json;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** A container as the daemon shows it, with docker's keys: what starting and entering one needs of it. */
record ContainerView(JsonObject json) {
    /** Asks the daemon. */
    static ContainerView of(ApiClient daemon, String reference) {
        return new ContainerView(daemon.getObject(ApiClient.container(reference)));
    }

    String id() {
        return Json.text(json, "Id");
    }

    String hostname() {
        return Json.text(config(), "Hostname");
    }

    boolean running() {
        return Json.text(state(), "Status").equals("running");
    }

    /** Refuses, in docker's words, what needs a running container. */
    ContainerView mustRun() {
        if (!running()) {
            throw new CliException("Error response from daemon: container " + id() + " is not running");
        }
        return this;
    }

    /** {@return what {@code run} started; empty for one that was attached} */
    List<String> command() {
        JsonArray words = config().getArray("Cmd");
        return words == null ? List.of() : words.stream().map(String::valueOf).toList();
    }

    /** {@return the first process inside, as the daemon sees it; only of what {@code run} started} */
    long pid() {
        return state().getLong("Pid");
    }

    /** {@return where its network namespace is} */
    Path namespace() {
        return Path.of(command().isEmpty() ? Json.text(json, "Netns") : "/proc/" + pid() + "/ns/net");
    }

    /** {@return its place of the network: "own", "host", "none" or "container:ID"} */
    String mode() {
        return Json.text(json, "Mode");
    }

    /** {@return its addresses, IPv4 before IPv6, those of eth0 first} */
    List<String> addresses() {
        Map<String, JsonObject> byInterface =
                new TreeMap<>(Comparator.comparingInt(String::length).thenComparing(Comparator.naturalOrder()));
        JsonObject networks = Json.object(Json.object(json, "NetworkSettings"), "Networks");
        for (String network : networks.keySet()) {
            JsonObject endpoint = Json.object(networks, network);
            byInterface.put(Json.text(endpoint, "Interface"), endpoint);
        }
        List<String> addresses = new ArrayList<>();
        for (JsonObject endpoint : byInterface.values()) {
            addresses.add(Json.text(endpoint, "IPAddress"));
            addresses.add(Json.text(endpoint, "GlobalIPv6Address"));
        }
        addresses.removeIf(String::isEmpty);
        return addresses;
    }

    /** {@return the servers of its resolv.conf} */
    List<String> dns() {
        JsonArray servers = Json.object(json, "HostConfig").getArray("Dns");
        return servers == null
                ? List.of()
                : servers.stream().map(String::valueOf).toList();
    }

    private JsonObject config() {
        return Json.object(json, "Config");
    }

    private JsonObject state() {
        return Json.object(json, "State");
    }
}
