package io.tapswitch.nat;

import static io.tapswitch.nat.FlowWorld.TCP;
import static io.tapswitch.nat.FlowWorld.UDP;
import static io.tapswitch.nat.FlowWorld.inbound;
import static io.tapswitch.nat.FlowWorld.outbound;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

/** What the flow table promises, rule by rule. */
class FlowTableTest {
    private final FlowWorld world = FlowWorld.ofCapacity(64);

    private FlowTable table() {
        return world.table;
    }

    @Test
    void isFoundFromBothSides() {
        FlowTuple t = outbound(TCP, 1, 1000, 443, 40_000);
        int slot = world.insert(t);
        assertThat(table().findInside(t)).isEqualTo(slot);
        assertThat(table().findOutside(t)).isEqualTo(slot);
        assertThat(table().findInside(outbound(UDP, 1, 1000, 443, 40_000))).isEqualTo(FlowTable.ABSENT);
        assertThat(table().findOutside(outbound(TCP, 1, 1000, 444, 40_000))).isEqualTo(FlowTable.ABSENT);
        table().remove(slot);
        assertThat(table().findInside(t)).isEqualTo(FlowTable.ABSENT);
        assertThat(table().findOutside(t)).isEqualTo(FlowTable.ABSENT);
        assertThat(world.told).containsExactly("REMOVED 1000", "free 6 0 40000");
    }

    @Test
    void N1_allFlowsOfAnInsideEndpointShareItsMapping() {
        assertThat(table().mappedPort(outbound(UDP, 1, 5000, 1, 0))).isEqualTo(FlowTable.ABSENT);
        int first = world.insert(outbound(UDP, 1, 5000, 1, 40_000));
        int second = world.insert(outbound(UDP, 1, 5000, 2, 40_000));
        FlowTuple third = outbound(UDP, 1, 5000, 3, 40_001);
        assertThat(table().mappedPort(third)).isEqualTo(40_000);
        assertThat(world.insert(third)).isEqualTo(FlowRefusal.MAPPED_ELSEWHERE);
        table().remove(first);
        assertThat(table().mappedPort(third)).isEqualTo(40_000);
        assertThat(table().mappingOf(UDP, 0, 40_000)).isEqualTo(second);
        assertThat(world.told).containsExactly("REMOVED 5000");
        table().remove(second);
        assertThat(table().mappedPort(third)).isEqualTo(FlowTable.ABSENT);
        assertThat(world.told).last().isEqualTo("free 17 0 40000");
    }

    @Test
    void N1_behindAnotherAddressOfTheHostAnInsideEndpointHasAnotherMapping() {
        world.insert(outbound(UDP, 1, 5000, 1, 40_000));
        FlowTuple other = outbound(UDP, 1, 5000, 2, 0).outside(1, 40_001);
        assertThat(table().mappedPort(other)).isEqualTo(FlowTable.ABSENT);
        assertThat(world.insert(other)).isNotNegative();
        assertThat(table().mappedPort(other)).isEqualTo(40_001);
        assertThat(table().mappedPort(outbound(UDP, 1, 5000, 2, 0))).isEqualTo(40_000);
    }

    @Test
    void N2_aPortHasOneInsideEndpoint() {
        world.insert(outbound(UDP, 1, 5000, 1, 40_000));
        assertThat(world.insert(outbound(UDP, 2, 5000, 2, 40_000))).isEqualTo(FlowRefusal.PORT_TAKEN);
        assertThat(world.insert(outbound(TCP, 2, 5000, 2, 40_000))).isNotNegative();
    }

    @Test
    void N3_aPortIsLentTowardsAnotherPeerOnly() {
        int owner = world.insert(outbound(TCP, 1, 5000, 1, 40_000));
        assertThat(world.insert(outbound(TCP, 2, 6000, 1, 40_000).dependent())).isEqualTo(FlowRefusal.DUPLICATE);
        int borrower = world.insert(outbound(TCP, 2, 6000, 2, 40_000).dependent());
        assertThat(borrower).isNotNegative();
        assertThat(table().mappedPort(outbound(TCP, 2, 6000, 3, 0))).isEqualTo(FlowTable.ABSENT);
        table().remove(owner);
        assertThat(table().portUsed(TCP, 0, 40_000)).isTrue();
        assertThat(table().mappingOf(TCP, 0, 40_000)).isEqualTo(FlowTable.ABSENT);
        assertThat(world.told).doesNotContain("free 6 0 40000");
        table().remove(borrower);
        assertThat(world.told).contains("free 6 0 40000");
    }

