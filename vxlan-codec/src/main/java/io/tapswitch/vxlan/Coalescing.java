package io.tapswitch.vxlan;

import io.tapswitch.wire.InternetChecksum;
import io.tapswitch.wire.IpProtocol;
import io.tapswitch.wire.Ipv4Header;
import io.tapswitch.wire.Ipv6Header;
import io.tapswitch.wire.TcpHeader;
import io.tapswitch.wire.UdpHeader;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;

/**
 * Makes super-frames of received VXLAN packets, so that a container takes 64 KiB in one step instead of 45. One object
 * per worker, used for one train after the other.
 *
 * <h2>Theory of operation</h2>
 *
 * A train is what the kernel's UDP GRO makes of packets that arrive together: one outer header, and behind it a VXLAN
 * packet every gsoSize bytes. Packets of one TCP connection, or datagrams of one UDP flow, that follow each other in it
 * become one super-frame, a run:
 *
 * <pre>
 *   train     ... | VXLAN | inner headers | payload | VXLAN | inner headers | payload | VXLAN | ...
 *   results   | virtio 10 | inner headers | payload | payload | payload | virtio 10 | inner headers | ...
 * </pre>
 *
 * <p>A run is what {@link Segmentation} makes the same packets of again: a packet joins if its headers are those of
 * the run's first, with the next sequence number and IPv4 identification (which means nothing where DF is set, RFC
 * 6864), the same flags, window and options, no more payload, and a right checksum, for the run's is partial and
 * nobody will look at it again. A shorter payload, PSH or FIN ends the run with that packet. SYN, RST, URG, a packet
 * without payload or with a wrong or no checksum, fragments, IP options and extension headers, and all that is not
 * TCP or UDP pass singly and end the run, so nothing ever overtakes anything.
 *
 * <p><b>In place.</b> Results are written from a cursor that stays behind what is read. A run gives back the headers of
 * every packet but its first, but a frame that passes singly needs 10 bytes for its virtio header where only the 8 of
 * VXLAN stood. So the cursor starts two bytes earlier for each packet of the train, and no result ever touches a packet
 * that was not read yet. Where that many bytes are not free before the train, it is moved towards the end of the slot.
 *
 * <p><b>From elsewhere.</b> {@link #begin}, {@link #add} for each packet and {@link #end} gather packets that did not
 * arrive in one train.
 *
 * <p>A packet that is dropped has a result too: its {@link #verdict}. No call allocates.
 */
public final class Coalescing {
    /** Most packets of a train: as many as Linux takes with UDP_SEGMENT; its GRO makes trains of 64. */
    public static final int MAX_PACKETS = 128;

    private static final int MAX_IP_LENGTH = 0xFFFF;
    private static final int SHORTFALL = TunnelHeader.PLAIN_LENGTH - VxlanHeader.LENGTH;
    private static final int ENDS = TcpHeader.FIN | TcpHeader.PSH;
    private static final int NEVER = TcpHeader.SYN | TcpHeader.RST | TcpHeader.URG;

    private final int[] verdicts = new int[MAX_PACKETS];
    private final int[] offsets = new int[MAX_PACKETS];
    private final int[] lengths = new int[MAX_PACKETS];
    private final int[] vnis = new int[MAX_PACKETS];
    private final int[] packets = new int[MAX_PACKETS];
    private final boolean mergesUdp;
    private final TrainGate gate;
    private int count;

    /** Where the next result begins. */
    private int cursor;

    private int firstVni;
    /** Whether the last result may grow; what follows describes it. */
    private boolean open;

    private long found;
    private int headerLength;
    private int size;
    private int identification;
    private int sequence;
    private int flags;

    /**
     * For one worker.
     *
     * @param mergesUdp whether datagrams become super-frames too: TAPs take those since Linux 6.2
     */
    public Coalescing(boolean mergesUdp) {
        this(mergesUdp, TrainGate.CLEAR);
    }

    /** For one worker, with a gate of its own. */
    public Coalescing(boolean mergesUdp, TrainGate gate) {
        this.mergesUdp = mergesUdp;
        this.gate = gate;
    }

