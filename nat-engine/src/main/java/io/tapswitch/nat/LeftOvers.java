package io.tapswitch.nat;

import java.util.ArrayDeque;
import java.util.List;
import java.util.Objects;

/**
 * Flows that the version in force does not want, and that are still in the table because to remove them all at once
 * would keep frames waiting.
 *
 * <p><b>Theory of operation.</b> A version ends flows of what it does not have any more (N29), and that may be hundreds
 * of thousands, at some 0.2 us each. {@value #AT_ONCE} go within the version; the others are noted here, as endpoints
 * and rules that are going, or as a walk over the whole table, and go a few in each duty cycle ({@link #goOn}). Until
 * that is done every flow that a packet finds is compared with the version ({@link #valid}), so what is left over is
 * not there for packets, and goes when one finds it. While nothing is left over, that costs a look at a field.
 *
 * <p>What comes anew must not meet what is left of an earlier one with its id or its address: then all of it goes at
 * once ({@link #clash}, {@link #finish}). The worker's thread; only what a version does allocates.
 */
final class LeftOvers {
    /** Flows that go within a version: some 0.2 ms. */
    static final int AT_ONCE = 1024;
    /** To look at an entry costs much less than to end a flow. */
    private static final int LOOKS = 8;

    private static final int NO_WALK = -1;

    private final FlowTable table;
    private final FlowEntries flows;
    private final VersionInForce inForce;
    private final ArrayDeque<NatVersion.InsideEndpoint> endpoints = new ArrayDeque<>();
    private final ArrayDeque<Integer> rules = new ArrayDeque<>();
    private int walk = NO_WALK;
    private int room;
    private boolean any;

    LeftOvers(FlowTable table, VersionInForce inForce) {
        this.table = table;
        this.flows = table.entries();
        this.inForce = inForce;
    }

    /** A version comes: so many flows may go with it. */
    void begin() {
        room = AT_ONCE;
    }

    /** {@return the flow, or {@link FlowTable#ABSENT} when it is only left over} */
    int valid(int slot) {
        if (!any || slot == FlowTable.ABSENT || isWanted(slot)) {
            return slot;
        }
        table.remove(slot);
        return FlowTable.ABSENT;
    }

    /** {@return whether a version that has these would meet what is left of others} */
    boolean clash(List<NatVersion.InsideEndpoint> comingEndpoints, List<DnatRule> comingRules) {
        for (DnatRule rule : comingRules) {
            if (rules.contains(rule.id())) {
                return true;
            }
        }
        for (NatVersion.InsideEndpoint gone : endpoints) {
            for (NatVersion.InsideEndpoint coming : comingEndpoints) {
                if (clash(gone, coming)) {
                    return true;
                }
            }
        }
        return false;
    }

    private static boolean clash(NatVersion.InsideEndpoint a, NatVersion.InsideEndpoint b) {
        boolean sameAddress = (a.ipv4() != null && Objects.equals(a.ipv4(), b.ipv4()))
                || (a.ipv6() != null && Objects.equals(a.ipv6(), b.ipv6()));
        return a.id() == b.id() || (a.network() == b.network() && sameAddress);
    }

    /** An endpoint is gone. */
    void gone(NatVersion.InsideEndpoint endpoint) {
        int removed = table.removeEndpoint(endpoint.id(), room);
        if (removed == room) {
            endpoints.add(endpoint);
            any = true;
        }
        room -= removed;
    }

    /** A rule is gone. */
    void gone(int rule) {
        int removed = table.removeRule(rule, room);
        if (removed == room) {
            rules.add(rule);
            any = true;
        }
        room -= removed;
    }

    /** A rule is another one now: those of its flows go that it would not make. */
    void changed(int rule) {
        int slot = table.groups.rule(rule);
        if (slot == FlowTable.ABSENT) {
            return;
        }
        int last = table.groups.previous(slot);
        while (room > 0) {
            room--;
            int following = table.groups.next(slot);
            if (!fitsItsRule(slot)) {
                table.remove(slot);
            }
            if (slot == last) {
                return;
            }
            slot = following;
        }
        walk();
    }

    /** Every flow may be unwanted. */
    void walk() {
        walk = 0;
        any = true;
    }

    /** Removes all at once. */
    void finish() {
        while (goOn(AT_ONCE)) {
            // There is more.
        }
    }

    /** Removes what may go with the version. */
    void goOn() {
        goOn(room);
    }

    /** Removes some flows. {@return whether there may be more} */
    boolean goOn(int limit) {
        if (!any) {
            return false;
        }
        int left = limit;
        while (left > 0 && !endpoints.isEmpty()) {
            int removed = table.removeEndpoint(endpoints.element().id(), left);
            if (removed < left) {
                endpoints.remove();
            }
            left -= removed;
        }
        while (left > 0 && !rules.isEmpty()) {
            int removed = table.removeRule(rules.element(), left);
            if (removed < left) {
                rules.remove();
            }
            left -= removed;
        }
        for (int looks = left * LOOKS; looks > 0 && walk != NO_WALK; looks--) {
            walk = table.next(walk);
            if (walk != FlowTable.ABSENT && !isWanted(walk)) {
                table.remove(walk);
            }
            walk = walk == FlowTable.ABSENT ? NO_WALK : walk + 1;
        }
        any = walk != NO_WALK || !endpoints.isEmpty() || !rules.isEmpty();
        return any;
    }

    /** {@return whether the version has what a flow was made for} */
    boolean isWanted(int slot) {
        int outside = flows.outsideSlot(slot);
        int network = flows.network(slot);
        if ((table.header.outsideHi(outside) | table.header.outsideLo(outside)) == 0
                || !inForce.inside.has(flows.endpoint(slot), network, flows.insideHi(slot), flows.insideLo(slot))) {
            return false;
        }
        if (flows.isPeerHidden(slot)) {
            int seen = flows.seenPeer(slot);
            boolean shown =
                    seen != 0 ? seen == inForce.inside.gateway4(network) : inForce.inside.gatewayLo6(network) != 0;
            if (!shown) {
                return false;
            }
        }
        return flows.kind(slot) == FlowEntries.OUTBOUND || fitsItsRule(slot);
    }

    /** {@return whether the rules in force would make the same inbound flow again} */
    private boolean fitsItsRule(int slot) {
        DnatRules compiled = inForce.rules;
        boolean ipv6 = !FlowTuple.isV4(flows.insideHi(slot), flows.insideLo(slot));
        int port = flows.outsidePort(slot);
        int rule = compiled.find(flows.outsideSlot(slot), ipv6, flows.protocol(slot), port);
        return rule != DnatRules.NONE
                && compiled.ruleId(rule) == flows.rule(slot)
                && compiled.endpoint(rule) == flows.endpoint(slot)
                && compiled.network(rule) == flows.network(slot)
                && compiled.insideHi(rule) == flows.insideHi(slot)
                && compiled.insideLo(rule) == flows.insideLo(slot)
                && compiled.insidePort(rule, port) == flows.insidePort(slot)
                && compiled.allows(rule, flows.peerHi(slot), flows.peerLo(slot));
    }
}
