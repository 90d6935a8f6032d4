package io.tapswitch.core.dataplane;

import static io.tapswitch.core.dataplane.TestSwitch.address;
import static io.tapswitch.core.dataplane.TestSwitch.mac;
import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.core.dataplane.DatapathCounters.Term;
import io.tapswitch.tapio.FrameMemory;
import io.tapswitch.tapio.VirtioNetHeader;
import io.tapswitch.wire.ArpHeader;
import io.tapswitch.wire.EtherType;
import io.tapswitch.wire.EthernetHeader;
import io.tapswitch.wire.Icmpv6Header;
import io.tapswitch.wire.Ipv6Header;
import io.tapswitch.wire.NeighbourOptions;
import java.util.ArrayList;
import java.util.List;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** B13 and C2: the members hear where an endpoint's addresses are. */
class AnnouncementTest {
    private static final int IP = Frames6.IP;
    private static final int ICMP = Frames6.ICMP;

    private TestSwitch tested = Frames6.withPorts(1, Frames6.network(false, true), 3);

    @AfterEach
    void framesAreConserved() {
        tested.assertConserved();
    }

    private static UnsafeBuffer ethernet(TestSwitch.Written written) {
        byte[] bytes = written.bytes();
        assertThat(new UnsafeBuffer(bytes).getLong(0)).as("virtio_net_hdr").isZero();
        return new UnsafeBuffer(bytes, VirtioNetHeader.LENGTH, bytes.length - VirtioNetHeader.LENGTH);
    }

    private List<TestSwitch.Written> announce(int port) {
        tested.written.clear();
        tested.workers[0].onAnnounce(List.of(Frames6.port(port, 0, true)));
        tested.settle();
        return tested.written;
    }

    @Test
    void B13_aGratuitousArpRequestAndAnUnsolicitedAdvertisementGoToTheOtherMembers() {
        long generated = tested.term(Term.GENERATED);
        long copied = tested.term(Term.COPIED);
        List<TestSwitch.Written> frames = announce(1);
        assertThat(frames).extracting(TestSwitch.Written::port).containsExactly(0, 2, 0, 2);
        assertThat(tested.term(Term.GENERATED)).isEqualTo(generated + 2);
        assertThat(tested.term(Term.COPIED)).isEqualTo(copied + 2);

        UnsafeBuffer arp = ethernet(frames.get(1));
        assertThat(EthernetHeader.destination(arp, 0)).isEqualTo(EthernetHeader.BROADCAST);
        assertThat(EthernetHeader.source(arp, 0)).isEqualTo(mac(1));
        assertThat(EthernetHeader.etherType(arp, 0)).isEqualTo(EtherType.ARP);
        assertThat(ArpHeader.isIpv4OverEthernet(arp, IP)).isTrue();
        assertThat(ArpHeader.operation(arp, IP)).isEqualTo(ArpHeader.REQUEST);
        assertThat(ArpHeader.senderMac(arp, IP)).isEqualTo(mac(1));
        assertThat(ArpHeader.senderAddress(arp, IP)).isEqualTo(address(1));
        assertThat(ArpHeader.targetAddress(arp, IP)).isEqualTo(address(1));

        UnsafeBuffer advertisement = ethernet(frames.get(3));
        assertThat(EthernetHeader.destination(advertisement, 0)).isEqualTo(0x3333_0000_0001L);
        assertThat(EthernetHeader.source(advertisement, 0)).isEqualTo(mac(1));
        assertThat(Ipv6Header.hopLimit(advertisement, IP)).isEqualTo(255);
        assertThat(Ipv6Header.sourceLo(advertisement, IP))
                .isEqualTo(Frames6.address(1).lo());
        assertThat(Ipv6Header.destinationHi(advertisement, IP)).isEqualTo(Frames6.ALL_NODES.hi());
        assertThat(Icmpv6Header.neighbourFlags(advertisement, ICMP)).isEqualTo(Icmpv6Header.OVERRIDE_FLAG);
        assertThat(Icmpv6Header.targetLo(advertisement, ICMP))
                .isEqualTo(Frames6.address(1).lo());
        assertThat(NeighbourOptions.find(
                        advertisement, ICMP + 24, advertisement.capacity(), NeighbourOptions.TARGET_LINK_LAYER))
                .isEqualTo(mac(1));
        assertThat(Frames6.isChecksumRight(advertisement)).isTrue();
    }

    @Test
    void anEndpointOfOneFamilyAnnouncesThat() {
        tested.put(new PortSettings(1, 0, 0, List.of(1), mac(1), null, Frames6.address(1), true));
        assertThat(announce(1)).extracting(TestSwitch.Written::port).containsExactly(0, 2);
        tested.put(new PortSettings(1, 0, 0, List.of(1), mac(1), null, null, true));
        assertThat(announce(1)).isEmpty();
    }

    @Test
    void whoIsAloneOrMayNotTalkAnnouncesNothing() {
        tested.assertConserved();
        tested = Frames6.withPorts(1, Frames6.network(false, true), 1);
        assertThat(announce(0)).isEmpty();
        tested.assertConserved();
        tested = Frames6.withPorts(1, Frames6.network(false, false), 3);
        assertThat(announce(0)).isEmpty();
        assertThat(announce(77)).as("a port that is gone").isEmpty();
        assertThat(tested.term(Term.GENERATED)).isZero();
    }

    @Test
    void withoutAFreeSlotNothingIsAnnouncedAndNothingIsLost() {
        List<Integer> taken = new ArrayList<>();
        for (int slot = tested.ios[0].allocate(); slot >= 0; slot = tested.ios[0].allocate()) {
            taken.add(slot);
        }
        assertThat(taken).isNotEmpty().allMatch(slot -> FrameMemory.readOffset(slot) > 0);
        assertThat(announce(1)).isEmpty();
        taken.forEach(tested.ios[0]::release);
        assertThat(announce(1)).hasSize(4);
    }
}