    /**
     * Takes a train apart, in place.
     *
     * @param first where its first VXLAN header begins
     * @param length bytes of all packets
     * @param gsoSize bytes from one VXLAN header to the next
     * @param mark ECN mark of the outer header
     * @param tagsAllowed whether the network of the first packet takes VLAN tags
     * @param start first byte of the slot, or of what is free before the train
     * @param limit end of the slot
     * @return how many results there are, or the code of a {@link VxlanDrop} for all packets
     */
    public int train(
            MutableDirectBuffer b,
            int first,
            int length,
            int gsoSize,
            int mark,
            boolean tagsAllowed,
            int start,
            int limit) {
        if (gsoSize < 1) {
            return VxlanDrop.OFFLOAD.code();
        }
        int expected = (length + gsoSize - 1) / gsoSize;
        if (expected > MAX_PACKETS) {
            return VxlanDrop.TOO_MANY.code();
        }
        int room = SHORTFALL * expected;
        int missing = Math.max(0, start + room - first);
        if (missing > limit - first - length) {
            return VxlanDrop.NO_ROOM.code();
        }
        int from = first + missing;
        if (missing > 0) {
            b.putBytes(from, b, first, length);
        }
        begin(from - room);
        for (int done = 0; done < length; done += gsoSize) {
            pass(b, from + done, Math.min(gsoSize, length - done), mark, tagsAllowed);
        }
        return end(b);
    }

    /** What is decrypted gives back more bytes than its virtio header takes. */
    private void pass(MutableDirectBuffer b, int vxlan, int length, int mark, boolean tagsAllowed) {
        int passed = VxlanHeader.check(b, vxlan, length) < 0 ? VxlanDrop.PASS : gate.pass(b, vxlan, length);
        if (passed < 0) {
            close(b);
            result(passed, 0, 0, VxlanHeader.vni(b, vxlan));
        } else if (passed == VxlanDrop.PASS) {
            add(b, b, vxlan, length, mark, tagsAllowed);
        } else {
            add(b, gate.opened(), 0, passed, mark, tagsAllowed);
        }
    }

    /** Begins a new list of results, which are written from an offset on. */
    public void begin(int offset) {
        cursor = offset;
        count = 0;
        firstVni = -1;
        open = false;
    }

    /**
     * Adds a packet; at most {@link #MAX_PACKETS} may be added.
     *
     * @param out where results are written
     * @param in where the packet is; if that is the same buffer, behind everything that was written
     * @param vxlan where its VXLAN header begins
     * @param length bytes from there to its end
     */
    public void add(
            MutableDirectBuffer out, MutableDirectBuffer in, int vxlan, int length, int mark, boolean tagsAllowed) {
        int objection = VxlanHeader.check(in, vxlan, length);
        int frame = vxlan + VxlanHeader.LENGTH;
        int frameLength = length - VxlanHeader.LENGTH;
        int vni = 0;
        if (objection == VxlanDrop.PASS) {
            vni = VxlanHeader.vni(in, vxlan);
            firstVni = firstVni < 0 ? vni : firstVni;
            // What another network allows is not known here. Two in one train is a clash of source ports already.
            objection = VxlanHeader.checkInner(in, frame, tagsAllowed && vni == firstVni);
        }
        if (objection == VxlanDrop.PASS) {
            objection = Congestion.leave(in, frame, frameLength, mark);
        }
        if (objection < 0) {
            close(out);
            result(objection, 0, 0, vni);
            return;
        }
        long packet = InnerPacket.find(in, frame, frameLength);
        int headers = mergeable(in, frame, frameLength, packet);
        if (open && headers == headerLength && vni == vnis[count - 1] && continues(out, in, frame, packet)) {
            append(out, in, frame, packet);
            return;
        }
        close(out);
        result(VxlanDrop.PASS, cursor, TunnelHeader.PLAIN_LENGTH + frameLength, vni);
        TunnelHeader.clearPlain(out, cursor);
        out.putBytes(cursor + TunnelHeader.PLAIN_LENGTH, in, frame, frameLength);
        if (headers > 0) {
            open(out, packet, headers);
        }
        cursor += TunnelHeader.PLAIN_LENGTH + frameLength;
    }

    /** {@return how many results there are} To be called after the last packet. */
    public int end(MutableDirectBuffer out) {
        close(out);
        return count;
    }

    private void result(int verdict, int offset, int length, int vni) {
        verdicts[count] = verdict;
        offsets[count] = offset;
        lengths[count] = length;
        vnis[count] = vni;
        packets[count] = 1;
        count++;
    }

