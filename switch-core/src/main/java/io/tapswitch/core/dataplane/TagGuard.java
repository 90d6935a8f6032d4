package io.tapswitch.core.dataplane;

import static io.tapswitch.core.dataplane.Verdict.PASS;

import io.tapswitch.wire.EtherType;
import io.tapswitch.wire.VlanTag;
import org.agrona.DirectBuffer;

/**
 * Step 3 of the frame's way for a tagged frame, on a network that carries tags (B11), of a port without source guard.
 *
 * <p>A tag of VLAN 0 says how urgent a frame is, and of no VLAN (IEEE 802.1Q section 9.6): receivers take it off, and
 * another behind it, and hear an untagged frame. So what is behind such tags is checked like an untagged packet.
 * Otherwise every check would be evaded by four bytes. Two of them are looked behind, one more than any honest sender
 * makes. What is in another VLAN only those hear who made an interface for it: it is theirs, and no gateway is there.
 */
final class TagGuard {
    private static final int MAX_TAGS = 2;
    /** Bytes of a tag's own type, which stands where the frame's type is. */
    private static final int TYPE_LENGTH = 2;

    private TagGuard() {}

    /**
     * Checks a frame whose type is that of a tag.
     *
     * @param buffer the frame memory
     * @param payload offset behind the Ethernet header
     * @param payloadLength bytes from there to the end of the frame
     * @param tagType of the frame
     * @param bridge the network it came from
     * @return {@link Verdict#PASS} or a drop reason's verdict
     */
    static int check(DirectBuffer buffer, int payload, int payloadLength, int tagType, Bridge bridge) {
        int packet = payload;
        int length = payloadLength;
        int etherType = tagType;
        for (int tags = 0; EtherType.isTag(etherType); tags++) {
            if (tags == MAX_TAGS || length < VlanTag.LENGTH) {
                return DropReason.GUARD_UNREADABLE.verdict();
            }
            int tag = packet - TYPE_LENGTH;
            if (VlanTag.vlanId(buffer, tag) != 0) {
                return PASS;
            }
            etherType = VlanTag.etherType(buffer, tag);
            packet += VlanTag.LENGTH;
            length -= VlanTag.LENGTH;
        }
        int verdict = FrameValidator.payload(buffer, packet, length, etherType, bridge);
        if (verdict == PASS) {
            verdict = RouterGuard.check(buffer, packet, length, etherType);
        }
        return verdict == PASS ? SourceGuard.gateway(buffer, packet, length, etherType, bridge.gateways) : verdict;
    }
}
