package io.tapswitch.core.dataplane;

/** A running capture of the frames of some ports. */
public interface FrameCapture extends AutoCloseable {
    /** {@return frames that were not captured because the reader did not keep up} */
    long lost();

    /** Ends it; what was captured before is still delivered. */
    @Override
    void close();
}
