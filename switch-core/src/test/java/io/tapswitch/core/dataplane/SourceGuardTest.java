package io.tapswitch.core.dataplane;

import static io.tapswitch.core.dataplane.TestSwitch.address;
import static io.tapswitch.core.dataplane.TestSwitch.mac;
import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.core.dataplane.Frames.Frame;
import io.tapswitch.wire.ArpHeader;
import io.tapswitch.wire.EtherType;
import io.tapswitch.wire.IpProtocol;
import io.tapswitch.wire.Ipv6Address;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** B12 and N21: a guarded container speaks only with its own addresses. */
class SourceGuardTest {
    private final TestSwitch tested = TestSwitch.withPorts(1, TestSwitch.NETWORK, 3);

    @BeforeEach
    void guardPort0() {
        tested.guard(0);
    }

    @AfterEach
    void framesAreConserved() {
        tested.assertConserved();
    }

    private void dropped(Frame frame, DropReason reason) {
        long before = tested.drops(0, reason);
        assertThat(tested.send(0, frame)).isEmpty();
        assertThat(tested.drops(0, reason)).as(reason.word()).isEqualTo(before + 1);
    }

    private void passes(Frame frame) {
        assertThat(tested.send(0, frame)).isNotEmpty();
    }

    @Test
    void B12_ownAddressesPass() {
        passes(Frames.udp(mac(1), mac(0), address(0), address(1), 8));
        passes(Frames.arp(ArpHeader.REQUEST, Frames.BROADCAST, mac(0), address(0), 0, address(1)));
        passes(Frames.arp(ArpHeader.REQUEST, Frames.BROADCAST, mac(0), 0, 0, address(0)));
        passes(Frames.ethernet(mac(1), mac(0), 0x88b5, 46));
    }

    @Test
    void N21_foreignIpv4SourcesAreDropped() {
        dropped(Frames.udp(mac(1), mac(0), address(2), address(1), 8), DropReason.SPOOF_IP);
        dropped(Frames.udp(mac(1), mac(0), 0xac1f_0909, address(1), 8), DropReason.SPOOF_IP);
        dropped(Frames.udp(mac(1), mac(0), 0, address(1), 8), DropReason.SPOOF_IP);
    }

    @Test
    void B12_foreignMacAndArpSendersAreDropped() {
        dropped(Frames.udp(mac(1), 0x0200_0000_0099L, address(0), address(1), 8), DropReason.SPOOF_MAC);
        dropped(Frames.arp(ArpHeader.REPLY, Frames.BROADCAST, mac(0), address(2), 0, address(1)), DropReason.SPOOF_ARP);
        Frame foreignSender = Frames.arp(ArpHeader.REPLY, mac(1), mac(0), address(0), mac(1), address(1));
        dropped(foreignSender.with(14 + 8 + 5, 0x55), DropReason.SPOOF_ARP);
    }

    @Test
    void B12_whatTheGuardCannotReadDoesNotPass() {
        dropped(Frames.udp(mac(1), mac(0), address(0), address(1), 8).with(14, 0x65), DropReason.GUARD_UNREADABLE);
        dropped(Frames.udp(mac(1), mac(0), address(0), address(1), 8).with(14, 0x44), DropReason.GUARD_UNREADABLE);
        dropped(Frames.udp(mac(1), mac(0), address(0), address(1), 8).with(14, 0x4f), DropReason.GUARD_UNREADABLE);
        dropped(Frames.ethernet(mac(1), mac(0), EtherType.IPV6, 40).with(20, 6), DropReason.GUARD_UNREADABLE);
    }

    @Test
    void N21_ipv6IsHeldToTheLinkLocalAddressOfTheMac() {
        long ownId = SourceGuard.eui64(mac(0));
        assertThat(ownId).isEqualTo(0x0042_0aff_fe00_0002L);
        passes(ipv6(0xfe80_0000_0000_0000L, ownId));
        dropped(ipv6(0, 0), DropReason.SPOOF_IP);
        dropped(ipv6(0, 0).with(38, 0xff).with(39, 2), DropReason.SPOOF_IP);
        dropped(ipv6(0xfe80_0000_0000_0000L, ownId + 1), DropReason.SPOOF_IP);
        dropped(ipv6(0x2001_0db8_0000_0000L, ownId), DropReason.SPOOF_IP);
    }

    /** Port 0 and 1 with addresses of both families, guarded. */
    private void bothFamilies() {
        tested.put(Frames6.port(0, 0, true));
        tested.put(Frames6.port(1, 0, true));
    }

