package io.tapswitch.core.names;

import io.tapswitch.dns.DnsQuery;
import java.util.function.Consumer;

/** A client's query that is to be answered. */
final class Waiter {
    private static final int MAX_TCP = 0xFFFF;

    private final int client;
    private final byte[] message;
    private final DnsQuery query;
    private final boolean tcp;
    private final Consumer<byte[]> answer;

    /**
     * Makes it.
     *
     * @param client id of its port
     * @param message as it came
     * @param query the same, as it was read
     * @param tcp whether it came by TCP
     * @param answer takes the answer, once
     */
    Waiter(int client, byte[] message, DnsQuery query, boolean tcp, Consumer<byte[]> answer) {
        this.client = client;
        this.message = message;
        this.query = query;
        this.tcp = tcp;
        this.answer = answer;
    }

    int client() {
        return client;
    }

    byte[] message() {
        return message;
    }

    DnsQuery query() {
        return query;
    }

    boolean tcp() {
        return tcp;
    }

    Consumer<byte[]> answer() {
        return answer;
    }

    /** {@return most octets that the answer may have} */
    int limit() {
        return tcp ? MAX_TCP : Math.min(query.payload(), Asked.PAYLOAD);
    }
}
