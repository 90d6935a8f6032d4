package io.tapswitch.core.dataplane;

import static io.tapswitch.core.dataplane.TestSwitch.GATEWAY;
import static io.tapswitch.core.dataplane.TestSwitch.GATEWAY_MAC;
import static io.tapswitch.core.dataplane.TestSwitch.address;
import static io.tapswitch.core.dataplane.TestSwitch.mac;
import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.core.dataplane.DatapathCounters.Term;
import io.tapswitch.core.dataplane.Frames.Frame;
import io.tapswitch.tapio.VirtioNetHeader;
import io.tapswitch.wire.EthernetHeader;
import io.tapswitch.wire.IcmpHeader;
import io.tapswitch.wire.Icmpv6Header;
import io.tapswitch.wire.Ipv4Address;
import io.tapswitch.wire.Ipv4Header;
import io.tapswitch.wire.Ipv6Address;
import java.util.Set;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Who may not reach whom: other networks (B10), other members without icc, and who is gone (A-ATT-08). */
class IsolationTest {
    private static final int IP = Frames6.IP;
    private static final int ICMP = IP + Ipv4Header.MIN_LENGTH;
    private static final long GONE_MAC = 0x0242_0a00_0063L;
    private static final int GONE = 0x0a00_0063;
    private static final Ipv6Address GONE6 = Ipv6Address.parse("fd00::63");

    private TestSwitch tested = Frames6.withPorts(1, Frames6.network(false, true), 3);

    @AfterEach
    void framesAreConserved() {
        tested.assertConserved();
    }

    private UnsafeBuffer sentTo(int port) {
        byte[] bytes = tested.written.stream()
                .filter(written -> written.port() == port)
                .findFirst()
                .orElseThrow()
                .bytes();
        return new UnsafeBuffer(bytes, VirtioNetHeader.LENGTH, bytes.length - VirtioNetHeader.LENGTH);
    }

    private void dropped(int port, Frame frame, DropReason reason) {
        long before = tested.drops(port, reason);
        assertThat(tested.send(port, frame)).isEmpty();
        assertThat(tested.drops(port, reason)).as(reason.word()).isEqualTo(before + 1);
    }

    private void refused(Frame frame, DropReason reason, int type, int code) {
        long before = tested.drops(0, reason);
        assertThat(tested.send(0, frame)).containsExactly(0);
        assertThat(tested.drops(0, reason)).as(reason.word()).isEqualTo(before + 1);
        int icmp = EthernetHeader.etherType(sentTo(0), 0) == 0x0800 ? ICMP : Frames6.ICMP;
        assertThat(IcmpHeader.type(sentTo(0), icmp)).isEqualTo(type);
        assertThat(IcmpHeader.code(sentTo(0), icmp)).isEqualTo(code);
    }

    @Test
    void B10_A_L2_04_anAddressOfAnotherNetworkIsOutOfBounds() {
        tested.addNetwork(Frames6.network(1, "10.0.1.1", "fd00:1::1", true, true));
        refused(Frames.udp(GATEWAY_MAC, mac(0), address(0), 0x0a00_0105, 8), DropReason.ISOLATED, 3, 13);
        Ipv6Address other = Ipv6Address.parse("fd00:1::5");
        refused(Frames6.udp(GATEWAY_MAC, mac(0), Frames6.address(0), other, 8), DropReason.ISOLATED, 1, 1);
        refused(Frames.udp(GATEWAY_MAC, mac(0), address(0), 0x0a00_0205, 8), DropReason.NO_ROUTE, 3, 0);
    }

    @Test
    void membersAreNotReachedByWayOfTheGateway() {
        refused(Frames.udp(GATEWAY_MAC, mac(0), address(0), address(1), 8), DropReason.NO_ROUTE, 3, 1);
        Frame six = Frames6.udp(GATEWAY_MAC, mac(0), Frames6.address(0), Frames6.address(1), 8);
        refused(six, DropReason.NO_ROUTE, 1, 3);
    }

    @Test
    void withoutIccMembersHearNothingOfEachOther() {
        withoutIcc();
        dropped(0, Frames.udp(mac(1), mac(0), address(0), address(1), 8), DropReason.ICC_DISABLED);
        dropped(0, Frames.udp(Frames.BROADCAST, mac(0), address(0), 0x0a00_00ff, 8), DropReason.ICC_DISABLED);
        dropped(0, Frames.udp(GONE_MAC, mac(0), address(0), GONE, 8), DropReason.ICC_DISABLED);
        dropped(0, Frames.arp(1, Frames.BROADCAST, mac(0), address(0), 0, address(1)), DropReason.ICC_DISABLED);
        dropped(0, Frames.arp(2, mac(1), mac(0), address(0), mac(1), address(1)), DropReason.ICC_DISABLED);
        Frame solicitation = Frames6.solicitation(mac(0), Frames6.address(0), Frames6.address(1), mac(0));
        dropped(0, solicitation, DropReason.ICC_DISABLED);
        refused(
                Frames.udp(GATEWAY_MAC, mac(0), address(0), address(1), 8),
                DropReason.ICC_DISABLED,
                IcmpHeader.DESTINATION_UNREACHABLE,
                IcmpHeader.ADMINISTRATIVELY_PROHIBITED);
        Frame six = Frames6.udp(GATEWAY_MAC, mac(0), Frames6.address(0), Frames6.address(1), 8);
        refused(six, DropReason.ICC_DISABLED, 1, 1);
    }

