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
 * Cuts a super-frame into the packets that its sender would have made without offloads (O5). One object per worker,
 * used for one super-frame after the other.
 *
 * <h2>Theory of operation</h2>
 *
 * Each piece repeats the headers, and takes the next gsoSize bytes of the payload:
 *
 * <pre>
 *   super-frame   | headers | payload ............................................ |
 *   piece 0       | headers | gsoSize |
 *   piece 1                  | headers | gsoSize |
 *   last piece                                            | headers | the remainder |
 * </pre>
 *
 * <p>In the headers of a piece are its own: IPv4's length, identification (one more each) and checksum, IPv6's
 * length, UDP's length, TCP's sequence number, and the complete checksum. FIN and PSH belong to the last byte and are
 * left to the last piece, CWR is said once, by the first (RFC 3168 §6.1.2). It is what Linux makes, byte for byte.
 *
 * <p>The payload need not be copied: {@link #header} writes the headers of a piece to wherever a vectored write takes
 * them from, {@link #payloadOffset} and {@link #payloadLength} say what follows. {@link #frame} copies both.
 *
 * <p>No call allocates.
 */
public final class Segmentation {
    /** Most pieces: enough for 64 KiB at the smallest segment size that Linux agrees to, 48 less its options. */
    public static final int MAX_PIECES = 2048;

    private int frame;
    private long found;
    private int headerLength;
    private int payloadLength;
    private int size;
    private int pieces;

    /** For one worker. */
    public Segmentation() {}

    /**
     * {@return how many pieces there are, or the code of a {@link VxlanDrop}} The other methods are about this
     * super-frame then, and are given the same buffer.
     *
     * @param offset where the virtio header of 10 bytes begins
     * @param length of that header and the frame
     */
    public int begin(DirectBuffer b, int offset, int length) {
        frame = offset + TunnelHeader.PLAIN_LENGTH;
        found = InnerPacket.find(b, frame, length - TunnelHeader.PLAIN_LENGTH);
        headerLength = SuperFrame.headerLength(b, offset, found);
        if (headerLength < 0) {
            return headerLength;
        }
        payloadLength = InnerPacket.end(found) - headerLength;
        size = TunnelHeader.gsoSize(b, offset);
        pieces = Math.max(1, (payloadLength + size - 1) / size);
        return pieces > MAX_PIECES ? VxlanDrop.TOO_MANY.code() : pieces;
    }

    /** {@return bytes of the headers of each piece, Ethernet's included} */
    public int headerLength() {
        return headerLength;
    }

    /** {@return where in the super-frame's buffer a piece's payload begins} */
    public int payloadOffset(int piece) {
        return frame + headerLength + piece * size;
    }

    /** {@return bytes of a piece's payload} */
    public int payloadLength(int piece) {
        return Math.min(size, payloadLength - piece * size);
    }

    /** {@return bytes of a piece, headers included} */
    public int length(int piece) {
        return headerLength + payloadLength(piece);
    }

    /**
     * Writes a piece as a frame of its own; {@return its length}
     *
     * @param out another buffer, or a place of the same one that is not the super-frame's
     */
    public int frame(DirectBuffer b, int piece, MutableDirectBuffer out, int at) {
        header(b, piece, out, at);
        out.putBytes(at + headerLength, b, payloadOffset(piece), payloadLength(piece));
        return length(piece);
    }

    /** Writes the headers of a piece, with the checksums over its payload. */
    public void header(DirectBuffer b, int piece, MutableDirectBuffer out, int at) {
        out.putBytes(at, b, frame, headerLength);
        int network = InnerPacket.network(found);
        int packet = at + network;
        int length = length(piece) - network;
        if (InnerPacket.isIpv6(found)) {
            Ipv6Header.payloadLength(out, packet, length - Ipv6Header.LENGTH);
        } else {
            Ipv4Header.totalLength(out, packet, length);
            Ipv4Header.identification(out, packet, Ipv4Header.identification(out, packet) + piece);
            Ipv4Header.updateChecksum(out, packet);
        }
        int transport = at + InnerPacket.transport(found);
        int transportLength = length(piece) - InnerPacket.transport(found);
        long sum = InnerPacket.pseudoHeader(out, at, found, transportLength)
                + InternetChecksum.sum(b, payloadOffset(piece), payloadLength(piece));
        if (InnerPacket.protocol(found) == IpProtocol.TCP) {
            tcp(out, transport, piece, sum);
        } else {
            UdpHeader.length(out, transport, transportLength);
            UdpHeader.checksum(out, transport, 0);
            sum += InternetChecksum.sum(out, transport, UdpHeader.LENGTH);
            UdpHeader.checksum(out, transport, InternetChecksum.finishUdp(sum));
        }
    }

    private void tcp(MutableDirectBuffer out, int transport, int piece, long sum) {
        int flags = TcpHeader.flags(out, transport);
        if (piece > 0) {
            flags &= ~TcpHeader.CWR;
        }
        if (piece < pieces - 1) {
            flags &= ~(TcpHeader.FIN | TcpHeader.PSH);
        }
        TcpHeader.flags(out, transport, flags);
        TcpHeader.sequence(out, transport, TcpHeader.sequence(out, transport) + piece * size);
        TcpHeader.checksum(out, transport, 0);
        long header = InternetChecksum.sum(out, transport, headerLength - InnerPacket.transport(found));
        TcpHeader.checksum(out, transport, InternetChecksum.finish(sum + header));
    }
}
