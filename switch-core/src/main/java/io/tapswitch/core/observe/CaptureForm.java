package io.tapswitch.core.observe;

import java.io.ByteArrayOutputStream;

/** What becomes of captured frames on their way to a reader. */
public interface CaptureForm {
    /** {@return the media type of it} */
    String mediaType();

    /** {@return what comes before the first frame} */
    byte[] head();

    /** Adds a frame. */
    void frame(CapturedFrame frame, ByteArrayOutputStream out);
}
