package io.tapswitch.tapio;

import java.util.List;

/** Changes links, addresses and routes inside a network namespace. */
public interface LinkConfigurator {
    /**
     * Carries out commands in their order and stops at the first that fails: what was done before it stays done, and
     * is the caller's to undo (for a TAP: close it, and all that hangs on it goes too).
     *
     * @param namespace where the links are, before a {@link LinkCommand.MoveToNamespace}
     * @throws DeviceException names the command that failed and says why
     */
    void apply(NetworkNamespace namespace, List<LinkCommand> commands);
}
