package io.tapswitch.core.dataplane;

import static io.tapswitch.core.dataplane.TestSwitch.GATEWAY;
import static io.tapswitch.core.dataplane.TestSwitch.GATEWAY_MAC;
import static io.tapswitch.core.dataplane.TestSwitch.address;
import static io.tapswitch.core.dataplane.TestSwitch.mac;
import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.core.dataplane.DatapathCounters.Term;
import io.tapswitch.core.dataplane.Frames.Frame;
import io.tapswitch.tapio.VirtioNetHeader;
import io.tapswitch.wire.ArpHeader;
import io.tapswitch.wire.EthernetHeader;
import io.tapswitch.wire.Icmpv6Header;
import io.tapswitch.wire.Ipv6Address;
import io.tapswitch.wire.Ipv6Header;
import io.tapswitch.wire.NeighbourOptions;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** B12 and C11: who has this address? Port i of three asks, guarded, in a network of both families. */
class ResolutionTest {
    private static final int IP = Frames6.IP;
    private static final int ICMP = Frames6.ICMP;
    private static final int NOBODY = 0x0a00_0063;
    private static final Ipv6Address NOBODY6 = Ipv6Address.parse("fd00::63");

    private TestSwitch tested = Frames6.withPorts(1, Frames6.network(false, true), 3);

    @AfterEach
    void framesAreConserved() {
        tested.assertConserved();
    }

    private static Frame arp(int target) {
        return Frames.arp(ArpHeader.REQUEST, Frames.BROADCAST, mac(0), address(0), 0, target);
    }

    private static Frame solicitation(Ipv6Address target) {
        return Frames6.solicitation(mac(0), Frames6.address(0), target, mac(0));
    }

    private UnsafeBuffer answer() {
        assertThat(tested.written).hasSize(1);
        assertThat(tested.written.getFirst().port()).isZero();
        byte[] bytes = tested.written.getFirst().bytes();
        assertThat(new UnsafeBuffer(bytes).getLong(0)).as("virtio_net_hdr").isZero();
        return new UnsafeBuffer(bytes, VirtioNetHeader.LENGTH, bytes.length - VirtioNetHeader.LENGTH);
    }

    private void answersArp(Frame request, int target, long mac) {
        long generated = tested.term(Term.GENERATED);
        tested.send(0, request);
        UnsafeBuffer reply = answer();
        assertThat(tested.term(Term.GENERATED)).isEqualTo(generated + 1);
        assertThat(EthernetHeader.destination(reply, 0)).isEqualTo(mac(0));
        assertThat(EthernetHeader.source(reply, 0)).isEqualTo(mac);
        assertThat(ArpHeader.operation(reply, IP)).isEqualTo(ArpHeader.REPLY);
        assertThat(ArpHeader.senderMac(reply, IP)).isEqualTo(mac);
        assertThat(ArpHeader.senderAddress(reply, IP)).isEqualTo(target);
        assertThat(ArpHeader.targetMac(reply, IP)).isEqualTo(mac(0));
    }

    private UnsafeBuffer answersNd(Frame solicitation, Ipv6Address target, long mac) {
        tested.send(0, solicitation);
        UnsafeBuffer reply = answer();
        assertThat(EthernetHeader.source(reply, 0)).isEqualTo(mac);
        assertThat(Ipv6Header.hopLimit(reply, IP)).isEqualTo(255);
        assertThat(Ipv6Header.payloadLength(reply, IP)).isEqualTo(reply.capacity() - ICMP);
        assertThat(Icmpv6Header.type(reply, ICMP)).isEqualTo(Icmpv6Header.NEIGHBOUR_ADVERTISEMENT);
        assertThat(Icmpv6Header.targetHi(reply, ICMP)).isEqualTo(target.hi());
        assertThat(Icmpv6Header.targetLo(reply, ICMP)).isEqualTo(target.lo());
        assertThat(NeighbourOptions.find(reply, ICMP + 24, reply.capacity(), NeighbourOptions.TARGET_LINK_LAYER))
                .isEqualTo(mac);
        assertThat(Frames6.isChecksumRight(reply)).as("checksum").isTrue();
        return reply;
    }

