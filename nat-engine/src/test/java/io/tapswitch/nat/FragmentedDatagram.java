package io.tapswitch.nat;

import io.tapswitch.wire.InternetChecksum;
import io.tapswitch.wire.IpProtocol;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.random.RandomGenerator;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * A UDP datagram of a test, and packets that carry parts of it. Made with byte buffers only, so that the code under
 * test does not judge itself.
 */
final class FragmentedDatagram {
    static final int DESTINATION = 0xC000_0209;
    static final int FRAGMENT_HEADER = 8;
    private static final int IPV4_HEADER = 20;
    private static final int IPV6_HEADER = 40;

    final boolean ipv6;
    final int identification;
    /** UDP header and its payload, checksum right. */
    final byte[] udp;

    int source = 0x0A09_0002;
    int protocol = IpProtocol.UDP;
    int trafficClass;
    boolean dontFragment;
    byte[] options = {};
    /** IPv6 extension headers before the fragment header, the last one's next header being 44. */
    byte[] perFragment = {};

    int firstNextHeader = 44;

    FragmentedDatagram(boolean ipv6, int identification, int length, RandomGenerator random) {
        this.ipv6 = ipv6;
        this.identification = identification;
        udp = new byte[length];
        random.nextBytes(udp);
        ByteBuffer header = ByteBuffer.wrap(udp);
        header.putShort(0, (short) 7004).putShort(2, (short) 9000).putShort(4, (short) length);
        header.putShort(6, (short) 0);
        header.putShort(6, (short) InternetChecksum.finishUdp(sum(udp)));
    }

    /** The sum that is right when it folds to 0xffff. */
    long sum(byte[] segment) {
        long payload = InternetChecksum.sum(new UnsafeBuffer(segment), 0, segment.length);
        return payload
                + (ipv6
                        ? InternetChecksum.pseudoHeader(hi(), source, hi(), DESTINATION, protocol, segment.length)
                        : InternetChecksum.pseudoHeader(source, DESTINATION, protocol, segment.length));
    }

    private static long hi() {
        return 0x2001_0db8_0000_0000L;
    }

    /** Bytes before a fragment's payload. */
    int headerLength() {
        return ipv6 ? IPV6_HEADER + perFragment.length + FRAGMENT_HEADER : IPV4_HEADER + options.length;
    }

    /** The packet of bytes from..to of the datagram. */
    byte[] part(int from, int to) {
        return part(from, Arrays.copyOfRange(udp, from, to), to < udp.length);
    }

    /** A packet with any payload at any place. */
    byte[] part(int from, byte[] payload, boolean more) {
        ByteBuffer b = ByteBuffer.allocate(headerLength() + payload.length);
        if (ipv6) {
            b.putInt(6 << 28 | trafficClass << 20);
            b.putShort((short) (perFragment.length + FRAGMENT_HEADER + payload.length));
            b.put((byte) firstNextHeader).put((byte) 64);
            b.putLong(hi()).putLong(source).putLong(hi()).putLong(DESTINATION);
            b.put(perFragment);
            b.put((byte) protocol).put((byte) 0).putShort((short) (from | (more ? 1 : 0)));
            b.putInt(identification);
        } else {
            b.put((byte) (4 << 4 | headerLength() / 4)).put((byte) trafficClass).putShort((short) b.capacity());
            b.putShort((short) identification);
            b.putShort((short) ((dontFragment ? 0x4000 : 0) | (more ? 0x2000 : 0) | from / 8));
            b.put((byte) 64).put((byte) protocol).putShort((short) 0);
            b.putInt(source).putInt(DESTINATION);
            b.put(options);
            b.putShort(10, (short) InternetChecksum.compute(new UnsafeBuffer(b.array()), 0, b.position()));
        }
        return b.put(payload).array();
    }

    /** All parts of at most {@code step} bytes, in order. */
    byte[][] parts(int step) {
        byte[][] parts = new byte[(udp.length + step - 1) / step][];
        for (int i = 0; i < parts.length; i++) {
            parts[i] = part(i * step, Math.min(udp.length, (i + 1) * step));
        }
        return parts;
    }

    /** Bytes of headers of the whole packet. */
    int wholeHeaderLength() {
        return headerLength() - (ipv6 ? FRAGMENT_HEADER : 0);
    }
}
