package io.tapswitch.core.dataplane;

import io.tapswitch.core.dataplane.OverlaySettings.RemoteEndpoint;
import io.tapswitch.core.dataplane.OverlaySettings.TunnelPeer;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What is different between two versions of the tunnels: {@link TableChanges} for other hosts.
 *
 * <p>A peer has no file, so its id is free for another port as soon as it is out of the tables. A network with other
 * settings is another network: all of its remote endpoints come again.
 *
 * @param table of the new version
 * @param settings of the new version, null without tunnels
 * @param files what happens to the files of the tunnel TAP
 * @param removedPeers ids
 * @param addedPeers those that are new, or elsewhere than before
 * @param removedEndpoints whose addresses are unpinned; not those of networks that are gone or new
 * @param addedEndpoints whose addresses are pinned
 */
record OverlayChanges(
        TunnelTable table,
        @Nullable OverlaySettings settings,
        TableChanges.SoleFiles files,
        List<TunnelPeer> removedPeers,
        List<TunnelPeer> addedPeers,
        List<RemoteEndpoint> removedEndpoints,
        List<RemoteEndpoint> addedEndpoints) {
    /** {@return what leads from one version to another} */
    static OverlayChanges between(SwitchTables before, SwitchTables next) {
        OverlaySettings old = before.overlay();
        OverlaySettings now = next.overlay();
        Set<TunnelPeer> oldPeers = old == null ? Set.of() : new HashSet<>(old.peers());
        Set<TunnelPeer> peers = now == null ? Set.of() : new HashSet<>(now.peers());
        Set<RemoteEndpoint> oldEndpoints = old == null ? Set.of() : new HashSet<>(old.endpoints());
        Set<RemoteEndpoint> endpoints = now == null ? Set.of() : new HashSet<>(now.endpoints());
        return new OverlayChanges(
                now == null ? TunnelTable.EMPTY : new TunnelTable(now),
                now,
                now == null || isSameDevice(old, now)
                        ? TableChanges.SoleFiles.AS_BEFORE
                        : TableChanges.files(before, now.port()),
                without(oldPeers, peers),
                peers.stream()
                        .filter(peer -> !oldPeers.contains(peer) || isNew(peer.network(), before, next))
                        .toList(),
                oldEndpoints.stream()
                        .filter(endpoint -> !endpoints.contains(endpoint) && !isNew(endpoint.network(), before, next))
                        .toList(),
                endpoints.stream()
                        .filter(endpoint -> !oldEndpoints.contains(endpoint) || isNew(endpoint.network(), before, next))
                        .toList());
    }

    private static <T> List<T> without(Set<T> these, Set<T> those) {
        return these.stream().filter(one -> !those.contains(one)).toList();
    }

    private static boolean isNew(int network, SwitchTables before, SwitchTables next) {
        return !Objects.equals(before.networks().get(network), next.networks().get(network));
    }

    /** {@return the id of the tunnel TAP whose files leave the rings, {@link PortTable#NONE} when none does} */
    static int removedPort(SwitchTables before, SwitchTables next) {
        OverlaySettings old = before.overlay();
        return old == null || isSameDevice(old, next.overlay()) ? PortTable.NONE : old.port();
    }

    /** {@return whether an id is the tunnel TAP's or a peer's} */
    static boolean isUsed(SwitchTables tables, int port) {
        OverlaySettings overlay = tables.overlay();
        return overlay != null
                && (overlay.port() == port || overlay.peers().stream().anyMatch(peer -> peer.port() == port));
    }

    private static boolean isSameDevice(@Nullable OverlaySettings old, @Nullable OverlaySettings now) {
        return old != null
                && now != null
                && old.port() == now.port()
                && old.fds().equals(now.fds());
    }
}
