package io.tapswitch.core.cli.verb;

import io.tapswitch.core.cli.client.ApiClient;
import io.tapswitch.core.cli.client.CliException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code network connect}. */
@Command(
        name = "connect",
        description = {
            "Gives a running container an interface in one more network. Prints nothing.",
            "",
            "Example:",
            "  tapswitch network connect --ip 10.66.66.66 --alias db web www",
            "",
        })
public final class NetworkConnect extends Verb {
    @Option(names = "--ip", paramLabel = "IP", description = "its IPv4 address; else the lowest free")
    private @Nullable String ip;

    @Option(names = "--ip6", paramLabel = "IP", description = "its IPv6 address; else the lowest free")
    private @Nullable String ip6;

    @Option(names = "--mac-address", paramLabel = "MAC", description = "its MAC address; else made of the IPv4 address")
    private @Nullable String mac;

    @Option(names = "--alias", paramLabel = "NAME", description = "another name in this network; repeatable")
    private List<String> aliases = new ArrayList<>();

    @Parameters(paramLabel = "NETWORK", index = "0", description = "name, id, or the beginning of an id")
    private String network = "";

    @Parameters(paramLabel = "CONTAINER", index = "1", description = "name, id, or the beginning of an id")
    private String container = "";

    @Override
    public Integer call() {
        Map<String, Object> request = new LinkedHashMap<>();
        request.put("container", container);
        put(request, "ip", "--ip", ip);
        put(request, "ip6", "--ip6", ip6);
        put(request, "mac", "--mac-address", mac);
        if (!aliases.isEmpty()) {
            request.put("aliases", aliases);
        }
        daemon().post(ApiClient.network(network) + "/connect", request);
        return OK;
    }

    /** An empty value is a script's unset variable, and not a wish for any address. */
    private static void put(Map<String, Object> request, String key, String flag, @Nullable String value) {
        if (value != null && value.isEmpty()) {
            throw new CliException("tapswitch: " + flag + " is empty: give an address, or leave the flag out");
        }
        if (value != null) {
            request.put(key, value);
        }
    }
}
