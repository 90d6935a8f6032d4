package io.tapswitch.core.dataplane;

import org.agrona.DirectBuffer;

/** Gets the frames of a capture. Called on one thread of the dataplane's, which is no worker. */
@FunctionalInterface
public interface CaptureSink {
    /**
     * A frame was read from a port, or is written to it.
     *
     * @param epochNs when, in nanoseconds since 1970
     * @param port the port
     * @param transmitted whether it is written to the port
     * @param frameLength bytes of the frame, Ethernet header included
     * @param buffer where its beginning lies; only for the time of the call
     * @param offset where in it
     * @param length bytes that are there
     */
    void onFrame(
            long epochNs, int port, boolean transmitted, int frameLength, DirectBuffer buffer, int offset, int length);

    /** All ports that were captured are gone: nothing comes any more. */
    default void onPortsGone() {}
}
