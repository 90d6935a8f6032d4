package io.tapswitch.core.control;

import io.tapswitch.core.control.PublishedPorts.ActivePort;
import io.tapswitch.core.dataplane.GatewayAddress;
import io.tapswitch.core.dataplane.NetworkSettings;
import io.tapswitch.core.dataplane.OutsideSettings;
import io.tapswitch.core.dataplane.PortSettings;
import io.tapswitch.nat.DnatRule;
import io.tapswitch.nat.DnatRules;
import io.tapswitch.nat.NatVersion;
import io.tapswitch.nat.NatVersion.InsideEndpoint;
import io.tapswitch.nat.NatVersion.InsideNetwork;
import io.tapswitch.nat.NatVersion.OutsideAddress;
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

    private static List<DnatRule> rules(Map<Integer, PortSettings> ports, OutsideView view) {
        Map<IpAddress, Integer> slots = new HashMap<>();
        for (OutsideAddress address : view.addresses()) {
            slots.put(address.address(), address.slot());
        }
        List<DnatRule> rules = new ArrayList<>();
        for (ActivePort port : view.served()) {
            // An address that the host has not now has no number: its packets cannot come.
            Integer slot = port.outside() == null ? Integer.valueOf(DnatRule.ANY) : slots.get(port.outside());
            if (slot != null && ports.containsKey(port.endpoint())) {
                rules.add(new DnatRule(
                        port.rule(),
                        slot,
                        port.protocol().number(),
                        port.firstHostPort(),
                        port.lastHostPort(),
                        port.network(),
                        port.endpoint(),
                        port.inside(),
                        port.firstContainerPort(),
                        port.allow()));
            }
        }
        return rules;
    }
}
