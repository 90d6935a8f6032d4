package io.tapswitch.core.control;

import io.tapswitch.core.dataplane.CounterSnapshot;
import io.tapswitch.core.dataplane.Dataplane;
import io.tapswitch.core.dataplane.FdbEntry;
import io.tapswitch.core.model.DesiredState;
import io.tapswitch.core.model.Network;
import io.tapswitch.core.overlay.ClusterEntry.Host;
import io.tapswitch.core.overlay.ClusterSession;
import io.tapswitch.core.overlay.ClusterView;
import io.tapswitch.wire.IpAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.IntFunction;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The other hosts that tunnels lead to, for people: those of the configuration file and those of the cluster alike.
 *
 * <p>When a peer was heard last is not noted for each frame, which would cost each frame something: {@link #look} finds
 * out once a second whose counters have grown. Any thread.
 */
public final class PeerLook {
    private static final long NS_PER_SECOND = 1_000_000_000L;

    private final Supplier<DesiredState> desired;
    private final Reads reads;
    private final Supplier<@Nullable OutsideState> outside;
    private final ClusterWiring cluster;
    /** By the peer's port. */
    private final Map<Integer, Heard> heard = new ConcurrentHashMap<>();

    /** Whose port it is. */
    private record Place(String network, IpAddress remote) {}

    /** How many frames came by the last look, and when the last of them did; never where that is not known. */
    private record Heard(Place place, long frames, boolean ever, long atNs) {}

    /**
     * Another host in a network.
     *
     * @param network its name
     * @param vni VXLAN network identifier
     * @param host name that the cluster knows it by, empty without
     * @param address of its end of the tunnel
     * @param declared whether the configuration file names it; else the cluster does
     * @param pathMtu of what can be sent there in one piece, the tunnel's headers included
     * @param endpoints how many MAC addresses are behind it
     * @param counters of its port
     * @param heardSeconds ago its last frame came, to the second; null when none did since this daemon knows it
     */
    public record Peer(
            String network,
            int vni,
            String host,
            IpAddress address,
            boolean declared,
            int pathMtu,
            int endpoints,
            CounterSnapshot counters,
            @Nullable Long heardSeconds) {}

    /** What is read of a dataplane: counters of a port, the forwarding database of a network, and the time. */
    record Reads(IntFunction<CounterSnapshot> counters, IntFunction<List<FdbEntry>> fdb, LongSupplier clockNs) {
        static Reads of(Dataplane dataplane) {
            return new Reads(
                    dataplane::counters,
                    network -> Waiting.await(dataplane.fdb(network), "read the forwarding database"),
                    System::nanoTime);
        }
    }

    PeerLook(
            Supplier<DesiredState> desired,
            Reads reads,
            Supplier<@Nullable OutsideState> outside,
            ClusterWiring cluster) {
        this.desired = desired;
        this.reads = reads;
        this.outside = outside;
        this.cluster = cluster;
    }

    private List<OutsideState.Peer> peers() {
        OutsideState state = outside.get();
        OutsideState.Tunnels tunnels = state == null ? null : state.tunnels();
        return tunnels == null ? List.of() : tunnels.peers();
    }

    /** Finds out who was heard since the last look. */
    void look() {
        List<OutsideState.Peer> peers = peers();
        long now = reads.clockNs().getAsLong();
        heard.keySet().retainAll(peers.stream().map(OutsideState.Peer::port).collect(Collectors.toSet()));
        for (OutsideState.Peer peer : peers) {
            long frames = reads.counters().apply(peer.port()).rxFrames();
            heard.compute(peer.port(), (port, last) -> {
                Place place = new Place(peer.network(), peer.remote());
                if (last == null || !last.place().equals(place)) {
                    // A port's counters begin with it; one that was another peer's has those of that one, too.
                    return new Heard(place, frames, last == null && frames > 0, now);
                }
                return frames == last.frames() ? last : new Heard(place, frames, true, now);
            });
        }
    }

    /** {@return the other hosts of one network, or of all when the reference is null} */
    public List<Peer> list(@Nullable String reference) {
        DesiredState state = desired.get();
        String wanted =
                reference == null ? null : References.network(state, reference).name();
        look();
        Map<IpAddress, String> names = names();
        Map<Integer, Integer> behind = new HashMap<>();
        List<OutsideState.Peer> chosen = peers().stream()
                .filter(peer -> wanted == null || peer.network().equals(wanted))
                .toList();
        for (Network network : state.networks()) {
            if (chosen.stream().anyMatch(peer -> peer.network().equals(network.name()))) {
                for (FdbEntry entry : reads.fdb().apply(network.index())) {
                    behind.merge(entry.port(), 1, Integer::sum);
                }
            }
        }
        List<Peer> all = new ArrayList<>();
        for (OutsideState.Peer peer : chosen) {
            all.add(new Peer(
                    peer.network(),
                    peer.vni(),
                    names.getOrDefault(peer.remote(), ""),
                    peer.remote(),
                    peer.declared(),
                    pathMtu(peer),
                    behind.getOrDefault(peer.port(), 0),
                    reads.counters().apply(peer.port()),
                    heardSeconds(peer)));
        }
        return all;
    }

    private int pathMtu(OutsideState.Peer peer) {
        OutsideState state = outside.get();
        OutsideState.Tunnels tunnels = state == null ? null : state.tunnels();
        int known = peer.path().bytes(reads.clockNs().getAsLong());
        return tunnels == null ? known : Math.min(tunnels.mtu(), known);
    }

    private @Nullable Long heardSeconds(OutsideState.Peer peer) {
        Heard last = heard.get(peer.port());
        return last == null || !last.ever() ? null : (reads.clockNs().getAsLong() - last.atNs()) / NS_PER_SECOND;
    }

    /** {@return names of the cluster's hosts by their tunnel addresses} */
    private Map<IpAddress, String> names() {
        Map<IpAddress, String> names = new HashMap<>();
        ClusterSession session = cluster.session();
        if (session != null) {
            ClusterView view = session.state().view();
            for (Host host : view.hosts().values()) {
                if (view.isPeer(host.id())) {
                    names.put(host.vtep(), host.name());
                }
            }
        }
        return names;
    }
}
