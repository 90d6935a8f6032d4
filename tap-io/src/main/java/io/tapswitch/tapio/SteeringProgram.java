package io.tapswitch.tapio;

import static io.tapswitch.tapio.sys.BpfProgram.Condition.EQ;
import static io.tapswitch.tapio.sys.BpfProgram.Condition.GT;
import static io.tapswitch.tapio.sys.BpfProgram.Condition.LT;
import static io.tapswitch.tapio.sys.BpfProgram.Condition.NE;
import static io.tapswitch.tapio.sys.BpfProgram.Condition.SGT;
import static io.tapswitch.tapio.sys.BpfProgram.Register.R0;
import static io.tapswitch.tapio.sys.BpfProgram.Register.R1;
import static io.tapswitch.tapio.sys.BpfProgram.Register.R10;
import static io.tapswitch.tapio.sys.BpfProgram.Register.R2;
import static io.tapswitch.tapio.sys.BpfProgram.Register.R3;
import static io.tapswitch.tapio.sys.BpfProgram.Register.R4;
import static io.tapswitch.tapio.sys.BpfProgram.Register.R6;
import static io.tapswitch.tapio.sys.BpfProgram.Register.R7;
import static io.tapswitch.tapio.sys.BpfProgram.Register.R8;
import static io.tapswitch.tapio.sys.BpfProgram.Register.R9;
import static io.tapswitch.tapio.sys.BpfProgram.Size.BYTE;
import static io.tapswitch.tapio.sys.BpfProgram.Size.HALF;
import static io.tapswitch.tapio.sys.BpfProgram.Size.LONG;
import static io.tapswitch.tapio.sys.BpfProgram.Size.WORD;

import io.tapswitch.tapio.sys.BpfProgram;
import java.util.concurrent.TimeUnit;

/**
 * The program at a device's entrance: which frames are the switch's.
 *
 * <p><b>Theory of operation.</b> The program answers one question for each frame, whether it is ours or the host's. It
 * knows three answers: <em>take</em> it (redirect it into the TAP), <em>clone</em> it there and pass it on, or
 * <em>pass</em> it on. What costs least is asked first, for all of the host's traffic comes by:
 *
 * <pre>
 *   for this host, untagged, IPv4 or IPv6?       no: pass
 *   destination: an address of ours?             no: pass (127/8 and ::1 on lo only, as destination and as source)
 *   fragment after the first?                    its datagram was taken: take; not known: clone
 *   TCP, UDP, SCTP: destination port marked?     no: pass; yes: take
 *   ICMP answer to a query: its id marked?       yes: clone, for the host's own ping may have the same id
 *   ICMP error: source of the packet in it ours? take; of an ICMP query: clone
 *   before take and clone: beat young enough?    no: pass
 *   before take: source one of ours, not on lo?  pass: a forgery, which the host's stack drops
 *   first fragment of what is taken: remember source, destination, protocol and id
 * </pre>
 *
 * <p>A marked port's value is the worker that owns it plus one; that worker's number becomes the frame's queue mapping,
 * by which a TAP with several queues can choose. A port that is marked as a tunnel's belongs to no worker: its frames
 * go to the device's tunnel TAP, by a queue that follows from their flow, and are the host's where there is none.
 * An error about a packet <em>to</em> such a port is cloned to the tunnel before it goes its way: the source ports of a
 * tunnel's packets are made up of what is inside, so whether it was one is for the tunnel to say. A fragment whose
 * first was not seen is not cloned to a tunnel: who sends its packets does not fragment them (RFC 7348 section 4.3).
 *
 * <p>Invariants: a doubtful frame is the host's (too short, too many extension headers, an address without marks). The
 * program writes nothing into a frame, but for an Ethernet header in front of one that has none. The registers: R6 the
 * frame, R7 where the transport header is, then the port, R8 the marks of the destination, R9 the protocol, then the
 * owner.
 *
 * <p>Sources: linux/bpf.h for helpers and struct __sk_buff; RFC 791 and 8200 for the headers, RFC 792 and 4443 for what
 * an ICMP error quotes.
 */
final class SteeringProgram {
    /** What kind of device frames come in by. */
    enum Entrance {
        /** One with Ethernet headers. */
        ETHERNET,
        /** The loopback device, by which the host's own clients come. */
        LOOPBACK,
        /** One whose frames begin with the IP header: a tunnel between two ends. */
        RAW
    }

