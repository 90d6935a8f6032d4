package io.tapswitch.core.dataplane;

import static io.tapswitch.core.dataplane.OutsideWorld.DEVICE_ETH0;
import static io.tapswitch.core.dataplane.OutsideWorld.ETH0;
import static io.tapswitch.core.dataplane.OutsideWorld.HOST4;
import static io.tapswitch.core.dataplane.OutsideWorld.HOST6;
import static io.tapswitch.core.dataplane.OutsideWorld.container;
import static io.tapswitch.core.dataplane.OutsideWorld.end;
import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.core.dataplane.Frames.Frame;
import io.tapswitch.core.dataplane.NatFrames.End;
import io.tapswitch.core.dataplane.OwnLink.LinkAddress;
import io.tapswitch.wire.ArpHeader;
import io.tapswitch.wire.EtherType;
import io.tapswitch.wire.EthernetHeader;
import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.IpProtocol;
import io.tapswitch.wire.Ipv4Address;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;

/** The switch as a member of a LAN, with one worker and with two. */
@ParameterizedClass
@ValueSource(ints = {1, 2})
final class LinkTest {
    private static final long MAC = 0x0200_0000_0050L;
    private static final long GATEWAY_MAC = 0x0200_0000_0009L;
    private static final long ELSE = 0x0200_0000_0066L;
    private static final int OWN = bits(HOST4);
    private static final int GATEWAY = bits("192.0.2.9");
    private static final End FAR = End.of("198.51.100.9", 53);

    private final int last;
    private final OutsideWorld world;
    private final OwnLink link = new OwnLink(
            MAC,
            DEVICE_ETH0,
            List.of(new LinkAddress(IpAddress.parse(HOST4), 24), new LinkAddress(IpAddress.parse(HOST6), 64)),
            List.of(IpAddress.parse("192.0.2.9")));

    LinkTest(int workers) {
        last = workers - 1;
        world = new OutsideWorld(workers);
        world.link = link;
        world.take();
        // The first look, which asks for the gateway.
        world.tested.passMs(200);
        world.tested.settle();
    }

    @AfterEach
    void conserved() {
        world.tested.passMs(10_000);
        world.tested.settle();
        world.tested.passMs(10_000);
        world.tested.settle();
        world.tested.assertConserved();
        assertThat(world.tested.news).isEmpty();
    }

    private static int bits(String address) {
        return ((Ipv4Address) IpAddress.parse(address)).bits();
    }

    private static long destination(Frame frame) {
        return EthernetHeader.destination(frame.ethernet(), 0);
    }

    private static boolean isArp(Frame frame) {
        return EthernetHeader.etherType(frame.ethernet(), 0) == EtherType.ARP;
    }

    /** A frame of the LAN, at the queue that is least convenient. */
    private List<Frame> arrive(Frame frame) {
        world.tested.written.clear();
        world.tested.arrive(ETH0, last, frame);
        world.tested.settle();
        return world.all(ETH0);
    }

    private List<Frame> gatewaySays(long mac) {
        return arrive(Frames.arp(ArpHeader.REPLY, MAC, mac, GATEWAY, MAC, OWN));
    }

    private Frame udp(int port) {
        return container(port).udp(end(port, false, 4000), FAR, 40);
    }

    @Test
    void aPacketWaitsForTheGatewaysMacAddressAndItsAnswerIsFoundWhateverItsQueue() {
        for (int port : new int[] {0, 1}) {
            world.tested.send(port, udp(port));
            assertThat(world.all(ETH0)).noneMatch(frame -> !isArp(frame));
        }
        List<Frame> sent = gatewaySays(GATEWAY_MAC);
        assertThat(sent).hasSize(2).allSatisfy(frame -> {
            assertThat(destination(frame)).isEqualTo(GATEWAY_MAC);
            assertThat(EthernetHeader.source(frame.ethernet(), 0)).isEqualTo(MAC);
            assertThat(NatFrames.sourceAddress(frame)).isEqualTo(IpAddress.parse(HOST4));
        });
        Frame next = world.send(0, udp(0), ETH0);
        assertThat(destination(next)).isEqualTo(GATEWAY_MAC);
        for (int queue = 0; queue <= last; queue++) {
            world.tested.written.clear();
            world.tested.arrive(ETH0, queue, new NatFrames(MAC, GATEWAY_MAC).udp(FAR, NatFrames.source(next), 60));
            world.tested.settle();
            Frame in = world.one(0);
            assertThat(NatFrames.destination(in)).isEqualTo(end(0, false, 4000));
        }
    }

