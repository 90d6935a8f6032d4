package io.tapswitch.vxlan;

import io.tapswitch.wire.EtherType;
import io.tapswitch.wire.EthernetHeader;
import io.tapswitch.wire.InternetChecksum;
import io.tapswitch.wire.IpProtocol;
import io.tapswitch.wire.Ipv4Header;
import io.tapswitch.wire.Ipv6Header;
import io.tapswitch.wire.Seeds;
import io.tapswitch.wire.TcpHeader;
import io.tapswitch.wire.UdpHeader;
import java.nio.ByteOrder;
import java.util.random.RandomGenerator;
import org.agrona.concurrent.UnsafeBuffer;

/** Inner frames as a container's TAP delivers them, and a slot to lay them into. */
final class InnerFrames {
    static final int SLOT = 69_824;
    static final int HEADROOM = 128;
    /** Where the virtio header of 10 bytes begins in a slot. */
    static final int AT = HEADROOM;
    /** Where the frame begins. */
    static final int FRAME = AT + TunnelHeader.PLAIN_LENGTH;

    private static final int IP = EthernetHeader.LENGTH;

    private InnerFrames() {}

    /** What a TCP or UDP frame is made of. */
    record Shape(boolean ipv6, boolean tcp, int options, int payload, int flags) {
        static Shape random(RandomGenerator random, int maxPayload) {
            boolean tcp = random.nextBoolean();
            int flags = TcpHeader.ACK
                    | (random.nextInt(3) == 0 ? TcpHeader.PSH : 0)
                    | (random.nextInt(5) == 0 ? TcpHeader.FIN : 0)
                    | (random.nextInt(5) == 0 ? TcpHeader.CWR : 0)
                    | (random.nextInt(5) == 0 ? TcpHeader.ECE : 0);
            int options = tcp ? 4 * random.nextInt(11) : 0;
            return new Shape(random.nextBoolean(), tcp, options, 1 + random.nextInt(maxPayload), flags);
        }

        int transport() {
            return IP + (ipv6 ? Ipv6Header.LENGTH : Ipv4Header.MIN_LENGTH);
        }

        int headers() {
            return transport() + (tcp ? TcpHeader.MIN_LENGTH + options : UdpHeader.LENGTH);
        }

        int frame() {
            return headers() + payload;
        }

        int csumOffset() {
            return tcp ? TcpHeader.CHECKSUM_OFFSET : UdpHeader.CHECKSUM_OFFSET;
        }

        int gsoType() {
            int ecn = (flags & TcpHeader.CWR) != 0 ? TunnelHeader.GSO_ECN : 0;
            return tcp ? ecn | (ipv6 ? TunnelHeader.GSO_TCPV6 : TunnelHeader.GSO_TCPV4) : TunnelHeader.GSO_UDP_L4;
        }
    }

    static UnsafeBuffer slot() {
        return new UnsafeBuffer(new byte[SLOT]);
    }

    /** Lays a frame with random addresses, ports and payload at {@link #FRAME}; {@return its length with its header} */
    static int lay(UnsafeBuffer slot, RandomGenerator random, Shape shape) {
        TunnelHeader.clearPlain(slot, AT);
        slot.putBytes(FRAME, Seeds.bytes(random, shape.frame()));
        EthernetHeader.destination(slot, FRAME, 0x0242_0A00_0003L);
        EthernetHeader.source(slot, FRAME, 0x0242_0A00_0002L);
        int packet = FRAME + IP;
        int length = shape.frame() - IP;
        if (shape.ipv6) {
            EthernetHeader.etherType(slot, FRAME, EtherType.IPV6);
            Ipv6Header.trafficClassAndFlowLabel(slot, packet, random.nextInt(256), random.nextInt(0x10_0000));
            Ipv6Header.payloadLength(slot, packet, length - Ipv6Header.LENGTH);
            Ipv6Header.nextHeader(slot, packet, shape.tcp ? IpProtocol.TCP : IpProtocol.UDP);
        } else {
            EthernetHeader.etherType(slot, FRAME, EtherType.IPV4);
            Ipv4Header.headerLength(slot, packet, Ipv4Header.MIN_LENGTH);
            Ipv4Header.totalLength(slot, packet, length);
            Ipv4Header.fragment(slot, packet, random.nextBoolean(), false, 0);
            Ipv4Header.protocol(slot, packet, shape.tcp ? IpProtocol.TCP : IpProtocol.UDP);
            Ipv4Header.updateChecksum(slot, packet);
        }
        int transport = FRAME + shape.transport();
        if (shape.tcp) {
            TcpHeader.dataOffset(slot, transport, TcpHeader.MIN_LENGTH + shape.options);
            TcpHeader.flags(slot, transport, shape.flags);
        } else {
            UdpHeader.length(slot, transport, shape.frame() - shape.transport());
        }
        checksum(slot, FRAME, shape, InternetChecksum.fold(pseudoHeader(slot, FRAME, shape)));
        return TunnelHeader.PLAIN_LENGTH + shape.frame();
    }

    /** Makes the laid frame a super-frame. */
    static void superFrame(UnsafeBuffer slot, Shape shape, int size) {
        TunnelHeader.gso(slot, AT, shape.gsoType(), shape.headers(), size);
        partial(slot, shape);
    }

    /** Says that the laid frame's checksum is partial, as it was laid. */
    static void partial(UnsafeBuffer slot, Shape shape) {
        TunnelHeader.checksum(slot, AT, TunnelHeader.NEEDS_CSUM, shape.transport(), shape.csumOffset());
    }

    /** Completes the laid frame's checksum. */
    static void complete(UnsafeBuffer slot, Shape shape) {
        int transport = shape.transport();
        InternetChecksum.complete(slot, FRAME + transport, shape.csumOffset(), shape.frame() - transport);
    }

    static boolean isRight(UnsafeBuffer slot, int frame, Shape shape) {
        long sum = pseudoHeader(slot, frame, shape)
                + InternetChecksum.sum(slot, frame + shape.transport(), shape.frame() - shape.transport());
        return InternetChecksum.isValid(sum);
    }

    private static void checksum(UnsafeBuffer slot, int frame, Shape shape, int checksum) {
        slot.putShort(frame + shape.transport() + shape.csumOffset(), (short) checksum, ByteOrder.BIG_ENDIAN);
    }

    static long pseudoHeader(UnsafeBuffer slot, int frame, Shape shape) {
        int addresses = shape.ipv6 ? 32 : 8;
        int protocol = shape.tcp ? IpProtocol.TCP : IpProtocol.UDP;
        return InternetChecksum.sum(slot, frame + shape.transport() - addresses, addresses)
                + protocol
                + shape.frame()
                - shape.transport();
    }

    static byte[] bytes(UnsafeBuffer slot, int from, int length) {
        byte[] bytes = new byte[length];
        slot.getBytes(from, bytes);
        return bytes;
    }
}
