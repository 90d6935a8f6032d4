package io.tapswitch.vxlan;

import static io.tapswitch.vxlan.InnerFrames.AT;
import static io.tapswitch.vxlan.InnerFrames.FRAME;
import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.vxlan.InnerFrames.Shape;
import io.tapswitch.wire.EtherType;
import io.tapswitch.wire.EthernetHeader;
import io.tapswitch.wire.InternetChecksum;
import io.tapswitch.wire.Ipv4Header;
import io.tapswitch.wire.Seeds;
import io.tapswitch.wire.TcpHeader;
import io.tapswitch.wire.UdpHeader;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;

class CoalescingTest {
    private static final int VNI = 4096;
    /** Where the first VXLAN header is: behind a tunnel header and 42 bytes of outer headers. */
    private static final int FIRST = AT + TunnelHeader.LENGTH + 42;

    private final RandomGenerator random = Seeds.random();
    private final UnsafeBuffer slot = InnerFrames.slot();
    private final UnsafeBuffer train = InnerFrames.slot();
    private final Segmentation segmentation = new Segmentation();
    private final Coalescing coalescing = new Coalescing(true);

    /** Cuts the super-frame in the slot into frames. */
    private List<byte[]> pieces(int length) {
        int pieces = segmentation.begin(slot, AT, length);
        List<byte[]> frames = new ArrayList<>();
        UnsafeBuffer out = new UnsafeBuffer(new byte[0x1_0000]);
        for (int i = 0; i < pieces; i++) {
            int n = segmentation.frame(slot, i, out, 0);
            frames.add(InnerFrames.bytes(out, 0, n));
        }
        return frames;
    }

    /** Lays frames as the kernel's UDP GRO does; all but the last are of the same length. {@return the results} */
    private int coalesce(List<byte[]> frames) {
        return coalesce(frames, FIRST, Congestion.NOT_ECT);
    }

    private int coalesce(List<byte[]> frames, int first, int mark) {
        int at = first;
        for (byte[] frame : frames) {
            VxlanHeader.write(train, at, VNI);
            train.putBytes(at + 8, frame);
            at += 8 + frame.length;
        }
        int size = 8 + frames.getFirst().length;
        return coalescing.train(train, first, at - first, size, mark, false, 0, InnerFrames.SLOT);
    }

    private byte[] result(int i) {
        assertThat(coalescing.verdict(i)).isEqualTo(VxlanDrop.PASS);
        return InnerFrames.bytes(train, coalescing.offset(i), coalescing.length(i));
    }

    private byte[] frame(int i) {
        byte[] result = result(i);
        assertThat(Arrays.copyOf(result, 10)).containsOnly(0);
        return Arrays.copyOfRange(result, 10, result.length);
    }

    private List<byte[]> segments(int count, Consumer<UnsafeBuffer> change) {
        Shape shape = new Shape(false, true, 12, 1000 * count, TcpHeader.ACK);
        int length = InnerFrames.lay(slot, random, shape);
        change.accept(slot);
        InnerFrames.superFrame(slot, shape, 1000);
        return pieces(length);
    }

    private List<byte[]> segments(int count) {
        return segments(count, b -> {});
    }

    /** Changes a TCP segment over IPv4 with 12 bytes of options, and makes its checksums right again. */
    private static void change(byte[] frame, Consumer<UnsafeBuffer> change) {
        UnsafeBuffer b = new UnsafeBuffer(frame);
        change.accept(b);
        Ipv4Header.updateChecksum(b, 14);
        TcpHeader.checksum(b, 34, 0);
        long pseudo = InternetChecksum.sum(b, 26, 8) + 6 + frame.length - 34;
        TcpHeader.checksum(b, 34, InternetChecksum.finish(pseudo + InternetChecksum.sum(b, 34, frame.length - 34)));
    }

