package io.tapswitch.core.overlay.store;

import org.jspecify.annotations.Nullable;

/**
 * A key's value, or its removal.
 *
 * @param key not ending with a slash
 * @param value null when the key was removed
 * @param createRevision the revision that created it, 0 for a removal
 * @param revision the one that changed it last, or removed it
 */
public record StoredEntry(String key, @Nullable String value, long createRevision, long revision) {
    /** {@return a removal} */
    public static StoredEntry removed(String key, long revision) {
        return new StoredEntry(key, null, 0, revision);
    }
}
