package io.tapswitch.core.control;

import io.tapswitch.core.model.Network;
import io.tapswitch.core.model.Origin;
import io.tapswitch.core.model.Refusal;
import io.tapswitch.core.overlay.ClusterEntry.Host;
import io.tapswitch.core.overlay.ClusterEntry.RemoteEndpoint;
import io.tapswitch.core.overlay.ClusterSession;
import io.tapswitch.core.overlay.ClusterView;
import io.tapswitch.core.overlay.Standing;
import io.tapswitch.core.overlay.Verification;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/** The cluster as this host sees it, for people. Changes nothing. Any thread. */
public final class ClusterLook {
    private static final String ID = "id";
    private static final String NAME = "name";
    private static final String STATUS = "status";
    private static final long MS_PER_SECOND = 1_000;

    private final ClusterWiring cluster;
    private final Desired desired;

    ClusterLook(ClusterWiring cluster, Desired desired, BeliefLook belief) {
        this.cluster = cluster;
        this.desired = desired;
        cluster.answering(belief::of);
    }

    /** How a host of the cluster is. */
    public enum Status {
        /** The store has its sign of life. */
        READY,
        /** The store has none: it is down, or cut off from the store; its endpoints stay. */
        UNSEEN,
        /** Its tunnel address is another host's too, so nothing is sent to it. */
        REFUSED,
        /** It is alive, and says that it does not have its tunnel address: what is sent there does not reach it. */
        UNREACHABLE,
        /** This host cannot ask the store. */
        UNKNOWN;

        /** {@return the word for it} */
        public String word() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /**
     * A host of the cluster.
     *
     * @param id 64 hexadecimal digits
     * @param self whether it is this one
     * @param name unique in the cluster
     * @param address of its end of all tunnels
     * @param status how it is
     * @param unseenSeconds for how long it has had no sign of life, null when it has one or nobody knows
     * @param networks that it has endpoints in
     * @param containers that it has in networks of the cluster
     */
    public record Node(
            String id,
            boolean self,
            String name,
            String address,
            Status status,
            @Nullable Long unseenSeconds,
            int networks,
            int containers) {}

    /**
     * This host in the cluster.
     *
     * @param store where it is
     * @param self this host, by the name that the cluster knows it by
     * @param standing {@code joined}, {@code away} or {@code refused}
     * @param why it is not joined, empty when it is
     * @param sinceSeconds for how long it has been joined, or not
     * @param alive hosts that had a sign of life when the store was read last; null before this daemon has read it
     *     for the first time: signs of life are not kept over a restart
     * @param hosts all that have registered; before the first reading, those of the daemon before
     * @param pending endpoints of this host that the store does not have as they are here
     */
    public record State(
            String store,
            Host self,
            String standing,
            String why,
            long sinceSeconds,
            @Nullable Integer alive,
            int hosts,
            int pending) {}

    /** {@return how this host is in its cluster, null without one} */
    public @Nullable State state() {
        ClusterSession session = cluster.session();
        Host self = cluster.self();
        if (session == null || self == null) {
            return null;
        }
        ClusterView view = session.state().view();
        Standing standing = session.standing();
        return new State(
                cluster.store(),
                inForce(view, self, standing),
                switch (standing) {
                    case Standing.Joined() -> "joined";
                    case Standing.Away(String why) -> "away";
                    case Standing.Refused(String why) -> "refused";
                },
                switch (standing) {
                    case Standing.Joined() -> "";
                    case Standing.Away(String why) -> why;
                    case Standing.Refused(String why) -> why;
                },
                cluster.standingFor().toSeconds(),
                alive(view, session.isRead()),
                view.hosts().size(),
                session.pending());
    }

    /** {@return how many hosts have a sign of life, null when this daemon never read the store} */
    static @Nullable Integer alive(ClusterView view, boolean isRead) {
        return isRead
                ? Math.toIntExact(
                        view.hosts().keySet().stream().filter(view::isAlive).count())
                : null;
    }