    @Test
    void O5_whatWasCutBecomesTheSameSuperFrameAgain() {
        for (int round = 0; round < 500; round++) {
            int size = 64 + random.nextInt(1400);
            Shape shape = Shape.random(random, Math.min(55_000, 100 * size));
            int length = InnerFrames.lay(slot, random, shape);
            InnerFrames.superFrame(slot, shape, size);
            byte[] before = InnerFrames.bytes(slot, AT, length);
            List<byte[]> frames = pieces(length);

            int results = coalesce(frames);

            assertThat(results)
                    .as("%s, size %d, %s", shape, size, Seeds.description())
                    .isEqualTo(1);
            assertThat(coalescing.packets(0)).isEqualTo(frames.size());
            assertThat(coalescing.vni(0)).isEqualTo(VNI);
            if (frames.size() == 1) {
                assertThat(frame(0)).isEqualTo(frames.getFirst());
            } else {
                assertThat(result(0))
                        .as("%s, size %d, %s", shape, size, Seeds.description())
                        .isEqualTo(before);
            }
        }
    }

    /** Flows mixed at random: nothing is lost or reordered, and every super-frame is what it was made of. */
    @Test
    void O5_B15_cutAgainTheResultsAreThePacketsInOrder() {
        for (int round = 0; round < 300; round++) {
            int payload = 100 + random.nextInt(400);
            List<List<byte[]>> flows = new ArrayList<>();
            for (int flow = 0; flow < 3; flow++) {
                Shape shape = new Shape(false, random.nextInt(3) > 0, 0, payload * 40, TcpHeader.ACK);
                // Equal lengths on the wire, as in a train of the kernel: the longer header has the shorter payload.
                int size = shape.tcp() ? payload - 12 : payload;
                int length = InnerFrames.lay(slot, random, shape);
                InnerFrames.superFrame(slot, shape, size);
                flows.add(new ArrayList<>(pieces(length).subList(0, 30)));
            }
            List<byte[]> frames = new ArrayList<>();
            while (frames.size() < 64) {
                List<byte[]> flow = flows.get(random.nextInt(3));
                for (int n = 1 + random.nextInt(6); n > 0 && !flow.isEmpty(); n--) {
                    frames.add(flow.removeFirst());
                }
            }
            if (random.nextInt(4) == 0) {
                byte[] broken = frames.get(random.nextInt(frames.size()));
                broken[random.nextInt(54, broken.length)] ^= 4;
            }

            int results = coalesce(frames);

            assertThat(results).isLessThan(frames.size());
            List<byte[]> again = new ArrayList<>();
            for (int i = 0; i < results; i++) {
                if (coalescing.packets(i) == 1) {
                    again.add(frame(i));
                } else {
                    slot.putBytes(AT, result(i));
                    List<byte[]> cut = pieces(coalescing.length(i));
                    assertThat(cut).hasSize(coalescing.packets(i));
                    again.addAll(cut);
                }
            }
            assertThat(again).hasSameSizeAs(frames);
            for (int i = 0; i < again.size(); i++) {
                assertThat(again.get(i))
                        .as("packet %d, %s", i, Seeds.description())
                        .isEqualTo(frames.get(i));
            }
        }
    }

