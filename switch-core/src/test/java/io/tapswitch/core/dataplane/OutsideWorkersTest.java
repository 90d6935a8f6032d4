package io.tapswitch.core.dataplane;

import static io.tapswitch.core.dataplane.OutsideWorld.ETH0;
import static io.tapswitch.core.dataplane.OutsideWorld.HOST;
import static io.tapswitch.core.dataplane.OutsideWorld.HOST4;
import static io.tapswitch.core.dataplane.OutsideWorld.container;
import static io.tapswitch.core.dataplane.OutsideWorld.end;
import static io.tapswitch.core.dataplane.OutsideWorld.outside;
import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.core.dataplane.DatapathCounters.Term;
import io.tapswitch.core.dataplane.Frames.Frame;
import io.tapswitch.core.dataplane.NatFrames.End;
import io.tapswitch.tapio.FrameMemory;
import io.tapswitch.tapio.VirtioNetHeader;
import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.IpProtocol;
import io.tapswitch.wire.TcpHeader;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Several queues and workers: whose a frame is, what is on the way between them, and what is read of them. */
class OutsideWorkersTest {
    private static final End PEER = End.of("198.51.100.9", 53);

    private final OutsideWorld world = new OutsideWorld(3);
    private final Rollout.Teller teller = (worker, command) -> {
        command.run(world.tested.workers[worker]);
        return CompletableFuture.completedFuture(null);
    };

    @AfterEach
    void conserved() {
        world.tested.assertConserved();
        assertThat(world.tested.news).isEmpty();
    }

    /** Port 0, of worker 0, gets a queue for each worker. */
    private void manyQueues() {
        PortSettings one = world.settings(0);
        world.tested.put(
                new PortSettings(0, one.network(), 0, List.of(900, 901, 902), one.mac(), one.ipv4(), one.ipv6(), true));
        world.take();
    }

    private void sendBy(int worker, Frame frame) {
        world.tested.written.clear();
        world.tested.arrive(0, worker, frame);
        world.tested.settle();
    }

    @Test
    void whateverQueueAFrameComesByItsFlowIsThatOfItsPort() {
        manyQueues();
        Frame frame = container(0).udp(end(0, false, 4000), PEER, 20);
        sendBy(0, frame);
        End mapping = NatFrames.source(world.one(ETH0));
        for (int worker = 1; worker < 3; worker++) {
            sendBy(worker, frame);
            assertThat(NatFrames.source(world.one(ETH0))).isEqualTo(mapping);
        }
        assertThat(world.tested.term(Term.HANDED_OVER)).isEqualTo(2);
    }

    @Test
    void aFrameThatWasHandedOverIsHandedOverOnceMore() {
        manyQueues();
        world.publish(9, IpProtocol.UDP, 8080, 2, 80);
        sendBy(1, container(0).udp(end(0, false, 4000), End.of(HOST4, 8080), 20));
        assertThat(NatFrames.destination(world.one(2))).isEqualTo(end(2, false, 80));
        assertThat(world.tested.term(Term.HANDED_OVER)).isEqualTo(2);
    }

    @Test
    void withoutASlotAFrameThatWouldBeHandedOverOnceMoreIsDropped() {
        manyQueues();
        world.publish(9, IpProtocol.UDP, 8080, 2, 80);
        List<Integer> taken = new ArrayList<>();
        for (int slot = world.tested.ios[0].allocate(); slot >= 0; slot = world.tested.ios[0].allocate()) {
            taken.add(slot);
        }
        sendBy(1, container(0).udp(end(0, false, 4000), End.of(HOST4, 8080), 20));
        world.nothing();
        assertThat(world.tested.drops(0, DropReason.HANDOFF_FULL)).isEqualTo(1);
        taken.forEach(world.tested.ios[0]::release);
    }

    @Test
    void withoutASlotAPacketThatIsToBeSplitIsDroppedAndItsPiecesCounted() {
        world.routes.mtus.put(PEER.address(), 576);
        List<Integer> taken = new ArrayList<>();
        Frame frame = container(0).udp(end(0, false, 4000), PEER, 1400);
        world.tested.written.clear();
        world.tested.arrive(0, frame);
        for (int slot = world.tested.ios[0].allocate(); slot >= 0; slot = world.tested.ios[0].allocate()) {
            taken.add(slot);
        }
        world.tested.settle();
        world.nothing();
        assertThat(world.tested.drops(0, DropReason.NAT_NO_MEMORY)).isEqualTo(3);
        taken.forEach(world.tested.ios[0]::release);
    }

    @Test
    void theLargestDatagramInTheSmallestPiecesNeedsMoreThanOneSlot() {
        world.routes.mtus.put(PEER.address(), 576);
        Frame frame = container(0).udp(end(0, false, 4000), PEER, 1400);
        world.send(0, container(0).udp(end(0, false, 4001), PEER, 20), ETH0);
        int payload = 65_535 - 28;
        Frame whole = NatFrames.partial(container(0).udp(end(0, false, 4000), PEER, payload));
        assertThat(whole.bytes.length).isLessThan(FrameMemory.READ_LENGTH).isGreaterThan(frame.bytes.length);
        List<Frame> fragments = NatFrames.fragments(container(0).udp(end(0, false, 4000), PEER, payload), 576);
        world.tested.written.clear();
        for (Frame fragment : fragments) {
            world.tested.arrive(0, fragment);
            world.tested.settle();
        }
        List<Frame> out = world.all(ETH0);
        assertThat(out).hasSameSizeAs(fragments);
        assertThat(NatFrames.checksumsRight(OutsideFragmentTest.joined(out))).isTrue();
    }

