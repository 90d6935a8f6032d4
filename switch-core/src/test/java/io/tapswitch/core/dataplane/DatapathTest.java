package io.tapswitch.core.dataplane;

import static io.tapswitch.core.dataplane.TestSwitch.GATEWAY;
import static io.tapswitch.core.dataplane.TestSwitch.GATEWAY_MAC;
import static io.tapswitch.core.dataplane.TestSwitch.address;
import static io.tapswitch.core.dataplane.TestSwitch.mac;
import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.core.dataplane.DatapathCounters.Term;
import io.tapswitch.core.dataplane.Frames.Frame;
import io.tapswitch.wire.EtherType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The frame's way, driven by hand on in-memory I/O. */
class DatapathTest {
    private static final long STRANGER = 0x0200_0000_0077L;
    private TestSwitch tested = TestSwitch.withPorts(4);

    @AfterEach
    void framesAreConserved() {
        tested.assertConserved();
    }

    private static Frame frame(long destination, long source) {
        return Frames.udp(destination, source, address(0), address(1), 64);
    }

    @Test
    void B1_sendsToThePortWhereTheAddressIsPinned() {
        assertThat(tested.send(0, frame(mac(2), mac(0)))).containsExactly(2);
        assertThat(tested.written.getFirst().bytes()).isEqualTo(frame(mac(2), mac(0)).bytes);
    }

    @Test
    void B1_floodsUnknownUnicastToAllButTheIngressPortAndLearns() {
        assertThat(tested.send(1, frame(STRANGER, mac(1)))).containsExactly(0, 2, 3);
        assertThat(tested.send(3, frame(mac(0), STRANGER))).containsExactly(0);
        assertThat(tested.send(1, frame(STRANGER, mac(1)))).containsExactly(3);
        assertThat(tested.term(Term.COPIED)).isEqualTo(2);
        assertThat(tested.term(Term.FDB_LEARNED)).isEqualTo(1);
    }

    @Test
    void B1_anAddressThatIsNotSeenFor300SecondsIsForgotten() {
        tested.send(3, frame(mac(0), STRANGER));
        tested.passMs(299_000);
        tested.settle();
        assertThat(tested.send(1, frame(STRANGER, mac(1)))).containsExactly(3);
        for (int second = 0; second < 20; second++) {
            tested.passMs(1_001);
            tested.settle();
        }
        assertThat(tested.send(1, frame(STRANGER, mac(1)))).containsExactly(0, 2, 3);
        assertThat(tested.term(Term.FDB_AGED)).isEqualTo(1);
    }

    @Test
    void B2_anAddressThatMovedIsFoundAtItsNewPortWithTheNextFrame() {
        tested.send(3, frame(mac(0), STRANGER));
        tested.send(2, frame(mac(0), STRANGER));
        assertThat(tested.send(1, frame(STRANGER, mac(1)))).containsExactly(2);
        assertThat(tested.term(Term.FDB_MOVED)).isEqualTo(1);
    }

    @Test
    void B2_anAddressThatMovesAllTheTimeRaisesOneAlarm() {
        for (int i = 0; i < 100; i++) {
            tested.send(2 + i % 2, frame(mac(0), STRANGER));
        }
        assertThat(tested.news).containsExactly("flapping " + Long.toHexString(STRANGER));
    }

    @Test
    void B3_neverReflects() {
        tested.send(3, frame(mac(0), STRANGER));
        assertThat(tested.send(3, frame(STRANGER, mac(3)))).isEmpty();
        assertThat(tested.send(0, frame(STRANGER, STRANGER))).isEmpty();
        assertThat(tested.drops(3, DropReason.REFLECTION)).isEqualTo(1);
        assertThat(tested.drops(0, DropReason.REFLECTION)).isEqualTo(1);
    }

    @Test
    void B4_reservedGroupsStayUnlessTheMaskLetsThemPass() {
        for (int low = 0; low < 16; low++) {
            assertThat(tested.send(0, frame(0x0180_c200_0000L + low, mac(0)))).isEmpty();
        }
        assertThat(tested.drops(0, DropReason.RESERVED_GROUP)).isEqualTo(16);
        assertThat(tested.send(0, frame(0x0180_c200_0021L, mac(0)))).containsExactly(1, 2, 3);
        tested.assertConserved();

        tested = TestSwitch.withPorts(1, withMask(0xffff), 2);
        assertThat(tested.send(0, frame(0x0180_c200_0000L, mac(0)))).containsExactly(1);
        assertThat(tested.send(0, frame(0x0180_c200_0001L, mac(0)))).as("PAUSE").isEmpty();
    }