    @Test
    void aSegmentWithAnotherHeaderBeginsAnew() {
        List<Consumer<UnsafeBuffer>> changes = List.of(
                b -> EthernetHeader.source(b, 0, 0x0242_0A00_0009L),
                b -> EthernetHeader.destination(b, 0, 0x0242_0A00_0009L),
                b -> Ipv4Header.dscp(b, 14, Ipv4Header.dscp(b, 14) ^ 1),
                b -> Ipv4Header.ecn(b, 14, Ipv4Header.ecn(b, 14) ^ 1),
                b -> Ipv4Header.ttl(b, 14, Ipv4Header.ttl(b, 14) ^ 1),
                b -> Ipv4Header.sourceAddress(b, 14, 5),
                b -> Ipv4Header.destinationAddress(b, 14, 5),
                b -> Ipv4Header.fragment(b, 14, !Ipv4Header.dontFragment(b, 14), false, 0),
                b -> b.putByte(20, (byte) (b.getByte(20) ^ 0x80)),
                b -> TcpHeader.sourcePort(b, 34, TcpHeader.sourcePort(b, 34) ^ 1),
                b -> TcpHeader.destinationPort(b, 34, TcpHeader.destinationPort(b, 34) ^ 1),
                b -> TcpHeader.sequence(b, 34, TcpHeader.sequence(b, 34) + 1),
                b -> TcpHeader.acknowledgement(b, 34, TcpHeader.acknowledgement(b, 34) + 1),
                b -> TcpHeader.window(b, 34, TcpHeader.window(b, 34) ^ 1),
                b -> TcpHeader.urgentPointer(b, 34, TcpHeader.urgentPointer(b, 34) ^ 1),
                b -> TcpHeader.flags(b, 34, TcpHeader.ACK | TcpHeader.ECE),
                b -> TcpHeader.flags(b, 34, TcpHeader.ACK | TcpHeader.CWR),
                b -> b.putByte(46, (byte) (b.getByte(46) ^ 1)),
                b -> b.putByte(65, (byte) (b.getByte(65) ^ 1)));
        for (int i = 0; i < changes.size(); i++) {
            List<byte[]> frames = segments(6);
            change(frames.get(3), changes.get(i));
            int results = coalesce(frames);
            assertThat(results).as("change %d", i).isBetween(2, 3);
            assertThat(coalescing.packets(0)).as("change %d", i).isEqualTo(3);
        }
    }

    @Test
    void aSegmentThatMayNotBeMergedPassesSinglyAndInItsPlace() {
        List<Consumer<UnsafeBuffer>> changes = List.of(
                b -> TcpHeader.flags(b, 34, TcpHeader.ACK | TcpHeader.SYN),
                b -> TcpHeader.flags(b, 34, TcpHeader.ACK | TcpHeader.RST),
                b -> TcpHeader.flags(b, 34, TcpHeader.ACK | TcpHeader.URG),
                b -> TcpHeader.flags(b, 34, 0),
                b -> Ipv4Header.fragment(b, 14, false, true, 0),
                b -> Ipv4Header.fragment(b, 14, false, false, 800),
                b -> Ipv4Header.protocol(b, 14, 132),
                b -> EthernetHeader.etherType(b, 0, 0x88B5),
                b -> Ipv4Header.totalLength(b, 14, 60));
        for (int i = 0; i < changes.size(); i++) {
            List<byte[]> frames = segments(6);
            change(frames.get(3), changes.get(i));
            byte[] changed = frames.get(3).clone();
            assertThat(coalesce(frames)).as("change %d", i).isEqualTo(3);
            assertThat(coalescing.packets(0)).isEqualTo(3);
            assertThat(frame(1)).isEqualTo(changed);
            assertThat(coalescing.packets(2)).isEqualTo(2);
        }
    }

    @Test
    void aWrongChecksumIsLeftToTheContainerToFind() {
        List<byte[]> frames = segments(6);
        frames.get(2)[500] ^= 1;
        byte[] broken = frames.get(2).clone();
        assertThat(coalesce(frames)).isEqualTo(3);
        assertThat(frame(1)).isEqualTo(broken);
        frames = segments(6);
        frames.get(2)[24] ^= 1;
        assertThat(coalesce(frames)).isEqualTo(3);
    }

    @Test
    void pushAndEndOfDataEndTheRun() {
        for (int flag : new int[] {TcpHeader.PSH, TcpHeader.FIN}) {
            List<byte[]> frames = segments(6);
            change(frames.get(2), b -> TcpHeader.flags(b, 34, TcpHeader.ACK | flag));
            assertThat(coalesce(frames)).isEqualTo(2);
            assertThat(coalescing.packets(0)).isEqualTo(3);
            int tcp = coalescing.offset(0) + 10 + 34;
            assertThat(TcpHeader.flags(train, tcp)).isEqualTo(TcpHeader.ACK | flag);
        }
    }

