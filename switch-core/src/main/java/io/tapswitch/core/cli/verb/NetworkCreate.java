package io.tapswitch.core.cli.verb;

import io.tapswitch.core.cli.format.Json;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code network create}. */
@Command(
        name = "create",
        description = {
            "Makes a network and prints its id.",
            "",
            "Example:",
            "  tapswitch network create --subnet 10.66.0.0/16 --gateway 10.66.0.1 web",
            "  tapswitch network create --ipv6 --internal --label env=test db",
            "",
        })
public final class NetworkCreate extends Verb {
    @Option(
            names = {"-d", "--driver"},
            paramLabel = "DRIVER",
            description = "bridge, the default, or overlay: in a cluster a network of all its hosts, else one for hosts"
                    + " that the configuration file names as peers")
    private @Nullable String driver;

    @Option(
            names = "--subnet",
            paramLabel = "CIDR",
            description = "such as 10.66.0.0/16 or fd00:66::/64; repeatable; else the next free one")
    private List<String> subnets = new ArrayList<>();

    @Option(names = "--gateway", paramLabel = "IP", description = "of a subnet; else its first address; repeatable")
    private List<String> gateways = new ArrayList<>();

    @Option(
            names = "--ip-range",
            paramLabel = "CIDR",
            description = "the part of a subnet that addresses are chosen from; repeatable")
    private List<String> ranges = new ArrayList<>();

    @Option(
            names = "--aux-address",
            paramLabel = "NAME=IP",
            description = "an address that is never given out; repeatable")
    private Map<String, String> reserved = new LinkedHashMap<>();

    @Option(names = "--internal", description = "without a way out: no default route inside, no address at the host")
    private boolean internal;

    @Option(names = "--ipv6", description = "with IPv6 addresses, too; --ipv6=false is the default")
    private boolean ipv6;

    @Option(names = "--attachable", description = "kept and shown; every network is")
    private boolean attachable;

    @Option(
            names = {"-o", "--opt"},
            paramLabel = "KEY[=VALUE]",
            mapFallbackValue = "",
            description = "an option of the driver, such as com.docker.network.driver.mtu=9000, or encrypted for an"
                    + " overlay; repeatable")
    private Map<String, String> options = new LinkedHashMap<>();

    @Option(names = "--label", paramLabel = "KEY[=VALUE]", description = "kept and shown; repeatable")
    private List<String> labels = new ArrayList<>();

    @Parameters(paramLabel = "NAME", arity = "1", description = "the network's name")
    private String name = "";

    @Override
    public Integer call() {
        Map<String, Object> request = new LinkedHashMap<>();
        request.put("name", name);
        if (driver != null) {
            request.put("driver", driver);
        }
        putUnlessEmpty(request, "subnets", subnets);
        putUnlessEmpty(request, "gateways", gateways);
        putUnlessEmpty(request, "ipRanges", ranges);
        putUnlessFalse(request, "internal", internal);
        putUnlessFalse(request, "ipv6", ipv6);
        putUnlessFalse(request, "attachable", attachable);
        putUnlessEmpty(request, "auxAddresses", reserved);
        putUnlessEmpty(request, "options", options);
        putUnlessEmpty(request, "labels", labelsOf(labels));
        out().println(Json.text(daemon().post("/networks", request), "id"));
        return OK;
    }

    /** {@return labels by name; one without a value has the empty one, as docker does it} */
    static Map<String, String> labelsOf(List<String> given) {
        Map<String, String> labels = new LinkedHashMap<>();
        for (String label : given) {
            int equals = label.indexOf('=');
            labels.put(equals < 0 ? label : label.substring(0, equals), equals < 0 ? "" : label.substring(equals + 1));
        }
        return labels;
    }

    private static void putUnlessEmpty(Map<String, Object> request, String key, List<String> values) {
        if (!values.isEmpty()) {
            request.put(key, values);
        }
    }

    private static void putUnlessEmpty(Map<String, Object> request, String key, Map<String, String> values) {
        if (!values.isEmpty()) {
            request.put(key, values);
        }
    }

    private static void putUnlessFalse(Map<String, Object> request, String key, boolean value) {
        if (value) {
            request.put(key, true);
        }
    }
}