    /** Bytes of a key of the addresses: an IPv6 or v4-mapped address in network order. */
    static final int ADDRESS_LENGTH = 16;
    /** Bytes of a key of the fragments: source, destination, id, protocol. */
    static final int FRAGMENT_KEY_LENGTH = 40;
    /** Bytes of a value of the fragments: when the first was seen, who owns it, nothing. */
    static final int FRAGMENT_LENGTH = 16;
    /** Where in the control value the time of the last beat is. */
    static final int CONTROL_BEAT = 0;
    /** Where in the control value the age is at which a beat counts no more. */
    static final int CONTROL_GRACE = 8;

    // struct __sk_buff
    private static final int PACKET_TYPE = 4;
    static final int QUEUE_MAPPING = 12;
    static final int PROTOCOL = 16;
    private static final int VLAN_PRESENT = 20;
    private static final int PACKET_HOST = 0;

    // helpers
    private static final int MAP_LOOKUP = 1;
    private static final int MAP_UPDATE = 2;
    private static final int MAP_DELETE = 3;
    private static final int LOAD_BYTES = 26;
    private static final int COARSE_NANOTIME = 160;
    private static final int TCX_NEXT = -1;

    // the stack frame, down from R10
    private static final int SOURCE = -40;
    private static final int DESTINATION = -24;
    private static final int ID = -8;
    private static final int KEY_PROTOCOL = -4;
    private static final int HEADER = -80;
    private static final int QUOTED = -120;
    static final int TRANSPORT = -128;
    private static final int FRAGMENT = -144;
    private static final int FRAGMENT_OWNER = FRAGMENT + 8;
    private static final int OFFSET = -148;
    private static final int MORE = -152;
    private static final int INDEX = -156;
    private static final int CLONE = -160;

    static final int ETHERNET_LENGTH = 14;
    private static final int IPV4_LENGTH = 20;
    private static final int IPV6_LENGTH = 40;
    private static final int TRANSPORT_LENGTH = 8;
    private static final int IPV4_WIRE = 0x0008; // ETH_P_IP as two bytes of the wire
    private static final int IPV6_WIRE = 0xdd86;
    private static final int MAPPED_PREFIX = 0xffff_0000; // bytes 00 00 ff ff
    private static final long LOOPBACK6_LOW = 1L << 56; // bytes 00 .. 00 01
    private static final int LOOPBACK_NET = 127;
    private static final int HOP_BY_HOP = 0;
    private static final int ROUTING = 43;
    private static final int FRAGMENT_HEADER = 44;
    private static final int DESTINATION_OPTIONS = 60;
    private static final int MAX_EXTENSIONS = 4;
    private static final int ICMP = 1;
    private static final int TCP = 6;
    private static final int UDP = 17;
    private static final int ICMP6 = 58;
    private static final int SCTP = 132;
    private static final long FRAGMENT_LIFE_NS = TimeUnit.SECONDS.toNanos(30);
    static final String PASS = "pass";

    private final BpfProgram p = new BpfProgram();
    private final Entrance entrance;
    private final SteeringMaps maps;
    private final SteeringDelivery delivery;

    private SteeringProgram(Entrance entrance, SteeringMaps maps, int tap, int tunnelTap) {
        this.entrance = entrance;
        this.maps = maps;
        this.delivery = new SteeringDelivery(p, entrance, tap, tunnelTap);
    }

    /**
     * {@return the program that puts what is ours into the TAPs of these indexes}
     *
     * @param tunnelTap 0 when tunnels do not end here
     */
    static BpfProgram in(Entrance entrance, SteeringMaps maps, int tap, int tunnelTap) {
        return new SteeringProgram(entrance, maps, tap, tunnelTap).assemble();
    }

    private BpfProgram assemble() {
        p.move(R6, R1);
        p.load(WORD, R0, R6, PACKET_TYPE).jumpIf(R0, NE, PACKET_HOST, PASS);
        p.load(WORD, R0, R6, VLAN_PRESENT).jumpIf(R0, NE, 0, PASS);
        p.store(WORD, R10, OFFSET, 0).store(WORD, R10, MORE, 0).store(WORD, R10, CLONE, 0);
        p.load(WORD, R0, R6, PROTOCOL);
        p.jumpIf(R0, EQ, IPV4_WIRE, "IPv4");
        p.jumpIf(R0, EQ, IPV6_WIRE, "IPv6");
        p.jump(PASS);
        parse4();
        parse6();
        address();
        dispatch();
        answer();
        error4();
        error6();
        port();
        laterFragment();
        delivery.assemble();
        p.label(PASS).move(R0, TCX_NEXT).exit();
        return p;
    }

