package io.tapswitch.core.control;

import io.tapswitch.core.dataplane.OutsideSettings.UplinkSettings;
import io.tapswitch.core.dataplane.OverlaySettings;
import io.tapswitch.nat.DnatRule;
import io.tapswitch.nat.NatVersion.NatOptions;
import io.tapswitch.nat.NatVersion.OutsideAddress;
import io.tapswitch.nat.NatVersion.PortRange;
import io.tapswitch.tapio.PortMarks;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The outside as the tables need it, as it is now.
 *
 * @param addresses of the host
 * @param marks of each of them, by slot
 * @param uplinks devices with their TAPs
 * @param reserved ports that sockets of the host hold, or that the host reserves
 * @param rules of the published ports that are in force and ours
 * @param options of NAT
 * @param homes the kernel's index of the device that has an address, by slot
 * @param overlay tunnels to other hosts, null for none
 */
record OutsideView(
        List<OutsideAddress> addresses,
        Map<Integer, PortMarks> marks,
        List<UplinkSettings> uplinks,
        List<PortRange> reserved,
        List<DnatRule> rules,
        NatOptions options,
        Map<Integer, Integer> homes,
        @Nullable OverlaySettings overlay) {
    /** Copies the collections. */
    OutsideView {
        addresses = List.copyOf(addresses);
        marks = Map.copyOf(marks);
        uplinks = List.copyOf(uplinks);
        reserved = List.copyOf(reserved);
        rules = List.copyOf(rules);
        homes = Map.copyOf(homes);
    }
}
