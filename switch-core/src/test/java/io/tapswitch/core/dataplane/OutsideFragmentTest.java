package io.tapswitch.core.dataplane;

import static io.tapswitch.core.dataplane.NatFrames.IP;
import static io.tapswitch.core.dataplane.OutsideWorld.ETH0;
import static io.tapswitch.core.dataplane.OutsideWorld.HOST;
import static io.tapswitch.core.dataplane.OutsideWorld.HOST4;
import static io.tapswitch.core.dataplane.OutsideWorld.HOST6;
import static io.tapswitch.core.dataplane.OutsideWorld.container;
import static io.tapswitch.core.dataplane.OutsideWorld.end;
import static io.tapswitch.core.dataplane.OutsideWorld.outside;
import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.core.dataplane.DatapathCounters.Term;
import io.tapswitch.core.dataplane.Frames.Frame;
import io.tapswitch.core.dataplane.NatFrames.End;
import io.tapswitch.nat.Reassembly;
import io.tapswitch.tapio.VirtioNetHeader;
import io.tapswitch.wire.EthernetHeader;
import io.tapswitch.wire.IcmpHeader;
import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.IpProtocol;
import io.tapswitch.wire.Ipv6Header;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** N22: datagrams in fragments cross NAT in every order, and leave in the pieces in which they came. */
@ParameterizedClass
@ValueSource(ints = {1, 2})
class OutsideFragmentTest {
    private static final int SIZE = 1016;

    private final OutsideWorld world;

    OutsideFragmentTest(int workers) {
        world = new OutsideWorld(workers);
    }

    @AfterEach
    void conserved() {
        world.tested.assertConserved();
        assertThat(world.tested.news).isEmpty();
    }

    private static End peer(boolean ipv6) {
        return End.of(ipv6 ? "2001:db8:9::9" : "198.51.100.9", 53);
    }

    /** Puts the fragments of one datagram together, for a look at the whole. */
    static Frame joined(List<Frame> fragments) {
        Frame first = fragments.getFirst();
        boolean six = NatFrames.isIpv6(first);
        Reassembly reassembly = new Reassembly(
                new UnsafeBuffer(new byte[(int) Reassembly.bytes(256) + 8], 0, (int) Reassembly.bytes(256)),
                256,
                256,
                1,
                1,
                2);
        Frame whole = new Frame(IP + Reassembly.MAX_PACKET);
        int length = 0;
        for (Frame fragment : fragments) {
            UnsafeBuffer b = whole.ethernet();
            b.putBytes(0, fragment.ethernet(), 0, fragment.ethernet().capacity());
            length = reassembly.add(b, IP, fragment.ethernet().capacity() - IP, 0, 0, 0);
        }
        assertThat(length)
                .as("bytes of the whole of %s fragments, IPv6 %s", fragments.size(), six)
                .isPositive();
        return whole.cut(IP + length);
    }

    private static List<Frame> ordered(List<Frame> fragments, String order) {
        List<Frame> ordered = new ArrayList<>(fragments);
        if (order.equals("reverse")) {
            Collections.reverse(ordered);
        } else if (order.equals("rotated")) {
            Collections.rotate(ordered, 1);
        }
        return ordered;
    }

    @ParameterizedTest
    @CsvSource({"false,inOrder", "true,inOrder", "false,reverse", "true,reverse", "false,rotated", "true,rotated"})
    void N22_fragmentsOfAContainerLeaveTranslated(boolean ipv6, String order) {
        for (int port : new int[] {0, 1}) {
            List<Frame> fragments =
                    NatFrames.fragments(container(port).udp(end(port, ipv6, 4000), peer(ipv6), 3000), SIZE);
            world.tested.written.clear();
            for (Frame fragment : ordered(fragments, order)) {
                world.tested.arrive(port, fragment);
                world.tested.settle();
            }
            List<Frame> out = world.all(ETH0);
            assertThat(out).hasSameSizeAs(fragments);
            assertThat(out.getFirst().bytes).hasSameSizeAs(fragments.getFirst().bytes);
            Frame whole = joined(out);
            assertThat(NatFrames.sourceAddress(whole)).isEqualTo(IpAddress.parse(ipv6 ? HOST6 : HOST4));
            assertThat(NatFrames.destination(whole)).isEqualTo(peer(ipv6));
            assertThat(NatFrames.checksumsRight(whole)).isTrue();
        }
        assertThat(world.tested.term(Term.MERGED)).isEqualTo(world.tested.term(Term.SPLIT));
    }

