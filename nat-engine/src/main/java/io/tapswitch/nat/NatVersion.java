package io.tapswitch.nat;

import io.tapswitch.wire.IpAddress;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Everything that a worker's NAT acts on, as one immutable value; {@link NatEngine#take} finds what has changed.
 *
 * @param addresses of the host, each with the slot that flows know it by
 * @param networks whose containers have a way out
 * @param endpoints that may have flows
 * @param rules of the published ports; those with one id are one publication
 * @param compiled the same rules, as packets meet them; made once for all workers
 * @param reserved ports that NAT never gives out though nobody published them: the host's sockets', and those that
 *     ip_local_reserved_ports names (N7)
 * @param options what else is set
 */
public record NatVersion(
        List<OutsideAddress> addresses,
        List<InsideNetwork> networks,
        List<InsideEndpoint> endpoints,
        List<DnatRule> rules,
        DnatRules compiled,
        List<PortRange> reserved,
        NatOptions options) {
    /** Copies the lists. */
    public NatVersion {
        addresses = List.copyOf(addresses);
        networks = List.copyOf(networks);
        endpoints = List.copyOf(endpoints);
        rules = List.copyOf(rules);
        reserved = List.copyOf(reserved);
    }

    /**
     * One of the host's addresses.
     *
     * @param slot 0..255; a slot never stands for another address while it has flows
     * @param address of either family
     */
    public record OutsideAddress(int slot, IpAddress address) {}

    /**
     * A network whose containers have a way out.
     *
     * @param index of the network
     * @param gateway4 under which a container sees the host's clients of 127.0.0.0/8, null when it has no IPv4
     * @param gateway6 under which a container sees the host's clients of ::1, null when it has no IPv6
     * @param endpointIndependentFiltering whether anybody may send to a mapping that a container made (N4)
     */
    public record InsideNetwork(
            int index,
            @Nullable IpAddress gateway4,
            @Nullable IpAddress gateway6,
            boolean endpointIndependentFiltering) {}

    /**
     * An endpoint: what a flow must still match to go on after a change or a restart (N29).
     *
     * @param id of its port
     * @param network index of its network
     * @param ipv4 its address, null for none
     * @param ipv6 its address, null for none
     */
    public record InsideEndpoint(
            int id,
            int network,
            @Nullable IpAddress ipv4,
            @Nullable IpAddress ipv6) {}

    /**
     * Ports of one of the host's addresses.
     *
     * @param slot of the address, or {@link DnatRule#ANY}
     * @param protocol TCP, UDP or SCTP
     * @param first port
     * @param last port
     * @param inUse whether a socket of the host has them, so that mappings that hold one end; else these keep it
     */
    public record PortRange(int slot, int protocol, int first, int last, boolean inUse) {
        /** Ports that no new mapping gets. */
        public PortRange(int slot, int protocol, int first, int last) {
            this(slot, protocol, first, last, false);
        }
    }

    /**
     * What can be set.
     *
     * @param udpTimeoutMs of a UDP mapping that was answered (N9)
     * @param firstPort of the range that NAT gives out of
     * @param lastPort of that range
     * @param excludedFirst first port in that range that is not NAT's (ip_local_port_range); 0 for none
     * @param excludedLast last of these
     * @param portOverload whether a port may serve two inside endpoints towards different peers when none is free (N3)
     */
    public record NatOptions(
            long udpTimeoutMs,
            int firstPort,
            int lastPort,
            int excludedFirst,
            int excludedLast,
            boolean portOverload) {}
}
