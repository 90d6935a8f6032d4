package io.tapswitch.core.dataplane;

/**
 * What a step of the frame's way returns, as an int: below 0 a {@link DropReason}, from 0 the egress port, or one of
 * the words here, which are above every port id.
 */
final class Verdict {
    /** Nothing against the frame so far. */
    static final int PASS = 0x4000_0000;
    /** To every other port of the network. */
    static final int FLOOD = 0x4000_0001;
    /** To the network's gateway, which is the switch itself. */
    static final int GATEWAY = 0x4000_0002;
    /** The gateway wrote its answer over the frame: send that to the port it came from. */
    static final int ANSWER = 0x4000_0003;

    private Verdict() {}
}