    @Test
    void anErrorAboutWhatTheHostSentIsTheHosts() {
        Frame fromHost = new NatFrames(TestSwitch.PEER_MAC, TestSwitch.HOST_MAC)
                .udp(End.of("10.0.0.1", 4000), end(1, false, 9), 20);
        byte[] quoted = world.send(HOST, fromHost, 1).bytes;
        Frame error = Frames.ipv4(
                OutsideWorld.gatewayMac(1),
                TestSwitch.mac(1),
                TestSwitch.address(1),
                TestSwitch.GATEWAY,
                IpProtocol.ICMP,
                8 + 28);
        error.ethernet().putByte(34, (byte) 3);
        error.ethernet().putByte(35, (byte) 3);
        error.ethernet().putBytes(42, quoted, VirtioNetHeader.LENGTH + NatFrames.IP, 28);
        Frame seen = world.send(1, NatFrames.checksum(error), HOST);
        assertThat(NatFrames.sourceAddress(seen)).isEqualTo(OutsideWorld.address(1, false));
    }

    @Test
    void aSuperFrameThatACardVerifiedStaysOne() {
        world.publish(9, IpProtocol.TCP, 8080, 1, 80);
        End published = End.of(HOST4, 8080);
        world.arrive(ETH0, outside().tcp(PEER, published, TcpHeader.SYN, 1000, 0, 0), 1);
        world.send(1, container(1).tcp(end(1, false, 80), PEER, TcpHeader.SYN | TcpHeader.ACK, 1, 1001, 0), ETH0);
        Frame joined = outside().tcp(PEER, published, TcpHeader.ACK, 1001, 2, 10_000);
        joined.offload(VirtioNetHeader.DATA_VALID, VirtioNetHeader.GSO_TCPV4, 1448, 0, 0, 0);
        Frame in = world.arrive(ETH0, joined, 1);
        assertThat(VirtioNetHeader.flags(in.buffer(), 0)).isEqualTo(VirtioNetHeader.NEEDS_CSUM);
        assertThat(VirtioNetHeader.gsoSize(in.buffer(), 0)).isEqualTo(1448);
        assertThat(VirtioNetHeader.csumStart(in.buffer(), 0)).isEqualTo(34);
        assertThat(NatFrames.checksumsRight(in)).isTrue();
    }

    @Test
    void flowsAndCountersAreReadOfAllWorkers() {
        world.publish(9, IpProtocol.UDP, 8080, 1, 80);
        world.send(0, container(0).udp(end(0, false, 4000), PEER, 20), ETH0);
        world.send(2, container(2).udp(end(2, true, 4000), End.of("2001:db8:9::9", 53), 20), ETH0);
        world.arrive(ETH0, outside().udp(PEER, End.of(HOST4, 8080), 20), 1);
        NatReadings readings = new NatReadings(world.tested.workers, teller);
        List<FlowEntry> flows = new ArrayList<>();
        readings.flows(flows::add);
        assertThat(flows).hasSize(3);
        assertThat(flows).anySatisfy(flow -> {
            assertThat(flow.inbound()).isTrue();
            assertThat(flow.rule()).isEqualTo(9);
            assertThat(flow.outside()).isEqualTo(IpAddress.parse(HOST4));
            assertThat(flow.outsidePort()).isEqualTo(8080);
            assertThat(flow.insidePort()).isEqualTo(80);
            assertThat(flow.peer()).isEqualTo(PEER.address());
            assertThat(flow.endpoint()).isEqualTo(1);
            assertThat(flow.packetsToInside()).isEqualTo(1);
        });
        assertThat(flows).anySatisfy(flow -> {
            assertThat(flow.inside()).isEqualTo(OutsideWorld.address(2, true));
            assertThat(flow.worker()).isEqualTo(2);
        });
        Map<String, Long> counters = readings.counters();
        assertThat(counters).containsEntry("flows", 3L).containsEntry("inbound_flows", 1L);
        RuleCounts counts = Objects.requireNonNull(readings.rules().get(9));
        assertThat(counts.connections()).isEqualTo(1);
        assertThat(counts.packetsIn()).isEqualTo(1);
    }

    @Test
    void aFlowIsShownWithTheAddressThatTheHostHasLost() {
        world.send(0, container(0).udp(end(0, false, 4000), PEER, 20), ETH0);
        world.lost.add(HOST4);
        world.take();
        List<FlowEntry> flows = new ArrayList<>();
        new NatReadings(world.tested.workers, teller).flows(flows::add);
        assertThat(flows).extracting(FlowEntry::outside).containsExactly(IpAddress.parse(HOST4));
    }

    @Test
    void withoutNatThereIsNothingToRead() {
        TestSwitch plain = TestSwitch.withPorts(2);
        NatReadings readings = new NatReadings(plain.workers, (worker, command) -> {
            command.run(plain.workers[worker]);
            return CompletableFuture.completedFuture(null);
        });
        List<FlowEntry> flows = new ArrayList<>();
        readings.flows(flows::add);
        assertThat(flows).isEmpty();
        assertThat(readings.counters()).isEmpty();
        assertThat(readings.rules()).isEmpty();
    }
}
