package io.tapswitch.core.dataplane;

import io.tapswitch.core.dataplane.DatapathCounters.Term;
import io.tapswitch.nat.DnatRule;
import io.tapswitch.nat.NatDrop;
import io.tapswitch.nat.NatEngine;
import io.tapswitch.tapio.FrameMemory;
import io.tapswitch.tapio.VirtioNetHeader;
import io.tapswitch.wire.EtherType;
import io.tapswitch.wire.EthernetHeader;
import java.security.SecureRandom;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * What one worker's way out and way in stand on: its engine, its held fragments, its routes, and what the present
 * version says of the outside. {@link Outside} and {@link UplinkIngress} are the steps that use it.
 *
 * <p>It is the engine's eyes and hands: the engine asks here which address a new flow leaves with, and tells here which
 * outside ports it owns, so that the kernel steers their packets to this worker.
 */
final class Nat implements NatEngine.OutsideChoice, NatEngine.PortSink, AutoCloseable {
    /** Flows that a duty cycle ends before it looks at frames again. */
    private static final int ENDED_PER_CYCLE = 128;
    /** Datagrams given up in a duty cycle. */
    private static final int EXPIRED_PER_CYCLE = 16;
    /** How often there is a look for what is due, while frames pass; an idle worker looks once a second. */
    private static final long TICK_NS = TimeUnit.MILLISECONDS.toNanos(20);

    final int worker;
    final int workers;
    final NatEngine engine;
    final Fragments fragments;
    final RouteCache routes;
    final UplinkEgress out;
    private @Nullable OutsideTable table;
    private final Egress egress;
    private final @Nullable Bridge[] bridges;
    private final TokenBucket outsideErrors = HostPort.newErrors();
    private final TokenBucket echoes = HostPort.newErrors();
    /** The time of the frame that is worked on. */
    long nowNs;

    long nowMs;

    /** The way of the packet in hand in {@link #routes}, or {@link OutsideTable#NONE}. */
    private int way = OutsideTable.NONE;

    private long nextTickNs;
    private boolean moreToEnd;

    Nat(int worker, int workers, NatResources resources, Egress egress, @Nullable Bridge[] bridges, long nowNs) {
        this.worker = worker;
        this.workers = workers;
        this.egress = egress;
        this.bridges = bridges;
        this.nowNs = nowNs;
        nowMs = TimeUnit.NANOSECONDS.toMillis(nowNs);
        nextTickNs = nowNs;
        SecureRandom random = new SecureRandom();
        NatResources.Share share = resources.workers().get(worker);
        fragments = new Fragments(egress.counters, random.nextLong(), random.nextLong());
        routes = new RouteCache(share.routes(), egress.counters, random.nextLong(), random.nextLong());
        out = new UplinkEgress(this, egress);
        engine = new NatEngine(
                worker,
                workers,
                share.kept(),
                share.derived(),
                resources.limits(),
                resources.bootHi(),
                resources.bootLo(),
                nowMs,
                this,
                this);
        if (resources.lost()) {
            // What their connections still send is taken up again.
            engine.looseUntil(nowMs + NatEngine.LOOSE_MS);
        }
    }

    /** Says what time it is. A handed-over frame's is that of the batch before; here time never goes back. */
    void now(long timeNs) {
        if (timeNs - nowNs > 0) {
            nowNs = timeNs;
            nowMs = TimeUnit.NANOSECONDS.toMillis(timeNs);
        }
    }

    /** {@return what is known of the outside, null when there is none} */
    @Nullable
    OutsideTable table() {
        return table;
    }

    /** Takes a version's outside where there is NAT. */
    static void take(@Nullable Nat nat, TableChanges changes, long takenNs) {
        if (nat != null) {
            nat.take(changes.outside().table(), changes.removedPorts(), takenNs);
        }
    }

    /** Takes a version: at a batch boundary, like every table. */
    void take(@Nullable OutsideTable next, List<Integer> removedPorts, long takenNs) {
        now(takenNs);
        for (int port : removedPorts) {
            fragments.removeOwner(port);
        }
        if (next == null) {
            // The engine keeps its last version, and gets no packet: what comes back later finds its flows.
            table = null;
            out.resolver().take(null);
            return;
        }
        OutsideTable before = table;
        if (before == null || !next.hasWaysOf(before)) {
            routes.forget();
        }
        // What the engine gives up is told to the marks of the version that it was marked in.
        table = before == null ? next : before;
        engine.take(next.nat, nowMs);
        table = next;
        out.resolver().take(next.link);
        moreToEnd = true;
        for (int slot = 0; slot < DnatRule.SLOTS; slot++) {
            if (next.hasOtherMarks(slot, before)) {
                next.forgetStale(slot, worker, workers, engine);
            }
        }
    }

