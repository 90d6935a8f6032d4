package io.tapswitch.core.dataplane;

import io.tapswitch.core.dataplane.OutsideSettings.UplinkSettings;
import io.tapswitch.nat.DnatRule;
import io.tapswitch.nat.NatVersion.InsideEndpoint;
import io.tapswitch.nat.NatVersion.OutsideAddress;
import io.tapswitch.tapio.FrameIo;
import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.Ipv4Address;
import io.tapswitch.wire.Ipv6Address;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;

/**
 * What must hold of a version before any worker acts on it: its ids are in range, everything that is named is there,
 * no two ports have an address or a file in common, and the neighbour tables say exactly who is there. Who makes a
 * version that breaks one of these has a defect; it is found here and not by frames that go astray.
 */
public final class TableRules {
    private static final long GROUP_BIT = 1L << 40;

    private final SwitchTables tables;
    private final int workers;
    private final List<String> faults = new ArrayList<>();
    private final Set<Integer> files = new HashSet<>();
    private final Map<Integer, Integer> addressesOfNetwork = new HashMap<>();
    private final Map<Integer, Integer> remoteOfNetwork = new HashMap<>();

    private TableRules(SwitchTables tables, int workers) {
        this.tables = tables;
        this.workers = workers;
    }

    /** {@return what is wrong with a version for so many workers, as sentences; empty when nothing is} */
    public static List<String> faults(SwitchTables tables, int workers) {
        TableRules rules = new TableRules(tables, workers);
        tables.networks().forEach(rules::network);
        tables.neighbours().keySet().forEach(rules::neighbourNetwork);
        Set<Object> taken = new HashSet<>();
        tables.ports().forEach((id, port) -> rules.port(id, port, taken));
        OverlaySettings overlay = tables.overlay();
        if (overlay != null) {
            new OverlayRules(rules, tables, overlay).check(taken);
        }
        tables.networks().keySet().forEach(rules::neighbourCount);
        HostSettings host = tables.host();
        if (host != null) {
            rules.host(host);
        }
        NamesListenerSettings listener = tables.listener();
        if (listener != null) {
            rules.listener(listener);
        }
        OutsideSettings outside = tables.outside();
        if (outside != null) {
            rules.outside(outside);
        }
        return rules.faults;
    }

    /**
     * Refuses a version that breaks a rule.
     *
     * @throws IllegalArgumentException that says which
     */
    static void require(SwitchTables tables, int workers) {
        List<String> faults = faults(tables, workers);
        if (!faults.isEmpty()) {
            throw new IllegalArgumentException("version " + tables.version() + " is inconsistent: "
                    + String.join("; ", faults.subList(0, Math.min(faults.size(), 5))));
        }
    }

    /** The sentence is made only where it is needed: there are ten of them for each port of each version. */
    void check(boolean holds, Supplier<String> otherwise) {
        if (!holds) {
            faults.add(otherwise.get());
        }
    }

    private void network(int key, NetworkSettings network) {
        int id = network.id();
        check(key == id, () -> "network " + id + " is listed as " + key);
        check(
                id >= 0 && id < Dataplane.MAX_NETWORKS,
                () -> "network " + id + " is not below " + Dataplane.MAX_NETWORKS);
        check(isUnicast(network.gatewayMac()), () -> "the gateway of network " + id + " has no unicast MAC address");
        check(network.mtu() > 0 && network.mtu() <= 0xffff, () -> "network " + id + " has MTU " + network.mtu());
    }

    private static boolean isUnicast(long mac) {
        return mac != 0 && mac >>> 48 == 0 && (mac & GROUP_BIT) == 0;
    }

    private void neighbourNetwork(int id) {
        check(tables.networks().containsKey(id), () -> "neighbours of network " + id + ", which is not there");
    }

    record Owned(int network, Object address) {}

