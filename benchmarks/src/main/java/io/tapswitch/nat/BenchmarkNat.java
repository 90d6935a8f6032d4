package io.tapswitch.nat;

import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.IpProtocol;
import io.tapswitch.wire.Ipv4Header;
import io.tapswitch.wire.UdpHeader;
import java.nio.ByteBuffer;
import java.util.List;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * An engine with as many UDP flows as asked for, and packets of them: 1 024 ports of one container, each of which talks
 * to as many peers as that takes. The packet is put back as the container sent it before each call, in the baselines
 * too.
 */
final class BenchmarkNat {
    static final int CONTAINER = 0x0A09_0002;
    static final int PEERS = 0x2000_0000;
    static final int PORTS = 1024;
    static final int FIRST_PORT = 2048;

    final NatEngine engine;
    final UnsafeBuffer packet = new UnsafeBuffer(new byte[128]);
    final long classified;
    long nowMs = 1_000_000;

    BenchmarkNat(int capacity) {
        FlowLimits limits = new FlowLimits(capacity, 64, 1, capacity);
        engine = new NatEngine(
                0,
                1,
                memory(limits.keptLength()),
                memory(limits.derivedLength()),
                limits,
                1,
                1,
                nowMs,
                (hi, lo, now) -> 0,
                new NatEngine.PortSink() {
                    @Override
                    public void onOwned(int outsideSlot, int protocol, int port) {}

                    @Override
                    public void onFree(int outsideSlot, int protocol, int port) {}
                });
        engine.take(
                new NatVersion(
                        List.of(new NatVersion.OutsideAddress(0, IpAddress.parse("192.0.2.1"))),
                        List.of(new NatVersion.InsideNetwork(0, IpAddress.parse("10.9.0.1"), null, false)),
                        List.of(new NatVersion.InsideEndpoint(1, 0, IpAddress.parse("10.9.0.2"), null)),
                        List.of(),
                        DnatRules.EMPTY,
                        List.of(),
                        new NatVersion.NatOptions(300_000, 1024, 65_535, 32_768, 60_999, true)),
                nowMs);
        packet.putByte(0, (byte) 0x45);
        Ipv4Header.totalLength(packet, 0, 92);
        Ipv4Header.protocol(packet, 0, IpProtocol.UDP);
        UdpHeader.length(packet, Ipv4Header.MIN_LENGTH, 72);
        UdpHeader.checksum(packet, Ipv4Header.MIN_LENGTH, 0x1234);
        classified = PacketClass.found(IpProtocol.UDP, Ipv4Header.MIN_LENGTH, 92, false, false);
    }

    /** As a container sends it. */
    void outbound(int port, int peer) {
        Ipv4Header.ttl(packet, 0, 64);
        Ipv4Header.sourceAddress(packet, 0, CONTAINER);
        Ipv4Header.destinationAddress(packet, 0, PEERS + peer);
        UdpHeader.sourcePort(packet, Ipv4Header.MIN_LENGTH, port);
        UdpHeader.destinationPort(packet, Ipv4Header.MIN_LENGTH, 53);
    }

    /** As its peer answers. */
    void inbound(int port, int peer) {
        Ipv4Header.ttl(packet, 0, 64);
        Ipv4Header.sourceAddress(packet, 0, PEERS + peer);
        Ipv4Header.destinationAddress(packet, 0, 0xC000_0201);
        UdpHeader.sourcePort(packet, Ipv4Header.MIN_LENGTH, 53);
        UdpHeader.destinationPort(packet, Ipv4Header.MIN_LENGTH, port);
    }

    int send() {
        return engine.outbound(packet, 0, classified, 0, 1, true, nowMs);
    }

    int receive() {
        return engine.inbound(packet, 0, classified, 0, false, nowMs);
    }

    /** Makes flows; number n is of port {@code FIRST_PORT + n % PORTS} to peer {@code n / PORTS}. */
    void fill(int flows) {
        for (int flow = 0; flow < flows; flow++) {
            outbound(FIRST_PORT + flow % PORTS, flow / PORTS);
            if (send() != NatEngine.FORWARD) {
                throw new IllegalStateException("flow " + flow + " was refused");
            }
        }
    }

    private static UnsafeBuffer memory(long length) {
        return new UnsafeBuffer(ByteBuffer.allocateDirect(Math.toIntExact(length)));
    }
}
