package io.tapswitch.nat;

import io.tapswitch.wire.IpAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/**
 * Brings flows and ports in line with a new version (N29, P8).
 *
 * <p><b>Theory of operation.</b> A version is the whole truth; what has changed is found here, by comparing it with the
 * one before. Lists that are equal, mostly because they are the same, cost nothing; of two lists of rules the equal
 * beginning and end are skipped, so that one changed rule of 10 000 costs a walk over them and no more. Then
 *
 * <pre>
 *   addresses   a slot that has another one now: its flows, its ports; one that is gone may come back: nothing, but
 *               who sends something meanwhile begins anew ({@link OutboundPath})
 *   endpoints   one that is gone: its flows; one with another address: a sweep
 *   networks    one that is gone, or whose gateway moved: a sweep
 *   rules       one that is gone: its flows; one that changed: those of its flows that no longer fit; ports both ways
 *   reserved    ports
 *   options     ports, timeouts
 * </pre>
 *
 * <p>A <i>sweep</i> looks at every flow and asks whether the version still has everything it was made for. The first
 * version after a start sweeps too, with the flows of the process before: so recovery has no rules of its own. It also
 * tells the port allocator and whoever steers packets about the ports of those that stay.
 *
 * <p>When the call returns, no packet goes where the version does not want it. Of very many flows that end most are
 * then still in the table, and go bit by bit ({@link LeftOvers}). All at once they go at the first version and where an
 * endpoint has another address, which is rare. The worker's thread.
 */
final class Reconciliation {
    private final FlowTable table;
    private final FlowEntries flows;
    private final OutsidePorts ports;
    private final VersionInForce inForce;
    private final RuleLedger ledger;
    private final LeftOvers leftOvers;
    private @Nullable NatVersion current;
    /** Whether all flows must be looked at, and whether now: an address may be another endpoint's already. */
    private boolean sweep;

    private boolean sweepNow;

    Reconciliation(
            FlowTable table, OutsidePorts ports, VersionInForce inForce, RuleLedger ledger, LeftOvers leftOvers) {
        this.table = table;
        this.flows = table.entries();
        this.ports = ports;
        this.inForce = inForce;
        this.ledger = ledger;
        this.leftOvers = leftOvers;
    }

    /** The version is in force from now on. */
    void take(NatVersion next, long nowMs) {
        NatVersion before = current;
        current = next;
        sweep = before == null;
        sweepNow = sweep;
        leftOvers.begin();
        Difference<NatVersion.InsideEndpoint> endpoints =
                difference(before == null ? List.of() : before.endpoints(), next.endpoints());
        Difference<DnatRule> rules = difference(before == null ? List.of() : before.rules(), next.rules());
        if (leftOvers.clash(endpoints.come, rules.come)) {
            leftOvers.finish();
        }
        if (before == null
                || !before.networks().equals(next.networks())
                || !before.endpoints().equals(next.endpoints())) {
            inForce.inside = new InsideTable(next.networks(), next.endpoints());
        }
        inForce.rules = next.compiled();
        inForce.portOverload = next.options().portOverload();
        ports.reasons(next.rules(), next.reserved());
        addresses(next);
        networks(before == null ? List.of() : before.networks(), next.networks());
        endpoints(endpoints);
        rules.come.forEach(rule -> ledger.open(rule.id()));
        Set<Integer> changed = rulesGone(rules, next);
        if (sweep) {
            leftOvers.walk();
        }
        if (sweepNow || leftOvers.clash(endpoints.come, rules.come)) {
            leftOvers.finish();
        } else {
            leftOvers.goOn();
        }
        changed.forEach(ledger::close);
        options(next.options());
        if (before == null) {
            claim();
        }
        ports.prepare(next);
        rules.gone.forEach(rule -> ports.unpublished(rule, nowMs));
        rules.come.forEach(ports::published);
        Difference<NatVersion.PortRange> reserved =
                difference(before == null ? List.of() : before.reserved(), next.reserved());
        reserved.gone.forEach(range -> ports.unreserved(range, nowMs));
        reserved.come.forEach(ports::reserved);
    }