    private static NetworkSettings withMask(int mask) {
        return new NetworkSettings(0, GATEWAY, GATEWAY_MAC, 24, 1500, true, mask, 10_000, 64, 1024);
    }

    @Test
    void B5_impossibleSourcesAreDroppedAndNotLearned() {
        assertThat(tested.send(0, frame(mac(1), 0x0100_5e00_0001L))).isEmpty();
        assertThat(tested.send(0, frame(mac(1), Frames.BROADCAST))).isEmpty();
        assertThat(tested.send(0, frame(mac(1), 0))).isEmpty();
        assertThat(tested.drops(0, DropReason.BAD_SOURCE_MAC)).isEqualTo(3);
        assertThat(tested.send(0, frame(mac(1), GATEWAY_MAC))).isEmpty();
        assertThat(tested.send(0, frame(mac(1), mac(2)))).isEmpty();
        assertThat(tested.drops(0, DropReason.SPOOF_MAC)).isEqualTo(2);
        assertThat(tested.send(1, frame(mac(2), mac(1))))
                .as("the victim keeps its traffic")
                .containsExactly(2);
        assertThat(tested.term(Term.FDB_LEARNED)).isZero();
    }

    @Test
    void B6_sizesAreBoundedByTheMtuAndShortFramesAreLegal() {
        assertThat(tested.send(0, frame(mac(1), mac(0)).cut(13))).isEmpty();
        assertThat(tested.drops(0, DropReason.RUNT)).isEqualTo(1);
        assertThat(tested.send(0, Frames.ethernet(mac(1), mac(0), 0x88b5, 0))).containsExactly(1);
        assertThat(tested.send(0, Frames.ethernet(mac(1), mac(0), 0x88b5, 1504)))
                .containsExactly(1);
        assertThat(tested.send(0, Frames.ethernet(mac(1), mac(0), 0x88b5, 1505)))
                .isEmpty();
        assertThat(tested.send(0, Frames.ethernet(mac(1), mac(0), 0x88b5, 9000)))
                .isEmpty();
        assertThat(tested.drops(0, DropReason.OVERSIZE)).isEqualTo(2);
    }

    @Test
    void B7_overTheLimitOfItsPortAnAddressIsFloodedAndNotLearned() {
        for (int i = 0; i < 70; i++) {
            tested.send(3, frame(mac(0), STRANGER + i));
        }
        assertThat(tested.term(Term.FDB_LEARNED)).isEqualTo(64);
        assertThat(tested.send(0, frame(STRANGER + 63, mac(0)))).containsExactly(3);
        assertThat(tested.send(0, frame(STRANGER + 64, mac(0)))).containsExactly(1, 2, 3);
        assertThat(tested.send(0, frame(mac(1), mac(0)))).containsExactly(1);
    }

    @Test
    void B9_floodingIsLimitedPerPortAndKnownUnicastIsNot() {
        NetworkSettings calm = new NetworkSettings(0, GATEWAY, GATEWAY_MAC, 24, 1500, false, 0, 100, 64, 1024);
        tested = TestSwitch.withPorts(1, calm, 3);
        int flooded = 0;
        for (int i = 0; i < 250; i++) {
            flooded += tested.send(0, frame(Frames.BROADCAST, mac(0))).length > 0 ? 1 : 0;
        }
        assertThat(flooded).isEqualTo(100);
        assertThat(tested.drops(0, DropReason.STORM)).isEqualTo(150);
        assertThat(tested.send(0, frame(mac(1), mac(0)))).containsExactly(1);
        assertThat(tested.send(1, frame(Frames.BROADCAST, mac(1)))).containsExactly(0, 2);
        tested.passMs(500);
        assertThat(tested.send(0, frame(Frames.BROADCAST, mac(0)))).containsExactly(1, 2);
    }

