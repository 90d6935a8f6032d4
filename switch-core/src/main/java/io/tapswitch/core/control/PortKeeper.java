package io.tapswitch.core.control;

import io.tapswitch.core.model.Publication;
import io.tapswitch.core.model.Refusal;

/**
 * Holds the host's ports for publications, so that no process of the host can take them, and finds out which ones a
 * process has already. Called under the lock of {@link Desired}.
 */
interface PortKeeper {
    /** The code of a refusal because a process of the host has the port: another port may be free. */
    String BUSY = "port_in_use";

    /** There is no uplink, so nothing can be published. */
    PortKeeper NONE = new PortKeeper() {
        @Override
        public void ready() {
            throw Refusal.conflict(
                    "no_uplink", "published ports need an uplink: start the daemon with --uplink shared");
        }

        @Override
        public void reserve(Publication publication) {
            ready();
        }

        @Override
        public void release(Publication publication) {
            // Nothing was reserved.
        }
    };

    /** Refuses when nothing can be published at all. */
    void ready();

    /** Takes all of a publication's ports or none; refuses with the code {@link #BUSY} when one is another's. */
    void reserve(Publication publication);

    /** Gives a publication's ports back, when no packet to them is the switch's any more. */
    void release(Publication publication);
}