    @Test
    void N21_ipv6SourcesAreTheAddressOfThePortOrItsLinkLocalOne() {
        bothFamilies();
        Ipv6Address linkLocal = Frames6.linkLocal(mac(0));
        passes(Frames6.udp(mac(1), mac(0), Frames6.address(0), Frames6.address(1), 8));
        passes(Frames6.udp(mac(1), mac(0), linkLocal, Frames6.address(1), 8));
        dropped(Frames6.udp(mac(1), mac(0), Frames6.address(1), Frames6.address(0), 8), DropReason.SPOOF_IP);
        dropped(Frames6.udp(mac(1), mac(0), Frames6.GATEWAY, Frames6.address(1), 8), DropReason.SPOOF_IP);
        Ipv6Address strangers = Frames6.linkLocal(mac(1));
        dropped(Frames6.udp(mac(1), mac(0), strangers, Frames6.address(1), 8), DropReason.SPOOF_IP);
        dropped(Frames6.udp(mac(1), mac(0), Frames6.UNSPECIFIED, Frames6.address(1), 8), DropReason.SPOOF_IP);
    }

    @Test
    void N21_aPortWithoutAnAddressOfAFamilyHasNoneNotTheUnspecifiedOne() {
        tested.put(new PortSettings(0, 0, 0, List.of(0), mac(0), null, null, true));
        dropped(Frames.udp(mac(1), mac(0), 0, address(1), 8), DropReason.SPOOF_IP);
        dropped(Frames6.udp(mac(1), mac(0), Frames6.UNSPECIFIED, Frames6.address(1), 8), DropReason.SPOOF_IP);
        dropped(Frames.arp(ArpHeader.REPLY, mac(1), mac(0), address(0), 0, address(1)), DropReason.SPOOF_ARP);
    }

    @Test
    void row15_B12_nobodyAdvertisesAnothersAddress() {
        bothFamilies();
        Ipv6Address own = Frames6.address(0);
        passes(Frames6.advertisement(mac(0), own, own, mac(0)));
        passes(Frames6.advertisement(mac(0), own, Frames6.linkLocal(mac(0)), mac(0)));
        passes(Frames6.advertisement(mac(0), own, own, null));
        dropped(Frames6.advertisement(mac(0), own, Frames6.address(1), mac(0)), DropReason.SPOOF_ND);
        dropped(Frames6.advertisement(mac(0), own, Frames6.GATEWAY, mac(0)), DropReason.SPOOF_ND);
        dropped(Frames6.advertisement(mac(0), own, own, mac(1)), DropReason.SPOOF_ND);
    }

    @Test
    void B12_aSolicitationBearsNoForeignMacAddress() {
        bothFamilies();
        Ipv6Address own = Frames6.address(0);
        Ipv6Address unknown = Ipv6Address.parse("fd00::77");
        passes(Frames6.solicitation(mac(0), own, unknown, mac(0)));
        passes(Frames6.solicitation(mac(0), own, unknown, null));
        passes(Frames6.solicitation(mac(0), Frames6.UNSPECIFIED, own, null));
        dropped(Frames6.solicitation(mac(0), own, unknown, mac(1)), DropReason.SPOOF_ND);
        Frame router = Frames6.icmp(0x3333_0000_0002L, mac(0), own, Ipv6Address.parse("ff02::2"), 133, 8);
        dropped(router.with(62, 1).with(63, 1).with(69, 0x66), DropReason.SPOOF_ND);
    }

    @Test
    void B12_whetherAnAddressIsFreeIsAskedForOnesOwn() {
        bothFamilies();
        passes(Frames6.solicitation(mac(0), Frames6.UNSPECIFIED, Frames6.address(0), null));
        passes(Frames6.solicitation(mac(0), Frames6.UNSPECIFIED, Frames6.linkLocal(mac(0)), null));
        Ipv6Address victims = Frames6.linkLocal(mac(1));
        dropped(Frames6.solicitation(mac(0), Frames6.UNSPECIFIED, victims, null), DropReason.SPOOF_ND);
        Ipv6Address unknown = Ipv6Address.parse("fd00::77");
        dropped(Frames6.solicitation(mac(0), Frames6.UNSPECIFIED, unknown, null), DropReason.SPOOF_ND);
        passes(Frames.arp(ArpHeader.REQUEST, Frames.BROADCAST, mac(0), 0, 0, address(0)));
        dropped(Frames.arp(ArpHeader.REQUEST, Frames.BROADCAST, mac(0), 0, 0, 0x0a00_0077), DropReason.SPOOF_ARP);
        dropped(Frames.arp(ArpHeader.REPLY, Frames.BROADCAST, mac(0), 0, 0, address(0)), DropReason.SPOOF_ARP);
    }

    @Test
    void B12_whoseLinkIsDownDoesNotLoseItsAddressToAnothersProbe() {
        bothFamilies();
        tested.workers[0].onLinkState(1, false);
        dropped(Frames6.solicitation(mac(0), Frames6.UNSPECIFIED, Frames6.address(1), null), DropReason.SPOOF_ND);
        dropped(Frames.arp(ArpHeader.REQUEST, Frames.BROADCAST, mac(0), 0, 0, address(1)), DropReason.SPOOF_ARP);
    }

