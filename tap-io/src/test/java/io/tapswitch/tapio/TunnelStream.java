package io.tapswitch.tapio;

import static io.tapswitch.tapio.TunnelLab.INNER;
import static io.tapswitch.tapio.TunnelLab.INNER_MAC;
import static io.tapswitch.tapio.TunnelLab.PEER;
import static io.tapswitch.tapio.TunnelLab.PEER_MAC;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.TreeMap;

/** A TCP connection that the kernel's end of a tunnel opens through it to the test, which takes all that comes. */
final class TunnelStream {
    private static final int PORT = 7000;
    private static final int BEGIN = 1000;
    private static final int FIN = 1;
    private static final int ACK = 0x10;
    private static final int PATIENCE_MS = 20_000;
    /** Segments of 1410 bytes, and a window of 8 MB. */
    private static final byte[] OPTIONS = {2, 4, 0x05, (byte) 0x82, 1, 3, 3, 7};

    private final TunnelLab lab;
    private final ByteArrayOutputStream received = new ByteArrayOutputStream();
    /** How many frames were read, by the type of their virtio header. */
    final TreeMap<Integer, Integer> types = new TreeMap<>();

    private int expected;
    private boolean ended;

    /**
     * The wire loses nothing, but this end may rest for some hundred milliseconds on a busy machine. The peer is not to
     * send again because of that: an end without selective acknowledgement and with the machine's own congestion
     * control can then take minutes for what is left.
     */
    TunnelStream(TunnelLab lab) {
        this.lab = lab;
        lab.hosts.outside.run("ip route change 10.5.0.0/24 dev vx4 src " + PEER + " rto_min 60s congctl reno");
    }

    int frames() {
        return types.values().stream().mapToInt(Integer::intValue).sum();
    }

    /** Lets the peer send these bytes, and gives back those that came. */
    byte[] carry(byte[] bytes) {
        Thread sender = Thread.ofPlatform().daemon().start(() -> send(bytes));
        TestNamespace.await("the end of a stream", PATIENCE_MS, () -> {
            byte[] frame = lab.queues.tryReadAny();
            while (frame != null) {
                types.merge(TunnelFrames.type(frame), 1, Integer::sum);
                TunnelFrames.inner(frame).forEach(this::take);
                frame = lab.queues.tryReadAny();
            }
            return ended && !sender.isAlive();
        });
        return received.toByteArray();
    }

    private void send(byte[] bytes) {
        lab.hosts.<Boolean, RuntimeException>inOutside(() -> {
            try (Socket socket = new Socket()) {
                socket.connect(new InetSocketAddress(INNER, PORT), PATIENCE_MS);
                socket.getOutputStream().write(bytes);
            } catch (java.io.IOException e) {
                throw new java.io.UncheckedIOException(e);
            }
            return true;
        });
    }

    private void take(byte[] inner) {
        ByteBuffer frame = ByteBuffer.wrap(inner);
        int tcp = IpFrames.ETHERNET + IpFrames.IPV4;
        assertThat(inner[IpFrames.ETHERNET + 9]).isEqualTo((byte) IpFrames.TCP);
        assertThat(Arrays.copyOf(inner, 6)).isEqualTo(INNER_MAC);
        int port = frame.getShort(tcp) & 0xffff;
        int sequence = frame.getInt(tcp + 4);
        int flags = inner[tcp + 13];
        int data = tcp + (inner[tcp + 12] >>> 4 & 0xf) * 4;
        int length = IpFrames.ETHERNET + (frame.getShort(IpFrames.ETHERNET + 2) & 0xffff) - data;
        if ((flags & IpFrames.SYN) != 0) {
            expected = sequence + 1;
            answer(port, BEGIN, IpFrames.SYN_ACK, OPTIONS);
            return;
        }
        // What is sent again may be cut otherwise than the first time, and so begin before what is missing.
        int known = expected - sequence;
        if (known >= 0 && known <= length && !ended) {
            received.write(inner, data + known, length - known);
            ended = (flags & FIN) != 0;
            expected = sequence + length + (flags & FIN);
        }
        if (length > 0 || (flags & FIN) != 0) {
            // Ends its own side only when all came: the peer takes no acknowledgement whose number is before a FIN.
            answer(port, BEGIN + 1, ended ? ACK | FIN : ACK, new byte[0]);
        }
    }

    private void answer(int port, int sequence, int flags, byte[] options) {
        byte[] segment = IpFrames.tcp(INNER, PEER, PORT, port, sequence, expected, flags, options);
        byte[] packet = IpFrames.ipv4(INNER, PEER, IpFrames.TCP, 1, 0, segment);
        byte[] inner = IpFrames.ethernet(PEER_MAC, INNER_MAC, packet, 0x0800);
        lab.queues.write(0, TunnelFrames.plain(SteeringLab.HOST, SteeringLab.OUTSIDE, 50_001, inner));
    }
}
