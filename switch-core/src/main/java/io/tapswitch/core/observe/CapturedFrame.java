package io.tapswitch.core.observe;

/** A frame, or its beginning, as it was read from a port or written to it. */
public final class CapturedFrame {
    private final long epochNs;
    private final int port;
    private final boolean transmitted;
    private final int frameLength;
    private final byte[] bytes;

    /**
     * A frame.
     *
     * @param epochNs when, in nanoseconds since 1970
     * @param port the port
     * @param transmitted whether it was written to the port
     * @param frameLength bytes of the whole frame
     * @param bytes what is there of it; not copied
     */
    public CapturedFrame(long epochNs, int port, boolean transmitted, int frameLength, byte[] bytes) {
        this.epochNs = epochNs;
        this.port = port;
        this.transmitted = transmitted;
        this.frameLength = frameLength;
        this.bytes = bytes;
    }

    long epochNs() {
        return epochNs;
    }

    int port() {
        return port;
    }

    boolean transmitted() {
        return transmitted;
    }

    int frameLength() {
        return frameLength;
    }

    byte[] bytes() {
        return bytes;
    }
}
