package io.tapswitch.vxlan;

import static io.tapswitch.vxlan.InnerFrames.AT;
import static io.tapswitch.vxlan.InnerFrames.FRAME;
import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.vxlan.InnerFrames.Shape;
import io.tapswitch.wire.Seeds;
import java.util.random.RandomGenerator;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;

/** What a socket does not say of a packet of the same machine is found in the packet. */
class UnmarkedOffloadTest {
    private static final int MTU = 1450;

    private final RandomGenerator random = Seeds.random();
    private final UnsafeBuffer slot = InnerFrames.slot();
    private final Decapsulation decapsulation = new Decapsulation(true);

    /** As a socket delivers it: the outer checksum is right, and nothing else is known. {@return what became of it} */
    private int receive(boolean overIpv6, int plainLength) {
        Encapsulation tunnel = overIpv6
                ? Encapsulation.ipv6(1, 2, 3, 4, 5, 6, VxlanHeader.PORT, 42)
                : Encapsulation.ipv4(1, 2, 3, 4, VxlanHeader.PORT, 42);
        int at = tunnel.apply(slot, AT, plainLength, 7);
        assertThat(at).isPositive();
        TunnelHeader.clear(slot, at);
        TunnelHeader.checksum(slot, at, TunnelHeader.DATA_VALID, 0, 0);
        assertThat(decapsulation.read(slot, at, AT + plainLength - at)).isEqualTo(VxlanDrop.PASS);
        int marked = UnmarkedOffload.mark(slot, at, FRAME, plainLength - TunnelHeader.PLAIN_LENGTH, MTU);
        return marked < 0 ? marked : decapsulation.open(slot, false);
    }

    @Test
    void O5_aTcpSuperFrameIsOneAgain_inSegmentsThatFit() {
        for (int round = 0; round < 200; round++) {
            Shape shape =
                    new Shape(random.nextBoolean(), true, 4 * random.nextInt(11), 1500 + random.nextInt(60_000), 0x10);
            int plainLength = InnerFrames.lay(slot, random, shape);
            InnerFrames.superFrame(slot, shape, MTU - (shape.headers() - 14));
            byte[] before = InnerFrames.bytes(slot, AT, plainLength);
            assertThat(receive(random.nextBoolean(), plainLength)).isEqualTo(AT);
            assertThat(InnerFrames.bytes(slot, AT, plainLength))
                    .as(Seeds.description())
                    .isEqualTo(before);
        }
    }

    @Test
    void anUnfinishedChecksumIsMarked_andAFinishedOneIsNot() {
        for (int round = 0; round < 200; round++) {
            Shape shape = new Shape(random.nextBoolean(), random.nextBoolean(), 0, 1 + random.nextInt(1300), 0x18);
            int plainLength = InnerFrames.lay(slot, random, shape);
            byte[] unfinished = InnerFrames.bytes(slot, AT, plainLength);
            int at = tunnelHeaderOf(plainLength);
            slot.putBytes(AT, unfinished);
            int mark = UnmarkedOffload.mark(slot, at, FRAME, plainLength - TunnelHeader.PLAIN_LENGTH, MTU);
            assertThat(mark).isEqualTo(VxlanDrop.PASS);
            assertThat(TunnelHeader.flags(slot, at)).isEqualTo(TunnelHeader.NEEDS_CSUM | TunnelHeader.DATA_VALID);
            assertThat(TunnelHeader.gsoType(slot, at)).isZero();
            assertThat(TunnelHeader.csumStart(slot, at)).isEqualTo(50 + shape.transport());
            InnerFrames.complete(slot, shape);
            TunnelHeader.clear(slot, at);
            UnmarkedOffload.mark(slot, at, FRAME, plainLength - TunnelHeader.PLAIN_LENGTH, MTU);
            assertThat(TunnelHeader.flags(slot, at)).as(Seeds.description()).isZero();
        }
    }

    /** {@return where the tunnel header of the laid frame is, once it has outer headers} */
    private int tunnelHeaderOf(int plainLength) {
        int at = Encapsulation.ipv4(1, 2, 3, 4, VxlanHeader.PORT, 42).apply(slot, AT, plainLength, 7);
        TunnelHeader.clear(slot, at);
        return at;
    }

    @Test
    void O5_datagramsWithoutEndsAreDropped() {
        Shape shape = new Shape(false, false, 0, 5000, 0);
        int plainLength = InnerFrames.lay(slot, random, shape);
        InnerFrames.superFrame(slot, shape, 1000);
        assertThat(receive(false, plainLength)).isEqualTo(VxlanDrop.UNMARKED.code());
    }

    @Test
    void whatIsNoTcpOrUdpStaysAsItIs() {
        byte[] noise = Seeds.bytes(random, 2000);
        for (int length = 0; length < 200; length++) {
            slot.putBytes(FRAME, noise, length, length);
            int at = 8;
            TunnelHeader.clear(slot, at);
            assertThat(UnmarkedOffload.mark(slot, at, FRAME, length, MTU)).isEqualTo(VxlanDrop.PASS);
            assertThat(TunnelHeader.flags(slot, at)).isZero();
        }
    }
}
