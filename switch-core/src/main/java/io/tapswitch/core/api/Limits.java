package io.tapswitch.core.api;

import java.time.Duration;

/**
 * What a client may take up. Whoever may open the API's socket may end every container, so that these are not against
 * attackers but against clients that hang, and against mistakes; those of the metrics are against anybody.
 *
 * @param connections at the same time; one more is answered with 503 and closed
 * @param headBytes of the request line, and again of all headers
 * @param bodyBytes of a request's body; a request is a few hundred
 * @param request from the begin of a connection, or the last answer, to the end of the next request
 * @param write how long a client may take nothing of an answer
 * @param pulse between the comments that keep an event stream alive, and find out that nobody reads it
 */
record Limits(int connections, int headBytes, int bodyBytes, Duration request, Duration write, Duration pulse) {
    static final Limits USUAL =
            new Limits(256, 16 * 1024, 1 << 20, Duration.ofSeconds(60), Duration.ofSeconds(30), Duration.ofSeconds(15));

    /** Of who reads metrics: a few collectors, whose requests have no body, and no streams. */
    static final Limits METRICS =
            new Limits(16, 8 * 1024, 0, Duration.ofSeconds(30), Duration.ofSeconds(10), Duration.ofSeconds(15));
}