    @Test
    void B12_arpForAKnownEndpointIsAnsweredAndNobodyElseSeesIt() {
        answersArp(arp(address(1)), address(1), mac(1));
        Frame unicast = Frames.arp(ArpHeader.REQUEST, mac(1), mac(0), address(0), 0, address(1));
        answersArp(unicast, address(1), mac(1));
    }

    @Test
    void B12_aSolicitationForAKnownEndpointIsAnsweredAndNobodyElseSeesIt() {
        UnsafeBuffer reply = answersNd(solicitation(Frames6.address(2)), Frames6.address(2), mac(2));
        assertThat(EthernetHeader.destination(reply, 0)).isEqualTo(mac(0));
        assertThat(Icmpv6Header.neighbourFlags(reply, ICMP))
                .isEqualTo(Icmpv6Header.SOLICITED_FLAG | Icmpv6Header.OVERRIDE_FLAG);
        Frame bare = Frames6.neighbour(
                135, mac(2), mac(0), Frames6.linkLocal(mac(0)), Frames6.address(2), Frames6.address(2), null);
        answersNd(bare, Frames6.address(2), mac(2));
    }

    @Test
    void B17_theGatewayAnswersForAllItsAddresses() {
        answersArp(arp(GATEWAY), GATEWAY, GATEWAY_MAC);
        UnsafeBuffer reply = answersNd(solicitation(Frames6.GATEWAY), Frames6.GATEWAY, GATEWAY_MAC);
        assertThat(Icmpv6Header.neighbourFlags(reply, ICMP) & Icmpv6Header.ROUTER_FLAG)
                .isNotZero();
        Ipv6Address linkLocal = Frames6.linkLocal(GATEWAY_MAC);
        answersNd(solicitation(linkLocal), linkLocal, GATEWAY_MAC);
    }

    @Test
    void C11_unknownTargetsAreFloodedAndNeverAnswered() {
        assertThat(tested.send(0, arp(NOBODY))).containsExactly(1, 2);
        assertThat(tested.send(0, solicitation(NOBODY6))).containsExactly(1, 2);
        tested.removePort(1);
        assertThat(tested.send(0, arp(address(1)))).containsExactly(2);
        assertThat(tested.send(0, solicitation(Frames6.address(1)))).containsExactly(2);
    }

    @Test
    void C11_anEndpointWhoseLinkIsDownIsNotAnsweredFor() {
        tested.workers[0].onLinkState(1, false);
        assertThat(tested.send(0, arp(address(1)))).containsExactly(2);
        assertThat(tested.send(0, solicitation(Frames6.address(1)))).containsExactly(2);
        tested.workers[0].onLinkState(1, true);
        answersArp(arp(address(1)), address(1), mac(1));
    }

    @Test
    void B12_theOwnersGratuitousArpAndDuplicateAddressDetectionPass() {
        assertThat(tested.send(0, arp(address(0)))).containsExactly(1, 2);
        Frame probe = Frames.arp(ArpHeader.REQUEST, Frames.BROADCAST, mac(0), 0, 0, address(0));
        assertThat(tested.send(0, probe)).containsExactly(1, 2);
        Frame dad = Frames6.solicitation(mac(0), Frames6.UNSPECIFIED, Frames6.address(0), null);
        assertThat(tested.send(0, dad)).containsExactly(1, 2);
        Frame reply = Frames.arp(ArpHeader.REPLY, Frames.BROADCAST, mac(0), address(0), 0, address(0));
        assertThat(tested.send(0, reply)).containsExactly(1, 2);
    }

