package io.tapswitch.core.dataplane;

import java.util.List;

/**
 * What the dataplane must know of the listener that serves names by TCP, behind a TAP in a namespace of its own.
 *
 * @param port small integer below {@link io.tapswitch.tapio.FrameIo#MAX_PORTS}
 * @param fds the TAP's open files; read by worker 0
 * @param mac the TAP's MAC address
 */
public record NamesListenerSettings(int port, List<Integer> fds, long mac) {
    /** Copies the list. */
    public NamesListenerSettings {
        fds = List.copyOf(fds);
    }
}
