package io.tapswitch.tapio;

import static io.tapswitch.tapio.SteeringProgram.PASS;
import static io.tapswitch.tapio.SteeringProgram.PROTOCOL;
import static io.tapswitch.tapio.SteeringProgram.QUEUE_MAPPING;
import static io.tapswitch.tapio.SteeringProgram.TRANSPORT;
import static io.tapswitch.tapio.sys.BpfProgram.Condition.EQ;
import static io.tapswitch.tapio.sys.BpfProgram.Condition.NE;
import static io.tapswitch.tapio.sys.BpfProgram.Register.R0;
import static io.tapswitch.tapio.sys.BpfProgram.Register.R1;
import static io.tapswitch.tapio.sys.BpfProgram.Register.R10;
import static io.tapswitch.tapio.sys.BpfProgram.Register.R2;
import static io.tapswitch.tapio.sys.BpfProgram.Register.R3;
import static io.tapswitch.tapio.sys.BpfProgram.Register.R4;
import static io.tapswitch.tapio.sys.BpfProgram.Register.R5;
import static io.tapswitch.tapio.sys.BpfProgram.Register.R6;
import static io.tapswitch.tapio.sys.BpfProgram.Register.R7;
import static io.tapswitch.tapio.sys.BpfProgram.Register.R9;
import static io.tapswitch.tapio.sys.BpfProgram.Size.HALF;
import static io.tapswitch.tapio.sys.BpfProgram.Size.WORD;

import io.tapswitch.tapio.SteeringProgram.Entrance;
import io.tapswitch.tapio.sys.BpfProgram;

/**
 * The end of {@link SteeringProgram}: how a frame that is the switch's gets into its TAP, and by which queue. The frame
 * is R6, its mark R9; it is taken at the label "take", and cloned and passed at "clone". A tunnel's queue is a hash of
 * the addresses and ports that the kernel makes or the card made, modulo the queues, which the TAP does.
 */
final class SteeringDelivery {
    /** Helper: gives the frame to another device. */
    static final int REDIRECT = 23;

    private static final int STORE_BYTES = 9;
    private static final int CLONE_REDIRECT = 13;
    private static final int FLOW_HASH = 34;
    private static final int CHANGE_HEAD = 43;
    private static final int ETHERNET_TYPE = 12;
    /** Queue mappings up to this are never the kernel's word for none. */
    private static final int QUEUE_MASK = 0x7fff;

    private final BpfProgram p;
    private final Entrance entrance;
    private final int tap;
    private final int tunnelTap;

    SteeringDelivery(BpfProgram program, Entrance entrance, int tap, int tunnelTap) {
        this.p = program;
        this.entrance = entrance;
        this.tap = tap;
        this.tunnelTap = tunnelTap;
    }

    boolean hasTunnel() {
        return tunnelTap != 0;
    }

    /** Adds all of it; the program goes on where frames are passed. */
    void assemble() {
        p.label("take");
        p.jumpIf(R9, EQ, PortMarks.TUNNEL, hasTunnel() ? "take-tunnel" : PASS).add(R9, -1);
        take(tap);
        if (hasTunnel()) {
            p.label("take-tunnel");
            hash();
            take(tunnelTap);
        }
        p.label("clone").add(R9, -1);
        cloneTo(tap);
        p.jump(PASS);
    }

    /** Clones a frame to the tunnel TAP and goes on; with one without an Ethernet header it is at its end. */
    void cloneToTunnel() {
        hash();
        cloneTo(tunnelTap);
        if (entrance == Entrance.RAW) {
            p.jump(PASS);
        }
    }

    /** Leaves the queue of the frame's flow in R9. */
    private void hash() {
        p.move(R1, R6).call(FLOW_HASH).move(R9, R0).and(R9, QUEUE_MASK);
    }

    private void take(int to) {
        addHeader();
        p.store(WORD, R6, QUEUE_MAPPING, R9);
        p.move(R1, to).move(R2, 0).call(REDIRECT).exit();
    }

    private void cloneTo(int to) {
        addHeader();
        p.load(WORD, R7, R6, QUEUE_MAPPING).store(WORD, R6, QUEUE_MAPPING, R9);
        p.move(R1, R6).move(R2, to).move(R3, 0).call(CLONE_REDIRECT);
        p.store(WORD, R6, QUEUE_MAPPING, R7);
    }

    /** Gives a frame without one the Ethernet header that a TAP wants, with addresses of zero. */
    private void addHeader() {
        if (entrance == Entrance.RAW) {
            p.move(R1, R6).move(R2, SteeringProgram.ETHERNET_LENGTH).move(R3, 0).call(CHANGE_HEAD);
            p.jumpIf(R0, NE, 0, PASS);
            p.load(WORD, R1, R6, PROTOCOL).store(HALF, R10, TRANSPORT, R1);
            p.move(R1, R6).move(R2, ETHERNET_TYPE).move(R3, R10).add(R3, TRANSPORT);
            p.move(R4, Short.BYTES).move(R5, 0).call(STORE_BYTES);
        }
    }
}
