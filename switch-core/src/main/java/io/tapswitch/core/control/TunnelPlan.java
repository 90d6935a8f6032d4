package io.tapswitch.core.control;

import io.tapswitch.core.config.OverlaySettings.Peer;
import io.tapswitch.core.dataplane.OverlaySettings.RemoteEndpoint;
import io.tapswitch.core.dataplane.OverlaySettings.TunnelNetwork;
import io.tapswitch.core.dataplane.OverlaySettings.TunnelPeer;
import io.tapswitch.core.dataplane.PathMtu;
import io.tapswitch.core.model.DesiredState;
import io.tapswitch.core.model.Driver;
import io.tapswitch.core.model.Network;
import io.tapswitch.core.model.Origin;
import io.tapswitch.core.overlay.Remotes;
import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.MacAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.ToIntBiFunction;
import org.jspecify.annotations.Nullable;

/**
 * Which networks reach other hosts, and who is there: of the desired state, the configuration file's peers and the
 * cluster's endpoints. What cannot be is left out with a sentence, and the rest is served.
 *
 * <p>Addresses behind a peer of the file are learned, since nobody tells them. Those of the cluster are told: nothing
 * is
 * learned there, and nobody can take another's (V7). Not thread safe.
 */
final class TunnelPlan {
    private final DesiredState state;
    private final Predicate<IpAddress> isOwn;
    private final ToIntBiFunction<String, IpAddress> portOf;
    private final Function<IpAddress, PathMtu> pathOf;
    private final Set<String> trouble;
    private final Map<Integer, TunnelNetwork> networks = new LinkedHashMap<>();
    /** Networks of the cluster. */
    private final Map<Integer, TunnelNetwork> known = new LinkedHashMap<>();

    private final Map<Place, TunnelPeer> peers = new LinkedHashMap<>();
    private final List<RemoteEndpoint> endpoints = new ArrayList<>();
    private final List<OutsideState.Peer> shown = new ArrayList<>();
    private final Map<Integer, String> vnis = new HashMap<>();

    /** Another host in a network. */
    record Place(String networkId, IpAddress remote) {}

    /**
     * Begins one.
     *
     * @param state that comes into force
     * @param isOwn whether an address is this host's
     * @param portOf the port of another host in a network, by the network's id; negative when there is none left
     * @param pathOf what is known of the way to another host
     * @param trouble where sentences go for what cannot be
     */
    TunnelPlan(
            DesiredState state,
            Predicate<IpAddress> isOwn,
            ToIntBiFunction<String, IpAddress> portOf,
            Function<IpAddress, PathMtu> pathOf,
            Set<String> trouble) {
        this.state = state;
        this.isOwn = isOwn;
        this.portOf = portOf;
        this.pathOf = pathOf;
        this.trouble = trouble;
    }

    /** Takes in the peers that the configuration file names. */
    void declared(List<Peer> declared) {
        Map<String, Network> byName = new HashMap<>();
        state.networks().forEach(network -> byName.put(network.name(), network));
        for (Peer peer : declared) {
            Network network = byName.get(peer.network());
            String why = fault(network, peer);
            if (isOwn.test(peer.remote())) {
                why = peer.remote() + " is this host's own address: name the other hosts alone";
            }
            if (network == null || why != null) {
                trouble.add("overlay.peers: " + (why == null ? "there is no network " + peer.network() : why));
            } else if (add(network, peer.vni(), peer.remote(), true) == null) {
                trouble.add("overlay.peers: no more than " + EndpointRules.PEER_PORTS + " peers can be had");
            }
        }
    }