    @Test
    void B10_networksAreIsolatedEvenWithEqualAddresses() {
        NetworkSettings other = new NetworkSettings(1, GATEWAY, GATEWAY_MAC, 24, 1500, false, 0, 10_000, 64, 1024);
        tested.addNetwork(other);
        tested.addPort(8, 1, false);
        tested.addPort(9, 1, false);
        assertThat(tested.send(8, frame(Frames.BROADCAST, mac(8)))).containsExactly(9);
        Frame toStranger = Frames.udp(mac(0), mac(8), address(8), address(9), 64);
        assertThat(tested.send(8, toStranger)).as("unknown there").containsExactly(9);
        assertThat(tested.send(0, frame(mac(8), mac(0)))).containsExactly(1, 2, 3);
        assertThat(tested.send(8, frame(mac(9), mac(0)))).as("equal source MAC").containsExactly(9);
        assertThat(tested.send(1, frame(mac(0), mac(1)))).containsExactly(0);
    }

    @Test
    void B11_taggedFramesPassOnlyWhereTheNetworkIsTransparent() {
        assertThat(tested.send(0, Frames.ethernet(mac(1), mac(0), EtherType.VLAN, 46)))
                .isEmpty();
        assertThat(tested.send(0, Frames.ethernet(mac(1), mac(0), EtherType.QINQ, 46)))
                .isEmpty();
        assertThat(tested.send(0, Frames.ethernet(mac(1), mac(0), EtherType.VLAN, 0)))
                .isEmpty();
        assertThat(tested.drops(0, DropReason.VLAN_TAGGED)).isEqualTo(3);
        tested.assertConserved();
        tested = TestSwitch.withPorts(1, withMask(0), 2);
        assertThat(tested.send(0, Frames.ethernet(mac(1), mac(0), EtherType.VLAN, 46)))
                .containsExactly(1);
    }

    @Test
    void B16_aPortWhoseLinkIsDownLosesItsLearnedAddressesAtOnceAndIsNotFloodedTo() {
        tested.send(3, frame(mac(0), STRANGER));
        tested.workers[0].onLinkState(3, false);
        assertThat(tested.send(1, frame(STRANGER, mac(1)))).containsExactly(0, 2);
        tested.workers[0].onLinkState(3, true);
        assertThat(tested.send(1, frame(STRANGER, mac(1)))).containsExactly(0, 2, 3);
    }

    @Test
    void R9_aRefusedWriteIsCountedAtTheEgressPortAndEveryCopyOfAFloodIsAccountedFor() {
        tested.writesEndWith(-5);
        tested.send(0, frame(mac(1), mac(0)));
        tested.writesEndWith(-22);
        tested.send(0, frame(Frames.BROADCAST, mac(0)));
        assertThat(tested.drops(1, DropReason.TX_LINK_DOWN)).isEqualTo(1);
        for (int port = 1; port < 4; port++) {
            assertThat(tested.drops(port, DropReason.TX_INVALID)).isEqualTo(1);
        }
        tested.writesEndWith(-77);
        tested.send(0, frame(mac(1), mac(0)));
        assertThat(tested.drops(1, DropReason.TX_GONE)).isEqualTo(1);
    }

    @Test
    void R2_aPortThatIsGoneIsForgottenAtOnce() {
        tested.workers[0].onPortGone(2, 77);
        assertThat(tested.news).containsExactly("gone 2 77");
        assertThat(tested.send(0, frame(Frames.BROADCAST, mac(0)))).containsExactly(1, 3);
        assertThat(tested.send(0, frame(mac(2), mac(0)))).containsExactly(1, 3);
        tested.removePort(2);
        assertThat(tested.send(0, frame(Frames.BROADCAST, mac(0)))).containsExactly(1, 3);
    }

    @Test
    void aFrameOfAPortThatWasRemovedMeanwhileIsDropped() {
        tested.arrive(2, frame(mac(0), mac(2)));
        tested.removePort(2);
        assertThat(tested.drops(2, DropReason.DETACHED)).isEqualTo(1);
    }

    @Test
    void aLonelyMembersBroadcastGoesNowhere() {
        tested = TestSwitch.withPorts(1);
        assertThat(tested.send(0, frame(Frames.BROADCAST, mac(0)))).isEmpty();
        assertThat(tested.drops(0, DropReason.NO_OTHER_PORT)).isEqualTo(1);
    }

    @Test
    void moreFramesThanABatchHoldsAreAllHandledInOrder() {
        tested = TestSwitch.withPorts(2);
        for (int i = 0; i < 60; i++) {
            tested.arrive(0, frame(mac(1), mac(0)).with16(18, i));
        }
        tested.settle();
        for (int i = 0; i < 60; i++) {
            assertThat(tested.written.get(i).bytes()[10 + 19]).isEqualTo((byte) i);
        }
    }
}
