package io.tapswitch.nat;

import java.security.SecureRandom;
import java.util.random.RandomGenerator;
import org.agrona.concurrent.AtomicBuffer;

/**
 * Theory of operation: all flows of one worker, found from either side.
 *
 * <p><b>Problem.</b> Every translated packet asks for its flow: by the inside when a container sent it, by the outside
 * when a peer did. A million flows must fit in 256 MiB, survive the process, and cost the same whether the table is
 * empty or nearly full and whoever sends the packets, be it to choose their hashes or to fill the table.
 *
 * <p><b>Structure.</b> Two memories, given by the caller. One is kept from process to process:
 *
 * <pre>
 *   kept      FlowHeader   layout, boot, hash key, outside addresses
 *             FlowEntries  the flows, 128 bytes each
 *   derived   FlowLookup   (protocol, network, inside, peer as the container sees it) -> flow
 *                          (protocol, outside slot, outside port, peer)               -> flow
 *             FlowGroups   flows of a mapping, flows of a rule, who uses an outside port
 *             FlowOwners   how many flows an endpoint has, and which of them goes first
 *             ExpiryWheel  when to look at which flow; entries without a flow
 * </pre>
 *
 * <p>What is derived is built by one scan of the entries when the table is opened. It must be all zeros then, as fresh
 * memory is, and parts that are never used are never touched: a large table with few flows costs little.
 *
 * <p><b>Bounds.</b> No call but {@link #removeEndpoint}, {@link #removeRule}, {@link #expire} (each has a limit) and
 * {@link #retirePort} does more than a fixed amount of work. A lookup looks at {@value FlowIndex#MAX_PROBES} buckets at
 * most; at half load, which is the most there is, two or three.
 *
 * <p><b>When full.</b> A new flow first gets in; then whoever is due goes, else a flow of the heaviest owner that is
 * over or was never answered, the oldest first (N17). Firm flows stay: if there is nothing else, the new flow is
 * refused with {@link FlowRefusal#FULL} (N16). An endpoint at its quota is refused new outbound flows with {@link
 * FlowRefusal#QUOTA}, unless one of its own is over; of its inbound flows, which strangers make, the unanswered ones
 * give way too, so that a flood of them does not shut a published port.
 *
 * <p><b>Time.</b> Given by the caller, monotonic, in milliseconds, the same clock for all processes of one boot. A
 * packet only writes when the flow was last seen. <b>Threads.</b> One, for everything; with several workers each has a
 * table. No call but the constructor allocates or throws.
 *
 * <p>RFC 4787 and RFC 5382 (mappings), RFC 6888 REQ-4 and 5 (limits), RFC 7857 §2 (timeouts per state).
 */
public final class FlowTable {
    /** There is no such flow. */
    public static final int ABSENT = -1;

    /** How many due flows are looked at before a flow is evicted. */
    private static final int DUE_BEFORE_EVICTION = 64;

    private static final int TIMER_CLASSES = 256;

    private final FlowLimits limits;
    /** Keeps the addresses of the outside slots; one with flows must not change its address. */
    final FlowHeader header;

    private final FlowEntries entries;
    private final FlowLookup lookup;
    final FlowGroups groups;
    private final FlowOwners owners;
    private final ExpiryWheel wheel;
    private final FlowListener listener;
    private final long[] timeoutsMs = new long[TIMER_CLASSES];
    private final long[] ended = new long[FlowEnd.values().length];
    private final FlowTuple ending = new FlowTuple();
    private int mark;
    private int size;
    private int recovered;
    private int torn;

    /**
     * Opens a table: with the flows of an earlier process when the kept memory is of this boot and these limits, else
     * empty.
     *
     * @param kept at least {@link FlowLimits#keptLength} bytes, all zeros or what an earlier table left
     * @param derived at least {@link FlowLimits#derivedLength} bytes, all zeros
     * @param timeoutsMs the timeout of each timer class; a class beyond ends at once
     */
    public FlowTable(
            AtomicBuffer kept,
            AtomicBuffer derived,
            FlowLimits limits,
            long[] timeoutsMs,
            long bootHi,
            long bootLo,
            long nowMs,
            FlowListener listener) {
        this(kept, derived, limits, timeoutsMs, bootHi, bootLo, nowMs, listener, new SecureRandom());
    }

