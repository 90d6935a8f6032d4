package io.tapswitch.core.dataplane;

import static io.tapswitch.core.dataplane.NatPacket.L3;
import static io.tapswitch.core.dataplane.Verdict.PASS;

import io.tapswitch.core.dataplane.DatapathCounters.Term;
import io.tapswitch.dns.ClientView;
import io.tapswitch.dns.DnsResponder;
import io.tapswitch.dns.DnsResult;
import io.tapswitch.dns.TopNames;
import io.tapswitch.nat.PacketClass;
import io.tapswitch.tapio.FrameMemory;
import io.tapswitch.tapio.VirtioNetHeader;
import io.tapswitch.wire.EtherType;
import io.tapswitch.wire.EthernetHeader;
import io.tapswitch.wire.InternetChecksum;
import io.tapswitch.wire.IpProtocol;
import io.tapswitch.wire.Ipv4Header;
import io.tapswitch.wire.Ipv6Header;
import io.tapswitch.wire.UdpHeader;
import java.security.SecureRandom;
import java.util.concurrent.TimeUnit;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Names, asked for by UDP ({@link NamesOverTcp}: by TCP): queries to port 53 of the switch's own addresses in a
 * network, the gateways' and the resolver's, which is one of them.
 *
 * <h2>Theory of operation</h2>
 *
 * The worker that read a query answers it, in the slot that it lies in: what is known is immutable ({@link
 * ClientViews}), so there is no state that a worker would own. The client is known by its port and by nothing that it
 * says, and the answer goes back to that port.
 *
 * <pre>
 *   query     | virtio | Ethernet | IP [options] | UDP | query  |
 *   answer         | virtio | Ethernet | IP      | UDP | answer      |     payload stays where it is
 * </pre>
 *
 * <p>The answer's headers are written anew, right in front of the payload, so that options and extension headers of the
 * query are left behind; its checksum is complete. An answer is never larger than {@link #MAX_LENGTH}, which every IPv6
 * network carries; where the MTU of an IPv4 network is smaller, it goes in fragments.
 *
 * <p>A query that the switch does not know the answer of goes to {@link Forwards}, and its frame ends here; what
 * comes back is a frame of the switch's own.
 *
 * <p>One instance a worker, used by its thread only. Nothing here allocates, locks, logs or throws.
 */
final class Names implements Forwards.AnswerHandler {
    /** Where names are asked for. */
    static final int PORT = 53;
    /** Most octets of an answer by UDP: no network fragments it (DNS flag day 2020). */
    static final int MAX_LENGTH = 1232;

    private static final int TTL = 64;
    private static final int ANSWERS_PER_CYCLE = 256;
    private static final int EXPIRED_PER_FRAGMENT = 4;

    private final Egress egress;
    private final MutableDirectBuffer buffer;
    private final Pieces pieces;
    private final @Nullable Bridge[] bridges;
    private final Forwards forwards;
    private final @Nullable Nat nat;
    /** NAT's where there is NAT, which then sees to their end; else its own. */
    private final Fragments fragments;

    private final DnsResponder responder = new DnsResponder(MAX_LENGTH, new SecureRandom().nextLong());
    /** Which names are asked for most. */
    final TopNames top = new TopNames();

    private ClientViews views = ClientViews.NONE;
    private @Nullable NamesOverTcp overTcp;
    private int identification;
    private int leftLength;
    private long leftShape;
    private long nowMs = Long.MIN_VALUE;

    /** Names at one worker. */
    Names(Egress egress, Pieces pieces, @Nullable Bridge[] bridges, @Nullable Nat nat) {
        this.egress = egress;
        this.pieces = pieces;
        this.bridges = bridges;
        this.nat = nat;
        forwards = egress.crossings.forwards;
        buffer = egress.buffer;
        SecureRandom random = new SecureRandom();
        fragments = nat == null ? new Fragments(egress.counters, random.nextLong(), random.nextLong()) : nat.fragments;
    }

    /** Takes over who sees which names, and who answers by TCP: at a batch boundary, like every table. */
    void take(TableChanges changes) {
        views = changes.views();
        changes.removedNetworks().forEach(top::forget);
        changes.networks().forEach(network -> top.forget(network.id()));
        NamesListenerSettings listener = changes.listener();
        overTcp = listener == null ? null : new NamesOverTcp(listener, views);
        if (nat == null) {
            changes.removedPorts().forEach(fragments::removeOwner);
        }
    }

    /** {@return the listener's port for a query by TCP; a drop reason's verdict, or PASS when it is none} */
    int toListener(Bridge bridge, int port, int offset, int length) {
        return overTcp == null ? PASS : overTcp.toListener(buffer, offset, length, bridge, egress.ports, port);
    }

    /** {@return the container's port for what the listener's port sent, or a drop reason's verdict} */
    int fromListener(int port, int offset, int length) {
        return overTcp == null || overTcp.port != port
                ? DropReason.DETACHED.verdict()
                : overTcp.toClient(buffer, offset, length, egress.ports, bridges);
    }

    /** {@return whether a valid frame for a gateway's MAC address is a query, and its sender is one who is answered} */
    boolean isMeant(int port, int offset, Bridge bridge) {
        return isQuery(buffer, offset, bridge) && views.of(port) != null;
    }

    /** {@return whether the frame is part of what may be one} Only the first part tells. */
    boolean isPart(int port, int offset, Bridge bridge) {
        int packet = offset + L3;
        boolean part = NatPacket.isIpv4(buffer, offset)
                ? Ipv4Header.protocol(buffer, packet) == IpProtocol.UDP && Ipv4Header.isFragment(buffer, packet)
                : isIpv6(buffer, offset) && Ipv6Header.nextHeader(buffer, packet) == IpProtocol.FRAGMENT;
        return part && views.of(port) != null;
    }

    /** {@return whether a whole packet is one of UDP for port 53 of an own address} Two bytes tell most others. */
    static boolean isQuery(MutableDirectBuffer buffer, int offset, Bridge bridge) {
        int packet = offset + L3;
        int udp = packet;
        if (NatPacket.isIpv4(buffer, offset)) {
            if (Ipv4Header.protocol(buffer, packet) != IpProtocol.UDP || Ipv4Header.isFragment(buffer, packet)) {
                return false;
            }
            udp += Ipv4Header.headerLength(buffer, packet);
        } else if (isIpv6(buffer, offset) && Ipv6Header.nextHeader(buffer, packet) == IpProtocol.UDP) {
            udp += Ipv6Header.LENGTH;
        } else {
            return false;
        }
        return UdpHeader.destinationPort(buffer, udp) == PORT && isOwn(buffer, offset, bridge);
    }

    private static boolean isIpv6(MutableDirectBuffer buffer, int offset) {
        return EthernetHeader.etherType(buffer, offset + VirtioNetHeader.LENGTH) == EtherType.IPV6;
    }

    /** {@return whether an IP packet is for an address of the switch's own; a frame of another kind is either} */
    static boolean isOwn(MutableDirectBuffer buffer, int offset, Bridge bridge) {
        int packet = offset + L3;
        return NatPacket.isIpv4(buffer, offset)
                ? bridge.gateways.isOwn(Ipv4Header.destinationAddress(buffer, packet))
                : bridge.gateways.isOwn(
                        Ipv6Header.destinationHi(buffer, packet), Ipv6Header.destinationLo(buffer, packet));
    }

    /**
     * Keeps a part, for which {@link #isPart} holds, until the others have come. That is done at one worker, because
     * the parts of a datagram may come by several queues.
     *
     * @return false when the frame holds the whole datagram now, of {@link #leftLength} and {@link #leftShape}
     */
    boolean join(Bridge bridge, int port, int slot, int offset, int length, long nowNs) {
        int home = egress.ports.worker(port);
        if (home != egress.crossings.worker()) {
            egress.handOver(home, Handoff.TO_NAMES, slot, offset, length, port, bridge.network, 0);
            return true;
        }
        int whole = fragments.add(buffer, offset + L3, length - L3, port, bridge.network, port, nowMs(nowNs));
        if (whole <= 0) {
            egress.release(slot);
            return true;
        }
        leftLength = L3 + whole;
        leftShape = fragments.shape();
        VirtioNetHeader.clear(buffer, offset);
        return false;
    }

    /** {@return the time, which never goes back} Without NAT what is due ends now: nothing but memory waits for it. */
    private long nowMs(long nowNs) {
        if (nat != null) {
            nat.now(nowNs);
            return nat.nowMs;
        }
        nowMs = Math.max(nowMs, TimeUnit.NANOSECONDS.toMillis(nowNs));
        for (int i = 0; i < EXPIRED_PER_FRAGMENT && !fragments.isEmpty(); i++) {
            fragments.expire(nowMs, buffer, 0, 0);
        }
        return nowMs;
    }

    /** Gives the memory back. */
    void close() {
        if (nat == null) {
            fragments.close();
        }
    }

    /** {@return bytes of the frame that {@link #join} left} */
    int leftLength() {
        return leftLength;
    }

    /** {@return how its packet had been split, 0 if it had not been} */
    long leftShape() {
        return leftShape;
    }

    /** Answers a query, for which {@link #isMeant} holds; its frame ends here. */
    void take(Bridge bridge, int port, int slot, int offset, int length) {
        ClientView view = views.of(port);
        int verdict = check(bridge, offset, length);
        if (verdict != PASS || view == null) {
            egress.drop(port, slot, verdict == PASS ? DropReason.GATEWAY_NO_SERVICE.verdict() : verdict);
            return;
        }
        long classified = NatPacket.classify(buffer, offset, length);
        if (classified < 0) {
            egress.drop(port, slot, DropReason.ofNat((int) classified).verdict());
            return;
        }
        int udp = offset + L3 + PacketClass.transport(classified);
        if (PacketClass.isIpv6(classified) && UdpHeader.checksum(buffer, udp) == 0) {
            egress.drop(port, slot, DropReason.NAT_UDP_CHECKSUM.verdict());
            return;
        }
        answer(view, bridge, port, slot, offset, udp);
    }

    private int check(Bridge bridge, int offset, int length) {
        int packet = offset + L3;
        int verdict = NatPacket.isIpv4(buffer, offset)
                ? PacketValidator.ipv4(buffer, packet, length - L3, bridge.gateways)
                : PacketValidator.ipv6(buffer, packet, length - L3, bridge.gateways);
        boolean several = VirtioNetHeader.gsoType(buffer, offset) != VirtioNetHeader.GSO_NONE;
        return verdict == PASS && several ? DropReason.DNS_SUPER_FRAME.verdict() : verdict;
    }

    private void answer(ClientView view, Bridge bridge, int port, int slot, int offset, int udp) {
        int payload = udp + UdpHeader.LENGTH;
        int length = UdpHeader.length(buffer, udp) - UdpHeader.LENGTH;
        int answered = responder.answerUdp(buffer, payload, length, view, buffer, payload);
        top.add(responder.query(), bridge.network);
        if (answered == DnsResponder.FORWARD) {
            if (mayForward(port, offset, payload, length)) {
                egress.counters.dns(port, DnsResult.FORWARD);
                egress.counters.add(Term.CONSUMED, 1);
                egress.release(slot);
                return;
            }
            answered = responder.fail(buffer, payload, length, DnsResult.FAILED, buffer, payload);
        }
        egress.counters.dns(port, responder.result());
        if (answered < 0) {
            egress.drop(port, slot, DropReason.DNS_NOT_A_QUERY.verdict());
            return;
        }
        egress.countBack(port, Verdict.answer(0));
        send(bridge, port, slot, offset, udp, answered);
    }

    private boolean mayForward(int port, int offset, int payload, int length) {
        int frame = offset + VirtioNetHeader.LENGTH;
        return forwards.offer(port, egress.ports.generation(port), buffer, frame, payload - frame, length);
    }

    /** Sends what others found out since the last time; {@return how many answers} */
    int takeAnswers(Epoch epoch) {
        if (!forwards.isPending()) {
            return 0;
        }
        epoch.begin();
        return forwards.drain(this, ANSWERS_PER_CYCLE);
    }

    /** An answer that others gave: a frame of the switch's own to who asked, if that is still there. */
    @Override
    public void onAnswer(int port, int generation, DirectBuffer ring, int index, int headersLength, int answerLength) {
        int network = egress.ports.network(port);
        Bridge bridge = network < 0 || egress.ports.generation(port) != generation ? null : bridges[network];
        int slot = bridge == null ? -1 : egress.io.allocate();
        egress.counters.add(Term.GENERATED, 1);
        if (bridge == null || slot < 0) {
            egress.counters.drop(port, bridge == null ? DropReason.TX_GONE : DropReason.NAT_NO_MEMORY);
            return;
        }
        int offset = FrameMemory.readOffset(slot);
        int frame = offset + VirtioNetHeader.LENGTH;
        buffer.putBytes(frame, ring, index, headersLength + answerLength);
        send(bridge, port, slot, offset, frame + headersLength - UdpHeader.LENGTH, answerLength);
    }

    /** Makes a frame of an answer, which lies behind the query's headers, and sends it. */
    private void send(Bridge bridge, int port, int slot, int offset, int udp, int answered) {
        int at = turn(bridge, offset, udp, answered);
        int packetLength = udp + UdpHeader.LENGTH + answered - at - L3;
        if (packetLength > bridge.mtu) {
            pieces.send(port, port, slot, at, L3 + packetLength, 0, NatPacket.SPLIT, bridge.mtu);
        } else {
            egress.tx(port, slot, at, L3 + packetLength);
        }
    }

    /**
     * Writes the headers of an answer, whose payload lies behind the query's UDP header.
     *
     * @return where the frame begins: at {@code offset}, or behind it where the query had options
     */
    private int turn(Bridge bridge, int offset, int udp, int answered) {
        int udpLength = UdpHeader.LENGTH + answered;
        int clientPort = UdpHeader.sourcePort(buffer, udp);
        UdpHeader.sourcePort(buffer, udp, PORT);
        UdpHeader.destinationPort(buffer, udp, clientPort);
        UdpHeader.length(buffer, udp, udpLength);
        UdpHeader.checksum(buffer, udp, 0);
        long client = EthernetHeader.source(buffer, offset + VirtioNetHeader.LENGTH);
        boolean ipv4 = NatPacket.isIpv4(buffer, offset);
        int packet = udp - (ipv4 ? Ipv4Header.MIN_LENGTH : Ipv6Header.LENGTH);
        long pseudo = ipv4 ? turn4(offset + L3, packet, udpLength, bridge.mtu) : turn6(offset + L3, packet, udpLength);
        UdpHeader.checksum(
                buffer, udp, InternetChecksum.finishUdp(pseudo + InternetChecksum.sum(buffer, udp, udpLength)));
        int at = packet - L3;
        int frame = at + VirtioNetHeader.LENGTH;
        EthernetHeader.destination(buffer, frame, client);
        EthernetHeader.source(buffer, frame, bridge.gatewayMac);
        EthernetHeader.etherType(buffer, frame, ipv4 ? EtherType.IPV4 : EtherType.IPV6);
        VirtioNetHeader.clear(buffer, at);
        return at;
    }

    private long turn4(int query, int packet, int udpLength, int mtu) {
        int from = Ipv4Header.destinationAddress(buffer, query);
        int to = Ipv4Header.sourceAddress(buffer, query);
        int length = Ipv4Header.MIN_LENGTH + udpLength;
        buffer.setMemory(packet, Ipv4Header.MIN_LENGTH, (byte) 0);
        Ipv4Header.headerLength(buffer, packet, Ipv4Header.MIN_LENGTH);
        Ipv4Header.totalLength(buffer, packet, length);
        if (length > mtu) {
            Ipv4Header.identification(buffer, packet, ++identification & 0xffff);
        } else {
            Ipv4Header.fragment(buffer, packet, true, false, 0);
        }
        Ipv4Header.ttl(buffer, packet, TTL);
        Ipv4Header.protocol(buffer, packet, IpProtocol.UDP);
        Ipv4Header.sourceAddress(buffer, packet, from);
        Ipv4Header.destinationAddress(buffer, packet, to);
        Ipv4Header.updateChecksum(buffer, packet);
        return InternetChecksum.pseudoHeader(from, to, IpProtocol.UDP, udpLength);
    }

    private long turn6(int query, int packet, int udpLength) {
        long fromHi = Ipv6Header.destinationHi(buffer, query);
        long fromLo = Ipv6Header.destinationLo(buffer, query);
        long toHi = Ipv6Header.sourceHi(buffer, query);
        long toLo = Ipv6Header.sourceLo(buffer, query);
        Ipv6Header.trafficClassAndFlowLabel(buffer, packet, 0, 0);
        Ipv6Header.payloadLength(buffer, packet, udpLength);
        Ipv6Header.nextHeader(buffer, packet, IpProtocol.UDP);
        Ipv6Header.hopLimit(buffer, packet, TTL);
        Ipv6Header.source(buffer, packet, fromHi, fromLo);
        Ipv6Header.destination(buffer, packet, toHi, toLo);
        return InternetChecksum.pseudoHeader(fromHi, fromLo, toHi, toLo, IpProtocol.UDP, udpLength);
    }
}
