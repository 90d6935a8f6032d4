package io.tapswitch.vxlan;

import static io.tapswitch.vxlan.InnerFrames.AT;
import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.vxlan.InnerFrames.Shape;
import io.tapswitch.wire.Ipv4Header;
import io.tapswitch.wire.Seeds;
import io.tapswitch.wire.TcpHeader;
import java.io.IOException;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

class SegmentationTest {
    private final RandomGenerator random = Seeds.random();
    private final UnsafeBuffer slot = InnerFrames.slot();
    private final UnsafeBuffer out = new UnsafeBuffer(new byte[0x1_0000]);
    private final Segmentation segmentation = new Segmentation();

    @TestFactory
    Stream<DynamicTest> O5_thePiecesAreTheBytesThatLinuxMakes() throws IOException {
        return Captures.of("linux-segments.txt").stream()
                .map(capture -> DynamicTest.dynamicTest(capture.name(), () -> {
                    byte[] frame = capture.given().getFirst();
                    slot.putBytes(AT, frame);
                    int pieces = segmentation.begin(slot, AT, frame.length);
                    assertThat(pieces).isEqualTo(capture.packets().size()).isGreaterThan(2);
                    for (int i = 0; i < pieces; i++) {
                        int length = segmentation.frame(slot, i, out, 5);
                        assertThat(InnerFrames.bytes(out, 5, length))
                                .as("piece %d", i)
                                .isEqualTo(capture.packets().get(i));
                    }
                }));
    }

    @Test
    void O5_everyPieceHasARightChecksumAndThePayloadIsThere() {
        for (int round = 0; round < 300; round++) {
            Shape shape = Shape.random(random, 64_000);
            int size = 64 + random.nextInt(1400);
            int length = InnerFrames.lay(slot, random, shape);
            InnerFrames.superFrame(slot, shape, size);
            byte[] payload = InnerFrames.bytes(slot, InnerFrames.FRAME + shape.headers(), shape.payload());
            int pieces = segmentation.begin(slot, AT, length);
            assertThat(pieces).isEqualTo((shape.payload() + size - 1) / size);
            byte[] joined = new byte[shape.payload()];
            for (int i = 0; i < pieces; i++) {
                int pieceLength = segmentation.frame(slot, i, out, 0);
                int from = i * size;
                int n = Math.min(size, joined.length - from);
                Shape piece = new Shape(shape.ipv6(), shape.tcp(), shape.options(), n, 0);
                assertThat(pieceLength).isEqualTo(piece.frame());
                assertThat(InnerFrames.isRight(out, 0, piece))
                        .as(Seeds.description())
                        .isTrue();
                if (!shape.ipv6()) {
                    assertThat(Ipv4Header.checksumValid(out, 14)).isTrue();
                }
                out.getBytes(piece.headers(), joined, from, n);
            }
            assertThat(joined).isEqualTo(payload);
        }
    }

    @Test
    void O6_headersAndPayloadMayBeWrittenFromTwoPlaces() {
        Shape shape = new Shape(true, true, 12, 5000, TcpHeader.ACK);
        int length = InnerFrames.lay(slot, random, shape);
        InnerFrames.superFrame(slot, shape, 1398);
        int pieces = segmentation.begin(slot, AT, length);
        assertThat(pieces).isEqualTo(4);
        UnsafeBuffer headers = new UnsafeBuffer(new byte[pieces * 128]);
        for (int i = 0; i < pieces; i++) {
            segmentation.header(slot, i, headers, i * 128);
            int n = segmentation.frame(slot, i, out, 0);
            assertThat(n).isEqualTo(segmentation.length(i));
            int h = segmentation.headerLength();
            assertThat(InnerFrames.bytes(headers, i * 128, h)).isEqualTo(InnerFrames.bytes(out, 0, h));
            int payload = segmentation.payloadLength(i);
            assertThat(InnerFrames.bytes(slot, segmentation.payloadOffset(i), payload))
                    .isEqualTo(InnerFrames.bytes(out, h, payload));
        }
    }

    @Test
    void aSuperFrameOfOnePieceIsThatPiece() {
        Shape shape = new Shape(false, true, 0, 100, TcpHeader.ACK | TcpHeader.PSH | TcpHeader.CWR);
        int length = InnerFrames.lay(slot, random, shape);
        InnerFrames.superFrame(slot, shape, 100);
        assertThat(segmentation.begin(slot, AT, length)).isEqualTo(1);
        int n = segmentation.frame(slot, 0, out, 0);
        InnerFrames.complete(slot, shape);
        assertThat(InnerFrames.bytes(out, 0, n)).isEqualTo(InnerFrames.bytes(slot, InnerFrames.FRAME, length - 10));
    }

    @Test
    void moreThanTheMostPiecesAreRefused() {
        Shape shape = new Shape(false, true, 0, 4096, TcpHeader.ACK);
        int length = InnerFrames.lay(slot, random, shape);
        InnerFrames.superFrame(slot, shape, 2);
        assertThat(segmentation.begin(slot, AT, length)).isEqualTo(Segmentation.MAX_PIECES);
        InnerFrames.superFrame(slot, shape, 1);
        assertThat(segmentation.begin(slot, AT, length)).isEqualTo(VxlanDrop.TOO_MANY.code());
    }

    @Test
    void O7_whatIsNoSuperFrameIsRefused() {
        Shape shape = new Shape(false, true, 0, 4096, TcpHeader.ACK);
        int length = InnerFrames.lay(slot, random, shape);
        assertThat(segmentation.begin(slot, AT, length)).isEqualTo(VxlanDrop.OFFLOAD.code());
        InnerFrames.superFrame(slot, shape, 1000);
        assertThat(segmentation.begin(slot, AT, length - 1)).isEqualTo(VxlanDrop.OFFLOAD.code());
        Ipv4Header.fragment(slot, InnerFrames.FRAME + 14, false, true, 0);
        assertThat(segmentation.begin(slot, AT, length)).isEqualTo(VxlanDrop.OFFLOAD.code());
    }
}