    FlowTable(
            AtomicBuffer kept,
            AtomicBuffer derived,
            FlowLimits limits,
            long[] timeoutsMs,
            long bootHi,
            long bootLo,
            long nowMs,
            FlowListener listener,
            RandomGenerator keys) {
        limits.requireRoom(kept, derived);
        derived.putLong(0, 1);
        System.arraycopy(timeoutsMs, 0, this.timeoutsMs, 0, timeoutsMs.length);
        this.limits = limits;
        this.listener = listener;
        int capacity = limits.capacity();
        this.header = new FlowHeader(kept, capacity, bootHi, bootLo, keys);
        this.entries = new FlowEntries(kept, FlowHeader.LENGTH, header.key0() ^ header.key1());
        FlowHash hash = new FlowHash(header.key0(), header.key1());
        int at = FlowLimits.IN_USE_LENGTH;
        this.lookup = new FlowLookup(entries, hash, derived, at, capacity);
        at += (int) FlowLookup.length(capacity);
        this.wheel = new ExpiryWheel(derived, at, capacity, nowMs);
        at += (int) ExpiryWheel.length(capacity);
        this.owners = new FlowOwners(derived, at, capacity, limits.endpoints());
        at += (int) FlowOwners.length(capacity, limits.endpoints());
        this.groups = new FlowGroups(entries, hash, derived, at, capacity);
        recover(nowMs);
    }

    /** {@return the flow of a container's packet, by protocol, network, inside and peer} */
    public int findInside(FlowTuple t) {
        return lookup.byInside(t);
    }

    /** {@return the flow of a packet from outside, by protocol, outside and peer} */
    public int findOutside(FlowTuple t) {
        return lookup.byOutside(t);
    }

    /** {@return the outside port of the mapping of protocol, network, inside and outside slot, or {@link #ABSENT}} */
    public int mappedPort(FlowTuple t) {
        int slot = groups.mapping(t);
        return slot == ABSENT ? ABSENT : entries.outsidePort(slot);
    }

    /** {@return a flow, whichever, of the mapping that owns an outside port: it tells the inside endpoint (N4)} */
    public int mappingOf(int protocol, int outsideSlot, int port) {
        return groups.owner(protocol, outsideSlot, port);
    }

    /** {@return whether a mapping owns an outside port, or a flow borrows it} */
    public boolean portUsed(int protocol, int outsideSlot, int port) {
        return groups.used(protocol, outsideSlot, port);
    }

    /** {@return the flows, to be read, and for what their packets write} */
    public FlowEntries entries() {
        return entries;
    }

    /**
     * Adds a flow, {@link FlowEntries#UNREPLIED}.
     *
     * @param t all of it; its outside port is the mapping's ({@link #mappedPort}), or a free one, or a lent one
     * @return its slot, or a {@link FlowRefusal}
     */
    public int insert(FlowTuple t, int timerClass, long nowMs) {
        if (t.endpoint < 0 || t.endpoint >= limits.endpoints() || t.outsideSlot >= limits.outsideSlots()) {
            return FlowRefusal.OUT_OF_RANGE;
        }
        int refusal = refusal(t, nowMs);
        if (refusal != 0) {
            return refusal;
        }
        int slot = take();
        entries.write(slot, t, FlowEntries.UNREPLIED, nowMs, timerClass);
        link(slot, t);
        // Only now does another flow go: the port of the new one must not become free in between.
        makeRoom(FlowOwners.owner(t.endpoint, t.kind), nowMs);
        return slot;
    }

    /** A packet of the flow was seen. */
    public void touch(int slot, long nowMs) {
        entries.seen(slot, nowMs, entries.timerClass(slot));
    }

    /** A packet of the flow was seen, and another timeout holds from now on. */
    public void touch(int slot, long nowMs, int timerClass) {
        boolean shorter = timeoutsMs[timerClass & 0xFF] < timeoutsMs[entries.timerClass(slot)];
        entries.seen(slot, nowMs, timerClass);
        if (shorter) {
            wheel.cancel(slot);
            wheel.schedule(slot, deadlineMs(slot));
        }
    }

