package io.tapswitch.core.overlay;

import io.tapswitch.core.dataplane.TunnelKeys.PeerKey;
import io.tapswitch.core.model.Refusal;
import io.tapswitch.core.overlay.ClusterEntry.Host;
import io.tapswitch.core.overlay.ClusterEntry.HostKey;
import io.tapswitch.core.overlay.MarkFile.Mark;
import io.tapswitch.vxlan.ReceivingKey;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The keys of the other hosts, and how far each had got with its own: what came before must not be taken again (V13).
 *
 * <p><b>Theory of operation.</b> While the daemon runs, what came with a key is remembered for as long as its entry is
 * there, whatever becomes of networks and peers. What outlives the daemon is less: for each worker of a host, the first
 * sequence behind all that came. The next daemon takes nothing before that, so it may refuse a frame that was on its
 * way during the restart, and takes none twice. That is on the disk about a second after it came, and at an ordered end
 * before the end; after a crash, and only then, what came in the last second may be played again, once.
 *
 * <p>Marks of keys that are not in the store any more are kept for {@link #KEPT_MS}: a store that was restored from a
 * copy may have them again. One thread.
 */
public final class PeerKeys {
    private static final long DAY_MS = 24 * 3_600_000L;
    private static final long KEPT_MS = 7 * DAY_MS;
    private static final Logger LOG = LoggerFactory.getLogger(PeerKeys.class);

    private final MarkFile file;
    private final Map<HostKey, ReceivingKey> known = new HashMap<>();
    /** As they are on the disk, but for what came since. By {@link #name}. */
    private final Map<String, Mark> marks = new HashMap<>();

    private Map<String, Mark> written = Map.of();
    private boolean isRead;
    private String trouble = "";

    /**
     * Knows none yet, and reads nothing.
     *
     * @param file that outlives the daemon
     */
    public PeerKeys(MarkFile file) {
        this.file = file;
    }

    /**
     * {@return the keys that are accepted, each from the address of its host}
     *
     * @param view of the cluster
     * @param self id of this host
     */
    public List<PeerKey> of(ClusterView view, String self) {
        read();
        List<PeerKey> all = new ArrayList<>();
        Set<HostKey> there = new HashSet<>();
        for (Host host : view.hosts().values()) {
            for (HostKey key : host.id().equals(self) ? Set.<HostKey>of() : view.keys(host.id())) {
                there.add(key);
                all.add(new PeerKey(host.vtep(), known.computeIfAbsent(key, this::receiving)));
            }
        }
        for (HostKey gone : Set.copyOf(known.keySet())) {
            if (!there.contains(gone)) {
                mark(gone, System.currentTimeMillis());
                known.remove(gone);
            }
        }
        // In one order: whoever compares two lists is to find what is different.
        all.sort(Comparator.comparing((PeerKey one) -> one.remote().toString())
                .thenComparing(one -> one.key().key().id()));
        return all;
    }

    private void read() {
        if (isRead) {
            return;
        }
        isRead = true;
        try {
            file.read().forEach(mark -> marks.put(name(mark.host(), mark.id(), mark.salt()), mark));
            written = Map.copyOf(marks);
        } catch (RuntimeException e) {
            LOG.error("what was encrypted before this start may be played again, once: {}", e.getMessage());
        }
    }

    private static String name(String host, String id, String salt) {
        return host + '/' + id + '/' + salt;
    }

    private ReceivingKey receiving(HostKey key) {
        Mark mark = marks.get(name(key.host(), key.id(), key.salt()));
        long[] from = mark == null
                ? new long[0]
                : mark.next().stream().mapToLong(Long::longValue).toArray();
        return new ReceivingKey(key.tunnelKey(), from);
    }

    private void mark(HostKey key, long nowMs) {
        ReceivingKey receiving = known.get(key);
        if (receiving != null) {
            List<Long> next = Arrays.stream(receiving.next()).boxed().toList();
            Mark mark = new Mark(key.host(), key.id(), key.salt(), nowMs - nowMs % DAY_MS, next);
            marks.put(name(key.host(), key.id(), key.salt()), mark);
        }
    }

    /**
     * Writes down how far the others have got, if that changed.
     *
     * @param nowMs since 1970
     */
    public void remember(long nowMs) {
        known.keySet().forEach(key -> mark(key, nowMs));
        marks.values().removeIf(mark -> mark.next().isEmpty() || nowMs - mark.seenMs() > KEPT_MS);
        if (marks.equals(written)) {
            return;
        }
        try {
            file.write(marks.values());
            written = Map.copyOf(marks);
            trouble = "";
        } catch (Refusal e) {
            if (!trouble.equals(e.sentence())) {
                trouble = e.sentence();
                LOG.error("what is encrypted now may be played again after a restart: {}", trouble);
            }
        }
    }

    /** Writes it down for the last time: nothing that is encrypted is taken any more. */
    public void end() {
        known.values().forEach(ReceivingKey::end);
        remember(System.currentTimeMillis());
    }
}
