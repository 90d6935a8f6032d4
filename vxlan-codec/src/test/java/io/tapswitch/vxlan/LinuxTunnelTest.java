package io.tapswitch.vxlan;

import static io.tapswitch.vxlan.InnerFrames.AT;
import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.wire.Ipv4Header;
import java.io.IOException;
import java.util.stream.Stream;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** The kernel finishes what {@link Encapsulation} leaves to it, and {@link Decapsulation} reads what the kernel sends. */
class LinuxTunnelTest {
    private static final Encapsulation V4 =
            Encapsulation.ipv4(0x0200_0000_000AL, 0x0200_0000_000BL, 0xC000_0201, 0xC000_0202, 4789, 0xABCDEF);
    private static final Encapsulation V6 = Encapsulation.ipv6(
            0x0200_0000_000AL, 0x0200_0000_000BL, 0x2001_0DB8L << 32, 1, 0x2001_0DB8L << 32, 2, 4789, 0xABCDEF);

    private final UnsafeBuffer slot = InnerFrames.slot();
    private final UnsafeBuffer piece = new UnsafeBuffer(new byte[9000]);
    private final UnsafeBuffer received = new UnsafeBuffer(new byte[9000]);
    private final Segmentation segmentation = new Segmentation();
    private final Decapsulation decapsulation = new Decapsulation(true);

    @TestFactory
    Stream<DynamicTest> V3_V10_whatLinuxSendsOfATunnelsSuperFrameAreItsPiecesEachInATunnel() throws IOException {
        return Captures.of("linux-tunnel-segments.txt").stream()
                .map(capture -> DynamicTest.dynamicTest(capture.name(), () -> sameAsLinux(capture)));
    }

    private void sameAsLinux(Captures capture) {
        byte[] plain = capture.given().getFirst();
        slot.putBytes(AT, plain);
        boolean single = TunnelHeader.gsoType(slot, AT) == TunnelHeader.GSO_NONE;
        int pieces = single ? 1 : segmentation.begin(slot, AT, plain.length);
        assertThat(capture.packets()).hasSize(pieces);
        for (int i = 0; i < pieces; i++) {
            open(capture.packets().get(i));
            if (single) {
                continue;
            }
            int length = segmentation.frame(slot, i, piece, 0);
            assertThat(InnerFrames.bytes(received, decapsulation.innerOffset(), decapsulation.length() - 10))
                    .as("piece %d", i)
                    .isEqualTo(InnerFrames.bytes(piece, 0, length));
        }
        boolean ipv6 = capture.name().startsWith("IPv6");
        int at = (ipv6 ? V6 : V4).apply(slot, AT, plain.length, 0xFFFE);
        byte[] in = capture.given().get(1);
        assertThat(InnerFrames.bytes(slot, at, AT + plain.length - at)).isEqualTo(in);
        if (single) {
            assertThat(InnerFrames.bytes(received, decapsulation.innerOffset(), decapsulation.length() - 10))
                    .isEqualTo(InnerFrames.bytes(slot, InnerFrames.FRAME, plain.length - 10));
        }
        if (!ipv6) {
            for (int i = 0; i < pieces; i++) {
                UnsafeBuffer packet = new UnsafeBuffer(capture.packets().get(i));
                assertThat(Ipv4Header.identification(packet, 14)).isEqualTo((0xFFFE + i) & 0xFFFF);
            }
        }
    }

    /** Opens a packet as a card without any offload delivers it: whatever is wrong with a checksum is found. */
    private void open(byte[] packet) {
        TunnelHeader.clear(received, 0);
        received.putBytes(TunnelHeader.LENGTH, packet);
        assertThat(decapsulation.read(received, 0, TunnelHeader.LENGTH + packet.length))
                .isEqualTo(VxlanDrop.PASS);
        assertThat(decapsulation.vni()).isEqualTo(0xABCDEF);
        assertThat(decapsulation.open(received, false)).isPositive();
    }
}
