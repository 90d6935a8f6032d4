package io.tapswitch.core.dataplane;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** The forwarding database of one worker, alone. */
class FdbTest {
    private static final long A = 0x0242_ac12_0002L;
    private static final long B = 0x0242_ac12_0003L;
    private static final long C = 0xfeff_ffff_ffffL;
    private static final long AGEING_MS = 300_000;

    private final Fdb fdb = new Fdb(64, 8, 16, false);
    private final List<String> aged = new ArrayList<>();

    @Test
    void B1_anAddressIsUnknownUntilItWasASource() {
        assertThat(fdb.lookup(A)).isEqualTo(Fdb.NONE);
        assertThat(fdb.learn(A, 2, 0)).isEqualTo(Fdb.LEARNED);
        assertThat(fdb.lookup(A)).isEqualTo(2);
        assertThat(fdb.lookup(B)).isEqualTo(Fdb.NONE);
        assertThat(fdb.learn(A, 2, 1)).isEqualTo(Fdb.REFRESHED);
    }

    @Test
    void B1_portsAndAddressesAtTheEdgesOfTheirRangesAreKeptExactly() {
        fdb.learn(C, 0, 0);
        fdb.learn(A, 8191, 0);
        assertThat(fdb.lookup(C)).isZero();
        assertThat(fdb.lookup(A)).isEqualTo(8191);
        assertThat(fdb.lookup(0)).as("the zero address is like any other").isEqualTo(Fdb.NONE);
        fdb.learn(0, 3, 0);
        assertThat(fdb.lookup(0)).isEqualTo(3);
    }

    @Test
    void B1_anAddressIsForgottenWhenItWasNotSeenForTheAgeingTime() {
        fdb.learn(A, 2, 5_000);
        assertThat(sweep(5_000 + AGEING_MS)).isZero();
        assertThat(sweep(5_001 + AGEING_MS)).isEqualTo(1);
        assertThat(aged).containsExactly("242ac120002@2");
        assertThat(fdb.lookup(A)).isEqualTo(Fdb.NONE);
        assertThat(fdb.learnedCount()).isZero();
        assertThat(fdb.learnedCount(2)).isZero();
    }

    @Test
    void B1_anAddressThatIsSeenNeverAges() {
        for (long nowMs = 0; nowMs < 3 * AGEING_MS; nowMs += 900) {
            fdb.learn(A, 2, nowMs);
            assertThat(sweep(nowMs)).isZero();
        }
        assertThat(fdb.seenMs(A)).isGreaterThan(3 * AGEING_MS - 2 * Fdb.REFRESH_MS);
    }

    @Test
    void theStoredTimeIsWrittenOnlyWhenItIsMoreThanASecondOld() {
        fdb.learn(A, 2, 10_000);
        fdb.learn(A, 2, 11_000);
        assertThat(fdb.seenMs(A)).isEqualTo(10_000);
        fdb.learn(A, 2, 11_001);
        assertThat(fdb.seenMs(A)).isEqualTo(11_001);
    }

    @Test
    void ageingLooksAtNoMoreSlotsThanItIsToldAndGoesOnWhereItStopped() {
        Fdb large = new Fdb(1000, 1000, 1000, false);
        for (int i = 0; i < 1000; i++) {
            large.learn(i + 1, 1, 0);
        }
        int calls = 0;
        int gone = 0;
        while (large.size() > 0) {
            int now = large.age(AGEING_MS + 1, AGEING_MS, 64, (mac, port) -> true);
            // At most half of the slots are used, and what is pulled into a looked-at slot belongs to its cluster.
            assertThat(now).isLessThan(200);
            gone += now;
            calls++;
        }
        assertThat(gone).isEqualTo(1000);
        assertThat(calls).isLessThanOrEqualTo(large.slots() / 64).isGreaterThan(large.slots() / 128);
    }

    @Test
    @DisplayName("catalogue row 100: ageing is right across the overflow of the nanosecond clock")
    void ageingIsRightWhenTheClockOverflows() {
        long beforeMs = (Long.MAX_VALUE - 1_000_000_000L) / 1_000_000;
        long afterMs = (Long.MAX_VALUE + 1_000_000_000L) / 1_000_000;
        assertThat(afterMs).isNegative();
        fdb.learn(A, 2, beforeMs);
        assertThat(sweep(afterMs)).as("two seconds are no age").isZero();
        fdb.learn(A, 2, afterMs);
        assertThat(fdb.seenMs(A)).as("refreshed after more than a second").isEqualTo(afterMs);
        assertThat(sweep(afterMs + AGEING_MS)).isZero();
        assertThat(sweep(afterMs + AGEING_MS + 1)).isEqualTo(1);
    }

    @Test
    void B2_anAddressMovesWithItsNextFrame() {
        fdb.learn(A, 2, 0);
        assertThat(fdb.learn(A, 3, 1)).isEqualTo(Fdb.MOVED);
        assertThat(fdb.lookup(A)).isEqualTo(3);
        assertThat(fdb.seenMs(A)).isEqualTo(1);
        assertThat(fdb.learnedCount(2)).isZero();
        assertThat(fdb.learnedCount(3)).isEqualTo(1);
        assertThat(fdb.size()).isEqualTo(1);
    }

    @Test
    void B7_overThePortsLimitNothingNewIsLearnedAndWhatIsThereStays() {
        for (int i = 0; i < 8; i++) {
            assertThat(fdb.learn(0x100 + i, 1, 0)).isEqualTo(Fdb.LEARNED);
        }
        assertThat(fdb.learn(A, 1, 0)).isEqualTo(Fdb.FULL);
        assertThat(fdb.lookup(A)).isEqualTo(Fdb.NONE);
        assertThat(fdb.learn(0x100, 1, 9_000)).as("known ones are refreshed").isEqualTo(Fdb.REFRESHED);
        assertThat(fdb.learn(A, 2, 0)).as("other ports learn").isEqualTo(Fdb.LEARNED);
        assertThat(fdb.learn(A, 1, 1))
                .as("a port at its limit takes no address from others")
                .isEqualTo(Fdb.FULL);
        assertThat(fdb.lookup(A)).isEqualTo(2);
    }

