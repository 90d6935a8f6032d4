package io.tapswitch.core.control;

import io.tapswitch.core.control.PublishedPorts.ActivePort;
import io.tapswitch.nat.DnatRule;
import io.tapswitch.nat.Middle;
import io.tapswitch.nat.NatVersion.OutsideAddress;
import io.tapswitch.wire.IpAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Served ports as the rules of NAT. A rule that stays is the very same object from version to version, which spares
 * those who compare versions ten thousand comparisons. A part of {@link OutsideWiring}, under the same lock.
 */
final class ServedRules {
    private List<ActivePort> served = List.of();
    private Map<IpAddress, Integer> slots = Map.of();
    /** Of each served port; null where the host has not the address now, so that its packets cannot come. */
    private List<@Nullable DnatRule> each = List.of();

    /** {@return the rules of what is served} */
    List<DnatRule> of(List<ActivePort> next, List<OutsideAddress> addresses) {
        Map<IpAddress, Integer> slotsNow = new HashMap<>();
        addresses.forEach(address -> slotsNow.put(address.address(), address.slot()));
        boolean isAlike = slotsNow.equals(slots);
        List<ActivePort> before = isAlike ? served : List.of();
        Middle middle = Middle.of(before, next);
        @Nullable DnatRule[] now = new DnatRule[next.size()];
        for (int i = 0; i < now.length; i++) {
            if (i < middle.from()) {
                now[i] = each.get(i);
            } else if (i < middle.nextEnd()) {
                now[i] = rule(next.get(i), slotsNow);
            } else {
                now[i] = each.get(before.size() - now.length + i);
            }
        }
        served = next;
        slots = slotsNow;
        each = Arrays.asList(now);
        List<DnatRule> rules = new ArrayList<>(each);
        rules.removeIf(Objects::isNull);
        return rules;
    }

    private static @Nullable DnatRule rule(ActivePort port, Map<IpAddress, Integer> slots) {
        Integer slot = port.outside() == null ? Integer.valueOf(DnatRule.ANY) : slots.get(port.outside());
        return slot == null
                ? null
                : new DnatRule(
                        port.rule(),
                        slot,
                        port.protocol().number(),
                        port.firstHostPort(),
                        port.lastHostPort(),
                        port.network(),
                        port.endpoint(),
                        port.inside(),
                        port.firstContainerPort(),
                        port.allow());
    }
}
