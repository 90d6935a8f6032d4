package io.tapswitch.core.control;

import io.tapswitch.core.control.OutsideKernel.Device;
import io.tapswitch.core.control.TunnelPlan.Place;
import io.tapswitch.core.dataplane.OverlaySettings;
import io.tapswitch.core.dataplane.PathMtu;
import io.tapswitch.core.model.DesiredState;
import io.tapswitch.core.model.Network;
import io.tapswitch.core.model.Origin;
import io.tapswitch.core.model.PortProtocol;
import io.tapswitch.core.model.Refusal;
import io.tapswitch.nat.DnatRule;
import io.tapswitch.nat.NatVersion.PortRange;
import io.tapswitch.tapio.PortMarks;
import io.tapswitch.vxlan.Encapsulation;
import io.tapswitch.vxlan.SealHeader;
import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.IpProtocol;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Theory of operation: the tunnels to other hosts, as a part of each version.
 *
 * <p>All tunnels of a host end at one of its addresses. The device that has it is an uplink; beside the uplink's TAP it
 * gets a second one, whose frames may be super-frames inside a tunnel ({@link io.tapswitch.tapio.TunnelTap}), and the
 * port of VXLAN at that address is marked as a tunnel's. A socket holds the port, silently, so that nobody else has it.
 * Where the kernel has no such TAP, sockets have the port and the packets, and nothing is steered ({@link
 * io.tapswitch.tapio.TunnelSocket}).
 *
 * <pre>
 *   {@link #prepare}  networks and peers of the version; the end: address, device, socket, TAP
 *        dataplane takes the version
 *   {@link OutsideWiring#settle}  steers the device, with {@link #plug}
 *   {@link #settle}   marks the port; what is not wanted any more goes
 * </pre>
 *
 * <p>A failure costs the tunnels and not the version: containers of this host are still served, and {@link #warnings}
 * says what is missing. Part of {@link OutsideWiring}, under the controller's lock but for {@link #warnings}.
 */
final class TunnelWiring {
    /** Begin of the id of the TAP, where endpoints have theirs. */
    static final String TAG = OutsideWiring.TAG + "tunnel ";

    private static final Logger LOG = LoggerFactory.getLogger(TunnelWiring.class);

    private final OutsideKernel kernel;
    private final Supplier<Abroad> abroad;
    /** Ports of other hosts in networks: each keeps its own for as long as it is there. */
    private final Map<Place, Integer> ports = new HashMap<>();
    /** Workers read and write them, whatever version is in force. */
    private final Map<IpAddress, PathMtu> paths = new HashMap<>();

    private final TunnelPaths learned;

    private io.tapswitch.core.config.OverlaySettings declared = io.tapswitch.core.config.OverlaySettings.NONE;
    private @Nullable End end;
    private final List<End> gone = new ArrayList<>();
    /** Ends whose TAP is that of the present one, which has another port. */
    private final List<End> moved = new ArrayList<>();

    private OutsideState.@Nullable Tunnels state;
    /** To whom the host was asked for its way, null when that decided nothing; and the address that it had for it. */
    private @Nullable IpAddress asked;

    private @Nullable IpAddress found;
    private int opened;
    private boolean settled;
    private volatile List<String> warnings = List.of();

    /** Where all tunnels end here. */
    private record End(
            Device device, IpAddress local, int port, Plumbing.Plug plug, OutsideKernel.Held socket, String id) {
        /** {@return what the plug is where tunnels go by sockets, null where by a TAP} */
        OutsideKernel.@Nullable SocketPlug sockets() {
            return plug instanceof OutsideKernel.SocketPlug sockets ? sockets : null;
        }
    }

    /** {@return the tag of a device's tunnel TAP} */
    static String tag(Device device) {
        return TAG + device.index() + " " + device.name();
    }

    TunnelWiring(OutsideKernel kernel, Supplier<Abroad> abroad) {
        this.kernel = kernel;
        this.abroad = abroad;
        learned = new TunnelPaths(kernel);
    }

    /** Other tunnels come into force with the next version. {@return whether they are others} */
    boolean options(io.tapswitch.core.config.OverlaySettings next) {
        boolean others = !next.equals(declared);
        declared = next;
        return others;
    }

    /** {@return whether the host goes to the first other end otherwise than before, so that a version is due} */
    boolean isMoved() {
        return asked != null && !Objects.equals(kernel.sourceTo(asked), found);
    }

    /**
     * {@return what the next version must know of tunnels, null for none}
     *
     * @param uplinks devices that can carry them
     */
    @Nullable
    OverlaySettings prepare(DesiredState next, Collection<Device> uplinks) {
        Set<String> trouble = new LinkedHashSet<>();
        Abroad cluster = abroad.get();
        TunnelPlan plan = new TunnelPlan(
                next,
                address ->
                        uplinks.stream().anyMatch(uplink -> uplink.addresses().contains(address)),
                (network, remote) -> port(new Place(network, remote)),
                remote -> paths.computeIfAbsent(remote, other -> new PathMtu()),
                trouble);
        plan.declared(declared.peers());
        IpAddress advertised = cluster.advertised();
        if (advertised != null) {
            plan.cluster(cluster.remotes(), advertised.isIpv6());
        }
        ports.keySet().retainAll(plan.places());
        paths.keySet().retainAll(plan.places().stream().map(Place::remote).toList());
        // In a cluster the end is there before anybody is at the other: what is wrong with it is known at once.
        asked = null;
        End now = plan.peers().isEmpty() && advertised == null ? null : end(plan, advertised, uplinks, trouble);
        if (end != null && (now == null || now.plug() != end.plug())) {
            gone.add(end);
        }
        if (end != null && now != null && now.plug() == end.plug() && now.port() != end.port()) {
            moved.add(end);
        }
        end = now;
        learned.watch(now == null || now.sockets() == null ? Map.of() : paths);
        state = now == null
                ? null
                : new OutsideState.Tunnels(
                        now.device().name(),
                        now.device().mtu(),
                        now.local(),
                        EndpointRules.TUNNEL_PORT,
                        plan.shown(),
                        now.sockets() == null ? null : kernel.whyTunnelSocket(),
                        plan.endpoints(),
                        now.port());
        if (now != null) {
            checkMtus(next, plan.tunneled(), now, trouble);
        }
        tell(trouble);
        if (now == null) {
            return null;
        }
        return new OverlaySettings(
                EndpointRules.TUNNEL_PORT,
                now.plug().fds(),
                now.local(),
                now.device().mtu(),
                paths,
                plan.networks(),
                plan.peers(),
                plan.endpoints(),
                now.sockets() == null ? 0 : now.sockets().segments(),
                cluster.keys(),
                now.port());
    }

    /** Outer packets are never fragmented: what does not fit is not sent, and its sender is told (O10, O11). */
    private static void checkMtus(DesiredState next, Set<Integer> tunneled, End end, Set<String> trouble) {
        int overhead = end.local().isIpv6() ? Encapsulation.IPV6_OVERHEAD : Encapsulation.IPV4_OVERHEAD;
        String device = end.device().name();
        String option = NetworkOptions.MTU;
        for (Network network : next.networks()) {
            int mtu = NetworkOptions.of(network).mtu();
            int around = overhead + (NetworkOptions.of(network).encrypted() ? SealHeader.OVERHEAD : 0);
            int fits = end.device().mtu() - around;
            if (tunneled.contains(network.index()) && network.ipv6() && fits < NetworkOptions.MTU_MIN_IPV6) {
                trouble.add("network " + network.name() + " has IPv6, which needs " + NetworkOptions.MTU_MIN_IPV6
                        + " bytes (RFC 8200), and the " + end.device().mtu() + " of " + device + " leave " + fits
                        + ": its larger IPv6 packets do not get to other hosts, whatever their senders are told. Give "
                        + device + " an MTU of " + (mtu + around) + ", or make the network without IPv6");
            } else if (tunneled.contains(network.index())
                    && mtu + around > end.device().mtu()) {
                trouble.add("network " + network.name() + " has MTU " + mtu + ", and with the headers of a tunnel "
                        + (mtu + around) + ", more than the " + end.device().mtu() + " of " + device
                        + ": containers must find out that large packets do not fit. Give " + device + " an MTU of "
                        + (mtu + around) + ", or "
                        + (network.origin() instanceof Origin.File
                                ? "write " + option + ": " + fits + " among its options in the file"
                                : "remove the network and make it again with -o " + option + "=" + fits)
                        + ", which is possible while nobody is in it");
            }
        }
    }

    /** {@return the port of a place, the one it had; negative when there is none left} */
    private int port(Place place) {
        Integer known = ports.get(place);
        if (known != null) {
            return known;
        }
        Set<Integer> taken = new HashSet<>(ports.values());
        for (int port = EndpointRules.FIRST_PEER_PORT; port < EndpointRules.TUNNEL_PORT; port++) {
            if (!taken.contains(port)) {
                ports.put(place, port);
                return port;
            }
        }
        return -1;
    }

    /**
     * {@return the address of this end: the one that was said, else the one by which the first other end is reached}
     */
    private @Nullable IpAddress local(TunnelPlan plan, @Nullable IpAddress advertised, Set<String> trouble) {
        IpAddress said = declared.local() == null ? advertised : declared.local();
        if (said != null) {
            if (advertised != null && !said.equals(advertised)) {
                trouble.add("overlay.local is " + said + ", and the cluster knows this host by " + advertised
                        + ": leave one of them out, or make them the same");
            }
            return said;
        }
        IpAddress remote = plan.peers().getFirst().remote();
        asked = remote;
        found = kernel.sourceTo(remote);
        if (found != null) {
            return found;
        }
        if (end != null) {
            // Tunnels to others may work, and this one will when there is a route again.
            trouble.add("the host has no route to " + remote + ": it is not reached by tunnels");
            return end.local();
        }
        trouble.add("no tunnel has an end here: the host has no route to " + remote);
        return null;
    }

    private @Nullable End end(
            TunnelPlan plan, @Nullable IpAddress advertised, Collection<Device> uplinks, Set<String> trouble) {
        IpAddress local = local(plan, advertised, trouble);
        if (local == null) {
            return null;
        }
        Device device = uplinks.stream()
                .filter(uplink -> !uplink.loopback() && uplink.addresses().contains(local))
                .findFirst()
                .orElse(null);
        if (device == null && local.equals(advertised)) {
            trouble.add(ClusterWiring.unreachable(local) + ": " + local + " is an address of no uplink of this host");
            return null;
        }
        if (device == null) {
            trouble.add("no tunnel has an end here: " + local + " is an address of no uplink; set overlay.local to one"
                    + " of this host's addresses that the other hosts reach");
            return null;
        }
        End there = end;
        if (there != null
                && there.local().equals(local)
                && (there.sockets() != null || there.device().index() == device.index())) {
            if (there.port() == declared.port()) {
                // With another MTU perhaps.
                return new End(device, local, there.port(), there.plug(), there.socket(), there.id());
            }
            if (there.sockets() == null) {
                return open(device, local, there, trouble);
            }
        }
        return open(device, local, null, trouble);
    }

    /** Ends tunnels at an address and the port that the file says; by the TAP of an end that had another port. */
    private @Nullable End open(Device device, IpAddress local, @Nullable End before, Set<String> trouble) {
        int port = declared.port();
        OutsideKernel.Held socket = null;
        try {
            opened++;
            if (kernel.whyTunnelSocket() != null) {
                return new End(device, local, port, kernel.tunnelSocket(local, port), () -> {}, TAG + opened);
            }
            socket = kernel.hold(local, PortProtocol.UDP, port, port);
            socket.mergeDatagrams();
            return before == null
                    ? new End(device, local, port, kernel.tunnel(device), socket, TAG + opened)
                    : new End(device, local, port, before.plug(), socket, before.id());
        } catch (RuntimeException e) {
            if (socket != null) {
                socket.close();
            }
            trouble.add("no tunnel has an end here, UDP port " + port + " of " + local + ": "
                    + (e instanceof Refusal refused ? sentence(refused) : String.valueOf(e.getMessage())));
            return null;
        }
    }

    private static String sentence(Refusal refused) {
        return refused.sentence()
                + (refused.code().equals(PortKeeper.BUSY)
                        ? " (what this host publishes counts, too; overlay.port is another one, for all hosts)"
                        : "");
    }

    /** The switch gave a sign of life; one thread, without the controller's lock. */
    void onBeat() {
        learned.onBeat();
    }

    /** {@return the tunnel TAP of a device, null when it has none} */
    Plumbing.@Nullable Plug plug(Device device) {
        End now = end;
        return now != null && now.sockets() == null && now.device().index() == device.index() ? now.plug() : null;
    }

    /** {@return tunnels of the version that was prepared last, null for none} */
    OutsideState.@Nullable Tunnels state() {
        return state;
    }

    /** {@return ids of the TAP, by port} */
    Map<Integer, String> ids() {
        return end == null ? Map.of() : Map.of(EndpointRules.TUNNEL_PORT, end.id());
    }

    /** Somebody deleted the TAP: with the next version it is made again. {@return whether it was this one} */
    boolean lost(String id) {
        boolean isIt = end != null && end.id().equals(id);
        if (isIt && end != null) {
            gone.add(end);
            end = null;
        }
        return isIt;
    }

    /** {@return ports that NAT may not take, with that of tunnels while there are any} */
    List<PortRange> reserved(List<PortRange> others) {
        if (end == null) {
            return others;
        }
        List<PortRange> all = new ArrayList<>(others);
        all.add(new PortRange(DnatRule.ANY, IpProtocol.UDP, end.port(), end.port()));
        return all;
    }

    /**
     * The version is in force and its devices are steered.
     *
     * @param addresses of the host, all that have marks
     */
    void settle(Collection<IpAddress> addresses) {
        // What is for a socket is left to the host's stack, which gives it to the socket.
        End tap = end != null && end.sockets() == null ? end : null;
        if (!settled) {
            settled = true;
            // What a daemon before this one marked, which had tunnels elsewhere.
            addresses.forEach(address -> kernel.marks(address)
                    .clearTunnelsBut(tap != null && tap.local().equals(address) ? tap.port() : 0));
        }
        if (tap != null) {
            kernel.marks(tap.local()).markTunnel(tap.port());
        }
        for (End old : gone) {
            unmark(old, tap);
            drop(old);
        }
        gone.clear();
        for (End old : moved) {
            unmark(old, tap);
            old.socket().close();
        }
        moved.clear();
    }

    private void unmark(End old, @Nullable End tap) {
        boolean isWanted = tap != null && tap.local().equals(old.local()) && tap.port() == old.port();
        if (old.sockets() == null && !isWanted) {
            kernel.marks(old.local()).clear(PortMarks.UDP, old.port());
        }
    }

    private void drop(End old) {
        OutsideKernel.SocketPlug sockets = old.sockets();
        if (sockets != null) {
            sockets.close();
            return;
        }
        try {
            old.socket().close();
            kernel.unplug(List.of(old.plug()));
        } catch (Refusal e) {
            LOG.error("the tunnels' TAP could not be removed: {}", e.sentence());
        }
    }

    private void tell(Set<String> trouble) {
        trouble.stream().filter(sentence -> !warnings.contains(sentence)).forEach(LOG::warn);
        warnings = List.copyOf(trouble);
    }

    /** {@return what a person should know; any thread} */
    List<String> warnings() {
        return warnings;
    }

    /** Takes the TAP off the host; the dataplane must be done with it. */
    void removeAll() {
        End last = end;
        end = null;
        if (last != null) {
            drop(last);
        }
    }
}