    @Test
    void B7_overTheNetworksLimitNothingNewIsLearnedUntilSomethingAges() {
        for (int i = 0; i < 16; i++) {
            assertThat(fdb.learn(0x100 + i, i / 8, i)).isEqualTo(Fdb.LEARNED);
        }
        assertThat(fdb.learn(A, 5, 0)).isEqualTo(Fdb.FULL);
        assertThat(sweep(AGEING_MS + 1)).isEqualTo(1);
        assertThat(fdb.learn(A, 5, AGEING_MS)).isEqualTo(Fdb.LEARNED);
    }

    @Test
    void B7_pinnedEntriesAreNotCountedNotMovedAndNeverAge() {
        assertThat(fdb.pin(A, 7)).isTrue();
        for (int i = 0; i < 8; i++) {
            fdb.learn(0x100 + i, 7, 0);
        }
        assertThat(fdb.learnedCount(7)).isEqualTo(8);
        assertThat(fdb.learn(A, 7, 50_000)).isEqualTo(Fdb.REFRESHED);
        assertThat(fdb.learn(A, 2, 0)).isEqualTo(Fdb.PINNED_ELSEWHERE);
        assertThat(fdb.learnRemote(A, 2, 99)).isEqualTo(Fdb.PINNED_ELSEWHERE);
        assertThat(sweep(10 * AGEING_MS)).isEqualTo(8);
        assertThat(fdb.lookup(A)).isEqualTo(7);
        assertThat(fdb.size()).isEqualTo(1);
    }

    @Test
    void aPinTakesThePlaceOfALearnedEntryAndYieldsToNoOtherPin() {
        fdb.learn(A, 2, 0);
        assertThat(fdb.pin(A, 3)).isTrue();
        assertThat(fdb.lookup(A)).isEqualTo(3);
        assertThat(fdb.learnedCount()).isZero();
        assertThat(fdb.pin(A, 3)).isTrue();
        assertThat(fdb.pin(A, 4)).isFalse();
        assertThat(fdb.lookup(A)).isEqualTo(3);
        fdb.unpin(A);
        assertThat(fdb.lookup(A)).isEqualTo(Fdb.NONE);
        fdb.learn(B, 2, 0);
        fdb.unpin(B);
        assertThat(fdb.lookup(B)).as("only pins are unpinned").isEqualTo(2);
    }

    @Test
    void pinsHaveRoomThatLearningCannotTake() {
        Fdb small = new Fdb(10, 100, 6, false);
        for (int i = 0; i < 20; i++) {
            small.learn(0x100 + i, 1, 0);
        }
        for (int i = 0; i < 4; i++) {
            assertThat(small.pin(0x900 + i, 2)).isTrue();
        }
        assertThat(small.pin(A, 2)).as("the table is full").isFalse();
        assertThat(small.size()).isEqualTo(10);
    }

    @Test
    void B16_aPortWhoseLinkGoesDownLosesWhatWasLearnedAndKeepsItsPins() {
        fdb.pin(A, 2);
        fdb.learn(B, 2, 0);
        fdb.learn(C, 3, 0);
        assertThat(fdb.forgetLearned(2)).isEqualTo(1);
        assertThat(fdb.lookup(A)).isEqualTo(2);
        assertThat(fdb.lookup(B)).isEqualTo(Fdb.NONE);
        assertThat(fdb.lookup(C)).isEqualTo(3);
    }

    @Test
    void B16_aRemovedPortLosesEverything() {
        Fdb large = new Fdb(4000, 4000, 4000, false);
        for (int i = 0; i < 3000; i++) {
            large.learn(0x5_0000 + i, i % 3, 0);
        }
        large.pin(A, 1);
        assertThat(large.removePort(1)).isEqualTo(1001);
        assertThat(large.learnedCount(1)).isZero();
        assertThat(large.learnedCount()).isEqualTo(2000);
        for (int i = 0; i < 3000; i++) {
            assertThat(large.lookup(0x5_0000 + i)).isEqualTo(i % 3 == 1 ? Fdb.NONE : i % 3);
        }
        assertThat(large.lookup(A)).isEqualTo(Fdb.NONE);
    }

    @Test
    void B8_addressesThatCollideUnderOneKeyAreSpreadUnderAnother() {
        MacTable victim = new MacTable(1024, new SplittableRandom(1));
        MacTable other = new MacTable(1024, new SplittableRandom(2));
        List<Long> colliding = new ArrayList<>();
        for (long mac = 1; colliding.size() < 400; mac++) {
            if (victim.homeOf(mac) == 0) {
                colliding.add(mac);
            }
        }
        long homes = colliding.stream().map(other::homeOf).distinct().count();
        assertThat(homes).as("of %d slots", other.slots()).isEqualTo(other.slots());
    }

    @Test
    void aTableOfAnImpossibleSizeIsRefused() {
        assertThatThrownBy(() -> new Fdb(0, 1, 1, false)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new Fdb(MacTable.MAX_CAPACITY + 1, 1, 1, false))
                .isInstanceOf(IllegalArgumentException.class);
    }

    private int sweep(long nowMs) {
        return fdb.age(nowMs, AGEING_MS, fdb.slots(), (mac, port) -> aged.add(Long.toHexString(mac) + "@" + port));
    }
}
