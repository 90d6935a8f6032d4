package io.tapswitch.vxlan;

import io.tapswitch.wire.EthernetHeader;
import io.tapswitch.wire.IpProtocol;
import io.tapswitch.wire.Ipv4Header;
import io.tapswitch.wire.Ipv6Header;
import org.agrona.DirectBuffer;

/**
 * The outer UDP source port of an inner frame (RFC 7348 §5): a hash of its flow, so that routers and cards which spread
 * packets by their ports spread flows and never the packets of one (V2).
 *
 * <p>What a flow is depends on what the frame carries: addresses, protocol and ports; of a fragment, whose ports may be
 * elsewhere, addresses and protocol, also of the first one; of an IPv6 packet with extension headers its addresses
 * only; of anything else the two MAC addresses. The range is the one that IANA left free for such use, and a power of
 * two.
 *
 * <p>Whoever wants many flows on one port can have that, and harms only himself, so the hash needs no key. Stateless;
 * no call allocates.
 */
public final class FlowEntropy {
    /** The smallest port. */
    public static final int FIRST_PORT = 49_152;

    private static final int MASK = 0x3FFF;
    private static final long LOW_32 = 0xFFFF_FFFFL;
    /** Odd numbers without a pattern: the fractions of the golden ratio and of two square roots. */
    private static final long K1 = 0x9E37_79B9_7F4A_7C15L;

    private static final long K2 = 0xBB67_AE85_84CA_A73BL;
    private static final long K3 = 0x3C6E_F372_FE94_F82BL;

    private FlowEntropy() {}

    /**
     * {@return the port, 49152 to 65535}
     *
     * @param frame where the inner Ethernet header begins
     * @param length bytes of the inner frame, at least those of the Ethernet header
     */
    public static int sourcePort(DirectBuffer b, int frame, int length) {
        return sourcePort(b, frame, InnerPacket.find(b, frame, length));
    }

    static int sourcePort(DirectBuffer b, int frame, long found) {
        if (found < 0) {
            return port(EthernetHeader.destination(b, frame) * K1 ^ EthernetHeader.source(b, frame) * K2);
        }
        int packet = frame + InnerPacket.network(found);
        if (InnerPacket.isIpv6(found)) {
            long source = Ipv6Header.sourceHi(b, packet) * K2 ^ Ipv6Header.sourceLo(b, packet);
            long destination = Ipv6Header.destinationHi(b, packet) * K3 ^ Ipv6Header.destinationLo(b, packet);
            long rest = InnerPacket.isPlain(found) ? protocolAndPorts(b, frame, found) : 0;
            return port(mixed(source) * K1 ^ mixed(destination) * K2 ^ rest * K3);
        }
        long source = Ipv4Header.sourceAddress(b, packet) & LOW_32;
        long destination = Ipv4Header.destinationAddress(b, packet) & LOW_32;
        return port((source << 32 | destination) * K1 ^ mixed(protocolAndPorts(b, frame, found) * K3));
    }

    private static long protocolAndPorts(DirectBuffer b, int frame, long found) {
        int protocol = InnerPacket.protocol(found);
        int transport = InnerPacket.transport(found);
        if (InnerPacket.isFragment(found) || !hasPorts(protocol) || InnerPacket.end(found) - transport < 4) {
            return protocol;
        }
        return (b.getInt(frame + transport) & LOW_32) << 8 | protocol;
    }

    private static boolean hasPorts(int protocol) {
        return switch (protocol) {
            case IpProtocol.TCP, IpProtocol.UDP, IpProtocol.SCTP, IpProtocol.DCCP, IpProtocol.UDP_LITE -> true;
            default -> false;
        };
    }

    private static int port(long hash) {
        long h = mixed(hash) * K2;
        return FIRST_PORT | ((int) (h >>> 40) & MASK);
    }

    private static long mixed(long word) {
        return word ^ (word >>> 32);
    }
}