    @ParameterizedTest
    @CsvSource({"false,inOrder", "true,inOrder", "false,reverse", "true,reverse", "false,rotated", "true,rotated"})
    void N22_fragmentsFromOutsideReachTheContainer(boolean ipv6, String order) {
        for (int port : new int[] {1, 2}) {
            world.publish(port, IpProtocol.UDP, 8080 + port, port, 80);
            End published = End.of(ipv6 ? HOST6 : HOST4, 8080 + port);
            List<Frame> fragments = NatFrames.fragments(outside().udp(peer(ipv6), published, 3000), SIZE);
            world.tested.written.clear();
            int queue = 0;
            for (Frame fragment : ordered(fragments, order)) {
                // A later fragment may come by any queue.
                world.tested.arrive(ETH0, queue++ % world.workers, fragment);
                world.tested.settle();
            }
            List<Frame> in = world.all(port);
            assertThat(in).hasSameSizeAs(fragments);
            Frame whole = joined(in);
            assertThat(NatFrames.source(whole)).isEqualTo(peer(ipv6));
            assertThat(NatFrames.destination(whole)).isEqualTo(end(port, ipv6, 80));
            assertThat(NatFrames.checksumsRight(whole)).isTrue();
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void N22_fragmentsCrossAHairpin(boolean ipv6) {
        world.publish(9, IpProtocol.UDP, 8080, 1, 80);
        End published = End.of(ipv6 ? HOST6 : HOST4, 8080);
        List<Frame> fragments = NatFrames.fragments(container(4).udp(end(4, ipv6, 4000), published, 3000), SIZE);
        world.tested.written.clear();
        for (Frame fragment : fragments) {
            world.tested.arrive(4, fragment);
        }
        world.tested.settle();
        Frame whole = joined(world.all(1));
        assertThat(NatFrames.destination(whole)).isEqualTo(end(1, ipv6, 80));
        assertThat(NatFrames.checksumsRight(whole)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void fragmentsForTheHostReachItAsTheyCame(boolean ipv6) {
        End service = End.of(ipv6 ? HOST6 : HOST4, 2049);
        List<Frame> fragments = NatFrames.fragments(container(1).udp(end(1, ipv6, 4000), service, 3000), SIZE);
        world.tested.written.clear();
        for (Frame fragment : fragments) {
            world.tested.arrive(1, fragment);
        }
        world.tested.settle();
        List<Frame> seen = world.all(HOST);
        assertThat(seen).hasSameSizeAs(fragments);
        for (int i = 0; i < seen.size(); i++) {
            byte[] sent = java.util.Arrays.copyOfRange(
                    fragments.get(i).bytes, VirtioNetHeader.LENGTH + IP, fragments.get(i).bytes.length);
            assertThat(seen.get(i).bytes).endsWith(sent);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aPingInFragmentsIsAnsweredByTheGatewayInFragments(boolean ipv6) {
        End gateway = End.of(ipv6 ? "fd00::1" : "10.0.0.1", 0);
        List<Frame> fragments = NatFrames.fragments(container(1).echo(end(1, ipv6, 0), gateway, true, 7, 3000), SIZE);
        world.tested.written.clear();
        for (Frame fragment : fragments) {
            world.tested.arrive(1, fragment);
        }
        world.tested.settle();
        Frame reply = joined(world.all(1));
        assertThat(NatFrames.checksumsRight(reply)).isTrue();
        assertThat(NatFrames.sourceAddress(reply)).isEqualTo(gateway.address());
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void N22_theSenderHearsThatTheRestDidNotCome(boolean ipv6) {
        List<Frame> fragments = NatFrames.fragments(container(0).udp(end(0, ipv6, 4000), peer(ipv6), 3000), SIZE);
        world.tested.written.clear();
        world.tested.arrive(0, fragments.getFirst());
        world.tested.settle();
        world.nothing();
        assertThat(WorkerDataplane.terms(world.tested.workers[0].counters()).held())
                .isEqualTo(1);
        world.tested.passMs(Reassembly.TIMEOUT_IPV6_MS + 1000);
        world.tested.settle();
        Frame error = world.one(0);
        assertThat(IcmpHeader.type(error.ethernet(), NatFrames.transport(error)))
                .isEqualTo(ipv6 ? 3 : 11);
        assertThat(IcmpHeader.code(error.ethernet(), NatFrames.transport(error)))
                .isEqualTo(1);
        assertThat(NatFrames.checksumsRight(error)).isTrue();
        assertThat(EthernetHeader.destination(error.ethernet(), 0)).isEqualTo(TestSwitch.mac(0));
        assertThat(world.tested.drops(0, DropReason.FRAGMENT_TIMED_OUT)).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void overlappingFragmentsAreDroppedAndCounted(boolean ipv6) {
        List<Frame> fragments = NatFrames.fragments(container(0).udp(end(0, ipv6, 4000), peer(ipv6), 3000), SIZE);
        Frame forged = NatFrames.fragments(container(0).udp(end(0, ipv6, 4000), peer(ipv6), 2999), SIZE)
                .get(2);
        forged.with(IP + (ipv6 ? Ipv6Header.LENGTH + 8 : 20) + 3, 0x55);
        if (!ipv6) {
            forged.ipChecksum();
        }
        world.tested.written.clear();
        world.tested.arrive(0, fragments.get(0));
        world.tested.arrive(0, fragments.get(2));
        world.tested.arrive(0, forged);
        world.tested.arrive(0, fragments.get(1));
        world.tested.settle();
        world.nothing();
        long dropped =
                world.drops().values().stream().mapToLong(Long::longValue).sum();
        assertThat(dropped).isEqualTo(4);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void whatAContainerHasHeldGoesWithIt(boolean ipv6) {
        List<Frame> fragments = NatFrames.fragments(container(3).udp(end(3, ipv6, 4000), peer(ipv6), 3000), SIZE);
        world.tested.arrive(3, fragments.getFirst());
        world.tested.settle();
        world.tested.outside(null);
        world.tested.removePort(3);
        assertThat(WorkerDataplane.terms(world.tested.workers[3 % world.workers].counters())
                        .held())
                .isZero();
    }
}
