package io.tapswitch.core.dataplane;

import static io.tapswitch.core.dataplane.TestSwitch.address;
import static io.tapswitch.core.dataplane.TestSwitch.mac;
import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.core.dataplane.Frames.Frame;
import io.tapswitch.tapio.FrameMemory;
import io.tapswitch.tapio.VirtioNetHeader;
import io.tapswitch.wire.IpProtocol;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Offload headers (O7, O8) and frames of every length and content. */
class FrameValidatorTest {
    private static final int TCP_HEADERS = 14 + 20 + 20;
    private final Bridge bridge = new Bridge(TestSwitch.NETWORK, 1);

    private int validate(Frame frame) {
        return FrameValidator.validate(frame.buffer(), 0, frame.bytes.length, bridge);
    }

    private void refused(Frame frame, DropReason reason) {
        assertThat(validate(frame)).as("verdict").isNegative();
        assertThat(DropReason.of(validate(frame))).isEqualTo(reason);
    }

    private static Frame superFrame(int payloadLength, int gsoSize) {
        Frame frame = Frames.ipv4(mac(1), mac(0), address(0), address(1), IpProtocol.TCP, 20 + payloadLength);
        frame.with(14 + 20 + 12, 0x50);
        return frame.offload(VirtioNetHeader.NEEDS_CSUM, VirtioNetHeader.GSO_TCPV4, gsoSize, TCP_HEADERS, 34, 16);
    }

    @Test
    void O1_superFramesPass() {
        assertThat(validate(superFrame(65_000, 1460))).isEqualTo(Verdict.PASS);
        assertThat(validate(superFrame(1_000, 1460))).isEqualTo(Verdict.PASS);
        Frame udp = Frames.udp(mac(1), mac(0), address(0), address(1), 60_000)
                .offload(VirtioNetHeader.NEEDS_CSUM, VirtioNetHeader.GSO_UDP_L4, 1472, 42, 34, 6);
        assertThat(validate(udp)).isEqualTo(Verdict.PASS);
    }

    @Test
    void B6_theSegmentsOfASuperFrameMustFitTheMtuToo() {
        refused(superFrame(65_000, 1465), DropReason.OVERSIZE);
        refused(superFrame(65_000, 8_960), DropReason.OVERSIZE);
    }

    @Test
    void O7_anOffloadHeaderThatContradictsTheFrameIsRefused() {
        Frame plain = Frames.udp(mac(1), mac(0), address(0), address(1), 64);
        int length = plain.bytes.length - VirtioNetHeader.LENGTH;
        refused(plain.offload(1, 0, 0, 0, length - 1, 0), DropReason.BAD_VNET_HEADER);
        refused(plain.offload(1, 0, 0, 0, 34, length), DropReason.BAD_VNET_HEADER);
        refused(plain.offload(1, 0, 0, 0, 65_535, 65_535), DropReason.BAD_VNET_HEADER);
        refused(plain.offload(1, 0, 0, 0, 2, 6), DropReason.BAD_VNET_HEADER);
        assertThat(validate(plain.offload(1, 0, 0, 0, 34, 6))).isEqualTo(Verdict.PASS);
        refused(superFrame(5_000, 0), DropReason.BAD_VNET_HEADER);
        refused(superFrame(5_000, 1460).offload(1, 2, 1460, 54, 34, 16), DropReason.BAD_VNET_HEADER);
        refused(superFrame(5_000, 1460).offload(1, 9, 1460, 54, 34, 16), DropReason.BAD_VNET_HEADER);
        refused(superFrame(5_000, 1460).offload(0, 1, 1460, 54, 34, 16), DropReason.BAD_VNET_HEADER);
        refused(superFrame(5_000, 1460).offload(1, 1, 1460, 60_000, 34, 16), DropReason.BAD_VNET_HEADER);
    }

    @Test
    void O8_aReadThatFilledItsBufferMayBeCutOff() {
        Frame huge = superFrame(FrameMemory.READ_LENGTH - VirtioNetHeader.LENGTH - TCP_HEADERS, 1460);
        assertThat(huge.bytes).hasSize(FrameMemory.READ_LENGTH);
        refused(huge, DropReason.TRUNCATED_READ);
    }

    @Test
    void rows01to05_noLengthAndNoContentReadsBeyondTheFrame() {
        long seed = Long.getLong("seed", System.nanoTime());
        System.out.println("FrameValidatorTest -Dseed=" + seed);
        Random random = new Random(seed);
        WholeWay whole = new WholeWay();
        for (int i = 0; i < 100_000; i++) {
            byte[] bytes = new byte[VirtioNetHeader.LENGTH + random.nextInt(120)];
            random.nextBytes(bytes);
            if (bytes.length > 24 && random.nextBoolean()) {
                int[] types = {0x0800, 0x86dd, 0x0806, 0x8100, 0x88a8};
                int type = types[random.nextInt(types.length)];
                bytes[22] = (byte) (type >>> 8);
                bytes[23] = (byte) type;
                bytes[0] = (byte) random.nextInt(2);
            }
            whole.run(bytes);
        }
    }
}
