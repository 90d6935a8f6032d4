package io.tapswitch.core.api;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** Bodies of requests that are too small for a record of the control plane. */
final class Requests {
    private Requests() {}

    /** Who leaves a network; with force also when its device cannot be found. */
    record DisconnectRequest(
            @Nullable String container, @Nullable Boolean force) {}

    /** Published ports that are to go. */
    record UnpublishRequest(@Nullable List<String> ports) {}

    /** A container's new name. */
    record RenameRequest(@Nullable String name) {}
}
