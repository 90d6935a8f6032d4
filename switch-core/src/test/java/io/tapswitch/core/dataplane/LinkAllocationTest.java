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
import io.tapswitch.wire.EthernetHeader;
import io.tapswitch.wire.Icmpv6Header;
import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.IpProtocol;
import io.tapswitch.wire.Ipv4Address;
import io.tapswitch.wire.Ipv6Address;
import io.tapswitch.wire.TcpHeader;
import java.util.List;
import org.junit.jupiter.api.Test;

/** R11 on an uplink of its own: neighbours that come, go, answer and do not, out, in, and around. */
class LinkAllocationTest {
    private static final int ROUNDS = 1_500;
    private static final int STRANGERS = 40;
    /** Of the 64 slots that there are, packets that wait for a neighbour have 32. */
    private static final int BATCH = 8;

    private static final long MAC = 0x0200_0000_0050L;
    private static final long GATEWAY_MAC = 0x0200_0000_0009L;
    private static final long ELSE = 0x0200_0000_0066L;
    private static final Ipv6Address OWN6 = Ipv6Address.parse(HOST6);
    private static final Ipv6Address GATEWAY6 = Ipv6Address.parse("2001:db8::9");
    private static final End PEER = End.of("198.51.100.9", 53);
    private static final End PEER6 = End.of("2001:db8:9::9", 53);

    private final OutsideWorld world = new OutsideWorld(1);
    private final NatFrames gateway = new NatFrames(MAC, GATEWAY_MAC);
    private final FrameRounds rounds = new FrameRounds(world.tested, BATCH);

    private static int bits(String address) {
        return ((Ipv4Address) IpAddress.parse(address)).bits();
    }

    private void begin() {
        world.link = new OwnLink(
                MAC,
                DEVICE_ETH0,
                List.of(new LinkAddress(IpAddress.parse(HOST4), 24), new LinkAddress(IpAddress.parse(HOST6), 64)),
                List.of(IpAddress.parse("192.0.2.9"), GATEWAY6));
        world.publish(9, IpProtocol.UDP, 8080, 1, 80);
        world.take();
        world.routes.quiet = true;
        world.tested.passMs(200);
        world.tested.settle();
    }

    private void addNeighbours() {
        // Gateways that answer, and somebody who calls himself one.
        for (long mac : new long[] {ELSE, GATEWAY_MAC}) {
            rounds.add(ETH0, Frames.arp(ArpHeader.REPLY, MAC, mac, bits("192.0.2.9"), MAC, bits(HOST4)));
            Frame answer =
                    Frames6.neighbour(Icmpv6Header.NEIGHBOUR_ADVERTISEMENT, MAC, mac, GATEWAY6, OWN6, GATEWAY6, mac);
            Icmpv6Header.neighbourFlags(answer.ethernet(), Frames6.ICMP, Icmpv6Header.SOLICITED_FLAG);
            rounds.add(ETH0, Frames6.checksum(answer));
        }
        // Many who ask, and are learned and forgotten.
        for (int i = 0; i < STRANGERS; i++) {
            int address = bits("192.0.2.100") + i;
            rounds.add(
                    ETH0, Frames.arp(ArpHeader.REQUEST, EthernetHeader.BROADCAST, ELSE + i, address, 0, bits(HOST4)));
        }
        rounds.add(ETH0, Frames6.solicitation(ELSE, Ipv6Address.parse("2001:db8::66"), OWN6, ELSE));
        rounds.add(ETH0, Frames.arp(ArpHeader.REQUEST, EthernetHeader.BROADCAST, ELSE, bits(HOST4), 0, bits(HOST4)));
        rounds.add(ETH0, new NatFrames(MAC, ELSE).echo(End.of("192.0.2.100", 0), End.of(HOST4, 0), true, 7, 40));
        rounds.add(
                ETH0, new NatFrames(MAC, GATEWAY_MAC).echo(End.of("2001:db8:9::9", 0), End.of(HOST6, 0), true, 7, 40));
        // Nobody has this address.
        rounds.add(2, container(2).udp(end(2, false, 4000), End.of("192.0.2.77", 53), 40));
    }

    private void addTraffic() {
        rounds.add(0, container(0).udp(end(0, false, 4000), PEER, 64));
        rounds.add(0, container(0).udp(end(0, true, 4000), PEER6, 64));
        rounds.add(0, container(0).udp(end(0, false, 4000), End.of("192.0.2.100", 53), 64));
        rounds.add(0, NatFrames.partial(container(0).tcp(end(0, false, 4000), PEER, TcpHeader.SYN, 1, 0, 0)));
        rounds.add(0, container(0).echo(end(0, false, 0), PEER, true, 7, 64));
        rounds.add(ETH0, gateway.udp(PEER, End.of(HOST4, 8080), 64));
        rounds.add(ETH0, gateway.udp(PEER6, End.of(HOST6, 8080), 64));
        rounds.add(1, container(1).udp(end(1, false, 80), PEER, 64));
        rounds.add(3, container(3).udp(end(3, false, 4000), End.of(HOST4, 8080), 64));
        rounds.add(ETH0, gateway.udp(PEER, End.of(HOST4, 9999), 64));
        rounds.add(0, NatFrames.ttl(container(0).udp(end(0, false, 4000), PEER, 64), 1));
        for (boolean ipv6 : new boolean[] {false, true}) {
            Frame whole = container(3).udp(end(3, ipv6, 4000), ipv6 ? PEER6 : PEER, 3000);
            NatFrames.fragments(whole, 1016).forEach(fragment -> rounds.add(3, fragment));
        }
    }

    @Test
    void R11_noFrameAllocatesOnAnUplinkOfItsOwn() {
        begin();
        addNeighbours();
        addTraffic();
        assertThat(rounds.leastBytes(ROUNDS))
                .as("bytes for %d frames", ROUNDS * rounds.frames())
                .isZero();
        assertThat(world.tested.counters(ETH0).txFrames())
                .as("traffic, answers to %d strangers, questions", STRANGERS)
                .isGreaterThan((long) ROUNDS * STRANGERS);
        assertThat(world.tested.counters(1).txFrames()).isGreaterThan(ROUNDS);
        assertThat(world.drops()).containsKey(DropReason.LINK_UNRESOLVED);
        assertThat(world.tested.news).isEmpty();
    }
}
