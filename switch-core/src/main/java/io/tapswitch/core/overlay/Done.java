package io.tapswitch.core.overlay;

import io.tapswitch.core.overlay.store.StoredEntry;
import java.util.List;

/**
 * Something that a transaction made.
 *
 * @param value what was made
 * @param entries what it changed in the store, so that whoever made it knows at once and need not wait for the watch
 */
public record Done<T>(T value, List<StoredEntry> entries) {
    /** Copies the list. */
    public Done {
        entries = List.copyOf(entries);
    }
}