    @Test
    void N7_whatIsPublishedTakesAPortFromItsMappingButNotFromItsFlows() {
        int one = world.insert(outbound(UDP, 1, 5000, 1, 40_000));
        int two = world.insert(outbound(UDP, 1, 5000, 2, 40_000));
        table().retirePort(UDP, 0, 40_000);
        assertThat(table().mappedPort(outbound(UDP, 1, 5000, 3, 0))).isEqualTo(FlowTable.ABSENT);
        assertThat(table().findOutside(outbound(UDP, 1, 5000, 2, 40_000))).isEqualTo(two);
        assertThat(world.insert(outbound(UDP, 1, 5000, 3, 40_001))).isNotNegative();
        table().remove(one);
        assertThat(table().portUsed(UDP, 0, 40_000)).isTrue();
        table().remove(two);
        assertThat(world.told).containsExactly("REMOVED 5000", "REMOVED 5000", "free 17 0 40000");
    }

    @Test
    void N9_aFlowEndsItsTimeoutAfterItsLastPacket() {
        FlowTuple t = outbound(UDP, 1, 5000, 1, 40_000);
        int slot = world.insert(t);
        world.nowMs += 119_000;
        world.expireAll();
        table().touch(slot, world.nowMs);
        world.nowMs += 119_999;
        world.expireAll();
        assertThat(table().findInside(t)).isEqualTo(slot);
        world.nowMs += 1 + ExpiryWheel.TICK_MS;
        world.expireAll();
        assertThat(table().findInside(t)).isEqualTo(FlowTable.ABSENT);
        assertThat(table().ended(FlowEnd.EXPIRED)).isEqualTo(1);
    }

    @Test
    void N10_aShorterTimeoutHoldsAtOnce() {
        int slot = table().insert(outbound(TCP, 1, 5000, 1, 40_000), FlowWorld.LONG, world.nowMs);
        world.nowMs += 1_000_000;
        table().touch(slot, world.nowMs, FlowWorld.SHORT);
        world.nowMs += 29_999;
        world.expireAll();
        assertThat(table().size()).isOne();
        world.nowMs += 1 + ExpiryWheel.TICK_MS;
        world.expireAll();
        assertThat(table().size()).isZero();
    }

    @Test
    void N16_anEndpointAtItsQuotaIsRefusedAndOthersAreNot() {
        FlowWorld small = new FlowWorld(new FlowLimits(64, 64, 2, 3));
        int[] slots = new int[3];
        for (int i = 0; i < 3; i++) {
            slots[i] = small.insert(outbound(UDP, 1, 5000 + i, 1, 40_000 + i));
        }
        assertThat(small.insert(outbound(UDP, 1, 5003, 1, 40_003))).isEqualTo(FlowRefusal.QUOTA);
        assertThat(small.insert(outbound(UDP, 2, 5003, 1, 40_003))).isNotNegative();
        assertThat(small.insert(inbound(TCP, 1, 0xC000_0205, 9, 1))).isNotNegative();
        assertThat(small.table.size(1, FlowEntries.OUTBOUND)).isEqualTo(3);
        small.table.standing(slots[1], FlowEntries.CLOSED);
        assertThat(small.insert(outbound(UDP, 1, 5004, 1, 40_004))).isNotNegative();
        assertThat(small.told).containsExactly("EVICTED 5001", "free 17 0 40001");
        assertThat(small.table.size(1, FlowEntries.OUTBOUND)).isEqualTo(3);
    }

    @Test
    void N17_aFloodOfAPublishedPortGivesWayToNewClientsAndNeverHurtsEstablishedOnes() {
        FlowWorld small = new FlowWorld(new FlowLimits(64, 64, 2, 8));
        int established = small.insert(inbound(TCP, 1, 0xC000_0201, 1, 1));
        small.table.standing(established, FlowEntries.FIRM);
        for (int i = 0; i < 1_000; i++) {
            assertThat(small.insert(inbound(TCP, 1, 0xC000_0300 + i, 2, 1))).isNotNegative();
        }
        assertThat(small.table.size()).isEqualTo(8);
        assertThat(small.table.findOutside(inbound(TCP, 1, 0xC000_0201, 1, 1))).isEqualTo(established);
    }

