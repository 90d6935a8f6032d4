package io.tapswitch.vxlan;

import io.tapswitch.bench.PerCall;
import io.tapswitch.wire.EtherType;
import io.tapswitch.wire.EthernetHeader;
import io.tapswitch.wire.InternetChecksum;
import io.tapswitch.wire.IpProtocol;
import io.tapswitch.wire.Ipv4Header;
import io.tapswitch.wire.TcpHeader;
import java.nio.ByteBuffer;
import org.agrona.concurrent.UnsafeBuffer;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Setup;

/**
 * A frame into a VXLAN tunnel and out of it, a super-frame of 45 segments cut and joined; each against copying the same
 * bytes once. The bar for encapsulation is 40 ns. Memory is that of the switch, outside the heap.
 */
public class TunnelBenchmark extends PerCall {
    private static final int SLOT = 69_824;
    private static final int AT = 128;
    private static final int FRAME = AT + TunnelHeader.PLAIN_LENGTH;
    private static final int IP = FRAME + EthernetHeader.LENGTH;
    private static final int TCP = IP + Ipv4Header.MIN_LENGTH;
    private static final int HEADERS = EthernetHeader.LENGTH + Ipv4Header.MIN_LENGTH + TcpHeader.MIN_LENGTH + 12;
    private static final int SEGMENT = 1398;
    private static final int SEGMENTS = 45;

    private final Encapsulation tunnel = Encapsulation.ipv4(1, 2, 0xC000_0201, 0xC000_0202, VxlanHeader.PORT, 4096);
    private final Decapsulation decapsulation = new Decapsulation(true);
    private final Segmentation segmentation = new Segmentation();
    private final Coalescing coalescing = new Coalescing(true);

    private final UnsafeBuffer complete = slot();
    private final UnsafeBuffer partial = slot();
    private final UnsafeBuffer received = slot();
    private final UnsafeBuffer whole = slot();
    private final UnsafeBuffer train = slot();
    private final UnsafeBuffer target = slot();

    private final byte[] virtio = new byte[TunnelHeader.PLAIN_LENGTH];
    private final byte[] outer = new byte[TunnelHeader.LENGTH + Encapsulation.IPV4_OVERHEAD];
    private final byte[] packets = new byte[SEGMENTS * (VxlanHeader.LENGTH + HEADERS + SEGMENT)];
    private int trainLength;

    private static UnsafeBuffer slot() {
        return new UnsafeBuffer(ByteBuffer.allocateDirect(SLOT));
    }

    /** A full segment with its checksum complete and partial, the same as received, and a super-frame as a train. */
    @Setup
    public void setup() {
        lay(complete, SEGMENT);
        InternetChecksum.complete(complete, TCP, TcpHeader.CHECKSUM_OFFSET, HEADERS - 34 + SEGMENT);
        lay(partial, SEGMENT);
        TunnelHeader.checksum(partial, AT, TunnelHeader.NEEDS_CSUM, 34, TcpHeader.CHECKSUM_OFFSET);
        partial.getBytes(AT, virtio);
        received.putBytes(0, complete, 0, SLOT);
        int at = tunnel.apply(received, AT, length(SEGMENT), 1);
        TunnelHeader.checksum(received, at, TunnelHeader.DATA_VALID, 0, 0);
        received.getBytes(at, outer);
        lay(whole, SEGMENTS * SEGMENT);
        TunnelHeader.gso(whole, AT, TunnelHeader.GSO_TCPV4, HEADERS, SEGMENT);
        TunnelHeader.checksum(whole, AT, TunnelHeader.NEEDS_CSUM, 34, TcpHeader.CHECKSUM_OFFSET);
        if (segment() != SEGMENTS) {
            throw new IllegalStateException("what is to be cut is no super-frame");
        }
        int end = AT + SEGMENTS * 2;
        int pieces = segmentation.begin(whole, AT, length(SEGMENTS * SEGMENT));
        for (int i = 0; i < pieces; i++) {
            VxlanHeader.write(train, end, 4096);
            end += VxlanHeader.LENGTH + segmentation.frame(whole, i, train, end + VxlanHeader.LENGTH);
        }
        trainLength = end - AT - SEGMENTS * 2;
        train.getBytes(AT + SEGMENTS * 2, packets);
        if (coalesce() != 1 || decapsulate() != AT || encapsulate() < 0 || encapsulateAndSum() < 0) {
            throw new IllegalStateException("what is to be measured is not valid");
        }
    }

