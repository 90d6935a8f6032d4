package io.tapswitch.core.dataplane;

import static io.tapswitch.core.dataplane.TestSwitch.address;
import static io.tapswitch.core.dataplane.TestSwitch.mac;
import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.core.dataplane.Frames.Frame;
import io.tapswitch.wire.IcmpHeader;
import io.tapswitch.wire.Icmpv6Header;
import io.tapswitch.wire.IpProtocol;
import io.tapswitch.wire.Ipv6Address;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Catalogue row 18: containers do not play the router, with the source guard and without it. */
class RouterGuardTest {
    private static final int IP = Frames6.IP;
    private static final int ICMP = Frames6.ICMP;
    private static final Ipv6Address LINK_LOCAL = Frames6.linkLocal(mac(0));

    private final TestSwitch tested = Frames6.withPorts(1, Frames6.network(false, true), 2);

    @AfterEach
    void framesAreConserved() {
        tested.assertConserved();
    }

    private static Frame icmp(int type) {
        return Frames6.icmp(0x3333_0000_0001L, mac(0), LINK_LOCAL, Frames6.ALL_NODES, type, 16)
                .with(IP + 7, 255);
    }

    private void dropped(Frame frame, DropReason reason) {
        long before = tested.drops(0, reason);
        assertThat(tested.send(0, frame)).isEmpty();
        assertThat(tested.drops(0, reason)).as(reason.word()).isEqualTo(before + 1);
    }

    private void passes(Frame frame) {
        assertThat(tested.send(0, frame)).containsExactly(1);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void row18_routerAdvertisementsAndRedirectsAreDropped(boolean guarded) {
        tested.put(Frames6.port(0, 0, guarded));
        dropped(icmp(Icmpv6Header.ROUTER_ADVERTISEMENT), DropReason.ROGUE_RA);
        dropped(icmp(Icmpv6Header.REDIRECT), DropReason.ROGUE_REDIRECT);
        Frame redirect = Frames.echoRequest(mac(1), mac(0), address(0), address(1), 28);
        dropped(redirect.with(34, IcmpHeader.REDIRECT), DropReason.ROGUE_REDIRECT);
    }

    @ParameterizedTest
    @ValueSource(ints = {IpProtocol.HOP_BY_HOP, IpProtocol.DESTINATION_OPTIONS, IpProtocol.FRAGMENT})
    void row18_hiddenOnesAreFound(int extension) {
        tested.put(Frames6.port(0, 0, false));
        int[] padding = extension == IpProtocol.FRAGMENT ? new int[0] : new int[] {0, 1, 4};
        Frame advertisement = icmp(Icmpv6Header.ROUTER_ADVERTISEMENT);
        dropped(Frames6.behind(extension, advertisement, padding), DropReason.ROGUE_RA);
        dropped(Frames6.behind(extension, icmp(Icmpv6Header.REDIRECT), padding), DropReason.ROGUE_REDIRECT);
        dropped(Frames6.behind(extension, icmp(Icmpv6Header.NEIGHBOUR_ADVERTISEMENT), padding), DropReason.ND_HIDDEN);
        Frame twice = Frames6.behind(extension, icmp(Icmpv6Header.ROUTER_ADVERTISEMENT), padding);
        dropped(Frames6.behind(IpProtocol.DESTINATION_OPTIONS, twice, 0, 1, 4), onlyFirst(extension));
    }

    /** A hop-by-hop header behind another one is refused as such. */
    private static DropReason onlyFirst(int extension) {
        return extension == IpProtocol.HOP_BY_HOP ? DropReason.IP6_EXTENSION : DropReason.ROGUE_RA;
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void row18_aFirstFragmentThatEndsBeforeTheTypeIsDropped(boolean guarded) {
        tested.put(Frames6.port(0, 0, guarded));
        Frame fragment = Frames6.behind(IpProtocol.FRAGMENT, icmp(Icmpv6Header.ROUTER_ADVERTISEMENT), 0, 0, 1);
        dropped(fragment.cut(ICMP + 8).with16(IP + 4, 8), DropReason.ND_HIDDEN);
        Frame chain = Frames6.behind(IpProtocol.DESTINATION_OPTIONS, icmp(Icmpv6Header.ROUTER_ADVERTISEMENT), 5);
        dropped(Frames6.behind(IpProtocol.FRAGMENT, chain, 0, 0, 1), DropReason.IP6_EXTENSION);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void row18_whatStandsBehindThePacketInTheFrameIsNotTakenForItsEnd(boolean guarded) {
        tested.put(Frames6.port(0, 0, guarded));
        // Destination options of 16 bytes and an echo request, of which the first fragment has only the first 8.
        Frame request = icmp(Icmpv6Header.ECHO_REQUEST);
        Frame options = Frames6.behind(IpProtocol.DESTINATION_OPTIONS, request, 1, 1, 12);
        Frame fragment = Frames6.behind(IpProtocol.FRAGMENT, options, 0, 0, 1).with16(IP + 4, 16);
        dropped(fragment, DropReason.IP6_EXTENSION);
        dropped(icmp(Icmpv6Header.ECHO_REQUEST).with16(IP + 4, 0), DropReason.TRUNCATED_IP);
        Frame echo = Frames6.echoRequest(mac(1), mac(0), Frames6.address(0), Frames6.address(1), 16);
        passes(echo.cut(echo.ethernet().capacity() + 20));
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void otherMessagesPassAlsoInFragments(boolean guarded) {
        tested.put(Frames6.port(0, 0, guarded));
        Frame ping = Frames6.echoRequest(mac(1), mac(0), Frames6.address(0), Frames6.address(1), 1200);
        passes(ping);
        passes(Frames6.behind(IpProtocol.FRAGMENT, ping, 0, 0, 1));
        Frame later = Frames6.echoRequest(mac(1), mac(0), Frames6.address(0), Frames6.address(1), 100);
        passes(Frames6.behind(IpProtocol.FRAGMENT, later.with(ICMP, Icmpv6Header.ROUTER_ADVERTISEMENT), 0, 4, 0xb0));
        Frame report = Frames6.icmp(0x3333_0000_0016L, mac(0), LINK_LOCAL, Ipv6Address.parse("ff02::16"), 143, 20);
        passes(Frames6.behind(IpProtocol.HOP_BY_HOP, report, 0, 5, 2));
        passes(Frames.echoRequest(mac(1), mac(0), address(0), address(1), 28));
        passes(Frames6.udp(mac(1), mac(0), Frames6.address(0), Frames6.address(1), 30));
        Frame unreachable = Frames.echoRequest(mac(1), mac(0), address(0), address(1), 28);
        passes(unreachable.with(34, IcmpHeader.DESTINATION_UNREACHABLE));
        Frame laterIpv4 = Frames.echoRequest(mac(1), mac(0), address(0), address(1), 28);
        passes(laterIpv4.with(34, IcmpHeader.REDIRECT).with16(20, 2).ipChecksum());
    }
}
