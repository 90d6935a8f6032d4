package io.tapswitch.core.dataplane;

import static io.tapswitch.core.dataplane.TestSwitch.GATEWAY;
import static io.tapswitch.core.dataplane.TestSwitch.GATEWAY_MAC;
import static io.tapswitch.core.dataplane.TestSwitch.address;
import static io.tapswitch.core.dataplane.TestSwitch.mac;
import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.core.dataplane.Frames.Frame;
import io.tapswitch.wire.ArpHeader;
import io.tapswitch.wire.EtherType;
import io.tapswitch.wire.EthernetHeader;
import io.tapswitch.wire.IcmpHeader;
import io.tapswitch.wire.Icmpv6Header;
import io.tapswitch.wire.Ipv6Address;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** B11 with B12, B17 and catalogue row 18: a priority tag hides nothing that an untagged frame may not say. */
class TagGuardTest {
    private static final int VNET = io.tapswitch.tapio.VirtioNetHeader.LENGTH;
    private static final int[] ONE_TAG = {EtherType.VLAN, 0xe000};
    private static final int[] TWO_TAGS = {EtherType.QINQ, 0, EtherType.VLAN, 0};
    private static final int[] VLAN_5 = {EtherType.VLAN, 5};

    private final TestSwitch tested = Frames6.withPorts(1, transparent(), 2);

    private static NetworkSettings transparent() {
        NetworkSettings plain = Frames6.network(false, true);
        return new NetworkSettings(
                0, plain.gateways(), plain.gatewayMac(), 1500, false, true, true, 0, 10_000, 64, 1024);
    }

    @AfterEach
    void framesAreConserved() {
        tested.assertConserved();
    }

    /** {@return the frame with tags, each a type and its 16 bits} */
    private static Frame tagged(Frame frame, int... tags) {
        byte[] old = frame.bytes.clone();
        int header = EthernetHeader.LENGTH - 2;
        frame.cut(old.length - VNET + 2 * tags.length);
        UnsafeBuffer longer = frame.ethernet();
        for (int i = 0; i < tags.length; i++) {
            frame.with16(header + 2 * i, tags[i]);
        }
        longer.putBytes(header + 2 * tags.length, old, VNET + header, old.length - VNET - header);
        return frame;
    }

    private void dropped(Frame frame, DropReason reason) {
        long before = tested.drops(0, reason);
        assertThat(tested.send(0, frame)).isEmpty();
        assertThat(tested.drops(0, reason)).as(reason.word()).isEqualTo(before + 1);
    }

    private static Frame routersWord(int type) {
        Ipv6Address linkLocal = Frames6.linkLocal(mac(0));
        return Frames6.icmp(0x3333_0000_0001L, mac(0), linkLocal, Frames6.ALL_NODES, type, 16);
    }

    private void hidesNothing(int... tags) {
        tested.put(Frames6.port(0, 0, false));
        dropped(tagged(routersWord(Icmpv6Header.ROUTER_ADVERTISEMENT), tags), DropReason.ROGUE_RA);
        dropped(tagged(routersWord(Icmpv6Header.REDIRECT), tags), DropReason.ROGUE_REDIRECT);
        Frame redirect = Frames.echoRequest(mac(1), mac(0), address(0), address(1), 28);
        dropped(tagged(redirect.with(34, IcmpHeader.REDIRECT), tags), DropReason.ROGUE_REDIRECT);
        Ipv6Address gateway = Frames6.linkLocal(GATEWAY_MAC);
        Frame advertisement = Frames6.advertisement(mac(0), Frames6.address(0), gateway, mac(0));
        dropped(tagged(advertisement, tags), DropReason.SPOOF_ND);
        dropped(tagged(Frames.udp(mac(1), mac(0), GATEWAY, address(1), 8), tags), DropReason.SPOOF_IP);
        Frame arp = Frames.arp(ArpHeader.REPLY, Frames.BROADCAST, mac(0), GATEWAY, 0, address(1));
        dropped(tagged(arp, tags), DropReason.SPOOF_ARP);
        dropped(tagged(Frames.ethernet(mac(1), mac(0), EtherType.IPV6, 39), tags), DropReason.TRUNCATED_IP);
        dropped(tagged(Frames.ethernet(mac(1), mac(0), EtherType.ARP, 27), tags), DropReason.BAD_ARP);
        assertThat(tested.send(0, tagged(Frames.udp(mac(1), mac(0), address(0), address(1), 8), tags)))
                .containsExactly(1);
        assertThat(tested.send(0, tagged(Frames.ethernet(mac(1), mac(0), 0x88b5, 46), tags)))
                .containsExactly(1);
    }

    @Test
    void row18_B17_nothingHidesBehindAPriorityTag() {
        hidesNothing(ONE_TAG);
    }

    @Test
    void row18_B17_nothingHidesBehindTwoPriorityTags() {
        hidesNothing(TWO_TAGS);
    }

    @Test
    void B11_aTagThatIsCutOffAndAThirdOneCannotBeLookedBehind() {
        tested.put(Frames6.port(0, 0, false));
        dropped(Frames.ethernet(mac(1), mac(0), EtherType.VLAN, 0), DropReason.GUARD_UNREADABLE);
        dropped(Frames.ethernet(mac(1), mac(0), EtherType.QINQ, 3), DropReason.GUARD_UNREADABLE);
        Frame frame = tagged(Frames.udp(mac(1), mac(0), address(0), address(1), 8), TWO_TAGS);
        dropped(tagged(frame, ONE_TAG), DropReason.GUARD_UNREADABLE);
    }

    @Test
    void B11_aVlanIsItsMembersOwn() {
        tested.put(Frames6.port(0, 0, false));
        Frame advertisement = routersWord(Icmpv6Header.ROUTER_ADVERTISEMENT);
        assertThat(tested.send(0, tagged(advertisement, VLAN_5))).containsExactly(1);
        assertThat(tested.send(0, tagged(advertisement, ONE_TAG))).containsExactly(1);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 5})
    void B12_withTheGuardNoTagPasses(int vlan) {
        Frame frame = Frames.udp(mac(1), mac(0), address(0), address(1), 8);
        dropped(tagged(frame, EtherType.VLAN, vlan), DropReason.GUARD_UNREADABLE);
    }
}
