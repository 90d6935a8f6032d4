package io.tapswitch.core.dataplane;

/**
 * What a {@link HandoffRing} carries: a descriptor that is made once, filled by one side, read by the other and sent
 * back. Its fields are plain; putting it on a queue and taking it off orders them.
 */
final class Handoff {
    /** To the consumer: a frame. Fields: all but mac and seenMs; shape is how its packet had been split. */
    static final int FRAME = 1;
    /** To the consumer: a learned address. Fields: network, port, mac, seenMs. */
    static final int LEARNED = 2;
    /** To the consumer: a forgotten address. Fields: network, port, mac. */
    static final int FORGOTTEN = 3;
    /** To the producer: the slot is no longer needed. Fields: slot. */
    static final int SLOT_BACK = 4;
    /** To the producer: only the descriptor itself. */
    static final int EMPTY = 5;

    // What is to be done with a frame.

    /** It is for a gateway. */
    static final int TO_GATEWAY = 0;
    /** It is a container's, to be translated by the worker of the container's port. */
    static final int TO_OUTSIDE = 1;
    /** It was translated, and goes to an outside port that is the worker's. */
    static final int HAIRPIN = 2;
    /** It came by an uplink: a fragment, or what fragments became. */
    static final int FROM_UPLINK = 3;
    /** It is a container's, and part of what may be a query for a name: joined by the worker of its port. */
    static final int TO_NAMES = 4;
    /** It came by an own link, whose queues know no owners, for a port that is the worker's. */
    static final int TO_INSIDE = 5;
    /** It is to leave by an own link, and its next hop is to be asked for. */
    static final int TO_LINK = 6;
    /** ARP or neighbour discovery that came by an own link. */
    static final int FROM_LINK = 7;

    int kind;
    int purpose;
    int slot;
    int offset;
    int length;
    int port;
    int network;
    long mac;
    long seenMs;
    long shape;
}
