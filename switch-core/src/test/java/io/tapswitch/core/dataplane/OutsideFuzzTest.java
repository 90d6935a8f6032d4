package io.tapswitch.core.dataplane;

import static io.tapswitch.core.dataplane.OutsideWorld.ETH0;
import static io.tapswitch.core.dataplane.OutsideWorld.HOST4;
import static io.tapswitch.core.dataplane.OutsideWorld.HOST6;
import static io.tapswitch.core.dataplane.OutsideWorld.LO;
import static io.tapswitch.core.dataplane.OutsideWorld.container;
import static io.tapswitch.core.dataplane.OutsideWorld.end;
import static io.tapswitch.core.dataplane.OutsideWorld.local;
import static io.tapswitch.core.dataplane.OutsideWorld.outside;
import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.core.dataplane.Frames.Frame;
import io.tapswitch.core.dataplane.NatFrames.End;
import io.tapswitch.nat.Reassembly;
import io.tapswitch.tapio.VirtioNetHeader;
import io.tapswitch.wire.EtherType;
import io.tapswitch.wire.EthernetHeader;
import io.tapswitch.wire.IpProtocol;
import io.tapswitch.wire.TcpHeader;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Frames that were damaged at random: nothing private leaves, nothing is lost or doubled, and no code fails. */
class OutsideFuzzTest {
    private static final long SEED = Long.getLong("seed", System.nanoTime());
    private static final int FRAMES = 20_000;
    private static final int DAMAGED = 110;
    private static final End PEER = End.of("198.51.100.9", 53);
    private static final End PEER6 = End.of("2001:db8:9::9", 53);

    private record Arrival(int port, Frame frame) {}

    private static List<Arrival> whole() {
        List<Arrival> all = new ArrayList<>();
        for (boolean six : new boolean[] {false, true}) {
            End peer = six ? PEER6 : PEER;
            End host = End.of(six ? HOST6 : HOST4, 8080);
            add(all, 0, container(0).udp(end(0, six, 4000), peer, 100));
            add(all, 1, NatFrames.partial(container(1).tcp(end(1, six, 4000), peer, TcpHeader.SYN, 1, 0, 40)));
            Frame large = NatFrames.partial(container(1).tcp(end(1, six, 4000), peer, TcpHeader.ACK, 2, 1, 9000));
            int gsoType = six ? VirtioNetHeader.GSO_TCPV6 : VirtioNetHeader.GSO_TCPV4;
            int start = NatFrames.transport(large);
            add(all, 1, large.offload(VirtioNetHeader.NEEDS_CSUM, gsoType, 1400, start + 20, start, 16));
            add(all, 2, container(2).echo(end(2, six, 0), peer, true, 9, 64));
            add(all, 4, container(4).udp(end(4, six, 4000), host, 64));
            add(all, 5, container(5).udp(end(5, six, 4000), End.of(six ? HOST6 : HOST4, 22), 64));
            add(all, ETH0, outside().udp(peer, host, 64));
            add(all, ETH0, outside().tcp(peer, host, TcpHeader.SYN, 1, 0, 0));
            add(all, ETH0, outside().echo(peer, host, false, 9, 0));
            add(
                    all,
                    LO,
                    local().udp(End.of(six ? "::1" : "127.0.0.1", 999), End.of(six ? "::1" : "127.0.0.1", 8080), 9));
            NatFrames.fragments(container(3).udp(end(3, six, 4000), peer, 2000), 816)
                    .forEach(f -> add(all, 3, f));
            NatFrames.fragments(outside().udp(peer, host, 2000), 816).forEach(f -> add(all, ETH0, f));
            NatFrames.fragments(container(4).udp(end(4, six, 4001), host, 2000), 816)
                    .forEach(f -> add(all, 4, f));
        }
        return all;
    }

    private static void add(List<Arrival> all, int port, Frame frame) {
        all.add(new Arrival(port, frame));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void N20_damagedFramesLeaveNothingPrivateAndAreConserved(int workers) {
        Random random = new Random(SEED + workers);
        OutsideWorld world = new OutsideWorld(workers);
        world.publish(9, IpProtocol.UDP, 8080, 1, 80);
        world.publish(10, IpProtocol.TCP, 8080, 2, 80);
        List<Arrival> whole = whole();
        for (int i = 0; i < FRAMES; i++) {
            Arrival chosen = whole.get(random.nextInt(whole.size()));
            Frame frame = damaged(random, chosen.frame.bytes);
            int worker = chosen.port < ETH0 ? chosen.port % workers : random.nextInt(workers);
            world.tested.arrive(chosen.port, worker, frame);
            if (i % 4 == 0) {
                world.tested.settle();
                check(world);
                world.tested.passMs(random.nextInt(50));
            }
        }
        world.tested.settle();
        world.tested.passMs(2 * Reassembly.TIMEOUT_IPV6_MS);
        for (int i = 0; i < 2_000; i++) {
            world.tested.settle();
        }
        check(world);
        assertThat(world.tested.news).as("seed %d", SEED).isEmpty();
        world.tested.assertConserved();
    }

    private static void check(OutsideWorld world) {
        for (TestSwitch.Written written : world.tested.written) {
            if (written.port() != ETH0 && written.port() != LO) {
                continue;
            }
            Frame frame = NatFrames.of(written.bytes());
            int etherType = EthernetHeader.etherType(frame.ethernet(), 0);
            assertThat(etherType).isIn(EtherType.IPV4, EtherType.IPV6);
            assertThat(OutsideWorld.ADDRESSES)
                    .as("seed %d", SEED)
                    .contains(NatFrames.sourceAddress(frame).toString());
        }
        world.tested.written.clear();
    }

    /** Some bytes changed, and in half of all cases the checksums made right again, so that it gets further. */
    private static Frame damaged(Random random, byte[] original) {
        Frame frame = NatFrames.of(Arrays.copyOf(original, original.length));
        int times = random.nextInt(4);
        for (int i = 0; i < times; i++) {
            int index = random.nextInt(Math.min(DAMAGED, frame.bytes.length));
            // The Ethernet addresses stay: without them nothing gets here.
            if (index < VirtioNetHeader.LENGTH || index >= VirtioNetHeader.LENGTH + 12) {
                frame.bytes[index] = (byte) (random.nextBoolean() ? random.nextInt() : 1 << random.nextInt(8));
            }
        }
        if (random.nextInt(20) == 0) {
            int least = VirtioNetHeader.LENGTH + EthernetHeader.LENGTH;
            frame.bytes = Arrays.copyOf(frame.bytes, least + random.nextInt(frame.bytes.length - least + 1));
        } else if (random.nextBoolean()
                && !NatFrames.isIpv6(frame)
                && NatFrames.transport(frame) <= frame.ethernet().capacity()) {
            frame.ipChecksum();
        }
        return frame;
    }
}