    /** The flow becomes {@link FlowEntries#FIRM}, {@link FlowEntries#UNREPLIED} or {@link FlowEntries#CLOSED}. */
    public void standing(int slot, int standing) {
        int before = entries.standing(slot);
        if (before != standing) {
            int owner = FlowOwners.owner(entries.endpoint(slot), entries.kind(slot));
            owners.leave(slot, owner, before);
            entries.standing(slot, standing);
            owners.join(slot, owner, standing);
        }
    }

    /** {@return when the flow ends, if no packet comes} */
    public long deadlineMs(int slot) {
        return entries.seenMs(slot) + timeoutsMs[entries.timerClass(slot)];
    }

    /** Removes one flow. */
    public void remove(int slot) {
        end(slot, FlowEnd.REMOVED);
    }

    /**
     * Ends flows whose time is over.
     *
     * @param limit how many flows are looked at, those included that were seen since and stay
     * @return how many were; when that is the limit, more may be due
     */
    public int expire(long nowMs, int limit) {
        for (int looked = 0; looked < limit; looked++) {
            int slot = wheel.due(nowMs);
            if (slot == ABSENT) {
                return looked;
            }
            long deadlineMs = deadlineMs(slot);
            if (deadlineMs <= nowMs) {
                end(slot, FlowEnd.EXPIRED);
            } else {
                wheel.cancel(slot);
                wheel.schedule(slot, deadlineMs);
            }
        }
        return limit;
    }

    /**
     * Removes flows of an endpoint that is going (N29). Until all are gone its id must not be given to another one.
     *
     * @return how many; when that is the limit, there may be more
     */
    public int removeEndpoint(int endpoint, int limit) {
        int removed = 0;
        for (int kind = FlowEntries.OUTBOUND; kind <= FlowEntries.INBOUND; kind++) {
            int owner = FlowOwners.owner(endpoint, kind);
            for (int standing = FlowEntries.FIRM; standing <= FlowEntries.CLOSED; standing++) {
                for (int slot = owners.oldest(owner, standing);
                        slot != ABSENT && removed < limit;
                        slot = owners.oldest(owner, standing)) {
                    end(slot, FlowEnd.REMOVED);
                    removed++;
                }
            }
        }
        return removed;
    }

    /**
     * Removes flows of a rule that is going (N29). Until all are gone its number must not be given to another one.
     *
     * @return how many; when that is the limit, there may be more
     */
    public int removeRule(int rule, int limit) {
        int removed = 0;
        for (int slot = groups.rule(rule); slot != ABSENT && removed < limit; slot = groups.rule(rule)) {
            end(slot, FlowEnd.REMOVED);
            removed++;
        }
        return removed;
    }

    /**
     * A published port takes over what a mapping owned: existing flows keep it, and no new one gets it. As many steps
     * as the mapping has flows.
     */
    public void retirePort(int protocol, int outsideSlot, int port) {
        groups.retire(ending, protocol, outsideSlot, port);
    }

    /** {@return the first slot with a flow, from one on; {@link #ABSENT} after the last} */
    public int next(int from) {
        for (int slot = from; slot < mark; slot++) {
            if (entries.occupied(slot)) {
                return slot;
            }
        }
        return ABSENT;
    }

    /** {@return how many flows there are} */
    public int size() {
        return size;
    }

    /** {@return how many flows an endpoint has of a kind} */
    public int size(int endpoint, int kind) {
        return owners.count(FlowOwners.owner(endpoint, kind));
    }

    /** {@return how many flows ended so} */
    public long ended(FlowEnd why) {
        return ended[why.ordinal()];
    }

    /** {@return how many flows of an earlier process were found when the table was opened} */
    public int recovered() {
        return recovered;
    }

    /** {@return how many entries were found damaged when the table was opened, and dropped} */
    public int torn() {
        return torn;
    }

    /** A timer class has another timeout, for packets from now on. */
    void timeout(int timerClass, long timeoutMs) {
        timeoutsMs[timerClass] = timeoutMs;
    }

    /** {@return the flow of an endpoint that has been over for longest, or {@link #ABSENT}} */
    int oldestClosed(int endpoint, int kind) {
        return owners.oldest(FlowOwners.owner(endpoint, kind), FlowEntries.CLOSED);
    }