    @Test
    void N17_whoFloodsTheTablePaysForIt() {
        int quiet = world.insert(outbound(UDP, 2, 5000, 1, 30_000));
        for (int i = 0; i < 10_000; i++) {
            assertThat(world.insert(outbound(UDP, 1, i, 1, 40_000 + i))).isNotNegative();
        }
        assertThat(table().size()).isEqualTo(63);
        assertThat(table().findInside(outbound(UDP, 2, 5000, 1, 30_000))).isEqualTo(quiet);
        assertThat(world.insert(outbound(UDP, 3, 5000, 1, 30_001))).isNotNegative();
        assertThat(table().findInside(outbound(UDP, 2, 5000, 1, 30_000))).isEqualTo(quiet);
    }

    @Test
    void N17_dueFlowsGoBeforeOthersAndFirmOnesNever() {
        for (int i = 0; i < 62; i++) {
            table().standing(world.insert(outbound(TCP, 1, 1000 + i, 1, 40_000 + i)), FlowEntries.FIRM);
        }
        table().insert(outbound(TCP, 1, 900, 1, 39_000), FlowWorld.SHORT, world.nowMs);
        world.nowMs += 32_000;
        int oldest = table().next(0);
        table().standing(oldest, FlowEntries.UNREPLIED);
        assertThat(world.insert(outbound(TCP, 2, 901, 1, 39_001))).isNotNegative();
        assertThat(world.told).containsExactly("EXPIRED 900", "free 6 0 39000");
        table().standing(oldest, FlowEntries.FIRM);
        table().standing(table().findInside(outbound(TCP, 2, 901, 1, 39_001)), FlowEntries.FIRM);
        assertThat(world.insert(outbound(TCP, 2, 902, 1, 39_002))).isEqualTo(FlowRefusal.FULL);
        assertThat(table().size()).isEqualTo(63);
        table().remove(oldest);
        assertThat(world.insert(outbound(TCP, 2, 902, 1, 39_002))).isNotNegative();
    }

    @Test
    void N17_anEvictionNeverFreesThePortThatTheNewFlowUses() {
        FlowWorld small = new FlowWorld(new FlowLimits(2, 64, 2, 64));
        small.insert(outbound(UDP, 1, 5000, 1, 40_000));
        assertThat(small.insert(outbound(UDP, 1, 5000, 2, 40_000))).isNotNegative();
        assertThat(small.told).containsExactly("EVICTED 5000");
        assertThat(small.table.mappedPort(outbound(UDP, 1, 5000, 3, 0))).isEqualTo(40_000);
    }

    @Test
    void N27_aClientOfTheHostIsSeenUnderAnotherAddress() {
        FlowTuple t = inbound(TCP, 1, 0x7F00_0001, 5000, 1).seenPeer(0x0A09_00FE);
        int slot = world.insert(t);
        FlowTuple reply = new FlowTuple()
                .lookup(TCP)
                .inside(0, 0, FlowTuple.v4(0x0A09_0001), 8080)
                .peer(0, FlowTuple.v4(0x0A09_00FE), 5000);
        assertThat(table().findInside(reply)).isEqualTo(slot);
        assertThat(table().findOutside(t)).isEqualTo(slot);
        assertThat(table().entries().peerLo(slot)).isEqualTo(FlowTuple.v4(0x7F00_0001));
        assertThat(world.insert(inbound(TCP, 1, 0x0A09_00FE, 5000, 1))).isEqualTo(FlowRefusal.DUPLICATE);
    }

    @Test
    void N29_anEndpointTakesAllItsFlowsWithIt() {
        world.insert(outbound(UDP, 1, 5000, 1, 40_000));
        table().standing(world.insert(outbound(TCP, 1, 5001, 1, 40_001)), FlowEntries.FIRM);
        table().standing(world.insert(inbound(TCP, 1, 0xC000_0205, 9, 1)), FlowEntries.CLOSED);
        int other = world.insert(outbound(UDP, 2, 5000, 1, 40_002));
        assertThat(table().removeEndpoint(1, 2)).isEqualTo(2);
        assertThat(table().removeEndpoint(1, 2)).isOne();
        assertThat(table().removeEndpoint(1, 2)).isZero();
        assertThat(table().next(0)).isEqualTo(other);
        assertThat(table().size()).isOne();
    }