    @Test
    void withoutIccTheGatewayAndTheHostAreStillThere() {
        withoutIcc();
        tested.host(10, Set.of(Ipv4Address.fromBits(GATEWAY)));
        assertThat(tested.announced).as("not even an announcement").isEmpty();
        assertThat(tested.send(0, Frames.arp(1, Frames.BROADCAST, mac(0), address(0), 0, GATEWAY)))
                .containsExactly(0);
        assertThat(tested.send(0, Frames.echoRequest(GATEWAY_MAC, mac(0), address(0), GATEWAY, 8)))
                .containsExactly(0);
        assertThat(tested.send(0, Frames.udp(GATEWAY_MAC, mac(0), address(0), GATEWAY, 8)))
                .containsExactly(10);
        Frame fromHost = Frames.udp(TestSwitch.PEER_MAC, TestSwitch.HOST_MAC, GATEWAY, address(1), 8);
        assertThat(tested.send(10, fromHost)).containsExactly(1);
    }

    private void withoutIcc() {
        tested.assertConserved();
        tested = Frames6.withPorts(1, Frames6.network(false, false), 3);
        assertThat(tested.announced).isEmpty();
    }

    @Test
    void A_ATT_08_whoSendsToAnEndpointThatIsGoneIsTold() {
        Frame ping = Frames.echoRequest(GONE_MAC, mac(0), address(0), GONE, 56);
        assertThat(tested.send(0, ping)).containsExactly(0, 1, 2);
        UnsafeBuffer error = sentTo(0);
        assertThat(EthernetHeader.destination(error, 0)).isEqualTo(mac(0));
        assertThat(EthernetHeader.source(error, 0)).isEqualTo(GATEWAY_MAC);
        assertThat(Ipv4Header.sourceAddress(error, IP)).isEqualTo(GATEWAY);
        assertThat(Ipv4Header.checksumValid(error, IP)).isTrue();
        assertThat(IcmpHeader.type(error, ICMP)).isEqualTo(IcmpHeader.DESTINATION_UNREACHABLE);
        assertThat(IcmpHeader.code(error, ICMP)).isEqualTo(IcmpHeader.HOST_UNREACHABLE);
        assertThat(IcmpHeader.checksumValid(error, ICMP, error.capacity() - ICMP))
                .isTrue();
        assertThat(error.byteArray()).endsWith(java.util.Arrays.copyOfRange(ping.bytes, 24, ping.bytes.length));
        assertThat(sentTo(1).byteArray()).as("flooded as it was").isEqualTo(ping.bytes);
        assertThat(tested.term(Term.GENERATED)).isEqualTo(1);
        Frame six = Frames6.echoRequest(GONE_MAC, mac(0), Frames6.address(0), GONE6, 56);
        assertThat(tested.send(0, six)).containsExactly(0, 1, 2);
        assertThat(Icmpv6Header.type(sentTo(0), Frames6.ICMP)).isEqualTo(1);
        assertThat(Icmpv6Header.code(sentTo(0), Frames6.ICMP)).isEqualTo(Icmpv6Header.ADDRESS_UNREACHABLE);
        assertThat(Frames6.isChecksumRight(sentTo(0))).isTrue();
    }

    @Test
    void A_ATT_08_alsoWhoIsAloneIsTold() {
        tested.assertConserved();
        tested = Frames6.withPorts(1, Frames6.network(false, true), 1);
        assertThat(tested.send(0, Frames.echoRequest(GONE_MAC, mac(0), address(0), GONE, 56)))
                .containsExactly(0);
        assertThat(tested.drops(0, DropReason.NO_OTHER_PORT)).isEqualTo(1);
    }

    @Test
    void A_ATT_08_noErrorIsSentAboutErrorsGroupsOrAddressesThatSomebodyHas() {
        Frame error = Frames.echoRequest(GONE_MAC, mac(0), address(0), GONE, 56);
        assertThat(tested.send(0, error.with(ICMP, 3))).containsExactly(1, 2);
        assertThat(tested.send(0, Frames.udp(GONE_MAC, mac(0), address(0), address(1), 8)))
                .containsExactly(1, 2);
        assertThat(tested.send(0, Frames.udp(GONE_MAC, mac(0), address(0), 0x0a00_00ff, 8)))
                .containsExactly(1, 2);
        assertThat(tested.send(0, Frames.udp(GONE_MAC, mac(0), address(0), 0x0102_0304, 8)))
                .containsExactly(1, 2);
        Frame later = Frames.udp(GONE_MAC, mac(0), address(0), GONE, 8).with16(IP + 6, 100);
        assertThat(tested.send(0, later.ipChecksum())).containsExactly(1, 2);
        Frame broken = Frames.udp(GONE_MAC, mac(0), address(0), GONE, 8).with(IP + 10, 0x77);
        assertThat(tested.send(0, broken)).containsExactly(1, 2);
        Frame linkLocal = Frames6.udp(GONE_MAC, mac(0), Frames6.linkLocal(mac(0)), Frames6.linkLocal(GONE_MAC), 8);
        assertThat(tested.send(0, linkLocal)).containsExactly(1, 2);
        assertThat(tested.term(Term.GENERATED)).isZero();
    }

    @Test
    void A_ATT_08_theseErrorsAreLimitedInRate() {
        int told = 0;
        for (int i = 0; i < 300; i++) {
            tested.send(0, Frames.udp(GONE_MAC, mac(0), address(0), GONE, 8));
            told += tested.written.stream().anyMatch(written -> written.port() == 0) ? 1 : 0;
        }
        assertThat(told).isEqualTo(100);
        tested.passMs(1);
        assertThat(tested.send(0, Frames.udp(GONE_MAC, mac(0), address(0), GONE, 8)))
                .contains(0);
    }
}
