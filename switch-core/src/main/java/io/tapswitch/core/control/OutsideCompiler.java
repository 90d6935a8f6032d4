package io.tapswitch.core.control;

import io.tapswitch.core.dataplane.GatewayAddress;
import io.tapswitch.core.dataplane.NetworkSettings;
import io.tapswitch.core.dataplane.OutsideSettings;
import io.tapswitch.core.dataplane.PortSettings;
import io.tapswitch.nat.DnatRule;
import io.tapswitch.nat.DnatRules;
import io.tapswitch.nat.NatVersion;
import io.tapswitch.nat.NatVersion.InsideEndpoint;
import io.tapswitch.nat.NatVersion.InsideNetwork;
import io.tapswitch.wire.IpAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The part of a version that is about the outside: who may go there, and which ports lead in. Pure, as the {@link
 * Compiler} that it belongs to.
 */
final class OutsideCompiler {
    private OutsideCompiler() {}

    /**
     * Compiles.
     *
     * @param networks as compiled, of which those that are not internal have a way out
     * @param ports as compiled: only an endpoint with a device has flows
     * @param open indexes of the networks whose mappings anybody may send to (N4)
     * @param view the outside as it is now
     */
    static OutsideSettings compile(
            Collection<NetworkSettings> networks,
            Map<Integer, PortSettings> ports,
            Set<Integer> open,
            OutsideView view) {
        List<InsideNetwork> inside = new ArrayList<>();
        Map<Integer, InsideNetwork> leadOut = new HashMap<>();
        for (NetworkSettings network : networks) {
            if (!network.internal()) {
                InsideNetwork it = new InsideNetwork(
                        network.id(), gateway(network, false), gateway(network, true), open.contains(network.id()));
                inside.add(it);
                leadOut.put(network.id(), it);
            }
        }
        List<InsideEndpoint> endpoints = new ArrayList<>();
        for (PortSettings port : ports.values()) {
            if (leadOut.containsKey(port.network())) {
                endpoints.add(new InsideEndpoint(port.id(), port.network(), port.ipv4(), port.ipv6()));
            }
        }
        List<DnatRule> rules = rules(ports, view);
        NatVersion nat = new NatVersion(
                view.addresses(), inside, endpoints, rules, DnatRules.compile(rules), view.reserved(), view.options());
        return new OutsideSettings(nat, view.marks(), view.uplinks(), view.homes());
    }

    private static @Nullable IpAddress gateway(NetworkSettings network, boolean ipv6) {
        return network.gateways().stream()
                .map(GatewayAddress::address)
                .filter(address -> address.isIpv6() == ipv6)
                .findFirst()
                .orElse(null);
    }

    /** {@return the rules of endpoints that have a device} */
    private static List<DnatRule> rules(Map<Integer, PortSettings> ports, OutsideView view) {
        return view.rules().stream()
                .filter(rule -> ports.containsKey(rule.endpoint()))
                .toList();
    }
}
