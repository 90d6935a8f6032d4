package io.tapswitch.vxlan;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.tapswitch.vxlan.InnerFrames.Shape;
import io.tapswitch.wire.EtherType;
import io.tapswitch.wire.EthernetHeader;
import io.tapswitch.wire.InternetChecksum;
import io.tapswitch.wire.IpProtocol;
import io.tapswitch.wire.Ipv4Header;
import io.tapswitch.wire.UdpHeader;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGeneratorFactory;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Fuzzing of what comes out of tunnels. In the normal suite it runs the corpus that is kept beside it; with JAZZER_FUZZ=1
 * in the environment one of the two searches for ten minutes, guided by coverage, and leaves what it found worth keeping
 * in vxlan-codec/.cifuzz-corpus:
 *
 * <pre>
 *   JAZZER_FUZZ=1 mvn -q test -pl vxlan-codec -Dtest=VxlanFuzzTest#anyFrameIsOpenedOrRefusedWithinItsBounds
 *   JAZZER_FUZZ=1 mvn -q test -pl vxlan-codec -Dtest=VxlanFuzzTest#anyTrainComesOutAsThePacketsItWas
 * </pre>
 *
 * <p>The frame fills its buffer, and agrona checks bounds, so a read behind its end is a finding; so are results that
 * overlap, and a super-frame that is not cut into the packets of which it was made.
 */
class VxlanFuzzTest {
    private static final int HEADROOM = InnerFrames.HEADROOM;

    private final Decapsulation decapsulation = new Decapsulation(true);
    private final Coalescing coalescing = new Coalescing(true);
    private final Segmentation segmentation = new Segmentation();

    @FuzzTest(maxDuration = "10m")
    void anyFrameIsOpenedOrRefusedWithinItsBounds(byte[] frame) {
        UnsafeBuffer slot = new UnsafeBuffer(new byte[HEADROOM + frame.length]);
        slot.putBytes(HEADROOM, frame);
        withoutOuterChecksums(slot, frame.length);
        if (decapsulation.read(slot, HEADROOM, frame.length) < 0) {
            return;
        }
        if (decapsulation.isTrain()) {
            int size = TunnelHeader.gsoSize(slot, HEADROOM);
            int first = decapsulation.vxlanOffset();
            int length = decapsulation.vxlanLength();
            int end = slot.capacity();
            results(slot, coalescing.train(slot, first, length, size, decapsulation.mark(), true, 0, end));
            return;
        }
        int opened = decapsulation.open(slot, true);
        if (opened >= 0) {
            int length = decapsulation.length();
            if (opened + length > slot.capacity()) {
                throw new AssertionError("opened behind the frame's end");
            }
            segmentation.begin(slot, opened, length);
            Encapsulation.ipv4(1, 2, 3, 4, 5, 6).apply(slot, opened, length, 7);
        }
    }

    /** Lets the search pass where it would have to guess a sum. */
    private static void withoutOuterChecksums(UnsafeBuffer slot, int length) {
        int ip = HEADROOM + TunnelHeader.LENGTH + 14;
        if (length < 24 + 14 + 60 + 8 || EthernetHeader.etherType(slot, ip - 14) != EtherType.IPV4) {
            return;
        }
        int headerLength = Ipv4Header.headerLength(slot, ip);
        Ipv4Header.updateChecksum(slot, ip);
        UdpHeader.checksum(slot, ip + headerLength, 0);
    }

    private List<byte[]> results(UnsafeBuffer slot, int count) {
        List<byte[]> packets = new ArrayList<>();
        int end = 0;
        for (int i = 0; i < count; i++) {
            if (coalescing.verdict(i) < 0) {
                continue;
            }
            int offset = coalescing.offset(i);
            int length = coalescing.length(i);
            if (offset < end || offset + length > slot.capacity()) {
                throw new AssertionError("result " + i + " lies over another");
            }
            end = offset + length;
            if (coalescing.packets(i) == 1) {
                packets.add(InnerFrames.bytes(slot, offset + TunnelHeader.PLAIN_LENGTH, length - 10));
                continue;
            }
            if (segmentation.begin(slot, offset, length) != coalescing.packets(i)) {
                throw new AssertionError("super-frame " + i + " is not of " + coalescing.packets(i) + " packets");
            }
            UnsafeBuffer piece = new UnsafeBuffer(new byte[length]);
            for (int p = 0; p < coalescing.packets(i); p++) {
                packets.add(InnerFrames.bytes(piece, 0, segmentation.frame(slot, p, piece, 0)));
            }
        }
        return packets;
    }

