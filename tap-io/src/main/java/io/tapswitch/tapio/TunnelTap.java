package io.tapswitch.tapio;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The TAP beside a device of the host by which packets of UDP tunnels come and go: an {@link UplinkTap} whose frames
 * may be super-frames inside a tunnel.
 *
 * <p><b>Theory of operation.</b> The header in front of each frame is struct virtio_net_hdr_v1_hash_tunnel of
 * linux/virtio_net.h: 24 bytes, whose last four say where the tunnel's UDP header and the inner network header begin.
 * So an inner super-frame leaves whole, with one set of outer headers and the inner checksum unfinished; whoever is
 * last on the way cuts it into packets, the card where it can, else the kernel. From a peer on the same machine it
 * comes whole. {@link Steering} takes what is for a tunnel's port in here, and sends out what is written here by the
 * same device.
 *
 * <p>No worker owns a tunnel's port: a frame comes by a queue that follows from its addresses and ports, those of a
 * flow by one queue, because its sender derives the outer source port from the flow (RFC 7348 section 4.1).
 *
 * <p>Limits: Linux 6.17 ({@link #unsupported}). What came over a wire is single packets, or many that GRO merged as
 * datagrams of equal length (VIRTIO_NET_HDR_GSO_UDP_L4), without a word of the tunnel. The checksum to be completed may
 * be an inner one also of a single packet.
 */
public final class TunnelTap {
    /** Bytes of the header in front of each frame. */
    public static final int HEADER_LENGTH = 24;

    static final String TOO_OLD = "the kernel's TAPs take no super-frames inside tunnels, as Linux 6.17 and later do";

    private static final String PROBE_NAME = "tapswitch-p%d";

    private TunnelTap() {}

    /** {@return a new one, as {@link UplinkTap#create} makes it} */
    public static UplinkTap create(String namePattern, int queues, String alias) {
        return UplinkTap.create(namePattern, queues, alias, HEADER_LENGTH);
    }

    /** {@return one that an earlier process made, as {@link UplinkTap#adopt} takes it over} */
    public static UplinkTap adopt(List<Integer> files) {
        return UplinkTap.adopt(files, HEADER_LENGTH);
    }

    /** {@return whether this kernel can have one} */
    public static boolean isSupported() {
        return unsupported() == null;
    }

    /**
     * {@return why one cannot be had, null when it can} It is found out with a TAP in the calling thread's namespace
     * that is there for a moment.
     */
    public static @Nullable String unsupported() {
        try {
            TapDevice.createMultiQueue(PROBE_NAME, 1, HEADER_LENGTH).close();
            return null;
        } catch (DeviceException e) {
            return e.getMessage();
        }
    }
}
