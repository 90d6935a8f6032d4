package io.tapswitch.core.names;

import java.util.Iterator;
import java.util.LinkedHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Answers of upstreams, kept as long as they say, and a day longer for the time that no upstream answers (RFC 8767).
 * Bounded in octets: whoever was not asked for longest goes first. One thread.
 */
final class AnswerCache {
    /** How long an expired answer is kept. */
    static final long STALE_MS = 86_400_000;
    /** TTL of an answer that has expired (RFC 8767 §4). */
    static final int STALE_TTL_SECONDS = 30;

    private static final int OVERHEAD = 250;

    /** An answer. */
    static final class Entry {
        private final byte[] message;
        private final long storedMs;
        private final long freshUntilMs;

        private Entry(byte[] message, long storedMs, long freshUntilMs) {
            this.message = message;
            this.storedMs = storedMs;
            this.freshUntilMs = freshUntilMs;
        }

        /** {@return it, as it came; not to be changed} */
        byte[] message() {
            return message;
        }

        boolean isFresh(long nowMs) {
            return nowMs < freshUntilMs;
        }

        int ageSeconds(long nowMs) {
            return (int) ((nowMs - storedMs) / 1000);
        }
    }

    private final LinkedHashMap<Asked.Key, Entry> entries = new LinkedHashMap<>(64, 0.75f, true);
    private final int maxBytes;
    private long bytes;

    AnswerCache(int maxBytes) {
        this.maxBytes = maxBytes;
    }

    /** {@return what is kept, fresh or not} */
    @Nullable
    Entry get(Asked.Key key, long nowMs) {
        Entry entry = entries.get(key);
        if (entry != null && nowMs >= entry.freshUntilMs + STALE_MS) {
            entries.remove(key);
            bytes -= size(key, entry);
            return null;
        }
        return entry;
    }

    /** Keeps an answer for so many seconds, at least one. */
    void put(Asked.Key key, byte[] message, int seconds, long nowMs) {
        Entry entry = new Entry(message, nowMs, nowMs + seconds * 1000L);
        Entry before = entries.put(key, entry);
        bytes += size(key, entry) - (before == null ? 0 : size(key, before));
        Iterator<java.util.Map.Entry<Asked.Key, Entry>> oldest =
                entries.entrySet().iterator();
        while (bytes > maxBytes && oldest.hasNext()) {
            var gone = oldest.next();
            bytes -= size(gone.getKey(), gone.getValue());
            oldest.remove();
        }
    }

    private static int size(Asked.Key key, Entry entry) {
        return OVERHEAD + key.length() + entry.message.length;
    }

    int size() {
        return entries.size();
    }

    long bytes() {
        return bytes;
    }
}