    private @Nullable String fault(@Nullable Network network, Peer peer) {
        if (network == null) {
            return "there is no network " + peer.network() + ": declare it under networks with driver: overlay";
        }
        if (network.driver() != Driver.OVERLAY) {
            return "network " + peer.network() + " is of the driver "
                    + network.driver().word() + ", and only overlay has tunnels";
        }
        if (network.origin() instanceof Origin.Cluster) {
            return ofCluster(network);
        }
        Network other = NetworkRules.networkOf(state, peer.vni());
        if (other != null && !other.id().equals(network.id())) {
            return "VNI " + peer.vni() + " of network " + peer.network() + " is that of network " + other.name()
                    + (other.origin() instanceof Origin.Cluster ? " of the cluster" : ", by -o " + NetworkOptions.VNI)
                    + ": write another vni here, and at the other hosts";
        }
        if (NetworkOptions.of(network).encrypted()) {
            return "network " + peer.network() + " is encrypted, and nobody gives keys to hosts that a file names: use"
                    + " --cluster-store, or a network without -o " + NetworkOptions.ENCRYPTED;
        }
        int vni = NetworkOptions.of(network).vni();
        return vni == 0 || vni == peer.vni()
                ? null
                : "network " + peer.network() + " was made with -o " + NetworkOptions.VNI + "=" + vni
                        + ", and its peer has vni: " + peer.vni() + ": make them the same";
    }

    /** {@return why the file names no peers of a network of the cluster} */
    static String ofCluster(Network network) {
        return "network " + network.name() + " is the cluster's, which knows by itself what hosts are in it: take the"
                + " peer out, or declare a network of another name under networks";
    }

    private @Nullable TunnelPeer add(Network network, int vni, IpAddress remote, boolean learns) {
        Place place = new Place(network.id(), remote);
        TunnelPeer there = peers.get(place);
        if (there != null) {
            return there;
        }
        int port = portOf.applyAsInt(network.id(), remote);
        if (port < 0) {
            return null;
        }
        TunnelNetwork known = networks.get(network.index());
        networks.put(
                network.index(),
                new TunnelNetwork(
                        network.index(),
                        vni,
                        learns || (known != null && known.learns()),
                        NetworkOptions.of(network).encrypted()));
        vnis.put(vni, network.name());
        TunnelPeer peer = new TunnelPeer(port, network.index(), remote);
        peers.put(place, peer);
        shown.add(new OutsideState.Peer(network.name(), vni, remote, port, pathOf.apply(remote), learns));
        return peer;
    }

    /**
     * Takes in the endpoints that other hosts of the cluster have.
     *
     * @param isIpv6 of which family this end is: the others must be of the same
     */
    void cluster(Remotes remotes, boolean isIpv6) {
        for (Network network : state.networks()) {
            List<Remotes.Remote> members = remotes.of(network.id());
            if (!(network.origin() instanceof Origin.Cluster)) {
                continue;
            }
            int vni = NetworkOptions.of(network).vni();
            String other = vnis.get(vni);
            boolean isItsOwn = other == null || other.equals(network.name());
            if (vni != 0 && isItsOwn) {
                // Known here also while nobody is in it elsewhere: who sends all the same is no peer of it (V7).
                vnis.put(vni, network.name());
                boolean encrypted = NetworkOptions.of(network).encrypted();
                known.put(network.index(), new TunnelNetwork(network.index(), vni, false, encrypted));
            }
            if (members.isEmpty()) {
                continue;
            }
            if (!isItsOwn) {
                trouble.add("network " + network.name() + " of the cluster has VNI " + vni + ", which network " + other
                        + " has by overlay.peers: give that one another");
                continue;
            }
            members(network, vni, members, isIpv6);
        }
    }