    @Test
    void row19_whoProbesForAnAddressThatAnotherHasIsTold() {
        Frame probe = Frames.arp(ArpHeader.REQUEST, Frames.BROADCAST, mac(0), 0, 0, address(1));
        answersArp(probe, address(1), mac(1));
        Frame dad = Frames6.solicitation(mac(0), Frames6.UNSPECIFIED, Frames6.address(1), null);
        UnsafeBuffer reply = answersNd(dad, Frames6.address(1), mac(1));
        assertThat(EthernetHeader.destination(reply, 0)).isEqualTo(0x3333_0000_0001L);
        assertThat(Ipv6Header.destinationHi(reply, IP)).isEqualTo(Frames6.ALL_NODES.hi());
        assertThat(Ipv6Header.destinationLo(reply, IP)).isEqualTo(Frames6.ALL_NODES.lo());
        assertThat(Icmpv6Header.neighbourFlags(reply, ICMP)).isEqualTo(Icmpv6Header.OVERRIDE_FLAG);
    }

    @Test
    void row19_anotherPortsAnswersCannotDisturbTheOwnersDuplicateAddressDetection() {
        Frame dad = Frames6.solicitation(mac(0), Frames6.UNSPECIFIED, Frames6.address(0), null);
        assertThat(tested.send(0, dad)).containsExactly(1, 2);
        Frame denial = Frames6.advertisement(mac(1), Frames6.linkLocal(mac(1)), Frames6.address(0), mac(1));
        assertThat(tested.send(1, denial)).isEmpty();
        assertThat(tested.drops(1, DropReason.SPOOF_ND)).isEqualTo(1);
    }

    @Test
    void whatAReceiverMustIgnoreIsNotAnswered() {
        Frame routed = Frames6.checksum(solicitation(Frames6.address(1)).with(IP + 7, 64));
        assertThat(tested.send(0, routed)).as("hop limit").containsExactly(1, 2);
        Frame wrong = solicitation(Frames6.address(1)).with(ICMP + 3, 0x55);
        assertThat(tested.send(0, wrong)).as("checksum").containsExactly(1, 2);
        Frame code = Frames6.checksum(solicitation(Frames6.address(1)).with(ICMP + 1, 1));
        assertThat(tested.send(0, code)).as("code").containsExactly(1, 2);
        Frame dadWithOption = Frames6.solicitation(mac(0), Frames6.UNSPECIFIED, Frames6.address(1), mac(0));
        tested.put(Frames6.port(0, 0, false));
        assertThat(tested.send(0, dadWithOption)).as("DAD with an option").containsExactly(1, 2);
    }

    @Test
    void B12_theIpv4AddressOfAnEndpointIsNoIpv6Address() {
        Ipv6Address mapped = new Ipv6Address(0, 0xffff_0000_0000L | (address(1) & 0xffff_ffffL));
        assertThat(tested.send(0, solicitation(mapped))).containsExactly(1, 2);
    }

    @Test
    void row17_askingForDistinctTargetsIsLimitedByTheStormPolicer() {
        int seen = 0;
        for (int i = 0; i < 12_000; i++) {
            seen += tested.send(0, arp(0x0a00_0063)).length > 0 ? 1 : 0;
        }
        assertThat(seen).isEqualTo(10_000);
        assertThat(tested.send(0, arp(address(1)))).as("known ones too").isEmpty();
        assertThat(tested.drops(0, DropReason.STORM)).isEqualTo(2_001);
        assertThat(tested.send(1, Frames.arp(1, Frames.BROADCAST, mac(1), address(1), 0, GATEWAY)))
                .as("nobody else suffers")
                .containsExactly(1);
    }

    @Test
    void questionsAreAnsweredByTheWorkerThatReadThem() {
        tested.assertConserved();
        tested = Frames6.withPorts(2, Frames6.network(false, true), 3);
        Frame question = Frames.arp(ArpHeader.REQUEST, Frames.BROADCAST, mac(1), address(1), 0, GATEWAY);
        assertThat(tested.send(1, question)).containsExactly(1);
        assertThat(tested.term(Term.HANDOFF_FRAMES)).isZero();
    }
}
