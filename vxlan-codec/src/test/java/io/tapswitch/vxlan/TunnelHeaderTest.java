package io.tapswitch.vxlan;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HexFormat;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;

class TunnelHeaderTest {
    private final UnsafeBuffer b = new UnsafeBuffer(new byte[26]);

    private String hex() {
        return HexFormat.of().formatHex(b.byteArray());
    }

    /** As struct virtio_net_hdr_v1_hash_tunnel of linux/virtio_net.h, little endian. */
    @Test
    void fieldsStandWhereTheKernelHasThem() {
        b.setMemory(0, 26, (byte) 0xEE);
        TunnelHeader.clear(b, 1);
        TunnelHeader.gso(b, 1, 0x21, 0x0102, 0x0304);
        TunnelHeader.checksum(b, 1, 9, 0x0506, 0x0708);
        TunnelHeader.tunnel(b, 1, 0x090A, 0x0B0C);
        assertThat(hex()).isEqualTo("ee0921020104030605080700000000000000000000" + "0a090c0bee");
        assertThat(TunnelHeader.flags(b, 1)).isEqualTo(9);
        assertThat(TunnelHeader.gsoType(b, 1)).isEqualTo(0x21);
        assertThat(TunnelHeader.hdrLen(b, 1)).isEqualTo(0x0102);
        assertThat(TunnelHeader.gsoSize(b, 1)).isEqualTo(0x0304);
        assertThat(TunnelHeader.csumStart(b, 1)).isEqualTo(0x0506);
        assertThat(TunnelHeader.csumOffset(b, 1)).isEqualTo(0x0708);
        assertThat(TunnelHeader.outerTransport(b, 1)).isEqualTo(0x090A);
        assertThat(TunnelHeader.innerNetwork(b, 1)).isEqualTo(0x0B0C);
    }

    @Test
    void theHeaderWithoutTunnelsIsClearedAlone() {
        b.setMemory(0, 26, (byte) 0xEE);
        TunnelHeader.clearPlain(b, 2);
        assertThat(hex()).isEqualTo("eeee" + "00".repeat(10) + "ee".repeat(14));
    }
}