    /** {@return length of the headers of a packet that may be part of a run, or 0} */
    private int mergeable(DirectBuffer b, int frame, int frameLength, long packet) {
        if (packet < 0 || !InnerPacket.isPlain(packet) || InnerPacket.end(packet) != frameLength) {
            return 0;
        }
        int headers = InnerPacket.headerLength(b, frame, packet);
        if (headers < 0 || headers == frameLength) {
            return 0;
        }
        int transport = frame + InnerPacket.transport(packet);
        int transportLength = frameLength - InnerPacket.transport(packet);
        if (InnerPacket.protocol(packet) == IpProtocol.TCP) {
            int tcpFlags = TcpHeader.flags(b, transport);
            if ((tcpFlags & NEVER) != 0 || (tcpFlags & TcpHeader.ACK) == 0) {
                return 0;
            }
        } else if (!mergesUdp
                || UdpHeader.checksum(b, transport) == 0
                || UdpHeader.length(b, transport) != transportLength) {
            return 0;
        }
        if (!InnerPacket.isIpv6(packet) && !Ipv4Header.checksumValid(b, frame + InnerPacket.network(packet))) {
            return 0;
        }
        long sum = InnerPacket.pseudoHeader(b, frame, packet, transportLength)
                + InternetChecksum.sum(b, transport, transportLength);
        return InternetChecksum.isValid(sum) ? headers : 0;
    }

    /** Lets the last result, just copied, grow, if nothing says that it is complete. */
    private void open(DirectBuffer b, long packet, int headers) {
        int frame = cursor + TunnelHeader.PLAIN_LENGTH;
        int transport = frame + InnerPacket.transport(packet);
        found = packet;
        headerLength = headers;
        size = InnerPacket.end(packet) - headers;
        open = true;
        if (!InnerPacket.isIpv6(packet)) {
            identification = Ipv4Header.identification(b, frame + InnerPacket.network(packet));
        }
        if (InnerPacket.protocol(packet) == IpProtocol.TCP) {
            sequence = TcpHeader.sequence(b, transport) + size;
            flags = TcpHeader.flags(b, transport);
            open = (flags & ENDS) == 0;
        }
    }

    /** {@return whether a mergeable packet is the run's next; the run's first stands in out} */
    private boolean continues(DirectBuffer out, DirectBuffer in, int frame, long packet) {
        int run = offsets[count - 1] + TunnelHeader.PLAIN_LENGTH;
        int payload = InnerPacket.end(packet) - headerLength;
        int length = lengths[count - 1] - TunnelHeader.PLAIN_LENGTH + payload;
        int network = InnerPacket.network(packet);
        if (payload > size
                || length - network > MAX_IP_LENGTH
                || !InnerPacket.isAlike(found, packet)
                || !equal(out, run, in, frame, network)) {
            return false;
        }
        boolean follows = InnerPacket.isIpv6(packet)
                ? continuesIpv6(out, run + network, in, frame + network)
                : continuesIpv4(out, run + network, in, frame + network);
        if (!follows) {
            return false;
        }
        int transport = InnerPacket.transport(packet);
        return InnerPacket.protocol(packet) == IpProtocol.TCP
                ? continuesTcp(out, run + transport, in, frame + transport)
                : out.getInt(run + transport) == in.getInt(frame + transport);
    }

    private boolean continuesIpv4(DirectBuffer out, int run, DirectBuffer in, int packet) {
        int next = identification + packets[count - 1];
        return Ipv4Header.dscp(out, run) == Ipv4Header.dscp(in, packet)
                && Ipv4Header.ecn(out, run) == Ipv4Header.ecn(in, packet)
                && Ipv4Header.ttl(out, run) == Ipv4Header.ttl(in, packet)
                && Ipv4Header.sourceAddress(out, run) == Ipv4Header.sourceAddress(in, packet)
                && Ipv4Header.destinationAddress(out, run) == Ipv4Header.destinationAddress(in, packet)
                && flagsAndOffset(out, run) == flagsAndOffset(in, packet)
                && (Ipv4Header.dontFragment(in, packet) || Ipv4Header.identification(in, packet) == (next & 0xFFFF));
    }

    /** {@return the field of which one bit means nothing, and is to survive all the same} */
    private static int flagsAndOffset(DirectBuffer b, int packet) {
        return b.getShort(packet + 6);
    }

    private static boolean continuesIpv6(DirectBuffer out, int run, DirectBuffer in, int packet) {
        return Ipv6Header.trafficClass(out, run) == Ipv6Header.trafficClass(in, packet)
                && Ipv6Header.flowLabel(out, run) == Ipv6Header.flowLabel(in, packet)
                && Ipv6Header.hopLimit(out, run) == Ipv6Header.hopLimit(in, packet)
                && Ipv6Header.sourceHi(out, run) == Ipv6Header.sourceHi(in, packet)
                && Ipv6Header.sourceLo(out, run) == Ipv6Header.sourceLo(in, packet)
                && Ipv6Header.destinationHi(out, run) == Ipv6Header.destinationHi(in, packet)
                && Ipv6Header.destinationLo(out, run) == Ipv6Header.destinationLo(in, packet);
    }

