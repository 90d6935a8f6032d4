package io.tapswitch.vxlan;

import io.tapswitch.wire.InternetChecksum;
import io.tapswitch.wire.Ipv4Header;
import io.tapswitch.wire.Ipv6Header;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;

/**
 * Explicit congestion notification through a tunnel (V14, RFC 6040): the outer header enters with the inner one's mark,
 * and what routers made of it on the way is carried back.
 *
 * <pre>
 *                      outer
 *   inner     Not-ECT   ECT(0)    ECT(1)    CE
 *   Not-ECT   Not-ECT   Not-ECT   Not-ECT   drop
 *   ECT(0)    ECT(0)    ECT(0)    ECT(1)    CE
 *   ECT(1)    ECT(1)    ECT(1)    ECT(1)    CE
 *   CE        CE        CE        CE        CE
 * </pre>
 *
 * <p>What is not IP carries no mark: it enters with Not-ECT, and leaves as it is.
 */
final class Congestion {
    static final int NOT_ECT = 0;
    static final int ECT_1 = 1;
    static final int ECT_0 = 2;
    static final int EXPERIENCED = 3;

    private Congestion() {}

    /** {@return the mark with which a frame enters} */
    static int mark(DirectBuffer b, int frame, long found) {
        if (found < 0) {
            return NOT_ECT;
        }
        int packet = frame + InnerPacket.network(found);
        return InnerPacket.isIpv6(found) ? Ipv6Header.trafficClass(b, packet) & 3 : Ipv4Header.ecn(b, packet);
    }

    /** {@return {@link VxlanDrop#PASS} with the inner header put right, or the code of a {@link VxlanDrop}} */
    static int leave(MutableDirectBuffer b, int frame, int length, int outer) {
        // Nearly every frame ends here: the outer header tells nothing that the inner one does not know.
        if (outer == NOT_ECT || outer == ECT_0) {
            return VxlanDrop.PASS;
        }
        long found = InnerPacket.find(b, frame, length);
        if (found < 0) {
            return VxlanDrop.PASS;
        }
        int inner = mark(b, frame, found);
        if (inner == NOT_ECT) {
            return outer == EXPERIENCED ? VxlanDrop.INNER_ECN.code() : VxlanDrop.PASS;
        }
        if (inner != EXPERIENCED && inner != outer) {
            mark(b, frame, found, outer);
        }
        return VxlanDrop.PASS;
    }

    private static void mark(MutableDirectBuffer b, int frame, long found, int mark) {
        int packet = frame + InnerPacket.network(found);
        if (InnerPacket.isIpv6(found)) {
            int trafficClass = (Ipv6Header.trafficClass(b, packet) & ~3) | mark;
            Ipv6Header.trafficClassAndFlowLabel(b, packet, trafficClass, Ipv6Header.flowLabel(b, packet));
            return;
        }
        // The class is the low byte of its word; the other byte does not matter to the difference.
        int before = Ipv4Header.ecn(b, packet);
        Ipv4Header.ecn(b, packet, mark);
        int checksum = Ipv4Header.checksum(b, packet);
        Ipv4Header.checksum(b, packet, InternetChecksum.update16(checksum, before, mark));
    }
}