    /** Leaves source, destination, protocol, id and fragment of an IPv4 header on the stack, its length in R7. */
    private void parse4() {
        p.label("IPv4");
        p.move(R7, 0);
        read(HEADER, IPV4_LENGTH);
        p.load(BYTE, R7, R10, HEADER);
        headerLength4();
        for (int address : new int[] {SOURCE, DESTINATION}) {
            p.load(WORD, R1, R10, address == SOURCE ? HEADER + 12 : HEADER + 16);
            p.store(LONG, R10, address, 0).store(WORD, R10, address + 8, MAPPED_PREFIX);
            p.store(WORD, R10, address + 12, R1);
            if (entrance != Entrance.LOOPBACK) {
                p.and(R1, 0xff).jumpIf(R1, EQ, LOOPBACK_NET, PASS);
            }
        }
        p.load(HALF, R1, R10, HEADER + 4).store(WORD, R10, ID, R1);
        p.load(HALF, R1, R10, HEADER + 6).swapHalf(R1);
        p.move(R2, R1).and(R2, 0x1fff).store(WORD, R10, OFFSET, R2);
        p.and(R1, 0x2000).store(WORD, R10, MORE, R1);
        p.load(BYTE, R9, R10, HEADER + 9).store(WORD, R10, KEY_PROTOCOL, R9);
        p.jump("address");
    }

    /** Turns the first byte of an IPv4 header in R7 into the header's length; passes what is none. */
    private void headerLength4() {
        p.move(R1, R7).shiftRight(R1, 4).jumpIf(R1, NE, 4, PASS);
        p.and(R7, 0xf).shiftLeft(R7, 2).jumpIf(R7, LT, IPV4_LENGTH, PASS);
    }

    /** Leaves source, destination, protocol, id and fragment of an IPv6 header on the stack, its length in R7. */
    private void parse6() {
        p.label("IPv6");
        p.move(R7, 0);
        read(HEADER, IPV6_LENGTH);
        for (int address : new int[] {SOURCE, DESTINATION}) {
            int from = address == SOURCE ? HEADER + 8 : HEADER + 24;
            p.load(LONG, R1, R10, from).store(LONG, R10, address, R1);
            p.load(LONG, R2, R10, from + 8).store(LONG, R10, address + 8, R2);
            if (entrance != Entrance.LOOPBACK) {
                p.moveLong(R3, LOOPBACK6_LOW);
                p.jumpIf(R1, NE, 0, "not-loopback" + address).jumpIf(R2, EQ, R3, PASS);
                p.label("not-loopback" + address);
            }
        }
        p.store(WORD, R10, ID, 0);
        p.move(R7, IPV6_LENGTH).load(BYTE, R9, R10, HEADER + 6);
        extensions("outer", true);
        p.store(WORD, R10, KEY_PROTOCOL, R9);
        p.jump("address");
    }

    /**
     * Goes over the extension headers at R7, of which the first has the type R9, to the transport header and its type.
     *
     * @param fragments whether what a fragment header says is kept; a quoted later fragment is passed
     */
    private void extensions(String label, boolean fragments) {
        for (int i = 0; i < MAX_EXTENSIONS; i++) {
            String extension = label + "-extension" + i;
            String next = label + "-next" + i;
            p.jumpIf(R9, EQ, FRAGMENT_HEADER, label + "-fragment" + i);
            p.jumpIf(R9, EQ, HOP_BY_HOP, extension);
            p.jumpIf(R9, EQ, ROUTING, extension);
            p.jumpIf(R9, NE, DESTINATION_OPTIONS, label + "-done");
            p.label(extension);
            read(TRANSPORT, TRANSPORT_LENGTH);
            p.load(BYTE, R9, R10, TRANSPORT);
            p.load(BYTE, R1, R10, TRANSPORT + 1);
            p.add(R1, 1).shiftLeft(R1, 3).add(R7, R1).jump(next);
            p.label(label + "-fragment" + i);
            read(TRANSPORT, TRANSPORT_LENGTH);
            p.add(R7, TRANSPORT_LENGTH).load(BYTE, R9, R10, TRANSPORT);
            p.load(HALF, R1, R10, TRANSPORT + 2).swapHalf(R1);
            p.move(R2, R1).shiftRight(R2, 3);
            if (fragments) {
                p.and(R1, 1).store(WORD, R10, MORE, R1).store(WORD, R10, OFFSET, R2);
                p.load(WORD, R1, R10, TRANSPORT + 4).store(WORD, R10, ID, R1);
                p.jumpIf(R2, NE, 0, label + "-done");
            } else {
                p.jumpIf(R2, NE, 0, PASS);
            }
            p.label(next);
        }
        p.label(label + "-done");
    }