    int longestProbe() {
        return Math.max(groups.longestProbe(), lookup.longestProbe());
    }

    private int refusal(FlowTuple t, long nowMs) {
        int refusal = lookup.refusal(t);
        if (refusal == 0) {
            refusal = groups.refusal(t);
        }
        if (refusal != 0) {
            return refusal;
        }
        return room(t.endpoint, t.kind, nowMs);
    }

    /** {@return 0 when there is room for another flow of an endpoint, else a {@link FlowRefusal}} */
    int room(int endpoint, int kind, long nowMs) {
        int owner = FlowOwners.owner(endpoint, kind);
        if (owners.count(owner) >= limits.quota() && owners.gives(owner) == ABSENT) {
            return FlowRefusal.QUOTA;
        }
        if (size >= limits.capacity() - 1 && owners.heaviest() == ABSENT) {
            // This one is refused all the same: its own mapping may be among what ends.
            expire(nowMs, DUE_BEFORE_EVICTION);
            return FlowRefusal.FULL;
        }
        return 0;
    }

    private void makeRoom(int owner, long nowMs) {
        if (owners.count(owner) > limits.quota()) {
            end(owners.gives(owner), FlowEnd.EVICTED);
        }
        if (size < limits.capacity()) {
            return;
        }
        expire(nowMs, DUE_BEFORE_EVICTION);
        if (size == limits.capacity()) {
            end(owners.victim(owners.heaviest()), FlowEnd.EVICTED);
        }
    }

    private int take() {
        int slot = wheel.takeFree();
        if (slot == ABSENT) {
            slot = mark++;
            entries.free(slot);
            header.mark(mark);
        }
        return slot;
    }

    private void link(int slot, FlowTuple t) {
        lookup.add(slot);
        groups.join(slot, t);
        owners.join(slot, FlowOwners.owner(t.endpoint, t.kind), entries.standing(slot));
        wheel.schedule(slot, deadlineMs(slot));
        size++;
    }

    private void end(int slot, FlowEnd why) {
        listener.onEnd(slot, why);
        ended[why.ordinal()]++;
        if (discard(slot)) {
            listener.onPortFree(ending.protocol, ending.outsideSlot, ending.outsidePort);
        }
    }

    /** {@return whether the outside port is free now}; {@link #ending} says which flow it was. */
    private boolean discard(int slot) {
        entries.read(slot, ending);
        int standing = entries.standing(slot);
        entries.free(slot);
        lookup.remove(slot, ending);
        owners.leave(slot, FlowOwners.owner(ending.endpoint, ending.kind), standing);
        wheel.cancel(slot);
        wheel.putFree(slot);
        size--;
        return groups.leave(slot, ending);
    }

    /** Builds what is derived, from the entries. What is not a whole flow, or contradicts another one, is dropped. */
    private void recover(long nowMs) {
        mark = header.mark();
        while (mark > 0 && !entries.occupied(mark - 1)) {
            mark--;
        }
        header.mark(mark);
        for (int slot = 0; slot < mark; slot++) {
            if (entries.occupied(slot) && recover(slot, nowMs)) {
                recovered++;
                continue;
            }
            torn += entries.occupied(slot) ? 1 : 0;
            entries.free(slot);
            wheel.putFree(slot);
        }
        // The process died after a flow got in and before another one made room for it.
        if (size == limits.capacity()) {
            discard(owners.heaviest() == ABSENT ? 0 : owners.victim(owners.heaviest()));
            recovered--;
        }
    }

    private boolean recover(int slot, long nowMs) {
        if (!entries.sound(slot)) {
            return false;
        }
        entries.read(slot, ending);
        if (ending.endpoint >= limits.endpoints() || ending.outsideSlot >= limits.outsideSlots()) {
            return false;
        }
        if (lookup.refusal(ending) != 0 || groups.refusal(ending) != 0) {
            return false;
        }
        // A time that is not there yet would keep the flow for longer than its timeout.
        if (entries.seenMs(slot) > nowMs) {
            entries.seen(slot, nowMs, entries.timerClass(slot));
        }
        entries.makeRecovered(slot);
        link(slot, ending);
        return true;
    }
}
