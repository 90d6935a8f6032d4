package io.tapswitch.core.control;

import io.tapswitch.core.config.Configuration;
import io.tapswitch.core.config.Configuration.DeclaredNetwork;
import io.tapswitch.core.config.DnsEntries;
import io.tapswitch.core.document.Source;
import io.tapswitch.core.model.Network;
import io.tapswitch.core.model.Refusal;
import io.tapswitch.core.model.Subnet;
import io.tapswitch.wire.Ipv4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Refuses whoever names the switch itself as an upstream: the gateway of a network, which would never be asked (D15).
 * Of a file and of a container's own servers alike. Pure.
 */
final class UpstreamRules {
    private UpstreamRules() {}

    /** Checks a file against the networks that there will be when it is in force. */
    static void check(Configuration declared, Collection<Network> networks) {
        Map<InetAddress, String> gateways = gateways(networks);
        Source source = new Source(declared.file());
        List<InetSocketAddress> ofAll = declared.dns().upstream();
        if (ofAll != null) {
            check(ofAll, gateways, source, declared.line("dns"), "dns.upstream");
        }
        for (DeclaredNetwork network : declared.networks()) {
            List<InetSocketAddress> own = declared.dns().ofNetworks().getOrDefault(network.name(), List.of());
            check(own, gateways, source, network.line(), network.path() + ".dns.upstream");
        }
    }

    /**
     * Checks a container's own servers.
     *
     * @param servers as a person wrote them, null for none
     * @param networks that there are
     * @param resolver where containers ask
     */
    static void check(@Nullable List<String> servers, Collection<Network> networks, Ipv4Address resolver) {
        Map<InetAddress, String> gateways = gateways(networks);
        for (String server : ContainerTexts.dns(servers)) {
            String network = gateways.get(DnsEntries.server(server).getAddress());
            if (server.equals(resolver.toString())) {
                throw refuse(server, "the resolver itself, where containers ask");
            }
            if (network != null) {
                throw refuse(server, "the gateway of network " + network + ", which is the switch itself");
            }
        }
    }

    private static Refusal refuse(String server, String what) {
        return Refusal.badInput("invalid DNS server: " + server + " is " + what + ": give servers that it is to ask");
    }

    private static Map<InetAddress, String> gateways(Collection<Network> networks) {
        Map<InetAddress, String> gateways = new HashMap<>();
        for (Network network : networks) {
            for (Subnet subnet : network.subnets()) {
                gateways.put(DnsEntries.server(subnet.gateway().toString()).getAddress(), network.name());
            }
        }
        return gateways;
    }

    private static void check(
            List<InetSocketAddress> servers, Map<InetAddress, String> gateways, Source source, int line, String path) {
        for (InetSocketAddress server : servers) {
            String network = gateways.get(server.getAddress());
            if (network != null) {
                throw source.refuse(
                        line,
                        path,
                        server.getAddress().getHostAddress() + " is the gateway of network " + network
                                + ", which is the switch itself: name servers that it is to ask");
            }
        }
    }
}