    private void port(int key, PortSettings port, Set<Object> taken) {
        int id = port.id();
        check(key == id, () -> "port " + id + " is listed as " + key);
        check(isPortId(id), () -> "port " + id + " is not below " + FrameIo.MAX_PORTS);
        check(port.worker() >= 0 && port.worker() < workers, () -> "port " + id + " is for worker " + port.worker());
        files(() -> "port " + id, port.fds());
        check(isUnicast(port.mac()), () -> "port " + id + " has no unicast MAC address");
        check(taken.add(new Owned(port.network(), port.mac())), () -> "port " + id + " has the MAC address of another");
        NetworkSettings network = tables.networks().get(port.network());
        if (network == null) {
            faults.add("port " + id + " is in network " + port.network() + ", which is not there");
            return;
        }
        check(port.mac() != network.gatewayMac(), () -> "port " + id + " has the gateway's MAC address");
        address(port, network, port.ipv4(), taken);
        address(port, network, port.ipv6(), taken);
    }

    private void address(
            PortSettings port,
            NetworkSettings network,
            @org.jspecify.annotations.Nullable IpAddress address,
            Set<Object> taken) {
        if (address == null) {
            return;
        }
        check(
                taken.add(new Owned(network.id(), address)),
                () -> "port " + port.id() + " has " + address + " of another port in network " + network.id());
        check(
                network.gateways().stream()
                        .noneMatch(gateway -> gateway.address().equals(address)),
                () -> "port " + port.id() + " has the gateway's address " + address);
        addressesOfNetwork.merge(network.id(), 1, Integer::sum);
        NeighbourTable table = tables.neighbours().getOrDefault(network.id(), NeighbourTable.EMPTY);
        names(table, network.id(), port.id(), port.mac(), address, () -> "the neighbours of network " + network.id());
        HostSettings host = tables.host();
        if (host != null && !network.internal()) {
            names(host.neighbours(), network.id(), port.id(), port.mac(), address, () -> "the host's neighbours");
        }
    }

    private void names(NeighbourTable table, int network, int port, long mac, IpAddress address, Supplier<String> who) {
        int index = switch (address) {
            case Ipv4Address four -> table.find(four.bits());
            case Ipv6Address six -> table.find(six.hi(), six.lo());
        };
        boolean right = index != NeighbourTable.NONE
                && table.port(index) == port
                && table.mac(index) == mac
                && table.network(index) == network;
        check(right, () -> who.get() + " do not say that " + address + " is port " + port);
    }

    /** The neighbours of a network say that an address is behind a peer. */
    void named(int network, IpAddress address, int port, long mac) {
        remoteOfNetwork.merge(network, 1, Integer::sum);
        NeighbourTable table = tables.neighbours().getOrDefault(network, NeighbourTable.EMPTY);
        names(table, network, port, mac, address, () -> "the neighbours of network " + network);
    }

    private void neighbourCount(int network) {
        int named =
                tables.neighbours().getOrDefault(network, NeighbourTable.EMPTY).size();
        check(
                named == addressesOfNetwork.getOrDefault(network, 0) + remoteOfNetwork.getOrDefault(network, 0),
                () -> "the neighbours of network " + network + " name somebody who is not there");
    }

    private void host(HostSettings host) {
        check(isPortId(host.port()), () -> "the host's port is not below " + FrameIo.MAX_PORTS);
        check(
                !tables.ports().containsKey(host.port()),
                () -> "port " + host.port() + " is the host's and a container's");
        files(() -> "the host's port", host.fds());
        check(isUnicast(host.mac()) && isUnicast(host.peerMac()), () -> "the host's port has no unicast MAC addresses");
        check(host.mac() != host.peerMac(), () -> "the host's port has the MAC address that stands for all others");
        int reachable = tables.networks().values().stream()
                .filter(network -> !network.internal())
                .mapToInt(network -> addressesOfNetwork.getOrDefault(network.id(), 0))
                .sum();
        check(host.neighbours().size() == reachable, () -> "the host's neighbours are not those of all open networks");
    }