    @Test
    void B12_withoutTheGuardOneMayAskForAnyAddress() {
        tested.put(Frames6.port(0, 0, false));
        passes(Frames6.solicitation(mac(0), Frames6.UNSPECIFIED, Frames6.linkLocal(mac(1)), null));
        passes(Frames.arp(ArpHeader.REQUEST, Frames.BROADCAST, mac(0), 0, 0, 0x0a00_0077));
    }

    @Test
    void N21_fromTheUnspecifiedAddressComesOnlyWhatComesBeforeAnAddress() {
        bothFamilies();
        passes(sourceless(133));
        passes(sourceless(143));
        passes(Frames6.behind(IpProtocol.HOP_BY_HOP, sourceless(143), 0, 5, 2));
        passes(Frames6.behind(IpProtocol.HOP_BY_HOP, sourceless(131), 0, 5, 2));
        dropped(sourceless(128), DropReason.SPOOF_IP);
        dropped(sourceless(130), DropReason.SPOOF_IP);
        dropped(Frames6.behind(IpProtocol.HOP_BY_HOP, sourceless(128), 0, 5, 2), DropReason.SPOOF_IP);
        dropped(Frames6.behind(IpProtocol.DESTINATION_OPTIONS, sourceless(143), 0, 1, 4), DropReason.SPOOF_IP);
        Frame udp = Frames6.udp(0x3333_0000_0001L, mac(0), Frames6.UNSPECIFIED, Frames6.ALL_NODES, 8);
        dropped(Frames6.behind(IpProtocol.HOP_BY_HOP, udp, 0, 1, 4), DropReason.SPOOF_IP);
        dropped(Frames6.udp(0x3333_0000_0001L, mac(0), Frames6.UNSPECIFIED, Frames6.ALL_NODES, 8), DropReason.SPOOF_IP);
    }

    private static Frame sourceless(int type) {
        return Frames6.icmp(
                0x3333_0000_0001L, mac(0), Frames6.UNSPECIFIED, Frames6.ALL_NODES, type, type == 133 ? 0 : 16);
    }

    @Test
    void B12_malformedDiscoveryDoesNotPass() {
        bothFamilies();
        Ipv6Address own = Frames6.address(0);
        Ipv6Address unknown = Ipv6Address.parse("fd00::77");
        Frame endless = Frames6.solicitation(mac(0), own, unknown, mac(0));
        dropped(endless.with(Frames6.ICMP + 25, 0), DropReason.GUARD_UNREADABLE);
        Frame overrun = Frames6.solicitation(mac(0), own, unknown, mac(0));
        dropped(overrun.with(Frames6.ICMP + 25, 2), DropReason.GUARD_UNREADABLE);
        Frame cut = Frames6.solicitation(mac(0), own, unknown, null).cut(Frames6.ICMP + 20);
        dropped(cut, DropReason.GUARD_UNREADABLE);
        dropped(cut.with16(18, 20), DropReason.GUARD_UNREADABLE);
        dropped(cut.cut(Frames6.ICMP), DropReason.TRUNCATED_IP);
    }

    @Test
    void row15_B17_withoutTheGuardTheGatewaysNameIsStillItsOwn() {
        tested.put(Frames6.port(0, 0, false));
        Ipv6Address linkLocal = Frames6.linkLocal(TestSwitch.GATEWAY_MAC);
        dropped(Frames.udp(mac(1), mac(0), TestSwitch.GATEWAY, address(1), 8), DropReason.SPOOF_IP);
        dropped(Frames6.udp(mac(1), mac(0), linkLocal, Frames6.address(1), 8), DropReason.SPOOF_IP);
        dropped(
                Frames.arp(ArpHeader.REPLY, Frames.BROADCAST, mac(0), TestSwitch.GATEWAY, 0, address(1)),
                DropReason.SPOOF_ARP);
        dropped(Frames6.advertisement(mac(0), Frames6.address(0), linkLocal, mac(0)), DropReason.SPOOF_ND);
        passes(Frames.udp(mac(1), mac(0), address(2), address(1), 8));
        passes(Frames6.udp(mac(1), mac(0), Frames6.address(2), Frames6.address(1), 8));
    }

    private static Frame ipv6(long sourceHigh, long sourceLow) {
        Frame frame = Frames.ethernet(mac(1), mac(0), EtherType.IPV6, 48)
                .with(14, 0x60)
                .with(20, 6);
        return frame.with32(22, (int) (sourceHigh >>> 32))
                .with32(26, (int) sourceHigh)
                .with32(30, (int) (sourceLow >>> 32))
                .with32(34, (int) sourceLow);
    }
}
