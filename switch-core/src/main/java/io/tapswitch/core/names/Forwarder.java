package io.tapswitch.core.names;

import java.util.function.Consumer;

/** Who answers what the responder cannot: by asking others. */
@FunctionalInterface
public interface Forwarder {
    /**
     * Asks the upstreams of a client. Any thread; returns at once.
     *
     * @param query a message that the responder said FORWARD to; not changed, and not to be changed afterwards
     * @param client id of the client's port: upstreams and limits are by client
     * @param tcp whether the query came by TCP, so that the answer may be longer than 1232 octets, and is never
     *     truncated without the upstream having been asked by TCP
     * @param answer is given the message to send back, with the query's id and question, exactly once, within five
     *     seconds (D14): the upstream's answer or one that says that it failed. It is called on the forwarder's thread
     *     (or, when there is nothing to ask, on the caller's) and must not block. The array is the receiver's own
     */
    void forward(byte[] query, int client, boolean tcp, Consumer<byte[]> answer);
}