    @Test
    void N29_aRuleTakesItsFlowsWithIt() {
        for (int i = 0; i < 5; i++) {
            world.insert(inbound(TCP, 1, 0xC000_0205, i, i == 4 ? 2 : 1));
        }
        int own = world.insert(outbound(TCP, 1, 8080, 1, 40_000));
        assertThat(table().removeRule(1, 3)).isEqualTo(3);
        assertThat(table().removeRule(1, 3)).isOne();
        assertThat(table().removeRule(1, 3)).isZero();
        assertThat(table().size()).isEqualTo(2);
        assertThat(table().entries().kind(own)).isEqualTo(FlowEntries.OUTBOUND);
    }

    @Test
    void N30_theSameInsideInTwoNetworksIsTwoFlows() {
        int one = world.insert(outbound(UDP, 1, 5000, 1, 40_000));
        FlowTuple t = outbound(UDP, 1, 5000, 1, 40_001).inside(1023, 0, FlowTuple.v4(0x0A09_0001), 5000);
        assertThat(table().findInside(t)).isEqualTo(FlowTable.ABSENT);
        assertThat(table().mappedPort(t)).isEqualTo(FlowTable.ABSENT);
        int two = world.insert(t);
        assertThat(table().findInside(t)).isEqualTo(two).isNotEqualTo(one);
        assertThat(table().entries().network(two)).isEqualTo(1023);
    }

    @Test
    void N32_protocolsWithoutPortsAreToldApartByTheirPeers() {
        int one = world.insert(outbound(47, 1, 0, 0, 0));
        assertThat(one).isNotNegative();
        assertThat(world.insert(outbound(47, 2, 0, 0, 0))).isEqualTo(FlowRefusal.DUPLICATE);
        assertThat(world.insert(outbound(50, 2, 0, 0, 0))).isNotNegative();
        assertThat(table().mappingOf(47, 0, 0)).isEqualTo(FlowTable.ABSENT);
    }

    @Test
    void N17_expiryLooksAtNoMoreThanItsLimit() {
        for (int i = 0; i < 60; i++) {
            world.insert(outbound(UDP, 1, i, 1, 40_000 + i));
        }
        world.nowMs += 10_000_000;
        assertThat(table().expire(world.nowMs, 25)).isEqualTo(25);
        assertThat(table().size()).isEqualTo(35);
        assertThat(table().expire(world.nowMs, 100)).isEqualTo(35);
        assertThat(table().expire(world.nowMs, 100)).isZero();
    }

    @Test
    void whatTheLimitsDoNotProvideForIsRefused() {
        assertThat(world.insert(outbound(UDP, 1, 1, 1, 1).endpoint(64))).isEqualTo(FlowRefusal.OUT_OF_RANGE);
        assertThat(world.insert(outbound(UDP, 1, 1, 1, 1).endpoint(-1))).isEqualTo(FlowRefusal.OUT_OF_RANGE);
        assertThat(world.insert(outbound(UDP, 1, 1, 1, 1).outside(2, 1))).isEqualTo(FlowRefusal.OUT_OF_RANGE);
        assertThatThrownBy(() -> new FlowLimits(48, 1, 1, 1)).hasMessageContaining("power of two");
        assertThatThrownBy(() -> world.open(FlowWorld.memory(8192), 1))
                .hasMessage("kept memory: 8192 bytes, but 16384 are needed");
    }

    @Test
    void addressesAreKeptAsTheyAreAtTheirEnds() {
        FlowTuple t = new FlowTuple()
                .outbound(255)
                .inside(1023, -1L, Long.MIN_VALUE, 65_535)
                .peer(Long.MAX_VALUE, -1L, 65_535)
                .outside(1, 65_535)
                .endpoint(63)
                .rule(-1);
        FlowTuple read = new FlowTuple();
        table().entries().read(world.insert(t), read);
        assertThat(read).usingRecursiveComparison().isEqualTo(t);
    }
}
