package io.tapswitch.core.dataplane;

import static io.tapswitch.core.dataplane.OutsideWorld.container;
import static io.tapswitch.core.dataplane.OutsideWorld.end;
import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.core.dataplane.DatapathCounters.Term;
import io.tapswitch.core.dataplane.Frames.Frame;
import io.tapswitch.core.dataplane.NatFrames.End;
import io.tapswitch.dns.ClientView;
import io.tapswitch.dns.DnsAddress;
import io.tapswitch.dns.DnsHeader;
import io.tapswitch.dns.DnsName;
import io.tapswitch.dns.DnsResult;
import io.tapswitch.dns.RecordType;
import io.tapswitch.dns.ResponseCode;
import io.tapswitch.dns.Zone;
import io.tapswitch.dns.ZoneSpec;
import io.tapswitch.tapio.VirtioNetHeader;
import io.tapswitch.wire.EthernetHeader;
import io.tapswitch.wire.Ipv4Address;
import io.tapswitch.wire.Ipv4Header;
import io.tapswitch.wire.Ipv6Address;
import io.tapswitch.wire.UdpHeader;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Queries for names, from the frame that asks to the frame that answers. */
class NamesTest {
    private static final int HEADER = 12;
    private static final End GATEWAY = End.of("10.0.0.1", 53);
    private static final End GATEWAY6 = End.of("fd00::1", 53);

    private OutsideWorld world = seeing(new OutsideWorld(1), 0);

    @AfterEach
    void framesAreConserved() {
        world.tested.assertConserved();
        assertThat(world.tested.news).isEmpty();
    }

    private static OutsideWorld seeing(OutsideWorld world, int... ports) {
        world.tested.views(views(ports));
        return world;
    }

    private static Map<Integer, ClientView> views(int... ports) {
        ZoneSpec.Builder zone = ZoneSpec.network("net1").host(List.of("web"), DnsAddress.v4(0x0a00_0009));
        DnsAddress[] many = IntStream.range(0, 100)
                .mapToObj(i -> DnsAddress.v4(0x0a00_0100 + i))
                .toArray(DnsAddress[]::new);
        zone.host(List.of("all"), many);
        ClientView view = new ClientView(List.of(Zone.compile(zone.build())), true, true, 5, 5);
        Map<Integer, ClientView> views = new TreeMap<>();
        for (int port : ports) {
            views.put(port, view);
        }
        return views;
    }

    private static byte[] query(String name, int type, int padding) {
        byte[] wire = DnsName.parse(name);
        ByteBuffer query = ByteBuffer.allocate(HEADER + wire.length + 4 + padding);
        query.putShort((short) 0x1234)
                .putShort((short) 0x0100)
                .putShort((short) 1)
                .putShort(4, (short) 1);
        query.position(HEADER);
        return query.put(wire).putShort((short) type).putShort((short) 1).array();
    }

    private static Frame asking(End from, End to, byte[] payload) {
        Frame frame = container(0).udp(from, to, payload.length);
        frame.ethernet().putBytes(NatFrames.transport(frame) + UdpHeader.LENGTH, payload);
        UdpHeader.checksum(frame.ethernet(), NatFrames.transport(frame), 0);
        return NatFrames.checksum(frame);
    }

    private static Frame asking(String name, boolean ipv6) {
        return asking(end(0, ipv6, 4000), ipv6 ? GATEWAY6 : GATEWAY, query(name, RecordType.A, 0));
    }

    /** {@return the only frame that was written, which went back, with all its checksums right} */
    private Frame answer() {
        assertThat(world.tested.written).hasSize(1);
        assertThat(world.tested.written.getFirst().port()).isZero();
        Frame answer = NatFrames.of(world.tested.written.getFirst().bytes());
        assertThat(NatFrames.checksumsRight(answer)).isTrue();
        assertThat(answer.bytes).startsWith(new byte[VirtioNetHeader.LENGTH]);
        assertThat(EthernetHeader.destination(answer.ethernet(), 0)).isEqualTo(TestSwitch.mac(0));
        assertThat(EthernetHeader.source(answer.ethernet(), 0)).isEqualTo(OutsideWorld.gatewayMac(0));
        return answer;
    }