    @Test
    void itIsFoundByItsNeighboursAndLeavesTheRestToOthers() {
        List<Frame> answer =
                arrive(Frames.arp(ArpHeader.REQUEST, EthernetHeader.BROADCAST, ELSE, bits("192.0.2.66"), 0, OWN));
        assertThat(answer).hasSize(1);
        assertThat(destination(answer.getFirst())).isEqualTo(ELSE);
        assertThat(ArpHeader.senderMac(answer.getFirst().ethernet(), EthernetHeader.LENGTH))
                .isEqualTo(MAC);
        assertThat(arrive(
                        Frames.arp(ArpHeader.REQUEST, EthernetHeader.BROADCAST, ELSE, bits("192.0.2.66"), 0, GATEWAY)))
                .isEmpty();
        // Who asked is known: no question before the echo's answer.
        End asker = End.of("192.0.2.66", 0);
        List<Frame> echo = arrive(new NatFrames(MAC, ELSE).echo(asker, End.of(HOST4, 0), true, 7, 40));
        assertThat(echo).hasSize(1);
        assertThat(destination(echo.getFirst())).isEqualTo(ELSE);
        assertThat(arrive(new NatFrames(MAC, ELSE).udp(End.of("192.0.2.66", 9), End.of(HOST4, 9), 40)))
                .isEmpty();
        assertThat(world.drops()).containsKeys(DropReason.LINK_NOT_OURS, DropReason.NAT_NO_MAPPING);
    }

    @Test
    void theSenderHearsThatNobodyAnswers() {
        world.tested.send(0, container(0).udp(end(0, false, 4000), End.of("192.0.2.77", 53), 40));
        int questions = 0;
        List<Frame> errors = List.of();
        for (int second = 0; second < 6 && errors.isEmpty(); second++) {
            questions += (int) world.all(ETH0).stream()
                    .filter(frame -> isArp(frame)
                            && ArpHeader.targetAddress(frame.ethernet(), EthernetHeader.LENGTH) == bits("192.0.2.77"))
                    .count();
            errors = world.all(0);
            world.tested.written.clear();
            world.tested.passMs(1_001);
            world.tested.settle();
        }
        assertThat(questions).isEqualTo(3);
        assertThat(errors).hasSize(1);
        assertThat(NatFrames.protocol(errors.getFirst())).isEqualTo(IpProtocol.ICMP);
        assertThat(world.drops()).containsKey(DropReason.LINK_UNRESOLVED);
    }

    @Test
    void whatWasNotAskedForChangesNothingButIsAskedAbout() {
        gatewaySays(GATEWAY_MAC);
        world.tested.passMs(5_000);
        world.tested.settle();
        List<Frame> questions = gatewaySays(ELSE);
        assertThat(questions).anyMatch(frame -> isArp(frame) && destination(frame) == EthernetHeader.BROADCAST);
        assertThat(destination(world.send(0, udp(0), ETH0))).isEqualTo(GATEWAY_MAC);
        // Now it was asked for.
        gatewaySays(ELSE);
        assertThat(destination(world.send(0, udp(0), ETH0))).isEqualTo(ELSE);
        // Somebody with our own address is noted, and told.
        List<Frame> defence = arrive(Frames.arp(ArpHeader.REQUEST, EthernetHeader.BROADCAST, ELSE, OWN, 0, OWN));
        assertThat(link.rival()).isEqualTo(ELSE);
        assertThat(defence).isNotEmpty();
    }
}
