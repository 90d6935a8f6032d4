package io.tapswitch.core.dataplane;

/**
 * What a step of the frame's way returns, as an int: below 0 a {@link DropReason}, from 0 the egress port, or one of
 * the words here, which are above every port id.
 *
 * <pre>
 *   1rrr ...                        dropped: -1 - ordinal of the reason
 *   00.. ... port                   to that port
 *   0100 ... word                   PASS, FLOOD, FLOOD_HERE, GATEWAY
 *   0101 ... length                 answered: the answer lies where the question lay, and has this length
 *   0110 reason(8) length(20)       dropped with a reason, and an ICMP message about it lies where the frame lay
 * </pre>
 */
final class Verdict {
    /** Nothing against the frame so far. */
    static final int PASS = 0x4000_0000;
    /** To every other port of the network. */
    static final int FLOOD = 0x4000_0001;
    /** To the network's gateway, which is the switch itself. */
    static final int GATEWAY = 0x4000_0002;
    /** To every other port of the network that is a container's here, and to no other host. */
    static final int FLOOD_HERE = 0x4000_0003;

    private static final int ANSWER = 0x5000_0000;
    private static final int REFUSAL = 0x6000_0000;
    private static final int LENGTH_BITS = 20;
    private static final int LENGTH_MASK = (1 << LENGTH_BITS) - 1;
    private static final int REASON_MASK = 0xff;
    private static final int PORT_MASK = 0xC000_0000;

    private Verdict() {}

    /** {@return answered: so many bytes, virtio_net_hdr included, go back to the port that asked} */
    static int answer(int length) {
        return ANSWER | length;
    }

    /** {@return dropped, and so many bytes, virtio_net_hdr included, go back to say so} */
    static int refusal(DropReason reason, int length) {
        return REFUSAL | reason.ordinal() << LENGTH_BITS | length;
    }

    /** {@return whether the frame goes to one port} */
    static boolean isPort(int verdict) {
        return (verdict & PORT_MASK) == 0;
    }

    /** {@return whether something goes back to the port that the frame came from: an answer or a refusal} */
    static boolean goesBack(int verdict) {
        return verdict >= ANSWER;
    }

    /** {@return whether what goes back says why the frame was dropped} */
    static boolean isRefusal(int verdict) {
        return verdict >= REFUSAL;
    }

    /** {@return the length of what goes back} */
    static int length(int verdict) {
        return verdict & LENGTH_MASK;
    }

    /** {@return the drop reason's verdict of a refusal} */
    static int reason(int verdict) {
        return -1 - (verdict >>> LENGTH_BITS & REASON_MASK);
    }
}