    @Test
    void congestionWindowReducedIsSaidByTheFirstOnly() {
        List<byte[]> frames = segments(4, b -> TcpHeader.flags(b, FRAME + 34, TcpHeader.ACK | TcpHeader.CWR));
        assertThat(coalesce(frames)).isEqualTo(1);
        assertThat(TunnelHeader.gsoType(train, coalescing.offset(0)))
                .isEqualTo(TunnelHeader.GSO_TCPV4 | TunnelHeader.GSO_ECN);
    }

    @Test
    void identificationsCountOnlyWhereDatagramsMayBeFragmented() {
        for (boolean dontFragment : new boolean[] {false, true}) {
            List<byte[]> frames = segments(4);
            for (byte[] frame : frames) {
                change(frame, b -> {
                    Ipv4Header.fragment(b, 14, dontFragment, false, 0);
                    Ipv4Header.identification(b, 14, 0);
                });
            }
            assertThat(coalesce(frames)).isEqualTo(dontFragment ? 1 : 4);
        }
    }

    @Test
    void datagramsWithoutChecksumPassSingly() {
        Shape shape = new Shape(false, false, 0, 3000, 0);
        int length = InnerFrames.lay(slot, random, shape);
        InnerFrames.superFrame(slot, shape, 1000);
        List<byte[]> frames = pieces(length);
        frames.forEach(frame -> UdpHeader.checksum(new UnsafeBuffer(frame), 34, 0));
        assertThat(coalesce(frames)).isEqualTo(3);
    }

    @Test
    void datagramsPassSinglyForTapsThatTakeNoSuperFramesOfThem() {
        Shape shape = new Shape(true, false, 0, 3000, 0);
        int length = InnerFrames.lay(slot, random, shape);
        InnerFrames.superFrame(slot, shape, 1000);
        List<byte[]> frames = pieces(length);
        Coalescing older = new Coalescing(false);
        older.begin(0);
        for (byte[] frame : frames) {
            UnsafeBuffer in = new UnsafeBuffer(new byte[8 + frame.length]);
            VxlanHeader.write(in, 0, VNI);
            in.putBytes(8, frame);
            older.add(train, in, 0, in.capacity(), 0, false);
        }
        assertThat(older.end(train)).isEqualTo(3);
    }

    @Test
    void packetsFromOtherSlotsAreGatheredIntoOne() {
        List<byte[]> frames = segments(30);
        coalescing.begin(100);
        for (byte[] frame : frames) {
            UnsafeBuffer in = new UnsafeBuffer(new byte[8 + frame.length]);
            VxlanHeader.write(in, 0, VNI);
            in.putBytes(8, frame);
            coalescing.add(train, in, 0, in.capacity(), 0, false);
        }
        assertThat(coalescing.end(train)).isEqualTo(1);
        assertThat(coalescing.offset(0)).isEqualTo(100);
        assertThat(result(0)).isEqualTo(InnerFrames.bytes(slot, AT, 10 + 66 + 30_000));
    }

    @Test
    void V4_V15_aPacketThatIsRefusedHasAResultAndTheOthersPass() {
        List<byte[]> frames = segments(9);
        int size = 8 + frames.getFirst().length;
        frames.get(6)[6] |= 1;
        change(frames.get(8), b -> EthernetHeader.etherType(b, 0, EtherType.VLAN));
        int at = FIRST;
        for (int i = 0; i < frames.size(); i++) {
            VxlanHeader.write(train, at, i == 3 ? VNI + 1 : VNI);
            train.putBytes(at + 8, frames.get(i));
            at += size;
        }
        train.putByte(FIRST + size, (byte) 0);
        assertThat(coalescing.train(train, FIRST, 9 * size, size, 0, false, 0, InnerFrames.SLOT))
                .isEqualTo(8);
        assertThat(coalescing.packets(0)).isEqualTo(1);
        assertThat(coalescing.verdict(1)).isEqualTo(VxlanDrop.VXLAN_NO_VNI.code());
        assertThat(coalescing.verdict(2)).isEqualTo(VxlanDrop.PASS);
        assertThat(coalescing.vni(3)).isEqualTo(VNI + 1);
        assertThat(frame(3)).isEqualTo(frames.get(3));
        assertThat(coalescing.packets(4)).isEqualTo(2);
        assertThat(coalescing.verdict(5)).isEqualTo(VxlanDrop.INNER_SOURCE.code());
        assertThat(frame(6)).isEqualTo(frames.get(7));
        assertThat(coalescing.verdict(7)).isEqualTo(VxlanDrop.INNER_TAG.code());
    }