    private static UnsafeBuffer message(Frame answer) {
        int at = NatFrames.transport(answer) + UdpHeader.LENGTH;
        return new UnsafeBuffer(answer.ethernet(), at, answer.ethernet().capacity() - at);
    }

    private static int rcode(Frame answer) {
        return message(answer).getByte(3) & 0xf;
    }

    private long counted(DnsResult result) {
        return world.tested.counters(0).queries().getOrDefault(result, 0L);
    }

    private void dropped(Frame frame, DropReason reason) {
        long before = world.tested.drops(0, reason);
        assertThat(world.tested.send(0, frame)).isEmpty();
        assertThat(world.tested.drops(0, reason)).as(reason.word()).isEqualTo(before + 1);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void A_DNS_01_aNameOfTheNetworkIsAnsweredByTheGatewayAddress(boolean ipv6) {
        assertThat(world.tested.send(0, asking("web", ipv6))).containsExactly(0);
        Frame answer = answer();
        assertThat(NatFrames.source(answer)).isEqualTo(ipv6 ? GATEWAY6 : GATEWAY);
        assertThat(NatFrames.destination(answer)).isEqualTo(end(0, ipv6, 4000));
        assertThat(NatFrames.ttl(answer)).isEqualTo(64);
        assertThat(rcode(answer)).isZero();
        assertThat(message(answer).getShort(6, ByteOrder.BIG_ENDIAN)).isEqualTo((short) 1);
        assertThat(world.tested.term(Term.CONSUMED)).isEqualTo(1);
        assertThat(world.tested.term(Term.GENERATED)).isEqualTo(1);
        assertThat(counted(DnsResult.ANSWERED)).isEqualTo(1);
    }

    @Test
    void D12_anUnfinishedChecksumIsFineAndAWrongOneIsDropped() {
        assertThat(world.tested.send(0, NatFrames.partial(asking("web", false))))
                .containsExactly(0);
        answer();
        assertThat(world.tested.send(0, NatFrames.partial(asking("web", true)))).containsExactly(0);
        answer();
        for (boolean ipv6 : new boolean[] {false, true}) {
            Frame wrong = asking("web", ipv6);
            UdpHeader.checksum(wrong.ethernet(), NatFrames.transport(wrong), 0x1234);
            dropped(wrong, DropReason.NAT_UDP_CHECKSUM);
        }
        Frame none = asking("web", false);
        UdpHeader.checksum(none.ethernet(), NatFrames.transport(none), 0);
        assertThat(world.tested.send(0, none)).containsExactly(0);
        answer();
        Frame none6 = asking("web", true);
        UdpHeader.checksum(none6.ethernet(), NatFrames.transport(none6), 0);
        dropped(none6, DropReason.NAT_UDP_CHECKSUM);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void D12_aQueryInFragmentsIsAnswered(boolean ipv6) {
        byte[] query = query("web", RecordType.A, 2000);
        List<Frame> parts = NatFrames.fragments(asking(end(0, ipv6, 4000), ipv6 ? GATEWAY6 : GATEWAY, query), 1016);
        for (Frame part : parts.subList(0, parts.size() - 1)) {
            assertThat(world.tested.send(0, part)).isEmpty();
        }
        assertThat(world.tested.send(0, parts.getLast())).containsExactly(0);
        answer();
    }

    @Test
    void D12_fragmentsThatSeveralWorkersReadAreJoinedOnAnInternalNetworkToo() {
        world = seeing(new OutsideWorld(2, Frames6.network(0, "10.0.0.1", "fd00::1", true, true)), 0);
        for (boolean ipv6 : new boolean[] {false, true}) {
            byte[] query = query("web", RecordType.A, 2000);
            List<Frame> parts = NatFrames.fragments(asking(end(0, ipv6, 4000), ipv6 ? GATEWAY6 : GATEWAY, query), 1016);
            world.tested.written.clear();
            for (int i = 0; i < parts.size(); i++) {
                world.tested.arrive(0, i % 2, parts.get(i));
                world.tested.settle();
            }
            answer();
        }
    }

    @Test
    void D12_aQueryInFragmentsIsAnsweredWhereThereIsNoNatAndWhatIsNotWholeIsGivenUp() {
        TestSwitch tested = new TestSwitch(2);
        tested.addNetwork(Frames6.network(0, "10.0.0.1", "fd00::1", false, true));
        tested.put(new PortSettings(
                0,
                0,
                0,
                List.of(0, 1),
                TestSwitch.mac(0),
                (Ipv4Address) OutsideWorld.address(0, false),
                (Ipv6Address) OutsideWorld.address(0, true),
                true));
        tested.views(views(0));
        for (boolean ipv6 : new boolean[] {false, true}) {
            byte[] query = query("web", RecordType.A, 2000);
            List<Frame> parts = NatFrames.fragments(asking(end(0, ipv6, 4000), ipv6 ? GATEWAY6 : GATEWAY, query), 1016);
            tested.written.clear();
            for (int i = 0; i < parts.size(); i++) {
                tested.arrive(0, i % 2, parts.get(i));
                tested.settle();
            }
            assertThat(tested.written).hasSize(1);
            Frame answer = NatFrames.of(tested.written.getFirst().bytes());
            assertThat(rcode(answer)).isZero();
            assertThat(NatFrames.source(answer)).isEqualTo(ipv6 ? GATEWAY6 : GATEWAY);
            // Only a part of another one, whose rest does not come.
            tested.arrive(0, 0, parts.getFirst());
            tested.settle();
        }
        tested.passMs(61_000);
        Frame later = NatFrames.fragments(asking(end(0, false, 4001), GATEWAY, query("web", RecordType.A, 2000)), 1016)
                .getFirst();
        tested.arrive(0, 0, later);
        tested.settle();
        assertThat(tested.drops(0, DropReason.FRAGMENT_TIMED_OUT)).isEqualTo(2);
        tested.removePort(0);
        assertThat(tested.drops(0, DropReason.FRAGMENT_OWNER_GONE)).isEqualTo(1);
        tested.assertConserved();
    }

    @Test
    void D12_optionsOfTheQueryAreLeftBehind() {
        Frame plain = asking("web", false);
        byte[] bytes = plain.bytes;
        int header = VirtioNetHeader.LENGTH + EthernetHeader.LENGTH + Ipv4Header.MIN_LENGTH;
        ByteBuffer longer = ByteBuffer.allocate(bytes.length + 8);
        longer.put(bytes, 0, header).put(new byte[] {1, 1, 1, 1, 1, 1, 1, 0}).put(bytes, header, bytes.length - header);
        Frame frame = NatFrames.of(longer.array());
        Ipv4Header.headerLength(frame.ethernet(), EthernetHeader.LENGTH, Ipv4Header.MIN_LENGTH + 8);
        Ipv4Header.totalLength(
                frame.ethernet(),
                EthernetHeader.LENGTH,
                Ipv4Header.totalLength(plain.ethernet(), EthernetHeader.LENGTH) + 8);
        Ipv4Header.updateChecksum(frame.ethernet(), EthernetHeader.LENGTH);
        assertThat(world.tested.send(0, frame)).containsExactly(0);
        assertThat(NatFrames.transport(answer())).isEqualTo(EthernetHeader.LENGTH + Ipv4Header.MIN_LENGTH);
        assertThat(rcode(answer())).isZero();
    }

    @Test
    void whatIsNoQueryIsDropped() {
        byte[] response = query("web", RecordType.A, 0);
        response[2] |= (byte) 0x80;
        dropped(asking(end(0, false, 4000), GATEWAY, response), DropReason.DNS_NOT_A_QUERY);
        dropped(asking(end(0, false, 4000), GATEWAY, new byte[HEADER - 1]), DropReason.DNS_NOT_A_QUERY);
        dropped(asking(end(0, false, 4000), GATEWAY, new byte[0]), DropReason.DNS_NOT_A_QUERY);
        assertThat(counted(DnsResult.TOO_SHORT)).isEqualTo(2);
        assertThat(counted(DnsResult.NOT_A_QUERY)).isEqualTo(1);
        Frame joined = asking(end(0, false, 4000), GATEWAY, query("web", RecordType.A, 200));
        joined.offload(
                VirtioNetHeader.NEEDS_CSUM,
                VirtioNetHeader.GSO_UDP_L4,
                100,
                0,
                NatFrames.transport(joined),
                UdpHeader.CHECKSUM_OFFSET);
        dropped(joined, DropReason.DNS_SUPER_FRAME);
        dropped(asking(End.of("10.0.0.99", 4000), GATEWAY, query("web", RecordType.A, 0)), DropReason.SPOOF_IP);
    }

    @Test
    void D14_aQueryThatNobodyCanBeAskedForFailsAtOnce() {
        assertThat(world.tested.send(0, asking("example.com", false))).containsExactly(0);
        assertThat(rcode(answer())).isEqualTo(ResponseCode.SERVFAIL);
        assertThat(counted(DnsResult.FAILED)).isEqualTo(1);
        assertThat(counted(DnsResult.FORWARD)).isZero();
    }

    @Test
    void aPortWithoutAViewIsNotAnswered() {
        world.tested.views(Map.of());
        assertThat(world.tested.send(0, asking("web", false))).isNotEqualTo(new int[] {0});
        assertThat(world.tested.counters(0).queries()).isEmpty();
    }

    @Test
    void D4_anAnswerThatDoesNotFitTheNetworkGoesInFragments() {
        NetworkSettings small = new NetworkSettings(
                0,
                List.of(new GatewayAddress(Ipv4Address.parse("10.0.0.1"), 24)),
                OutsideWorld.gatewayMac(0),
                576,
                false,
                true,
                false,
                0,
                0,
                64,
                1024);
        world = new OutsideWorld(1);
        world.tested.addNetwork(small);
        seeing(world, 0);
        ByteBuffer query = ByteBuffer.wrap(query("all", RecordType.A, 11));
        query.putShort(10, (short) 1);
        query.position(query.capacity() - 11);
        query.put((byte) 0).putShort((short) RecordType.OPT).putShort((short) 4096);
        assertThat(world.tested.send(0, asking(end(0, false, 4000), GATEWAY, query.array())))
                .containsExactly(0, 0, 0);
        assertThat(DnsHeader.LENGTH).isEqualTo(HEADER);
    }

    @Test
    void R11_noAnswerAllocates() {
        FrameRounds rounds = new FrameRounds(world.tested, 16);
        for (String name : List.of("web", "WEB.net1", "nobody.net1", "example.com")) {
            rounds.add(0, asking(name, false));
            rounds.add(0, asking(name, true));
        }
        assertThat(rounds.leastBytes(4_000)).isZero();
        assertThat(counted(DnsResult.ANSWERED)).isGreaterThanOrEqualTo(8_000);
        assertThat(counted(DnsResult.FAILED)).isGreaterThanOrEqualTo(8_000);
    }

    @Test
    void R11_noQueryForOthersAllocatesAtTheWorker() throws InterruptedException {
        Forwards forwards = forwarding();
        Thread forwarder = Thread.ofPlatform().daemon().start(() -> {
            while (!Thread.interrupted()) {
                forwards.read(
                        (from, port, head, query) -> {
                            while (!from.answer(head, query)
                                    && !Thread.currentThread().isInterrupted()) {
                                Thread.onSpinWait();
                            }
                        },
                        16);
            }
        });
        try {
            FrameRounds rounds = new FrameRounds(world.tested, 16);
            rounds.add(0, asking("example.com", false));
            rounds.add(0, asking("example.com", true));
            assertThat(rounds.leastBytes(4_000)).isZero();
            while (forwards.hasQueries() || forwards.isPending()) {
                world.tested.settle();
            }
        } finally {
            forwarder.interrupt();
            forwarder.join();
        }
        world.tested.settle();
        // How many find room on the way depends on when the forwarder's thread runs; a ring of them always does. What
        // has its answer, from there or that it failed, or is counted as lost for want of memory, is all of them.
        assertThat(counted(DnsResult.FORWARD)).isGreaterThanOrEqualTo(1_000);
        long lost = world.tested.drops(0, DropReason.NAT_NO_MEMORY);
        assertThat(world.tested.counters(0).txFrames()).isGreaterThanOrEqualTo(1_000);
        long asked = world.tested.counters(0).rxFrames();
        // A few are announcements of the switch's own.
        assertThat(world.tested.counters(0).txFrames() + lost).isBetween(asked, asked + 8);
    }

    /** {@return the worker's way to a forwarder, which takes queries from now on} */
    private Forwards forwarding() {
        Forwards forwards = world.tested.workers[0].forwards;
        forwards.attach(new Doorbell(() -> {}));
        return forwards;
    }

    /** Lets an upstream answer all queries with what the container asked. */
    private void answerAll(Forwards forwards) {
        world.tested.written.clear();
        while (forwards.hasQueries()) {
            forwards.read(
                    (from, port, head, query) ->
                            assertThat(from.answer(head, query)).isTrue(),
                    1);
        }
        while (forwards.isPending()) {
            world.tested.settle();
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void D13_anUpstreamsAnswerReachesWhoAskedAndTheNextContainerOfThatPortHearsNothing(boolean ipv6) {
        Forwards forwards = forwarding();
        assertThat(world.tested.send(0, asking("example.com", ipv6))).isEmpty();
        answerAll(forwards);
        Frame answer = answer();
        assertThat(NatFrames.source(answer)).isEqualTo(ipv6 ? GATEWAY6 : GATEWAY);
        assertThat(NatFrames.destination(answer)).isEqualTo(end(0, ipv6, 4000));

        assertThat(world.tested.send(0, asking("example.com", ipv6))).isEmpty();
        world.tested.outside(null);
        world.tested.removePort(0);
        world.tested.put(world.settings(0));
        assertThat(world.tested.send(0, asking("example.org", ipv6))).isEmpty();
        answerAll(forwards);
        assertThat(message(answer()).getByte(HEADER + 9)).as("its own").isEqualTo((byte) 'o');
        assertThat(world.tested.drops(0, DropReason.TX_GONE)).isEqualTo(1);

        assertThat(world.tested.send(0, asking("example.com", ipv6))).isEmpty();
        world.tested.removePort(0);
        answerAll(forwards);
        assertThat(world.tested.written).isEmpty();
        assertThat(world.tested.drops(0, DropReason.TX_GONE)).isEqualTo(2);
    }

    @Test
    void D14_anAnswerThatFindsNoFrameMemoryIsCounted() {
        Forwards forwards = forwarding();
        assertThat(world.tested.send(0, asking("example.com", false))).isEmpty();
        List<Integer> held = new ArrayList<>();
        for (int slot = world.tested.ios[0].allocate(); slot >= 0; slot = world.tested.ios[0].allocate()) {
            held.add(slot);
        }
        answerAll(forwards);
        held.forEach(world.tested.ios[0]::release);
        assertThat(world.tested.written).isEmpty();
        assertThat(world.tested.drops(0, DropReason.NAT_NO_MEMORY)).isEqualTo(1);
    }

    @Test
    void D16_whenTheWayToTheForwarderIsFullTheQueryFailsAtOnce() {
        Forwards forwards = forwarding();
        int taken = 0;
        while (world.tested.send(0, asking("example.com", false)).length == 0) {
            taken++;
        }
        assertThat(taken).isBetween(500, 10_000);
        assertThat(rcode(answer())).isEqualTo(ResponseCode.SERVFAIL);
        assertThat(counted(DnsResult.FORWARD)).isEqualTo(taken);
        assertThat(counted(DnsResult.FAILED)).isEqualTo(1);
        assertThat(world.tested.send(0, asking("web", false))).as("local names").containsExactly(0);
        assertThat(rcode(answer())).isZero();
        answerAll(forwards);
        assertThat(world.tested.send(0, asking("example.com", false))).isEmpty();
    }
}
