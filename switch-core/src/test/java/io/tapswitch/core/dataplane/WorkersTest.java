package io.tapswitch.core.dataplane;

import static io.tapswitch.core.dataplane.TestSwitch.GATEWAY;
import static io.tapswitch.core.dataplane.TestSwitch.GATEWAY_MAC;
import static io.tapswitch.core.dataplane.TestSwitch.address;
import static io.tapswitch.core.dataplane.TestSwitch.mac;
import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.core.dataplane.DatapathCounters.Term;
import io.tapswitch.core.dataplane.Frames.Frame;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Several workers on one network: port i is read by worker i mod 2; the gateway of network 0 is worker 0's. */
class WorkersTest {
    private static final long STRANGER = 0x0200_0000_0077L;
    private final TestSwitch tested = TestSwitch.withPorts(2, TestSwitch.NETWORK, 4);

    @AfterEach
    void framesAreConserved() {
        tested.assertConserved();
    }

    private static Frame frame(long destination, long source) {
        return Frames.udp(destination, source, address(0), address(1), 64);
    }

    @Test
    void framesGoStraightToPortsOfOtherWorkers() {
        assertThat(tested.send(0, frame(mac(1), mac(0)))).containsExactly(1);
        assertThat(tested.send(1, frame(mac(2), mac(1)))).containsExactly(2);
        assertThat(tested.send(1, frame(Frames.BROADCAST, mac(1)))).containsExactly(0, 2, 3);
        assertThat(tested.term(Term.HANDOFF_FRAMES)).isZero();
    }

    @Test
    void whatOneWorkerLearnsTheOtherKnows() {
        tested.send(3, frame(mac(0), STRANGER));
        assertThat(tested.send(0, frame(STRANGER, mac(0)))).containsExactly(3);
        assertThat(tested.send(1, frame(STRANGER, mac(1)))).containsExactly(3);
        assertThat(tested.term(Term.HANDOFF_LEARNED)).isEqualTo(1);
    }

    @Test
    void B2_aMoveBetweenWorkersIsKnownToBoth() {
        tested.send(3, frame(mac(0), STRANGER));
        tested.passMs(1);
        tested.send(2, frame(mac(0), STRANGER));
        assertThat(tested.send(0, frame(STRANGER, mac(0)))).containsExactly(2);
        assertThat(tested.send(1, frame(STRANGER, mac(1)))).containsExactly(2);
    }

    @Test
    void B1_anAddressThatAgedAtItsWorkerIsForgottenByTheOther() {
        tested.send(3, frame(mac(0), STRANGER));
        tested.passMs(302_000);
        for (int second = 0; second < 10; second++) {
            tested.passMs(1_001);
            tested.settle();
        }
        assertThat(tested.send(0, frame(STRANGER, mac(0)))).containsExactly(1, 2, 3);
    }

    @Test
    void framesForAGatewayCrossAsSlotsAndTheSlotsComeBack() {
        Frame ping = Frames.echoRequest(GATEWAY_MAC, mac(1), address(1), GATEWAY, 56);
        assertThat(tested.send(1, ping)).containsExactly(1);
        assertThat(tested.term(Term.HANDOFF_FRAMES)).isEqualTo(1);
        assertThat(tested.send(0, Frames.echoRequest(GATEWAY_MAC, mac(0), address(0), GATEWAY, 56)))
                .containsExactly(0);
        assertThat(tested.term(Term.HANDOFF_FRAMES)).isEqualTo(1);
        for (int i = 0; i < 100; i++) {
            assertThat(tested.send(1, Frames.echoRequest(GATEWAY_MAC, mac(1), address(1), GATEWAY, 56)))
                    .containsExactly(1);
        }
    }

    @Test
    void aFullRingDropsWithAReasonAndLosesNoSlot() {
        for (int i = 0; i < 20; i++) {
            tested.arrive(1, Frames.echoRequest(GATEWAY_MAC, mac(1), address(1), GATEWAY, 56));
        }
        tested.workers[1].doWork();
        tested.settle();
        assertThat(tested.drops(1, DropReason.HANDOFF_FULL)).isEqualTo(4);
        assertThat(tested.written).hasSize(16);
    }

    @Test
    void R9_aFaultOnAFrameOfAnotherWorkerCostsThatFrameOnly() {
        int slot = tested.ios[0].allocate();
        Worker worker = tested.workers[0];
        int beyond = 1 << 30;
        worker.onFrame(new HandoffRing(16), Handoff.TO_GATEWAY, slot, beyond, 100, 1, 0, 0);
        assertThat(tested.drops(1, DropReason.INTERNAL_FAULT)).isEqualTo(1);
        assertThat(tested.ios[0].slotsInUse()).isZero();
        assertThat(tested.news).hasSize(1).first().asString().startsWith("fault ");
        // The frame that was never sent is made good, for the sum.
        worker.counters().add(Term.HANDED_OVER, 1);
        worker.counters().add(Term.RECEIVED, 1);
    }

    @Test
    void aRemovedPortIsForgottenByAll() {
        tested.send(3, frame(mac(0), STRANGER));
        tested.removePort(3);
        assertThat(tested.send(0, frame(STRANGER, mac(0)))).containsExactly(1, 2);
        assertThat(tested.send(1, frame(mac(3), mac(1)))).containsExactly(0, 2);
    }
}