    /** Finds the marks of the destination; passes what is for no address of ours. */
    private void address() {
        p.label("address");
        p.loadMap(R1, maps.addresses()).move(R2, R10).add(R2, DESTINATION).call(MAP_LOOKUP);
        p.jumpIf(R0, NE, 0, "ours");
        if (entrance == Entrance.LOOPBACK) {
            // All of 127/8 is the host; what has no marks of its own has those of 127.0.0.0.
            p.load(LONG, R1, R10, DESTINATION).jumpIf(R1, NE, 0, PASS);
            p.load(WORD, R1, R10, DESTINATION + 8).jumpIf32(R1, NE, MAPPED_PREFIX, PASS);
            p.load(WORD, R1, R10, DESTINATION + 12).and(R1, 0xff).jumpIf(R1, NE, LOOPBACK_NET, PASS);
            p.store(LONG, R10, QUOTED, 0).store(WORD, R10, QUOTED + 8, MAPPED_PREFIX);
            p.store(WORD, R10, QUOTED + 12, R1);
            p.loadMap(R1, maps.addresses()).move(R2, R10).add(R2, QUOTED).call(MAP_LOOKUP);
        }
        p.jumpIf(R0, EQ, 0, PASS);
        p.label("ours");
        p.move(R8, R0);
        p.load(WORD, R1, R10, OFFSET).jumpIf(R1, NE, 0, "later-fragment");
    }

    /** Goes where the protocol in R9 belongs. */
    private void dispatch() {
        read(TRANSPORT, TRANSPORT_LENGTH);
        p.load(BYTE, R1, R10, TRANSPORT);
        p.jumpIf(R9, EQ, ICMP, "ICMP");
        p.jumpIf(R9, EQ, ICMP6, "ICMPv6");
        index("destination");
        p.label("destination");
        p.load(HALF, R7, R10, TRANSPORT + 2).jump("port");
        p.label("ICMP");
        p.jumpIf(R1, EQ, 0, "answer").jumpIf(R1, EQ, 14, "answer");
        p.jumpIf(R1, EQ, 3, "error4").jumpIf(R1, EQ, 11, "error4").jumpIf(R1, EQ, 12, "error4");
        p.jump(PASS);
        p.label("ICMPv6");
        p.jumpIf(R1, EQ, 129, "answer");
        p.jumpIf(R1, EQ, 0, PASS).jumpIf(R1, GT, 4, PASS).jump("error6");
    }

    /** Leaves the index of the protocol in R9 on the stack; passes another protocol. */
    private void index(String then) {
        p.store(WORD, R10, INDEX, PortMarks.TCP).jumpIf(R9, EQ, TCP, then);
        p.store(WORD, R10, INDEX, PortMarks.UDP).jumpIf(R9, EQ, UDP, then);
        p.store(WORD, R10, INDEX, PortMarks.SCTP).jumpIf(R9, NE, SCTP, PASS);
    }

    private void answer() {
        p.label("answer");
        p.store(WORD, R10, INDEX, PortMarks.ICMP_ID).store(WORD, R10, CLONE, 1);
        p.load(HALF, R7, R10, TRANSPORT + 4).jump("port");
    }

    private void error4() {
        p.label("error4");
        p.add(R7, TRANSPORT_LENGTH);
        read(QUOTED, IPV4_LENGTH);
        p.load(WORD, R1, R10, QUOTED + 12).load(WORD, R2, R10, DESTINATION + 12).jumpIf(R1, NE, R2, PASS);
        p.load(HALF, R1, R10, QUOTED + 6).swapHalf(R1).and(R1, 0x1fff).jumpIf(R1, NE, 0, PASS);
        p.load(BYTE, R9, R10, QUOTED + 9);
        p.move(R3, R7).load(BYTE, R7, R10, QUOTED);
        headerLength4();
        p.add(R7, R3);
        read(TRANSPORT, TRANSPORT_LENGTH);
        p.jumpIf(R9, EQ, ICMP, "query4");
        index("source");
        p.label("source");
        if (delivery.hasTunnel()) {
            p.load(HALF, R7, R10, TRANSPORT + 2);
            mark();
            p.jumpIf(R9, NE, PortMarks.TUNNEL, "sender");
            passWithoutBeat();
            delivery.cloneToTunnel();
            p.label("sender");
        }
        p.load(HALF, R7, R10, TRANSPORT).jump("port");
        p.label("query4");
        p.load(BYTE, R1, R10, TRANSPORT);
        p.jumpIf(R1, EQ, 8, "answer").jumpIf(R1, EQ, 13, "answer").jump(PASS);
    }

