package io.tapswitch.core.dataplane;

/**
 * What a {@link HandoffRing} carries: a descriptor that is made once, filled by one side, read by the other and sent
 * back. Its fields are plain; putting it on a queue and taking it off orders them.
 */
final class Handoff {
    /** To the consumer: a frame. Fields: all but mac and seenMs. */
    static final int FRAME = 1;
    /** To the consumer: a learned address. Fields: network, port, mac, seenMs. */
    static final int LEARNED = 2;
    /** To the consumer: a forgotten address. Fields: network, port, mac. */
    static final int FORGOTTEN = 3;
    /** To the producer: the slot is no longer needed. Fields: slot. */
    static final int SLOT_BACK = 4;
    /** To the producer: only the descriptor itself. */
    static final int EMPTY = 5;

    int kind;
    int slot;
    int offset;
    int length;
    int port;
    int network;
    long mac;
    long seenMs;
}
