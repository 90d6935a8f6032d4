package io.tapswitch.tapio;

/**
 * What a {@link LinkMonitor} tells of the links that it watches, on its own thread and one call at a time. A call that
 * blocks keeps all later news waiting; nothing is lost by it, since states are asked for when they are told.
 */
public interface LinkListener {
    /**
     * Something about a link is not as it was: set up or down, carrier, name, MTU, MAC address, or, where the
     * namespace's id differs, the place (it goes on being watched there). Quick changes may be told as one.
     */
    void onLinkChanged(int port, LinkState before, LinkState now);

    /** A link is gone for good and is no longer watched. */
    void onLinkGone(int port, LinkState last, Departure why);

    /** How a link went. */
    enum Departure {
        /** Somebody deleted the device. */
        DEVICE_DELETED,
        /** Its namespace ended, and the device with it, now or within seconds. */
        NAMESPACE_ENDED
    }
}
