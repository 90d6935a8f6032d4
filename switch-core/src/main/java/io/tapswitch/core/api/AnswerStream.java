package io.tapswitch.core.api;

import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** An answer that is made while it is sent, as fast as its client reads. It is the last one of its connection. */
interface AnswerStream extends AutoCloseable {
    /** {@return the media type} */
    String mediaType();

    /**
     * Waits for what to send next. It may fail, and then the answer breaks off, so that no client takes it for all.
     *
     * @param pulse how long to wait at most
     * @return what to send, which may be nothing yet; null at the end
     */
    byte @Nullable [] next(Duration pulse) throws InterruptedException;

    /** {@return what is known at the end only, by the names of trailing headers} */
    default Map<String, String> trailers() {
        return Map.of();
    }

    /** Ends it; any thread. */
    @Override
    void close();
}
