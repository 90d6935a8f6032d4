package io.tapswitch.nat;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.IpPrefix;
import io.tapswitch.wire.IpProtocol;
import io.tapswitch.wire.TcpHeader;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.agrona.concurrent.AtomicBuffer;

/**
 * An engine and what is around it: a host with 192.0.2.1, 2001:db8::1, loopback and gateways, two containers A and B on
 * one network, and C on another with A's address.
 */
final class NatWorld implements NatEngine.PortSink {
    static final int TCP = IpProtocol.TCP;
    static final int UDP = IpProtocol.UDP;
    static final int SYN = TcpHeader.SYN;
    static final int ACK = TcpHeader.ACK;
    static final int FIN = TcpHeader.FIN;
    static final int RST = TcpHeader.RST;

    static final int HOST = 0;
    static final int HOST6 = 1;
    static final int LOOPBACK = 2;
    static final int LOOPBACK6 = 3;
    static final int GATEWAY = 4;

    /** A container. */
    enum Container {
        A(1, 0, "10.9.0.2", "fd09::2"),
        B(2, 0, "10.9.0.3", "fd09::3"),
        C(3, 1, "10.9.0.2", "fd09::2");

        final int id;
        final int network;
        final String ipv4;
        final String ipv6;

        Container(int id, int network, String ipv4, String ipv6) {
            this.id = id;
            this.network = network;
            this.ipv4 = ipv4;
            this.ipv6 = ipv6;
        }
    }

    static final Container A = Container.A;
    static final Container B = Container.B;
    static final Container C = Container.C;
    static final byte[] DATA = {1, 2, 3, 4, 5};

    static final NatVersion.NatOptions OPTIONS = new NatVersion.NatOptions(300_000, 1024, 65_535, 32_768, 60_999, true);

    final List<NatVersion.OutsideAddress> addresses = new ArrayList<>(List.of(
            outside(HOST, "192.0.2.1"),
            outside(HOST6, "2001:db8::1"),
            outside(LOOPBACK, "127.0.0.1"),
            outside(LOOPBACK6, "::1"),
            outside(GATEWAY, "10.9.0.1")));
    final List<NatVersion.InsideNetwork> networks = new ArrayList<>(List.of(
            new NatVersion.InsideNetwork(0, IpAddress.parse("10.9.0.1"), IpAddress.parse("fd09::1"), false),
            new NatVersion.InsideNetwork(1, IpAddress.parse("10.9.0.1"), IpAddress.parse("fd09::1"), false)));
    final List<NatVersion.InsideEndpoint> endpoints = new ArrayList<>(List.of(endpoint(A), endpoint(B), endpoint(C)));
    final List<DnatRule> rules = new ArrayList<>();
    final List<NatVersion.PortRange> reserved = new ArrayList<>();
    NatVersion.NatOptions options = OPTIONS;

    /** Ports that the engine says it owns, as "slot/protocol/port". */
    final Set<String> owned = new TreeSet<>();

    final FlowLimits limits;
    final AtomicBuffer kept;
    private final AtomicBuffer derived;
    int worker;
    int workers = 1;
    NatEngine.OutsideChoice routes = (hi, lo, nowMs) -> FlowTuple.isV4(hi, lo) ? HOST : HOST6;
    /** The slot of an address that is at another uplink than the routes lead to. */
    int left = -1;

    NatEngine engine;
    long nowMs = 1_000_000;

    NatWorld() {
        this(new FlowLimits(1024, 64, 8, 512));
    }

    NatWorld(FlowLimits limits) {
        this.limits = limits;
        this.kept = FlowWorld.memory(limits.keptLength());
        this.derived = FlowWorld.memory(limits.derivedLength());
        this.engine = open();
    }

    /** Another process takes over the kept memory; it has no version yet. */
    NatEngine open() {
        return open(this);
    }

    NatEngine open(NatEngine.PortSink sink) {
        derived.setMemory(0, derived.capacity(), (byte) 0);
        engine = new NatEngine(
                worker,
                workers,
                kept,
                derived,
                limits,
                7,
                1,
                nowMs,
                new NatEngine.OutsideChoice() {
                    @Override
                    public int slotFor(long peerHi, long peerLo, long timeMs) {
                        return routes.slotFor(peerHi, peerLo, timeMs);
                    }

                    @Override
                    public boolean mayStay(int outsideSlot) {
                        return outsideSlot != left;
                    }
                },
                sink);
        return engine;
    }

    NatWorld take() {
        engine.take(version(), nowMs);
        return this;
    }

    NatVersion version() {
        return new NatVersion(addresses, networks, endpoints, rules, DnatRules.compile(rules), reserved, options);
    }

    /** Publishes {@code container:insidePort} at a port of all addresses, or of one. */
    DnatRule publish(int id, int slot, int protocol, int port, Container container, int insidePort, String... allow) {
        return publish(id, slot, protocol, port, port, container.ipv4, container, insidePort, allow);
    }

    DnatRule publish6(int id, int slot, int protocol, int port, Container container, int insidePort) {
        return publish(id, slot, protocol, port, port, container.ipv6, container, insidePort);
    }