    private static void lay(UnsafeBuffer b, int payload) {
        EthernetHeader.destination(b, FRAME, 0x0242_0A00_0003L);
        EthernetHeader.source(b, FRAME, 0x0242_0A00_0002L);
        EthernetHeader.etherType(b, FRAME, EtherType.IPV4);
        Ipv4Header.headerLength(b, IP, Ipv4Header.MIN_LENGTH);
        Ipv4Header.totalLength(b, IP, HEADERS - EthernetHeader.LENGTH + payload);
        Ipv4Header.fragment(b, IP, true, false, 0);
        Ipv4Header.ttl(b, IP, 64);
        Ipv4Header.protocol(b, IP, IpProtocol.TCP);
        Ipv4Header.sourceAddress(b, IP, 0x0A00_0002);
        Ipv4Header.destinationAddress(b, IP, 0x0A00_0003);
        Ipv4Header.updateChecksum(b, IP);
        TcpHeader.sourcePort(b, TCP, 40_000);
        TcpHeader.destinationPort(b, TCP, 5201);
        TcpHeader.dataOffset(b, TCP, TcpHeader.MIN_LENGTH + 12);
        TcpHeader.flags(b, TCP, TcpHeader.ACK);
        for (int i = 0; i < payload; i++) {
            b.putByte(FRAME + HEADERS + i, (byte) (i * 31));
        }
        int transport = HEADERS - 34 + payload;
        long pseudo = InternetChecksum.pseudoHeader(0x0A00_0002, 0x0A00_0003, IpProtocol.TCP, transport);
        TcpHeader.checksum(b, TCP, InternetChecksum.fold(pseudo));
    }

    private static int length(int payload) {
        return TunnelHeader.PLAIN_LENGTH + HEADERS + payload;
    }

    /** A packet of 1464 bytes whose outer checksum the kernel completes, with its virtio header laid before. */
    @Benchmark
    public int encapsulate() {
        TunnelHeader.clearPlain(complete, AT);
        return tunnel.apply(complete, AT, length(SEGMENT), 1);
    }

    /** The same with a partial checksum, for which the payload is read once. */
    @Benchmark
    public int encapsulateAndSum() {
        partial.putBytes(AT, virtio);
        return tunnel.apply(partial, AT, length(SEGMENT), 1);
    }

    /** A super-frame of 45 segments, whole. */
    @Benchmark
    public int encapsulateSuperFrame() {
        TunnelHeader.gso(whole, AT, TunnelHeader.GSO_TCPV4, HEADERS, SEGMENT);
        TunnelHeader.checksum(whole, AT, TunnelHeader.NEEDS_CSUM, 34, TcpHeader.CHECKSUM_OFFSET);
        return tunnel.apply(whole, AT, length(SEGMENTS * SEGMENT), 1);
    }

    /** A packet whose outer checksum the card has verified, with its outer headers laid before. */
    @Benchmark
    public int decapsulate() {
        int at = FRAME - outer.length;
        received.putBytes(at, outer);
        int read = decapsulation.read(received, at, FRAME - at + HEADERS + SEGMENT);
        return read < 0 ? read : decapsulation.open(received, false);
    }

    /** Baseline for a packet: its bytes copied. */
    @Benchmark
    public UnsafeBuffer copyPacket() {
        target.putBytes(AT, complete, AT, length(SEGMENT));
        return target;
    }

    /** 45 frames of their own, with complete checksums. */
    @Benchmark
    public int segment() {
        int pieces = segmentation.begin(whole, AT, length(SEGMENTS * SEGMENT));
        int at = AT;
        for (int i = 0; i < pieces; i++) {
            at += segmentation.frame(whole, i, target, at);
        }
        return pieces;
    }

    /** A train of 45 packets laid down, verified and made one super-frame; compare with {@link #layTrain}. */
    @Benchmark
    public int coalesce() {
        layTrain();
        int size = VxlanHeader.LENGTH + HEADERS + SEGMENT;
        return coalescing.train(train, AT + SEGMENTS * 2, trainLength, size, 0, false, 0, SLOT);
    }

    /** What of {@link #coalesce} is the laying down; and the baseline for 64 KiB: its bytes copied. */
    @Benchmark
    public UnsafeBuffer layTrain() {
        train.putBytes(AT + SEGMENTS * 2, packets);
        return train;
    }
}