    private void error6() {
        p.label("error6");
        p.add(R7, TRANSPORT_LENGTH);
        read(QUOTED, IPV6_LENGTH);
        for (int half = 0; half < ADDRESS_LENGTH; half += Long.BYTES) {
            p.load(LONG, R1, R10, QUOTED + 8 + half).load(LONG, R2, R10, DESTINATION + half);
            p.jumpIf(R1, NE, R2, PASS);
        }
        p.load(BYTE, R9, R10, QUOTED + 6).add(R7, IPV6_LENGTH);
        extensions("quoted", false);
        read(TRANSPORT, TRANSPORT_LENGTH);
        p.jumpIf(R9, EQ, ICMP6, "query6");
        index("source6");
        p.label("source6").jump("source");
        p.label("query6");
        p.load(BYTE, R1, R10, TRANSPORT).jumpIf(R1, EQ, 128, "answer").jump(PASS);
    }

    /** Decides by the mark of the port in R7, which is still in network order, and the index on the stack. */
    private void port() {
        p.label("port");
        mark();
        p.jumpIf(R9, EQ, 0, "foreign");
        passWithoutBeat();
        p.load(WORD, R1, R10, CLONE).jumpIf(R1, NE, 0, "clone");
        if (entrance != Entrance.LOOPBACK) {
            p.loadMap(R1, maps.addresses()).move(R2, R10).add(R2, SOURCE).call(MAP_LOOKUP);
            p.jumpIf(R0, NE, 0, PASS);
        }
        p.load(WORD, R1, R10, MORE).jumpIf(R1, EQ, 0, "take");
        p.call(COARSE_NANOTIME).store(LONG, R10, FRAGMENT, R0);
        p.store(LONG, R10, FRAGMENT_OWNER, R9);
        p.move(R3, R10).add(R3, FRAGMENT).move(R4, 0);
        fragment(MAP_UPDATE);
        p.jump("take");
        // A first fragment of the host's own: an earlier datagram of ours may have had the same id.
        p.label("foreign");
        p.load(WORD, R1, R10, MORE).jumpIf(R1, EQ, 0, PASS);
        fragment(MAP_DELETE);
        p.jump(PASS);
    }

    /** Loads the mark of the port in R7 into R9. */
    private void mark() {
        p.move(R1, R8).move(R2, R10).add(R2, INDEX).call(MAP_LOOKUP);
        p.jumpIf(R0, EQ, 0, PASS);
        p.swapHalf(R7).add(R0, R7).load(BYTE, R9, R0, 0);
    }

    private void laterFragment() {
        p.label("later-fragment");
        passWithoutBeat();
        fragment(MAP_LOOKUP);
        p.move(R9, 1).jumpIf(R0, EQ, 0, "clone");
        p.load(LONG, R7, R0, 0).load(LONG, R8, R0, FRAGMENT_OWNER - FRAGMENT);
        p.call(COARSE_NANOTIME).subtract(R0, R7).moveLong(R1, FRAGMENT_LIFE_NS);
        p.jumpIf(R0, SGT, R1, "clone");
        p.move(R9, R8).jump("take");
    }

    private void fragment(int helper) {
        p.loadMap(R1, maps.fragments());
        p.move(R2, R10).add(R2, SOURCE).call(helper);
    }

    /** Passes the frame when the last beat is too old, or when there was none. */
    private void passWithoutBeat() {
        p.call(COARSE_NANOTIME);
        p.loadMapValue(R1, maps.control(), 0).load(LONG, R2, R1, CONTROL_BEAT);
        p.jumpIf(R2, EQ, 0, PASS);
        // A beat that is younger than the coarse clock's last tick has a negative age.
        p.subtract(R0, R2).load(LONG, R1, R1, CONTROL_GRACE).jumpIf(R0, SGT, R1, PASS);
    }

    /** Loads so many bytes from R7 behind the network header's begin; passes a frame that is too short. */
    private void read(int to, int length) {
        p.move(R1, R6).move(R2, R7).add(R2, entrance == Entrance.RAW ? 0 : ETHERNET_LENGTH);
        p.move(R3, R10).add(R3, to).move(R4, length).call(LOAD_BYTES);
        p.jumpIf(R0, NE, 0, PASS);
    }
}