    DnatRule publish(
            int id,
            int slot,
            int protocol,
            int first,
            int last,
            String inside,
            Container container,
            int insidePort,
            String... allow) {
        List<IpPrefix> prefixes = new ArrayList<>();
        for (String prefix : allow) {
            prefixes.add(IpPrefix.parse(prefix));
        }
        DnatRule rule = new DnatRule(
                id,
                slot,
                protocol,
                first,
                last,
                container.network,
                container.id,
                IpAddress.parse(inside),
                insidePort,
                prefixes);
        rules.add(rule);
        return rule;
    }

    /** {@return what became of a container's packet} */
    int out(Container from, Packet packet) {
        return out(from, packet, true);
    }

    int out(Container from, Packet packet, boolean mayBegin) {
        return engine.outbound(packet.buffer, Packet.AT, packet.classified(), from.network, from.id, mayBegin, nowMs);
    }

    /** {@return what became of a packet from outside to one of the host's addresses} */
    int in(Packet packet) {
        return engine.inbound(packet.buffer, Packet.AT, packet.classified(), slotOf(packet), false, nowMs);
    }

    /** {@return what became of a packet by the loopback device} */
    int fromHost(Packet packet) {
        return engine.inbound(packet.buffer, Packet.AT, packet.classified(), slotOf(packet), true, nowMs);
    }

    int hairpin(Packet packet) {
        return engine.hairpin(packet.buffer, Packet.AT, packet.classified(), slotOf(packet), nowMs);
    }

    /** Sends a container's packet, which must go out; {@return its outside port} */
    int sent(Container from, Packet packet) {
        int verdict = out(from, packet);
        assertThat(verdict).as(() -> name(verdict)).isEqualTo(NatEngine.FORWARD);
        assertThat(packet.isValid()).isTrue();
        return Integer.parseInt(source(packet).substring(source(packet).lastIndexOf(' ') + 1));
    }

    /** Sends a packet from outside, which must reach a container. */
    void arrives(Container to, Packet packet) {
        int verdict = in(packet);
        assertThat(verdict).as(() -> name(verdict)).isEqualTo(NatEngine.FORWARD);
        assertThat(engine.endpoint()).isEqualTo(to.id);
        assertThat(packet.isValid()).isTrue();
    }

    static String name(int verdict) {
        return verdict < 0 ? NatDrop.of(verdict).name() : String.valueOf(verdict);
    }

    NatDrop dropped(int verdict) {
        assertThat(verdict).isNegative();
        return NatDrop.of(verdict);
    }

    /** {@return "address port" of a packet's source} */
    static String source(Packet p) {
        long c = p.classified();
        return text(PacketClass.sourceHi(p.buffer, Packet.AT, c), PacketClass.sourceLo(p.buffer, Packet.AT, c)) + " "
                + PacketClass.sourcePort(p.buffer, Packet.AT, c);
    }

    /** {@return "address port" of a packet's destination} */
    static String destination(Packet p) {
        long c = p.classified();
        return text(
                        PacketClass.destinationHi(p.buffer, Packet.AT, c),
                        PacketClass.destinationLo(p.buffer, Packet.AT, c))
                + " " + PacketClass.destinationPort(p.buffer, Packet.AT, c);
    }

    static String text(long hi, long lo) {
        return FlowTuple.isV4(hi, lo)
                ? new io.tapswitch.wire.Ipv4Address((int) lo).toString()
                : new io.tapswitch.wire.Ipv6Address(hi, lo).toString();
    }

    static Packet udp(String from, int fromPort, String to, int toPort) {
        return Packets.udp(address(from), fromPort, address(to), toPort, DATA);
    }

    static Packet echo(boolean request, String from, String to, int identifier) {
        return Packets.echo(request, address(from), address(to), identifier, 1, DATA);
    }

    static Packet syn(String from, int fromPort, String to, int toPort) {
        return segment(from, fromPort, to, toPort, SYN, 1000, 0, 0);
    }

    static Packet segment(
            String from, int fromPort, String to, int toPort, int flags, int sequence, int ack, int payload) {
        Packet p = Packets.tcp(address(from), fromPort, address(to), toPort, new byte[payload]);
        TcpHeader.flags(p.buffer, p.at(), flags);
        TcpHeader.sequence(p.buffer, p.at(), sequence);
        TcpHeader.acknowledgement(p.buffer, p.at(), ack);
        p.mendChecksum();
        return p;
    }

    static InetAddress address(String text) {
        return Packets.address(text);
    }

    static NatVersion.OutsideAddress outside(int slot, String address) {
        return new NatVersion.OutsideAddress(slot, IpAddress.parse(address));
    }

    static NatVersion.InsideEndpoint endpoint(Container c) {
        return new NatVersion.InsideEndpoint(c.id, c.network, IpAddress.parse(c.ipv4), IpAddress.parse(c.ipv6));
    }

    private int slotOf(Packet packet) {
        String to = destination(packet);
        String address = to.substring(0, to.indexOf(' '));
        for (NatVersion.OutsideAddress outside : addresses) {
            if (outside.address().equals(IpAddress.parse(address))) {
                return outside.slot();
            }
        }
        throw new IllegalArgumentException(address + " is no address of the host");
    }

    @Override
    public void onOwned(int outsideSlot, int protocol, int port) {
        owned.add(outsideSlot + "/" + protocol + "/" + port);
    }

    @Override
    public void onFree(int outsideSlot, int protocol, int port) {
        owned.remove(outsideSlot + "/" + protocol + "/" + port);
    }
}