    private void addresses(NatVersion next) {
        IpAddress[] wanted = new IpAddress[FlowHeader.OUTSIDE_SLOTS];
        for (NatVersion.OutsideAddress outside : next.addresses()) {
            wanted[outside.slot()] = outside.address();
        }
        boolean[] moved = new boolean[FlowHeader.OUTSIDE_SLOTS];
        boolean anyLost = false;
        for (int slot = 0; slot < wanted.length; slot++) {
            long hi = table.header.outsideHi(slot);
            long lo = table.header.outsideLo(slot);
            inForce.present.set(slot, wanted[slot] != null);
            inForce.gone.set(slot, wanted[slot] == null);
            moved[slot] =
                    wanted[slot] != null && (hi != InsideTable.hi(wanted[slot]) || lo != InsideTable.lo(wanted[slot]));
            anyLost |= moved[slot] && (hi | lo) != 0;
        }
        if (anyLost) {
            removeWhere(flow -> moved[flows.outsideSlot(flow)]);
        }
        for (int slot = 0; slot < wanted.length; slot++) {
            if (moved[slot]) {
                ports.close(slot);
                table.header.outside(slot, InsideTable.hi(wanted[slot]), InsideTable.lo(wanted[slot]));
            }
        }
    }

    private void networks(List<NatVersion.InsideNetwork> before, List<NatVersion.InsideNetwork> next) {
        if (before.equals(next)) {
            return;
        }
        for (NatVersion.InsideNetwork network : difference(before, next).gone) {
            // One that only opens or closes its mappings to strangers has flows that stay.
            boolean same = false;
            for (NatVersion.InsideNetwork other : next) {
                same |= other.index() == network.index()
                        && Objects.equals(other.gateway4(), network.gateway4())
                        && Objects.equals(other.gateway6(), network.gateway6());
            }
            sweep |= !same;
        }
    }

    private void endpoints(Difference<NatVersion.InsideEndpoint> endpoints) {
        Map<Integer, NatVersion.InsideEndpoint> come = new HashMap<>();
        for (NatVersion.InsideEndpoint endpoint : endpoints.come) {
            come.put(endpoint.id(), endpoint);
            ports.newHost(endpoint.id());
        }
        for (NatVersion.InsideEndpoint endpoint : endpoints.gone) {
            NatVersion.InsideEndpoint successor = come.get(endpoint.id());
            if (successor == null || successor.network() != endpoint.network()) {
                leftOvers.gone(endpoint);
            } else {
                sweep = true;
                sweepNow = true;
            }
        }
    }

    /** Removes flows of rules that are gone, or no longer fit; {@return the ids that are gone} */
    private Set<Integer> rulesGone(Difference<DnatRule> rules, NatVersion next) {
        Set<Integer> ids = new HashSet<>();
        rules.gone.forEach(rule -> ids.add(rule.id()));
        if (ids.isEmpty()) {
            return ids;
        }
        Set<Integer> kept = new HashSet<>();
        for (DnatRule rule : next.rules()) {
            if (ids.contains(rule.id())) {
                kept.add(rule.id());
            }
        }
        kept.forEach(leftOvers::changed);
        ids.removeAll(kept);
        ids.forEach(id -> leftOvers.gone((int) id));
        return ids;
    }

    private void options(NatVersion.NatOptions options) {
        table.timeout(FlowTimers.UDP, Math.max(FlowTimers.MIN_UDP_MS, options.udpTimeoutMs()));
        ports.range(options);
    }

    private void claim() {
        for (int slot = table.next(0); slot != FlowTable.ABSENT; slot = table.next(slot + 1)) {
            ports.claim(slot);
        }
    }

    private void removeWhere(IntPredicate unwanted) {
        for (int slot = table.next(0); slot != FlowTable.ABSENT; slot = table.next(slot + 1)) {
            if (unwanted.test(slot)) {
                table.remove(slot);
            }
        }
    }

    private record Difference<T>(List<T> gone, List<T> come) {}

    /** What is in one list only. Each list has an element once; the order does not matter. */
    private static <T> Difference<T> difference(List<T> before, List<T> next) {
        Middle middle = Middle.of(before, next);
        List<T> oldMiddle = middle.before(before);
        List<T> newMiddle = middle.next(next);
        Set<T> inBoth = new HashSet<>(oldMiddle);
        inBoth.retainAll(new HashSet<>(newMiddle));
        List<T> gone = new ArrayList<>(oldMiddle);
        gone.removeIf(inBoth::contains);
        List<T> come = new ArrayList<>(newMiddle);
        come.removeIf(inBoth::contains);
        return new Difference<>(gone, come);
    }
}