    @Override
    public int slotFor(long peerHi, long peerLo, long timeMs) {
        OutsideTable outside = table;
        if (outside == null) {
            return NatDrop.NO_ROUTE.code();
        }
        // To the host itself (by hairpin) the host would send from the very address.
        int own = outside.slotOfEither(peerHi, peerLo);
        if (own != OutsideTable.NONE) {
            return own;
        }
        int way = routes.find(peerHi, peerLo, outside, nowNs, nowMs);
        return way < 0 ? way : routes.slot(way);
    }

    /** Says which way the next packets take, {@link OutsideTable#NONE} for any. */
    void leavesBy(int index) {
        way = index;
    }

    @Override
    public boolean mayStay(int outsideSlot) {
        OutsideTable outside = table;
        return way == OutsideTable.NONE
                || outside == null
                || routes.slot(way) == outsideSlot
                || !outside.isElsewhere(outsideSlot, routes.port(way));
    }

    @Override
    public void onOwned(int outsideSlot, int protocol, int port) {
        if (table != null) {
            table.own(outsideSlot, protocol, port, worker);
        }
    }

    @Override
    public void onFree(int outsideSlot, int protocol, int port) {
        if (table != null) {
            table.free(outsideSlot, protocol, port, worker);
        }
    }

    /** {@return whether an error may be sent to outside now} */
    boolean mayAnswerOutside() {
        return outsideErrors.tryTake(nowNs);
    }

    /** {@return whether an echo request to an own address may be answered now} */
    boolean mayAnswerEcho() {
        return echoes.tryTake(nowNs);
    }

    /** {@return whether something is left to end that is due: the worker must not sleep} */
    boolean hasWork() {
        return moreToEnd;
    }

    /** {@return whether it is time for a {@link #tick}} */
    boolean isDue(long timeNs) {
        return moreToEnd || timeNs - nextTickNs >= 0;
    }

    /** Ends what is due, a little at a time: a full table must not keep frames waiting. */
    void tick(long timeNs) {
        now(timeNs);
        nextTickNs = timeNs + TICK_NS;
        out.resolver().tick();
        moreToEnd = engine.tick(nowMs, ENDED_PER_CYCLE);
        int expired = 0;
        while (expired < EXPIRED_PER_CYCLE && !fragments.isEmpty() && expireFragments()) {
            expired++;
        }
        moreToEnd |= expired == EXPIRED_PER_CYCLE;
    }

    /** Gives up one datagram whose rest did not come, and tells its sender when the first fragment is there. */
    private boolean expireFragments() {
        int slot = egress.io.allocate();
        if (slot < 0) {
            return false;
        }
        int offset = FrameMemory.readOffset(slot);
        int room = FrameMemory.READ_LENGTH / 2;
        int quoted = fragments.expire(nowMs, egress.buffer, offset + NatPacket.L3, room);
        int written = quoted <= 0 ? 0 : complaint(offset);
        OutsideTable outside = table;
        if (written == 0 || (fragments.expiredOutside() && outside == null)) {
            egress.io.release(slot);
        } else if (outside != null && fragments.expiredOutside()) {
            int port = fragments.expiredPort();
            egress.counters.add(Term.GENERATED, 1);
            out.send(outside, port, port, slot, offset, written, 0, NatPacket.FITS, Integer.MAX_VALUE);
        } else {
            egress.counters.add(Term.GENERATED, 1);
            egress.tx(fragments.expiredPort(), slot, offset, written);
        }
        return quoted >= 0;
    }

    /** {@return bytes of the frame that tells who sent the quoted fragment, 0 for nothing} */
    private int complaint(int offset) {
        VirtioNetHeader.clear(egress.buffer, offset);
        int frame = offset + VirtioNetHeader.LENGTH;
        boolean ipv6 = egress.buffer.getByte(offset + NatPacket.L3) >>> 4 == 6;
        EthernetHeader.etherType(egress.buffer, frame, ipv6 ? EtherType.IPV6 : EtherType.IPV4);
        int port = fragments.expiredPort();
        DropReason reason = DropReason.FRAGMENT_TIMED_OUT;
        if (fragments.expiredOutside()) {
            return mayAnswerOutside() ? OutsideError.write(egress.buffer, offset, Complaint.NOT_REASSEMBLED, 0) : 0;
        }
        int network = egress.ports.network(port);
        Bridge bridge = network < 0 ? null : bridges[network];
        if (bridge == null) {
            return 0;
        }
        EthernetHeader.source(egress.buffer, frame, egress.ports.mac(port));
        int verdict = Gateway.complain(egress.buffer, offset, bridge, nowNs, reason, Complaint.NOT_REASSEMBLED, 0);
        return Verdict.goesBack(verdict) ? Verdict.length(verdict) : 0;
    }

    @Override
    public void close() {
        fragments.close();
    }
}