    private boolean continuesTcp(DirectBuffer out, int run, DirectBuffer in, int segment) {
        int next = TcpHeader.flags(in, segment);
        // CWR is said by the first only, FIN and PSH by the last.
        boolean sameFlags = ((next ^ flags) & ~(ENDS | TcpHeader.CWR)) == 0 && (next & TcpHeader.CWR) == 0;
        int options = headerLength - InnerPacket.transport(found) - TcpHeader.MIN_LENGTH;
        return sameFlags
                && TcpHeader.sequence(in, segment) == sequence
                && out.getInt(run) == in.getInt(segment)
                && TcpHeader.acknowledgement(out, run) == TcpHeader.acknowledgement(in, segment)
                && TcpHeader.window(out, run) == TcpHeader.window(in, segment)
                && TcpHeader.urgentPointer(out, run) == TcpHeader.urgentPointer(in, segment)
                && reserved(out, run) == reserved(in, segment)
                && equal(out, run + TcpHeader.MIN_LENGTH, in, segment + TcpHeader.MIN_LENGTH, options);
    }

    /** {@return the byte of data offset, reserved bits and the flag of accurate ECN} */
    private static int reserved(DirectBuffer b, int segment) {
        return b.getByte(segment + 12);
    }

    /** {@return whether an even number of bytes is the same} */
    private static boolean equal(DirectBuffer a, int at, DirectBuffer b, int other, int length) {
        int i = 0;
        for (; length - i >= Integer.BYTES; i += Integer.BYTES) {
            if (a.getInt(at + i) != b.getInt(other + i)) {
                return false;
            }
        }
        return i == length || a.getShort(at + i) == b.getShort(other + i);
    }

    private void append(MutableDirectBuffer out, DirectBuffer in, int frame, long packet) {
        int payload = InnerPacket.end(packet) - headerLength;
        boolean last = payload < size;
        if (InnerPacket.protocol(packet) == IpProtocol.TCP) {
            int ends = TcpHeader.flags(in, frame + InnerPacket.transport(packet)) & ENDS;
            flags |= ends;
            sequence += payload;
            last |= ends != 0;
        }
        // From here on the packet's headers may be written over.
        out.putBytes(cursor, in, frame + headerLength, payload);
        cursor += payload;
        lengths[count - 1] += payload;
        packets[count - 1]++;
        if (last) {
            close(out);
        }
    }

    /** Writes the headers of the run, if there is one of several packets. */
    private void close(MutableDirectBuffer out) {
        if (!open) {
            return;
        }
        open = false;
        if (packets[count - 1] == 1) {
            return;
        }
        int plain = offsets[count - 1];
        int frame = plain + TunnelHeader.PLAIN_LENGTH;
        int length = lengths[count - 1] - TunnelHeader.PLAIN_LENGTH;
        int network = InnerPacket.network(found);
        if (InnerPacket.isIpv6(found)) {
            Ipv6Header.payloadLength(out, frame + network, length - network - Ipv6Header.LENGTH);
        } else {
            Ipv4Header.totalLength(out, frame + network, length - network);
            Ipv4Header.updateChecksum(out, frame + network);
        }
        int transport = InnerPacket.transport(found);
        int pseudo = InternetChecksum.fold(InnerPacket.pseudoHeader(out, frame, found, length - transport));
        int type = SuperFrame.type(found);
        if (InnerPacket.protocol(found) == IpProtocol.TCP) {
            type |= (flags & TcpHeader.CWR) != 0 ? TunnelHeader.GSO_ECN : 0;
            TcpHeader.flags(out, frame + transport, flags);
            TcpHeader.checksum(out, frame + transport, pseudo);
        } else {
            UdpHeader.length(out, frame + transport, length - transport);
            UdpHeader.checksum(out, frame + transport, pseudo);
        }
        TunnelHeader.gso(out, plain, type, headerLength, size);
        TunnelHeader.checksum(out, plain, TunnelHeader.NEEDS_CSUM, transport, InnerPacket.checksumOffset(found));
    }

    /** {@return {@link VxlanDrop#PASS}, or the code of a {@link VxlanDrop} of a packet that has no frame} */
    public int verdict(int result) {
        return verdicts[result];
    }

    /** {@return where the virtio header of 10 bytes begins} */
    public int offset(int result) {
        return offsets[result];
    }

    /** {@return bytes of that header and the frame} */
    public int length(int result) {
        return lengths[result];
    }

    /** {@return network identifier; 0 if the packet was dropped before it was known} */
    public int vni(int result) {
        return vnis[result];
    }

    /** {@return of how many packets the frame was made} */
    public int packets(int result) {
        return packets[result];
    }
}