    /** {@return this host as the cluster has it; when it is refused, what is there may be another one's with its id} */
    private static Host inForce(ClusterView view, Host self, Standing standing) {
        return standing instanceof Standing.Refused ? self : view.hosts().getOrDefault(self.id(), self);
    }

    /** {@return the hosts that the filters leave, this one first, the others by name} */
    public List<Node> nodes(Filters filters) {
        filters.allow(Set.of(ID, NAME, STATUS));
        ClusterSession session = cluster.session();
        Host self = cluster.self();
        if (session == null || self == null) {
            throw missing();
        }
        return nodes(session.state().view(), self, session.standing(), session::unseenMs).stream()
                .filter(node -> filters.begins(ID, node.id())
                        && filters.found(NAME, node.name())
                        && filters.equal(STATUS, node.status().word()))
                .toList();
    }

    /**
     * {@return all hosts}
     *
     * @param self this host, which is there also when the store does not know it yet
     * @param unseenMs for how long a host has had no sign of life, negative when it has one or nobody knows
     */
    static List<Node> nodes(ClusterView view, Host self, Standing standing, ToLongFunction<String> unseenMs) {
        List<Host> hosts = new ArrayList<>(view.hosts().values());
        if (standing instanceof Standing.Refused) {
            hosts.removeIf(host -> host.id().equals(self.id()));
        }
        if (hosts.stream().noneMatch(host -> host.id().equals(self.id()))) {
            hosts.add(self);
        }
        hosts.sort(Comparator.comparing((Host host) -> !host.id().equals(self.id()))
                .thenComparing(Host::name)
                .thenComparing(Host::id));
        List<Node> nodes = new ArrayList<>();
        for (Host host : hosts) {
            boolean isSelf = host.id().equals(self.id());
            Set<String> networks = new HashSet<>();
            Set<String> containers = new HashSet<>();
            for (RemoteEndpoint endpoint : view.endpointsOf(host.id())) {
                networks.add(endpoint.network());
                // A container has one name in all its networks, and no other one of its host has it.
                containers.add(endpoint.name());
            }
            Status status = status(view, host, isSelf, standing);
            long unseen = unseenMs.applyAsLong(host.id());
            nodes.add(new Node(
                    host.id(),
                    isSelf,
                    host.name(),
                    host.vtep().toString(),
                    status,
                    status == Status.UNSEEN && unseen >= 0 ? unseen / MS_PER_SECOND : null,
                    networks.size(),
                    containers.size()));
        }
        return nodes;
    }

    /** A network that was verified: its name, and what came out. */
    public record Verified(String network, Verification verification) {}

    /** {@return what all hosts have in force of a network, compared with the store} Waits for some seconds at most. */
    public Verified verify(String reference) {
        Network network = References.network(desired.state(), reference);
        ClusterSession session = cluster.session();
        if (session == null) {
            throw missing();
        }
        if (!(network.origin() instanceof Origin.Cluster)) {
            throw Refusal.conflict(
                    "network_not_of_cluster", "network " + network.name() + " is this host's own: nobody else has it");
        }
        return new Verified(network.name(), session.verify(network.id()));
    }

    private static Refusal missing() {
        return Refusal.conflict(
                "cluster_missing", "this daemon is in no cluster: start it with --cluster-store etcd://HOST:PORT");
    }

    private static Status status(ClusterView view, Host host, boolean isSelf, Standing standing) {
        if (standing instanceof Standing.Away) {
            return Status.UNKNOWN;
        }
        if (isSelf && standing instanceof Standing.Refused) {
            return Status.REFUSED;
        }
        if (!view.isAlive(host.id())) {
            return Status.UNSEEN;
        }
        if (!view.isPeer(host.id())) {
            return Status.REFUSED;
        }
        return view.isWithoutAddress(host.id()) ? Status.UNREACHABLE : Status.READY;
    }
}
