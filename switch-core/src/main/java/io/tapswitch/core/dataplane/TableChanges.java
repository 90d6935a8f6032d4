package io.tapswitch.core.dataplane;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What is different between two versions of the tables, in the words of what a worker has to do. Pure: made of two
 * versions, and every worker is given the same one.
 *
 * <h2>Theory of operation</h2>
 *
 * An id is an index into a worker's arrays and its ring's table of files, and is used again. So the same id with other
 * files is another port: the old one goes, every ring lets go of its files, and only then the new one comes
 * ({@link #readdedPorts}). A network with other settings is another network: what was learned in it is forgotten, and
 * the ports that stay in it join again ({@link #changedPorts}).
 *
 * <pre>
 *   port     before      after          is in
 *            -           files A        addedPorts
 *            files A     -              removedPorts
 *            files A     files B        removedPorts, readdedPorts
 *            files A     files A        changedPorts when its settings differ, or its network's
 * </pre>
 *
 * @param version that it leads to
 * @param removedPorts ids whose files leave the rings, the ports of the host, of uplinks and of the listener with them
 * @param removedNetworks ids
 * @param networks new ones, and those with other settings
 * @param neighbours tables that say something else than before, by network, and all of {@code networks}
 * @param changedPorts ports that keep their files, and so their place in the rings
 * @param addedPorts ports with an id that was free
 * @param readdedPorts ports with an id that was another port's
 * @param announced those whose MAC or IP addresses are new at their place: the network is told (B13)
 * @param subnets of all networks of the new version
 * @param host of the new version
 * @param hostFiles what happens to the files of the host's port
 * @param listener who answers names by TCP in the new version
 * @param listenerFiles what happens to the files of that port
 * @param outside what happens to the uplinks, and what is known of the outside
 * @param views which names the clients of the new version see
 * @param overlay what happens to the tunnels
 */
record TableChanges(
        long version,
        List<Integer> removedPorts,
        List<Integer> removedNetworks,
        List<NetworkSettings> networks,
        Map<Integer, NeighbourTable> neighbours,
        List<PortSettings> changedPorts,
        List<PortSettings> addedPorts,
        List<PortSettings> readdedPorts,
        List<PortSettings> announced,
        SubnetTable subnets,
        @Nullable HostSettings host,
        SoleFiles hostFiles,
        @Nullable NamesListenerSettings listener,
        SoleFiles listenerFiles,
        OutsideChanges outside,
        ClientViews views,
        OverlayChanges overlay) {
    /** What happens to the files of a port that there is one of; that old ones go is in {@link #removedPorts}. */
    enum SoleFiles {
        /** They are as they were, or there are none. */
        AS_BEFORE,
        /** They come, at an id that was free. */
        ADDED,
        /** They come, at an id that was another port's. */
        READDED
    }

    /** {@return what leads from one version to another} */
    static TableChanges between(SwitchTables before, SwitchTables next) {
        List<Integer> removedPorts = new ArrayList<>();
        for (PortSettings old : before.ports().values()) {
            if (!sameDevice(old, next.ports().get(old.id()))) {
                removedPorts.add(old.id());
            }
        }
        HostSettings oldHost = before.host();
        HostSettings host = next.host();
        if (oldHost != null && !sameDevice(oldHost, host)) {
            removedPorts.add(oldHost.port());
        }
        NamesListenerSettings oldListener = before.listener();
        NamesListenerSettings listener = next.listener();
        if (oldListener != null && !sameDevice(oldListener, listener)) {
            removedPorts.add(oldListener.port());
        }
        OutsideChanges outside = OutsideChanges.between(before, next);
        removedPorts.addAll(outside.removed());
        int tunnels = OverlayChanges.removedPort(before, next);
        if (tunnels != PortTable.NONE) {
            removedPorts.add(tunnels);
        }
        List<Integer> removedNetworks = before.networks().keySet().stream()
                .filter(id -> !next.networks().containsKey(id))
                .toList();
        List<NetworkSettings> networks = next.networks().values().stream()
                .filter(network -> !network.equals(before.networks().get(network.id())))
                .toList();
        Ports ports = Ports.between(before, next);
        return new TableChanges(
                next.version(),
                List.copyOf(removedPorts),
                removedNetworks,
                networks,
                neighbours(before, next),
                ports.changed,
                ports.added,
                ports.readded,
                ports.announced,
                new SubnetTable(next.networks().values()),
                host,
                host == null || (oldHost != null && sameDevice(oldHost, host))
                        ? SoleFiles.AS_BEFORE
                        : files(before, host.port()),
                listener,
                listener == null || (oldListener != null && sameDevice(oldListener, listener))
                        ? SoleFiles.AS_BEFORE
                        : files(before, listener.port()),
                outside,
                next.views(),
                OverlayChanges.between(before, next));
    }

    /** {@return whether ports come: whose ids were free, or whose ids were other ports' until now} */
    boolean brings(SoleFiles which) {
        return !ports(which).isEmpty()
                || hostFiles == which
                || listenerFiles == which
                || overlay.files() == which
                || !outside.uplinks(which).isEmpty();
    }

    /** {@return containers' ports that come} */
    List<PortSettings> ports(SoleFiles which) {
        return which == SoleFiles.READDED ? readdedPorts : addedPorts;
    }

    /** {@return whether something goes, so that what is on the way between workers may be about an id without owner} */
    boolean reusesIds() {
        return !removedPorts.isEmpty()
                || !removedNetworks.isEmpty()
                || !networks.isEmpty()
                || !overlay.removedPeers().isEmpty();
    }

    /** {@return how the files of a port come that has an id of which there is one} */
    static SoleFiles files(SwitchTables before, int port) {
        return isUsed(before, port) ? SoleFiles.READDED : SoleFiles.ADDED;
    }

    /** {@return whether an id is some port's} */
    static boolean isUsed(SwitchTables tables, int port) {
        HostSettings host = tables.host();
        NamesListenerSettings listener = tables.listener();
        return tables.ports().containsKey(port)
                || (host != null && host.port() == port)
                || (listener != null && listener.port() == port)
                || OutsideChanges.isUsed(tables, port)
                || OverlayChanges.isUsed(tables, port);
    }

    private static Map<Integer, NeighbourTable> neighbours(SwitchTables before, SwitchTables next) {
        Map<Integer, NeighbourTable> changed = new HashMap<>();
        for (NetworkSettings network : next.networks().values()) {
            int id = network.id();
            NeighbourTable table = next.neighbours().getOrDefault(id, NeighbourTable.EMPTY);
            boolean sameTable = table.equals(before.neighbours().getOrDefault(id, NeighbourTable.EMPTY));
            if (!sameTable || !network.equals(before.networks().get(id))) {
                changed.put(id, table);
            }
        }
        return changed;
    }

    private static boolean sameDevice(PortSettings old, @Nullable PortSettings now) {
        return now != null
                && old.fds().equals(now.fds())
                && old.worker() == now.worker()
                && old.network() == now.network();
    }

    private static boolean sameDevice(NamesListenerSettings old, @Nullable NamesListenerSettings now) {
        return now != null && old.port() == now.port() && old.fds().equals(now.fds());
    }

    private static boolean sameDevice(HostSettings old, @Nullable HostSettings now) {
        return now != null && old.port() == now.port() && old.fds().equals(now.fds());
    }

    /** The ports of the next version, by what happens to them. */
    private static final class Ports {
        final List<PortSettings> changed = new ArrayList<>();
        final List<PortSettings> added = new ArrayList<>();
        final List<PortSettings> readded = new ArrayList<>();
        final List<PortSettings> announced = new ArrayList<>();

        static Ports between(SwitchTables before, SwitchTables next) {
            Ports ports = new Ports();
            for (PortSettings now : next.ports().values()) {
                PortSettings old = before.ports().get(now.id());
                boolean stays = old != null && sameDevice(old, now);
                if (!stays) {
                    (isUsed(before, now.id()) ? ports.readded : ports.added).add(now);
                } else if (!now.equals(old) || isOtherNetwork(now.network(), before, next)) {
                    ports.changed.add(now);
                }
                if (!stays || !sameAddresses(old, now)) {
                    ports.announced.add(now);
                }
            }
            return ports;
        }

        private static boolean isOtherNetwork(int id, SwitchTables before, SwitchTables next) {
            return !Objects.equals(before.networks().get(id), next.networks().get(id));
        }

        private static boolean sameAddresses(@Nullable PortSettings old, PortSettings now) {
            return old != null
                    && old.mac() == now.mac()
                    && Objects.equals(old.ipv4(), now.ipv4())
                    && Objects.equals(old.ipv6(), now.ipv6());
        }
    }
}
