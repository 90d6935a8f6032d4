package io.tapswitch.core.dataplane;

import static io.tapswitch.core.dataplane.Frames.BROADCAST;
import static io.tapswitch.core.dataplane.TestSwitch.address;
import static io.tapswitch.core.dataplane.TestSwitch.mac;
import static io.tapswitch.core.dataplane.TunnelsTest.HOST_A;
import static io.tapswitch.core.dataplane.TunnelsTest.HOST_B;
import static io.tapswitch.core.dataplane.TunnelsTest.HOST_C;
import static io.tapswitch.core.dataplane.TunnelsTest.OTHER_PEER;
import static io.tapswitch.core.dataplane.TunnelsTest.PEER;
import static io.tapswitch.core.dataplane.TunnelsTest.TUNNEL;
import static io.tapswitch.core.dataplane.TunnelsTest.endpoint;
import static io.tapswitch.core.dataplane.TunnelsTest.overlay;
import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.core.dataplane.Frames.Frame;
import io.tapswitch.core.dataplane.OverlaySettings.RemoteEndpoint;
import io.tapswitch.wire.ArpHeader;
import io.tapswitch.wire.Ipv6Address;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Which questions about addresses other hosts hear, and which not: B12, B13. */
class TunnelQuestionsTest {
    private final TestSwitch a = TestSwitch.withPorts(2);

    @AfterEach
    void framesAreConserved() {
        a.assertConserved();
    }

    private void connect(boolean learns) {
        a.overlay(overlay(HOST_A, learns, learns ? List.of() : List.of(endpoint(2, PEER), endpoint(3, PEER)), HOST_B));
    }

    private static Frame question(int sender, int target) {
        return Frames.arp(ArpHeader.REQUEST, BROADCAST, mac(0), sender, 0, target);
    }

    @Test
    void B12_whatNobodyKnowsIsNotAskedOfOtherHosts_whereAllEndpointsAreTold() {
        connect(false);
        int absent = 0x0a00_0063;
        Ipv6Address own = Ipv6Address.parse("fd00::2");
        Ipv6Address nobody = Ipv6Address.parse("fd00::63");
        assertThat(a.send(0, question(address(0), absent))).containsExactly(1);
        assertThat(a.send(0, Frames6.solicitation(mac(0), own, nobody, mac(0)))).containsExactly(1);
        a.removePort(1);
        assertThat(a.send(0, question(address(0), absent))).isEmpty();
        assertThat(a.drops(0, DropReason.NO_OTHER_PORT)).isEqualTo(1);
        assertThat(a.counters(PEER).txFrames()).isZero();
        connect(true);
        assertThat(a.send(0, question(address(0), absent))).containsExactly(TUNNEL);
        assertThat(a.send(0, Frames6.solicitation(mac(0), own, nobody, mac(0)))).containsExactly(TUNNEL);
    }

    @Test
    void B12_B13_whatAContainerSaysOfItsOwnAddressIsToldToOtherHosts() {
        connect(false);
        Ipv6Address own = Ipv6Address.parse("fd00::2");
        List<Frame> told = List.of(
                question(address(0), address(0)),
                question(0, address(0)),
                Frames.arp(ArpHeader.REPLY, BROADCAST, mac(0), address(0), mac(0), address(0)),
                Frames6.solicitation(mac(0), Frames6.UNSPECIFIED, own, null),
                Frames6.advertisement(mac(0), own, own, mac(0)));
        for (Frame frame : told) {
            assertThat(a.send(0, frame)).containsExactly(1, TUNNEL);
        }
    }

    /** Nobody tells the switch link-local addresses; those of the kernel say whose they are. */
    @Test
    void B12_aLinkLocalAddressIsAskedForWhereItsMacAddressIs() {
        List<RemoteEndpoint> known = List.of(endpoint(2, PEER), endpoint(3, OTHER_PEER));
        a.overlay(overlay(HOST_A, false, known, HOST_B, HOST_C));
        Ipv6Address own = Frames6.linkLocal(mac(0));
        assertThat(a.send(0, Frames6.solicitation(mac(0), own, Frames6.linkLocal(mac(3)), mac(0))))
                .containsExactly(TUNNEL);
        assertThat(a.counters(OTHER_PEER).txFrames()).isEqualTo(1);
        for (Ipv6Address here : List.of(Frames6.linkLocal(mac(1)), Ipv6Address.parse("fe80::1234"))) {
            assertThat(a.send(0, Frames6.solicitation(mac(0), own, here, mac(0))))
                    .containsExactly(1);
        }
    }
}