    private void members(Network network, int vni, List<Remotes.Remote> members, boolean isIpv6) {
        Map<Object, String> taken = taken(network);
        for (Remotes.Remote remote : members) {
            IpAddress vtep = remote.host().vtep();
            if (vtep.isIpv6() != isIpv6 || isOwn.test(vtep)) {
                trouble.add("host " + remote.host().name() + " of the cluster has the tunnel address " + vtep
                        + (isOwn.test(vtep) ? ", which is this host's" : ", of another family than this host's")
                        + ": its containers are not reached; set --cluster-advertise there");
                continue;
            }
            if (!remote.isReached()) {
                // Nobody answers for its containers here, so who asks for one is told at once (A-OVL-09).
                trouble.add("host " + remote.host().name() + " of the cluster says that it does not have its tunnel"
                        + " address " + vtep + ": its containers are not reached; set --cluster-advertise there");
                continue;
            }
            TunnelPeer peer = add(network, vni, vtep, false);
            if (peer == null) {
                trouble.add("host " + remote.host().name() + " is not reached in network " + network.name()
                        + ": no more than " + EndpointRules.PEER_PORTS + " places of other hosts can be had");
            } else {
                member(network, peer, remote, taken);
            }
        }
    }

    private void member(Network network, TunnelPeer peer, Remotes.Remote remote, Map<Object, String> taken) {
        io.tapswitch.core.overlay.ClusterEntry.RemoteEndpoint endpoint = remote.endpoint();
        Object clash = null;
        Set<Object> wants = new HashSet<>(endpoint.addresses());
        wants.add(endpoint.mac());
        for (Object want : wants) {
            clash = taken.containsKey(want) ? want : clash;
        }
        boolean isInside = endpoint.addresses().stream()
                .allMatch(address -> network.subnets().stream()
                        .anyMatch(subnet -> subnet.prefix().includes(address)));
        if (clash != null || !isInside) {
            trouble.add(
                    "container " + endpoint.name() + " on host " + remote.host().name() + " is not reached in network "
                            + network.name() + ": "
                            + (clash == null
                                    ? "its address is in no subnet"
                                    : clash + " is that of " + taken.get(clash)
                                            + " too; disconnect one of them from the network and connect it again"));
            return;
        }
        String holder =
                "container " + endpoint.name() + " on host " + remote.host().name();
        wants.forEach(want -> taken.put(want, holder));
        endpoints.add(new RemoteEndpoint(
                peer.port(), network.index(), endpoint.mac().bits(), endpoint.ipv4(), endpoint.ipv6()));
    }

    /** {@return the addresses that this host has in a network itself, with who has them} */
    private Map<Object, String> taken(Network network) {
        Map<Object, String> taken = new HashMap<>();
        MacAddress gateway = Compiler.gatewayMac(network);
        taken.put(gateway, "the network's gateway");
        network.subnets().forEach(subnet -> taken.put(subnet.gateway(), "the network's gateway"));
        state.containers()
                .forEach(container -> container.endpointIn(network.id()).ifPresent(endpoint -> {
                    String holder = "container " + container.name() + " of this host";
                    taken.put(endpoint.mac(), holder);
                    if (endpoint.ipv4() != null) {
                        taken.put(endpoint.ipv4().ip(), holder);
                    }
                    if (endpoint.ipv6() != null) {
                        taken.put(endpoint.ipv6().ip(), holder);
                    }
                }));
        return taken;
    }

    /** {@return the places of other hosts} */
    Set<Place> places() {
        return peers.keySet();
    }

    /** {@return indices of the networks that reach other hosts} */
    Set<Integer> tunneled() {
        return networks.keySet();
    }

    /** {@return the networks that reach other hosts, and those of the cluster that nobody is in elsewhere} */
    List<TunnelNetwork> networks() {
        Map<Integer, TunnelNetwork> all = new LinkedHashMap<>(known);
        all.putAll(networks);
        return List.copyOf(all.values());
    }

    /** {@return the other hosts} */
    List<TunnelPeer> peers() {
        return List.copyOf(peers.values());
    }

    /** {@return those behind them, as far as they are told} */
    List<RemoteEndpoint> endpoints() {
        return List.copyOf(endpoints);
    }

    /** {@return the other hosts for people} */
    List<OutsideState.Peer> shown() {
        return List.copyOf(shown);
    }
}