    private void listener(NamesListenerSettings listener) {
        int id = listener.port();
        HostSettings host = tables.host();
        check(isPortId(id), () -> "the listener's port is not below " + FrameIo.MAX_PORTS);
        check(!tables.ports().containsKey(id), () -> "port " + id + " is the listener's and a container's");
        check(host == null || host.port() != id, () -> "port " + id + " is the listener's and the host's");
        files(() -> "the listener's port", listener.fds());
        check(isUnicast(listener.mac()), () -> "the listener's port has no unicast MAC address");
    }

    private void outside(OutsideSettings outside) {
        Set<Integer> ids = new HashSet<>();
        Set<Integer> devices = new HashSet<>();
        for (UplinkSettings uplink : outside.uplinks()) {
            uplink(uplink);
            check(ids.add(uplink.port()), () -> "port " + uplink.port() + " is that of two uplinks");
            check(devices.add(uplink.device()), () -> "device " + uplink.device() + " has two uplinks");
        }
        check(
                outside.uplinks().stream().filter(UplinkSettings::loopback).count() <= 1,
                () -> "two uplinks are the loopback device's");
        Set<Integer> slots = new HashSet<>();
        for (OutsideAddress address : outside.nat().addresses()) {
            int slot = address.slot();
            check(slot >= 0 && slot < DnatRule.SLOTS, () -> "slot " + slot + " is not below " + DnatRule.SLOTS);
            check(slots.add(slot), () -> "slot " + slot + " stands for two addresses");
        }
        outside.nat().networks().forEach(inside -> insideNetwork(inside.index()));
        outside.nat().endpoints().forEach(this::endpoint);
    }

    private void uplink(UplinkSettings uplink) {
        int id = uplink.port();
        HostSettings host = tables.host();
        check(isPortId(id), () -> "uplink " + id + " is not below " + FrameIo.MAX_PORTS);
        check(!tables.ports().containsKey(id), () -> "port " + id + " is an uplink's and a container's");
        check(host == null || host.port() != id, () -> "port " + id + " is an uplink's and the host's");
        check(uplink.mtu() > 0, () -> "uplink " + id + " has MTU " + uplink.mtu());
        files(() -> "uplink " + id, uplink.fds());
    }

    private void insideNetwork(int index) {
        NetworkSettings network = tables.networks().get(index);
        check(network != null, () -> "network " + index + " has a way out, but is not there");
        check(network == null || !network.internal(), () -> "network " + index + " has a way out, but is internal");
    }

    private void endpoint(InsideEndpoint endpoint) {
        PortSettings port = tables.ports().get(endpoint.id());
        check(
                port != null
                        && port.network() == endpoint.network()
                        && (endpoint.ipv4() == null || endpoint.ipv4().equals(port.ipv4()))
                        && (endpoint.ipv6() == null || endpoint.ipv6().equals(port.ipv6())),
                () -> "endpoint " + endpoint.id() + " of the way out is not the port of that number");
    }

    /** An id of a port that there is one of, and that is no container's. */
    void soleId(int id, String who) {
        HostSettings host = tables.host();
        NamesListenerSettings names = tables.listener();
        check(isPortId(id), () -> who + " is not below " + FrameIo.MAX_PORTS);
        check(!tables.ports().containsKey(id), () -> "port " + id + " is " + who + " and a container's");
        check(host == null || host.port() != id, () -> "port " + id + " is " + who + " and the host's");
        check(names == null || names.port() != id, () -> "port " + id + " is " + who + " and the listener's");
        check(!OutsideChanges.isUsed(tables, id), () -> "port " + id + " is " + who + " and an uplink's");
    }

    private static boolean isPortId(int id) {
        return id >= 0 && id < FrameIo.MAX_PORTS;
    }

    void files(Supplier<String> whose, List<Integer> fds) {
        check(
                !fds.isEmpty() && fds.size() <= workers,
                () -> whose.get() + " must have from 1 to " + workers + " queues, one a worker, not " + fds.size());
        for (int fd : fds) {
            check(fd >= 0 && files.add(fd), () -> whose.get() + " has file " + fd + ", which is none of its own");
        }
    }
}
