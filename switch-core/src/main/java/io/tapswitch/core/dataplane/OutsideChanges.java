package io.tapswitch.core.dataplane;

import io.tapswitch.core.dataplane.OutsideSettings.UplinkSettings;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What is different between two versions of the outside: {@link TableChanges} for uplinks.
 *
 * @param table of the new version, null when it has no outside
 * @param removed ids of ports whose files leave the rings
 * @param added uplinks at ids that were free
 * @param readded uplinks at ids that were other ports'
 */
record OutsideChanges(
        @Nullable OutsideTable table, List<Integer> removed, List<UplinkSettings> added, List<UplinkSettings> readded) {
    /** {@return what leads from one version to another} */
    static OutsideChanges between(SwitchTables before, SwitchTables next) {
        List<UplinkSettings> old = uplinks(before);
        List<UplinkSettings> now = uplinks(next);
        List<Integer> removed = old.stream()
                .filter(uplink -> now.stream().noneMatch(other -> sameDevice(uplink, other)))
                .map(UplinkSettings::port)
                .toList();
        List<UplinkSettings> added = new ArrayList<>();
        List<UplinkSettings> readded = new ArrayList<>();
        for (UplinkSettings uplink : now) {
            if (old.stream().noneMatch(other -> sameDevice(uplink, other))) {
                (TableChanges.isUsed(before, uplink.port()) ? readded : added).add(uplink);
            }
        }
        return new OutsideChanges(table(next), removed, List.copyOf(added), List.copyOf(readded));
    }

    /** {@return uplinks that come} */
    List<UplinkSettings> uplinks(TableChanges.SoleFiles which) {
        return which == TableChanges.SoleFiles.READDED ? readded : added;
    }

    /** {@return whether an id is that of an uplink} */
    static boolean isUsed(SwitchTables tables, int port) {
        return uplinks(tables).stream().anyMatch(uplink -> uplink.port() == port);
    }

    private static @Nullable OutsideTable table(SwitchTables next) {
        OutsideSettings outside = next.outside();
        if (outside == null) {
            return null;
        }
        int smallest = next.networks().values().stream()
                .filter(network -> !network.internal())
                .mapToInt(NetworkSettings::mtu)
                .min()
                .orElse(0xffff);
        return new OutsideTable(outside, smallest);
    }

    private static List<UplinkSettings> uplinks(SwitchTables tables) {
        OutsideSettings outside = tables.outside();
        return outside == null ? List.of() : outside.uplinks();
    }

    private static boolean sameDevice(UplinkSettings a, UplinkSettings b) {
        return a.port() == b.port() && a.fds().equals(b.fds());
    }
}
