package io.tapswitch.core.overlay;

import io.tapswitch.core.overlay.store.StoreException;
import io.tapswitch.core.overlay.store.StoredEntry;
import java.util.List;

/** What others say to {@link SessionLoop}. */
sealed interface Message {
    /** A watch told; generation 0 is one of ours who changed something. */
    record Told(int generation, long revision, List<StoredEntry> entries) implements Message {}

    /** A watch ended. */
    record Ended(int generation, StoreException why) implements Message {}
}
