package io.tapswitch.core.overlay;

import io.tapswitch.core.overlay.store.ClusterStore;
import io.tapswitch.core.overlay.store.StoredEntry;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What one host knows of the cluster, as a value.
 *
 * <p><b>Theory of operation.</b> The store numbers everything that happens. An entry is known with the revision that
 * wrote it, and an event counts only when its revision is higher: so events may come late, twice, or in any order, and
 * what comes out is the same (V11). Three things are needed for that besides the entries:
 *
 * <ul>
 *   <li><b>Tombstones</b>: the revisions of removals. Without them, a late put would bring back what was removed after
 *       it.
 *   <li><b>The complete revision</b>: that of the last full reading. All up to it is known, so older events are of no
 *       use, and older tombstones neither.
 *   <li><b>The forgotten revision</b>: tombstones are bounded, the oldest go first. A put that is not newer than one
 *       that was forgotten, of a key that is not known, may be news or may be long removed: nobody can tell. It is not
 *       taken, and {@link Merged#isDoubtful} asks for a full reading.
 * </ul>
 *
 * <p>A full reading is merged, never put in place of what is known: what is the same stays the same, and only the
 * difference is told (V12).
 *
 * <p>When the store is another one than before (emptied, or an older copy of itself), revisions begin again and mean
 * nothing beside the old ones. Then {@link #unanchored} makes all entries older than any revision: what the new store
 * tells overrides them, what it lacks is remembered for now, until a full reading is taken in with removals. Signs of
 * life are the exception: a host is alive if the store says so, and not because it once was.
 *
 * <p>Immutable. Each change copies the map, so changes are merged by the batch.
 */
public final class ClusterState {
    /** A removal takes some hundred bytes here; more than this happen only in a time without any full reading. */
    static final int TOMBSTONES_MAX = 16_384;

    private static final ClusterState EMPTY = new ClusterState(Map.of(), Map.of(), 0, 0);

    /** An entry and the revisions that created it and wrote it. */
    record Known(ClusterEntry entry, long created, long revision) {}

    /**
     * What is different in a state.
     *
     * @param key of the store
     * @param before null when it is new
     * @param after null when it is gone
     */
    public record Change(
            String key,
            @Nullable ClusterEntry before,
            @Nullable ClusterEntry after) {}

    /**
     * A state that has taken events in.
     *
     * @param state the new one
     * @param changes what is different; none when there was no news
     * @param isDoubtful whether something came too late to be judged, so that everything must be read anew
     */
    public record Merged(ClusterState state, List<Change> changes, boolean isDoubtful) {
        /** Copies the list. */
        public Merged {
            changes = List.copyOf(changes);
        }
    }

    private final Map<String, Known> known;
    /** Oldest first. */
    private final Map<String, Long> tombstones;

    private final long complete;
    private final long forgotten;
    private final ClusterView view;

    private ClusterState(Map<String, Known> known, Map<String, Long> tombstones, long complete, long forgotten) {
        this.known = Collections.unmodifiableMap(known);
        this.tombstones = Collections.unmodifiableMap(tombstones);
        this.complete = complete;
        this.forgotten = forgotten;
        this.view = new ClusterView(this.known);
    }

    /** {@return the state of somebody who has heard nothing} */
    public static ClusterState empty() {
        return EMPTY;
    }

    /**
     * {@return a state that was kept over a restart, what was only remembered included} Without signs of life: who is
     * alive now is for the store to say.
     *
     * @param complete the revision of the last full reading
     * @param entries as {@link #stored} gave them
     */
    public static ClusterState restored(long complete, List<StoredEntry> entries) {
        Map<String, Known> all = new HashMap<>();
        for (StoredEntry one : entries) {
            String value = one.value();
            ClusterEntry entry = value == null ? null : ClusterText.read(one.key(), value);
            if (entry != null && !(entry instanceof ClusterEntry.Liveness)) {
                all.put(one.key(), new Known(entry, one.createRevision(), one.revision()));
            }
        }
        return all.isEmpty() ? EMPTY : new ClusterState(all, Map.of(), complete, 0);
    }

    /** {@return the entries as the hosts, networks and endpoints that they are} */
    public ClusterView view() {
        return view;
    }

    /** {@return the entry under a key, null when there is none} */
    public @Nullable ClusterEntry entry(String key) {
        Known one = known.get(key);
        return one == null ? null : one.entry();
    }

    /** {@return the revision that wrote the entry under a key, 0 when there is none} */
    public long revision(String key) {
        Known one = known.get(key);
        return one == null ? 0 : one.revision();
    }

    /** {@return whether an entry is known of another store than the one that is asked now, which lacks it so far} */
    public boolean isRemembered(String key) {
        Known one = known.get(key);
        return one != null && one.revision() == 0;
    }

    /** {@return the entries that {@link #isRemembered are remembered}} */
    List<ClusterEntry> remembered() {
        return known.values().stream()
                .filter(one -> one.revision() == 0)
                .map(Known::entry)
                .toList();
    }

    /** {@return the revision that created the entry under a key, 0 when there is none} */
    long created(String key) {
        Known one = known.get(key);
        return one == null ? 0 : one.created();
    }

    /** {@return the revision of the last full reading} */
    public long complete() {
        return complete;
    }

    /** {@return the highest revision that anything is known of} */
    long newest() {
        return Math.max(
                complete,
                known.values().stream().mapToLong(Known::revision).max().orElse(0));
    }

    int tombstones() {
        return tombstones.size();
    }

    /** {@return this state after events, in whatever order they come} */
    public Merged merged(List<StoredEntry> events) {
        Draft draft = new Draft();
        for (StoredEntry event : events) {
            draft.take(event);
        }
        return draft.done();
    }

    /** {@return this state after a full reading of everything under {@link ClusterKeys#ROOT}} */
    public Merged merged(ClusterStore.Range range) {
        Draft draft = new Draft();
        draft.takeAll(range, false);
        return draft.done();
    }

    /** {@return the same, but what is {@link #isRemembered remembered} stays, signs of life excepted} */
    Merged mergedBesideRemembered(ClusterStore.Range range) {
        Draft draft = new Draft();
        draft.takeAll(range, true);
        return draft.done();
    }

    /** {@return the same entries for a store that counts anew} */
    public ClusterState unanchored() {
        Map<String, Known> all = new HashMap<>();
        known.forEach((key, one) -> all.put(key, new Known(one.entry(), 0, 0)));
        return new ClusterState(all, Map.of(), 0, 0);
    }

    /** {@return the entries as a full reading, to be kept over a restart of the daemon} */
    public List<StoredEntry> stored() {
        List<StoredEntry> all = new ArrayList<>();
        known.forEach((key, one) -> {
            if (!(one.entry() instanceof ClusterEntry.Unreadable)) {
                all.add(new StoredEntry(key, ClusterText.write(one.entry()), one.created(), one.revision()));
            }
        });
        return all;
    }

    /** A state while it changes. */
    private final class Draft {
        private final Map<String, Known> entries = new HashMap<>(known);
        private final Map<String, Long> graves = new LinkedHashMap<>(tombstones);
        /** The first entry of each key that changed, and the last. */
        private final Map<String, Change> changes = new LinkedHashMap<>();

        private long completeUpTo = complete;
        private long forgottenUpTo = forgotten;
        private boolean isDoubtful;

        private void take(StoredEntry event) {
            String key = event.key();
            Known one = entries.get(key);
            Long grave = graves.get(key);
            long seen = Math.max(one == null ? 0 : one.revision(), grave == null ? 0 : grave);
            if (event.revision() <= completeUpTo || event.revision() <= seen) {
                return;
            }
            if (event.value() == null) {
                entries.remove(key);
                bury(key, event.revision());
                changed(key, one, null);
            } else if (one == null && grave == null && event.revision() <= forgottenUpTo) {
                isDoubtful = true;
            } else {
                put(event, event.value(), one);
            }
        }

        private void put(StoredEntry event, String value, @Nullable Known before) {
            ClusterEntry entry = ClusterText.read(event.key(), value);
            if (entry != null) {
                graves.remove(event.key());
                Known after = new Known(entry, event.createRevision(), event.revision());
                entries.put(event.key(), after);
                changed(event.key(), before, after);
            }
        }

        private void bury(String key, long revision) {
            // Behind all others, also when it was there before: the oldest are at the head.
            graves.remove(key);
            graves.put(key, revision);
            Iterator<Long> oldest = graves.values().iterator();
            while (graves.size() > TOMBSTONES_MAX) {
                forgottenUpTo = Math.max(forgottenUpTo, oldest.next());
                oldest.remove();
            }
        }

        private void takeAll(ClusterStore.Range range, boolean keepsRemembered) {
            // A reading that is known already may be the one that ends the time of remembering.
            if (range.revision() < completeUpTo
                    || (range.revision() == completeUpTo
                            && entries.values().stream().noneMatch(one -> one.revision() == 0))) {
                return;
            }
            Map<String, StoredEntry> there = new HashMap<>();
            range.entries().forEach(entry -> there.put(entry.key(), entry));
            for (Map.Entry<String, Known> each : List.copyOf(entries.entrySet())) {
                // What is newer than the reading was heard of by the watch meanwhile.
                if (!there.containsKey(each.getKey())
                        && each.getValue().revision() <= range.revision()
                        && !(keepsRemembered && isKept(each.getValue()))) {
                    entries.remove(each.getKey());
                    changed(each.getKey(), each.getValue(), null);
                }
            }
            for (StoredEntry entry : range.entries()) {
                Known one = entries.get(entry.key());
                Long grave = graves.get(entry.key());
                long seen = Math.max(one == null ? 0 : one.revision(), grave == null ? 0 : grave);
                if (entry.revision() > seen && entry.value() != null) {
                    put(entry, entry.value(), one);
                }
            }
            completeUpTo = range.revision();
            graves.values().removeIf(revision -> revision <= range.revision());
        }

        private static boolean isKept(Known one) {
            return one.revision() == 0 && !(one.entry() instanceof ClusterEntry.Liveness);
        }

        private void changed(String key, @Nullable Known before, @Nullable Known after) {
            Change earlier = changes.get(key);
            ClusterEntry first = earlier == null ? entry(before) : earlier.before();
            changes.put(key, new Change(key, first, entry(after)));
        }

        private static @Nullable ClusterEntry entry(@Nullable Known known) {
            return known == null ? null : known.entry();
        }

        private Merged done() {
            List<Change> news = changes.values().stream()
                    .filter(change -> !Objects.equals(change.before(), change.after()))
                    .toList();
            return new Merged(new ClusterState(entries, graves, completeUpTo, forgottenUpTo), news, isDoubtful);
        }
    }
}
