package io.tapswitch.tapio;

import static org.assertj.core.api.Assertions.assertThat;

import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;

class VirtioNetHeaderTest {
    private static final int OFFSET = 3;
    private final UnsafeBuffer buffer = new UnsafeBuffer(new byte[32]);

    @Test
    void readsTheHeaderThatATapGivesForATcpSuperFrame() {
        // flags 1, TCPv4, headers 66, pieces of 1448, checksum from 34 at 16: as read from a TAP (requirements O1).
        buffer.putBytes(OFFSET, new byte[] {1, 1, 66, 0, (byte) 0xa8, 5, 34, 0, 16, 0});
        assertThat(VirtioNetHeader.flags(buffer, OFFSET)).isEqualTo(VirtioNetHeader.NEEDS_CSUM);
        assertThat(VirtioNetHeader.gsoType(buffer, OFFSET)).isEqualTo(VirtioNetHeader.GSO_TCPV4);
        assertThat(VirtioNetHeader.hdrLen(buffer, OFFSET)).isEqualTo(66);
        assertThat(VirtioNetHeader.gsoSize(buffer, OFFSET)).isEqualTo(1448);
        assertThat(VirtioNetHeader.csumStart(buffer, OFFSET)).isEqualTo(34);
        assertThat(VirtioNetHeader.csumOffset(buffer, OFFSET)).isEqualTo(16);
    }

    @Test
    void writesEachFieldAlone() {
        VirtioNetHeader.flags(buffer, OFFSET, 0xff);
        VirtioNetHeader.gsoType(buffer, OFFSET, VirtioNetHeader.GSO_TCPV6 | VirtioNetHeader.GSO_ECN);
        VirtioNetHeader.hdrLen(buffer, OFFSET, 0xfedc);
        VirtioNetHeader.gsoSize(buffer, OFFSET, 0xba98);
        VirtioNetHeader.csumStart(buffer, OFFSET, 0x7654);
        VirtioNetHeader.csumOffset(buffer, OFFSET, 0xffff);
        assertThat(VirtioNetHeader.flags(buffer, OFFSET)).isEqualTo(0xff);
        assertThat(VirtioNetHeader.gsoType(buffer, OFFSET)).isEqualTo(0x84);
        assertThat(VirtioNetHeader.hdrLen(buffer, OFFSET)).isEqualTo(0xfedc);
        assertThat(VirtioNetHeader.gsoSize(buffer, OFFSET)).isEqualTo(0xba98);
        assertThat(VirtioNetHeader.csumStart(buffer, OFFSET)).isEqualTo(0x7654);
        assertThat(VirtioNetHeader.csumOffset(buffer, OFFSET)).isEqualTo(0xffff);
        assertThat(buffer.getByte(OFFSET - 1)).isZero();
        assertThat(buffer.getByte(OFFSET + VirtioNetHeader.LENGTH)).isZero();
    }

    @Test
    void clearsTheHeaderAndNothingElse() {
        buffer.setMemory(0, 32, (byte) 7);
        VirtioNetHeader.clear(buffer, OFFSET);
        for (int i = 0; i < 32; i++) {
            boolean inside = i >= OFFSET && i < OFFSET + VirtioNetHeader.LENGTH;
            assertThat(buffer.getByte(i)).isEqualTo((byte) (inside ? 0 : 7));
        }
    }
}
