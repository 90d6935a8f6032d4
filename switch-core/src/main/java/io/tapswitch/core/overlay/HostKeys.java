package io.tapswitch.core.overlay;

import io.tapswitch.core.model.Refusal;
import io.tapswitch.core.overlay.ClusterEntry.HostKey;
import io.tapswitch.vxlan.SendingKey;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The keys with which this host encrypts, from the first to the last day of each (V13, docs/encryption.md).
 *
 * <p><b>Theory of operation.</b> A key is made here, at random, and nobody else ever encrypts with it. Its way:
 *
 * <pre>
 *   made          written to the disk; the others are shown it
 *   shown         the store has it; for {@link #LEAD_MS} more the others get to know it (not the first one: until it is
 *                 used, nothing is sent at all)
 *   used          encrypts; counters are reserved by the block, on the disk before they are used
 *   retired       the next one is used; this one is still accepted for {@link #LINGER_MS}
 *   gone          from the store and the disk
 * </pre>
 *
 * <p>The next one is made after {@link #AGE_MS}, or when half of the packets are spent that a key may encrypt ({@link
 * #PACKETS_MAX}, by all workers together). A block that was reserved counts as spent, so a restart costs one block for
 * each worker, and the workers may be others after it.
 *
 * <p>After a restart the key that was used is used again, from where the disk says: hosts talk while the store is away.
 * Without a disk no counters are reserved, and sending ends when those are used up. A file that cannot be read is not
 * used: new keys are always right.
 *
 * <p>One thread calls it, about every second.
 */
public final class HostKeys {
    /** Packets that a key may encrypt. */
    static final long PACKETS_MAX = 1L << 32;

    /** Counters that a worker gets at once: some seconds of the smallest packets. */
    static final long BLOCK = 1L << 22;

    static final long AGE_MS = 24 * 3_600_000L;
    static final long LEAD_MS = 3_000;
    static final long LINGER_MS = 60_000;
    /** How long the store may be without the next key before a person is told. */
    static final long PATIENCE_MS = 30_000;

    private static final long MILLION = 1_000_000;

    private static final Logger LOG = LoggerFactory.getLogger(HostKeys.class);

    private final Disk disk;
    private final String host;
    private final int workers;
    private final RandomGenerator random;
    /** Oldest first. */
    private List<Kept> keys = List.of();

    private boolean isRead;
    private @Nullable SendingKey sending;
    /** Since when the store has the newest key, 0 when it has not. */
    private long shownMs;
    /** Since when the next key waits for the store, 0 when none does. */
    private long waitingMs;
    /** When keys go, by id. */
    private final Map<String, Long> ends = new HashMap<>();

    private String trouble = "";

    /** Where keys outlive the daemon. Both throw {@link Refusal}. */
    public interface Disk {
        /** {@return what was written last, nothing at first} */
        List<Kept> read();

        /** Writes; when it returns, it is there whatever happens. */
        void write(List<Kept> keys);
    }

    /**
     * A key as it is kept.
     *
     * @param id 8 hex digits
     * @param secret 64 hex digits
     * @param salt 8 hex digits
     * @param createdMs since 1970, or when it was used first
     * @param reserved counters below this may have been used; 0 for a key that was never used
     * @param spent packets that it may have encrypted
     */
    public record Kept(String id, String secret, String salt, long createdMs, long reserved, long spent) {
        private Kept reserve(int workers) {
            return new Kept(id, secret, salt, createdMs, reserved + BLOCK, spent + BLOCK * workers);
        }

        private Kept since(long nowMs) {
            return new Kept(id, secret, salt, nowMs, reserved, spent);
        }

        private boolean hasRoom(int workers) {
            return spent + BLOCK * workers <= PACKETS_MAX;
        }

        /** {@return its name, and nothing that is secret} */
        @Override
        public String toString() {
            return "key " + id;
        }
    }

    /**
     * Makes it; nothing is read yet.
     *
     * @param disk to keep keys on
     * @param host id of this host
     * @param workers which count for themselves
     * @param random that nobody can guess
     */
    public HostKeys(Disk disk, String host, int workers, RandomGenerator random) {
        this.disk = disk;
        this.host = host;
        this.workers = workers;
        this.random = random;
    }

    /**
     * Does what is due.
     *
     * @param nowMs since 1970
     * @param view of the cluster
     * @return whether {@link #sending} is another one than before
     */
    public boolean turn(long nowMs, ClusterView view) {
        SendingKey before = sending;
        try {
            read();
            renew(nowMs);
            use(nowMs, view);
            reserve();
            retire(nowMs);
            trouble = "";
        } catch (Refusal e) {
            if (!trouble.equals(e.sentence())) {
                trouble = e.sentence();
                LOG.error("keys of encrypted networks: {}", trouble);
            }
        }
        return !Objects.equals(before, sending);
    }

    private void read() {
        if (isRead) {
            return;
        }
        isRead = true;
        try {
            keys = disk.read();
        } catch (RuntimeException e) {
            LOG.error("keys of encrypted networks are made anew: {}", e.getMessage());
        }
    }

    private void renew(long nowMs) {
        Kept newest = keys.isEmpty() ? null : keys.getLast();
        boolean isDue = newest == null
                || newest.spent() >= PACKETS_MAX / 2
                || nowMs - newest.createdMs() >= AGE_MS
                // A clock that was set back would keep a key for ever.
                || nowMs < newest.createdMs() - AGE_MS;
        // One that nobody was shown yet waits for the store.
        if (isDue && (newest == null || newest.reserved() > 0)) {
            List<Kept> more = new ArrayList<>(keys);
            more.add(make(nowMs));
            write(more);
            shownMs = 0;
        }
    }

    private Kept make(long nowMs) {
        byte[] secret = new byte[32];
        random.nextBytes(secret);
        HexFormat hex = HexFormat.of();
        String id = hex.toHexDigits(random.nextInt());
        boolean isTaken = keys.stream().anyMatch(key -> key.id().equals(id));
        return isTaken
                ? make(nowMs)
                : new Kept(id, hex.formatHex(secret), hex.toHexDigits(random.nextInt()), nowMs, 0, 0);
    }

    /** Takes the newest key that may be used into use. */
    private void use(long nowMs, ClusterView view) {
        Kept newest = keys.getLast();
        Kept used = used();
        if (newest.reserved() == 0) {
            boolean isShown = view.keys(host).contains(published(newest));
            shownMs = !isShown ? 0 : shownMs == 0 ? nowMs : shownMs;
            waitingMs = isShown || used == null ? 0 : waitingMs == 0 ? nowMs : waitingMs;
            if (isShown && (used == null || nowMs - shownMs >= LEAD_MS)) {
                // Its day begins now, however long the store was away.
                begin(newest.since(nowMs));
                return;
            }
        }
        if (sending == null && used != null && used.hasRoom(workers)) {
            begin(used);
        }
    }

    /** {@return the key that is used, or was before the restart} */
    private @Nullable Kept used() {
        return keys.reversed().stream()
                .filter(key -> key.reserved() > 0)
                .findFirst()
                .orElse(null);
    }

    private void begin(Kept key) {
        Kept more = key.reserve(workers);
        write(with(more));
        sending = new SendingKey(published(key).tunnelKey(), key.reserved(), more.reserved());
    }

    private void reserve() {
        Kept used = used();
        SendingKey now = sending;
        if (used != null && now != null && used.reserved() - now.highest() < BLOCK / 2 && used.hasRoom(workers)) {
            Kept more = used.reserve(workers);
            write(with(more));
            now.raise(more.reserved());
        }
    }

    private void retire(long nowMs) {
        Kept used = used();
        List<Kept> left = new ArrayList<>(keys);
        left.removeIf(key -> used != null
                && key.createdMs() <= used.createdMs()
                && !key.id().equals(used.id())
                && nowMs - ends.computeIfAbsent(key.id(), id -> nowMs + LINGER_MS) >= 0);
        if (left.size() < keys.size()) {
            write(left);
            ends.keySet().removeIf(id -> left.stream().noneMatch(key -> key.id().equals(id)));
        }
    }

    private List<Kept> with(Kept changed) {
        return keys.stream()
                .map(key -> key.id().equals(changed.id()) ? changed : key)
                .toList();
    }

    private void write(List<Kept> next) {
        disk.write(next);
        keys = List.copyOf(next);
    }

    private HostKey published(Kept key) {
        return new HostKey(host, key.id(), key.secret(), key.salt());
    }

    /** {@return what a person should know of the next key, which the store does not take; null when all is well} */
    public @Nullable String waiting(long nowMs) {
        Kept used = used();
        if (waitingMs == 0 || nowMs - waitingMs < PATIENCE_MS || used == null) {
            return null;
        }
        return "the next key of encrypted networks waits for the cluster's store. The one in use is good for"
                + (used.hasRoom(workers) ? " about " + (PACKETS_MAX - used.spent()) / MILLION : " few")
                + " million packets more, and each start of the daemon spends "
                + (BLOCK * workers + MILLION / 2) / MILLION
                + " million: then what leaves is dropped (tunnel_seal_no_key)";
    }

    /** {@return what the others shall be shown} */
    public List<HostKey> published() {
        return keys.stream().map(this::published).toList();
    }

    /** {@return the key to encrypt with, null when there is none yet} */
    public @Nullable SendingKey sending() {
        return sending;
    }
}