    @Test
    void V14_congestionIsMarkedOnEachPacketBeforeTheyBecomeOne() {
        List<byte[]> frames = segments(3, b -> {
            Ipv4Header.ecn(b, FRAME + 14, 2);
            Ipv4Header.updateChecksum(b, FRAME + 14);
        });
        assertThat(coalesce(frames, FIRST, 3)).isEqualTo(1);
        assertThat(Ipv4Header.ecn(train, coalescing.offset(0) + 10 + 14)).isEqualTo(3);
    }

    @Test
    void framesThatPassSinglyFindRoomAtTheEndOfTheSlotIfThereIsNoneBefore() {
        for (int first : new int[] {0, 1, 100, FIRST}) {
            List<byte[]> frames = new ArrayList<>();
            for (int i = 0; i < Coalescing.MAX_PACKETS; i++) {
                byte[] frame = Seeds.bytes(random, 400);
                frame[6] &= ~1;
                frame[12] = 0x08;
                frame[13] = 0x06;
                frames.add(frame);
            }
            assertThat(coalesce(frames, first, 0)).isEqualTo(Coalescing.MAX_PACKETS);
            for (int i = 0; i < frames.size(); i++) {
                assertThat(frame(i)).isEqualTo(frames.get(i));
            }
        }
        int length = Coalescing.MAX_PACKETS * 408;
        assertThat(coalescing.train(train, 200, length, 408, 0, false, 0, 200 + length + 55))
                .isEqualTo(VxlanDrop.NO_ROOM.code());
        assertThat(coalescing.train(train, 200, length, 408, 0, false, 0, 200 + length + 56))
                .isEqualTo(Coalescing.MAX_PACKETS);
    }

    @Test
    void trainsOfImpossibleShapesAreRefused() {
        assertThat(coalescing.train(train, 300, 129 * 30, 30, 0, false, 0, InnerFrames.SLOT))
                .isEqualTo(VxlanDrop.TOO_MANY.code());
        assertThat(coalescing.train(train, 300, 100, 0, 0, false, 0, InnerFrames.SLOT))
                .isEqualTo(VxlanDrop.OFFLOAD.code());
    }

    @Test
    void aSuperFrameIsNeverLongerThanAnIpPacketCanBe() {
        List<byte[]> frames = new ArrayList<>(segments(60));
        List<byte[]> more = pieces(10 + 66 + 60_000);
        int next = TcpHeader.sequence(new UnsafeBuffer(frames.getLast()), 34) + 1000;
        int id = Ipv4Header.identification(new UnsafeBuffer(frames.getLast()), 14) + 1;
        for (int i = 0; i < 10; i++) {
            int n = i;
            change(more.get(i), b -> {
                TcpHeader.sequence(b, 34, next + 1000 * n);
                Ipv4Header.identification(b, 14, id + n);
            });
            frames.add(more.get(i));
        }
        UnsafeBuffer out = new UnsafeBuffer(new byte[100_000]);
        coalescing.begin(0);
        for (byte[] frame : frames) {
            UnsafeBuffer in = new UnsafeBuffer(new byte[8 + frame.length]);
            VxlanHeader.write(in, 0, VNI);
            in.putBytes(8, frame);
            coalescing.add(out, in, 0, in.capacity(), 0, false);
        }
        assertThat(coalescing.end(out)).isEqualTo(2);
        assertThat(coalescing.packets(0)).isEqualTo(65);
        assertThat(coalescing.packets(1)).isEqualTo(5);
        assertThat(Ipv4Header.totalLength(out, 24)).isEqualTo(65_052);
    }
}