    /**
     * The first bytes choose the packets, those behind change them: packet, place, value, and whether the checksums are
     * made right again.
     */
    @FuzzTest(maxDuration = "10m")
    void anyTrainComesOutAsThePacketsItWas(byte[] choice) {
        if (choice.length < 4) {
            return;
        }
        int count = 2 + (choice[0] & 15);
        int payload = 8 + (choice[1] & 0x7F);
        boolean tcp = (choice[2] & 1) != 0;
        Shape whole = new Shape((choice[2] & 2) != 0, tcp, tcp ? choice[3] & 12 : 0, count * payload, 0x10);
        UnsafeBuffer slot = InnerFrames.slot();
        int length = InnerFrames.lay(
                slot, RandomGeneratorFactory.of("L64X128MixRandom").create(1), whole);
        InnerFrames.superFrame(slot, whole, payload);
        segmentation.begin(slot, InnerFrames.AT, length);
        int size = VxlanHeader.LENGTH + whole.headers() + payload;
        UnsafeBuffer train = new UnsafeBuffer(new byte[HEADROOM + count * size]);
        for (int i = 0; i < count; i++) {
            VxlanHeader.write(train, HEADROOM + i * size, 1);
            segmentation.frame(slot, i, train, HEADROOM + i * size + VxlanHeader.LENGTH);
        }
        for (int at = 4; at + 4 <= choice.length; at += 4) {
            int packet = HEADROOM + (choice[at] & 0x7F) % count * size;
            int place = packet + (choice[at + 1] & 0xFF) % size;
            train.putByte(place, choice[at + 2]);
            if ((choice[at + 3] & 1) != 0) {
                repair(train, packet + VxlanHeader.LENGTH, size - VxlanHeader.LENGTH);
            }
        }
        int cut = (choice[3] & 0x80) != 0 ? 1 + (choice[3] & 0x70) / 16 : 0;
        int total = count * size - cut;
        List<byte[]> before = packets(train, total, size);

        int results = coalescing.train(train, HEADROOM, total, size, 0, true, 0, train.capacity());

        List<byte[]> after = results(train, results);
        before.forEach(VxlanFuzzTest::simplify);
        after.forEach(VxlanFuzzTest::simplify);
        if (!Arrays.deepEquals(before.toArray(), after.toArray())) {
            throw new AssertionError("%d packets became %d".formatted(before.size(), after.size()));
        }
    }

    /** Makes equal what means the same: identifications where DF is set (RFC 6864), and the two zeros of a checksum. */
    private static void simplify(byte[] frame) {
        UnsafeBuffer b = new UnsafeBuffer(frame);
        long found = InnerPacket.find(b, 0, frame.length);
        if (InnerPacket.headerLength(b, 0, found) < 0) {
            return;
        }
        int network = InnerPacket.network(found);
        if (!InnerPacket.isIpv6(found)) {
            if (Ipv4Header.dontFragment(b, network) && Ipv4Header.checksumValid(b, network)) {
                Ipv4Header.identification(b, network, 0);
                Ipv4Header.updateChecksum(b, network);
            }
            if (Ipv4Header.checksum(b, network) == 0xFFFF) {
                Ipv4Header.checksum(b, network, 0);
            }
        }
        int field = InnerPacket.transport(found) + InnerPacket.checksumOffset(found);
        if (b.getShort(field) == -1 && InnerPacket.protocol(found) == IpProtocol.TCP) {
            b.putShort(field, (short) 0);
        }
    }

    /** {@return the inner frames that are not refused; tags are known to be allowed in the first one's network only} */
    private static List<byte[]> packets(UnsafeBuffer train, int total, int size) {
        List<byte[]> packets = new ArrayList<>();
        int firstVni = -1;
        for (int done = 0; done < total; done += size) {
            int length = Math.min(size, total - done);
            int vxlan = HEADROOM + done;
            int frame = vxlan + VxlanHeader.LENGTH;
            if (VxlanHeader.check(train, vxlan, length) < 0) {
                continue;
            }
            int vni = VxlanHeader.vni(train, vxlan);
            firstVni = firstVni < 0 ? vni : firstVni;
            if (VxlanHeader.checkInner(train, frame, vni == firstVni) == VxlanDrop.PASS) {
                packets.add(InnerFrames.bytes(train, frame, length - VxlanHeader.LENGTH));
            }
        }
        return packets;
    }

    private static void repair(UnsafeBuffer train, int frame, int length) {
        long found = InnerPacket.find(train, frame, length);
        if (InnerPacket.headerLength(train, frame, found) < 0) {
            return;
        }
        if (!InnerPacket.isIpv6(found)) {
            Ipv4Header.updateChecksum(train, frame + InnerPacket.network(found));
        }
        int transport = frame + InnerPacket.transport(found);
        int transportLength = InnerPacket.end(found) - InnerPacket.transport(found);
        long pseudo = InnerPacket.pseudoHeader(train, frame, found, transportLength);
        int field = transport + InnerPacket.checksumOffset(found);
        train.putShort(field, Short.reverseBytes((short) InternetChecksum.fold(pseudo)));
        InternetChecksum.complete(train, transport, InnerPacket.checksumOffset(found), transportLength);
    }
}
