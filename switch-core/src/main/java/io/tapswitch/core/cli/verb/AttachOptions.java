package io.tapswitch.core.cli.verb;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The flags that {@code attach} and {@code run} share. */
final class AttachOptions {
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

    @Option(
            names = "--source-guard",
            description = "drop what it sends under another's MAC or IP address; --source-guard=false turns it off")
    private @Nullable Boolean sourceGuard;

    /** The request that makes the container of this namespace. */
    Map<String, Object> request(String netns) {
        Map<String, Object> request = new LinkedHashMap<>();
        request.put("netns", netns);
        if (name != null) {
            request.put("name", name);
        }
        request.put("networks", networks.isEmpty() ? List.of("bridge") : networks);
        if (ip != null) {
            request.put("ip", ip);
        }
        if (sourceGuard != null) {
            request.put("sourceGuard", sourceGuard);
        }
        return request;
    }
}
