package io.tapswitch.nat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tapswitch.wire.InternetChecksum;
import io.tapswitch.wire.IpProtocol;
import io.tapswitch.wire.Ipv4Header;
import io.tapswitch.wire.Ipv6Header;
import java.util.Arrays;
import java.util.Random;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** N22 by the rules measured on Linux and by the RFCs; catalogue rows 29 to 37. */
class ReassemblyTest {
    private static final int BLOCKS = 512;
    private static final int OWNER_BLOCKS = 256;
    private static final int PACKET = 64;

    private final Random random = new Random(22);
    private final UnsafeBuffer frame = new UnsafeBuffer(new byte[PACKET + Reassembly.MAX_PACKET]);
    private final Reassembly reassembly = reassembly(BLOCKS, OWNER_BLOCKS, 8);
    private long offered;
    private long nowMs = 1_000_000;

    private static Reassembly reassembly(int blocks, int ownerBlocks, int owners) {
        byte[] memory = new byte[(int) Reassembly.bytes(blocks)];
        Arrays.fill(memory, (byte) 0xA5);
        return new Reassembly(new UnsafeBuffer(memory), blocks, ownerBlocks, owners, 1, 2);
    }

    private FragmentedDatagram datagram(boolean ipv6, int identification, int length) {
        return new FragmentedDatagram(ipv6, identification, length, random);
    }

    private int add(byte[] packet) {
        return add(packet, 0, 0);
    }

    private int add(byte[] packet, int owner, int network) {
        offered++;
        frame.putBytes(PACKET, packet);
        return reassembly.add(frame, PACKET, packet.length, owner, network, nowMs);
    }

    private void assertConserved() {
        long dropped = 0;
        for (FragmentDrop reason : FragmentDrop.values()) {
            dropped += reassembly.dropped(reason);
        }
        assertThat(reassembly.held() + reassembly.merged() + dropped).isEqualTo(offered);
    }

    /** What the last fragment returned is the whole datagram, with right lengths and checksums. */
    private void assertWhole(FragmentedDatagram d, int result) {
        assertThat(result).isEqualTo(d.wholeHeaderLength() + d.udp.length);
        byte[] payload = new byte[d.udp.length];
        frame.getBytes(PACKET + d.wholeHeaderLength(), payload);
        assertThat(payload).isEqualTo(d.udp);
        assertThat(InternetChecksum.isValid(d.sum(payload))).isTrue();
        if (d.ipv6) {
            assertThat(Ipv6Header.payloadLength(frame, PACKET)).isEqualTo(result - Ipv6Header.LENGTH);
        } else {
            assertThat(Ipv4Header.totalLength(frame, PACKET)).isEqualTo(result);
            assertThat(Ipv4Header.isFragment(frame, PACKET)).isFalse();
            assertThat(Ipv4Header.checksumValid(frame, PACKET)).isTrue();
            assertThat(Ipv4Header.identification(frame, PACKET)).isEqualTo(d.identification);
        }
        assertConserved();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void N22_lastFirstOrderOf3008BytesLeavesInOrderInTheSameFourFragments(boolean ipv6) {
        var d = datagram(ipv6, 0x1234, 3008);
        byte[][] parts = d.parts(1000);
        assertThat(parts).hasNumberOfRows(4);
        for (int i = 3; i > 0; i--) {
            assertThat(add(parts[i])).isEqualTo(Reassembly.HELD);
        }
        int length = add(parts[0]);
        assertWhole(d, length);
        long shape = reassembly.shape();
        assertThat(Fragmentation.size(shape)).isEqualTo(d.headerLength() + 1000);
        assertThat(Fragmentation.pieces(frame, PACKET, length, shape)).isEqualTo(4);
        var out = new UnsafeBuffer(new byte[2000]);
        for (int i = 0; i < 4; i++) {
            int piece = Fragmentation.write(frame, PACKET, length, shape, i, out, 8);
            assertThat(Arrays.copyOfRange(out.byteArray(), 8, 8 + piece))
                    .as("piece %d", i)
                    .isEqualTo(parts[i]);
        }
        assertThat(reassembly.usedBlocks()).isZero();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void N22_fragmentsOfTwoDatagramsMayComeInAnyOrder(boolean ipv6) {
        var one = datagram(ipv6, 1, 5000);
        var other = datagram(ipv6, 2, 4000);
        byte[][] a = one.parts(1480);
        byte[][] b = other.parts(1480);
        add(a[2]);
        add(b[1]);
        add(a[0]);
        add(b[0]);
        add(a[3]);
        assertWhole(one, add(a[1]));
        assertWhole(other, add(b[2]));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void N22_anExactDuplicateCountsOnce(boolean ipv6) {
        var d = datagram(ipv6, 7, 3008);
        byte[][] parts = d.parts(1000);
        add(parts[0]);
        add(parts[3]);
        for (int i : new int[] {0, 3, 0}) {
            assertThat(add(parts[i])).isEqualTo(FragmentDrop.DUPLICATE.verdict());
        }
        add(parts[1]);
        assertThat(add(parts[1])).isEqualTo(FragmentDrop.DUPLICATE.verdict());
        assertWhole(d, add(parts[2]));
        assertThat(reassembly.dropped(FragmentDrop.DUPLICATE)).isEqualTo(4);
    }

    /** Row 31; 0..2000 and the end at 3008 are there, and then comes one that cannot be. */
    @ParameterizedTest
    @CsvSource({
        "1992, 1008, true, by eight before",
        "2000, 1008, true, by eight behind",
        "96, 8, true, teardrop: within another",
        "992, 16, true, over the seam of two",
        "0, 3000, true, over all",
        "1000, 1000, true, in place of another but with other bytes",
        "8, 16, false, a last one that is before the first one's end",
        "3000, 9, false, another end by one",
        "2000, 1000, false, a nearer end",
        "3008, 8, true, beyond the end",
    })
    void N22_anyOverlapDropsTheWholeDatagramAndWhatStillComes(int from, int length, boolean more, String what) {
        for (boolean ipv6 : new boolean[] {false, true}) {
            var d = datagram(ipv6, 7, 3008);
            byte[][] parts = d.parts(1000);
            add(parts[0]);
            add(parts[3]);
            add(parts[1]);
            long overlapped = reassembly.dropped(FragmentDrop.OVERLAP);
            int result = add(d.part(from, new byte[length], more));
            assertThat(result).as(what).isEqualTo(FragmentDrop.OVERLAP.verdict());
            assertThat(reassembly.held()).isZero();
            assertThat(add(parts[2])).isEqualTo(FragmentDrop.GIVEN_UP.verdict());
            assertThat(reassembly.dropped(FragmentDrop.OVERLAP) - overlapped).isEqualTo(4);
            assertThat(reassembly.usedBlocks()).isEqualTo(1);
            nowMs += Reassembly.TIMEOUT_IPV6_MS;
            assertThat(reassembly.expire(nowMs, frame, 0, 100)).isZero();
            assertThat(reassembly.usedBlocks()).isZero();
            assertConserved();
        }
    }

    @Test
    void N22_anEndBeforeWhatIsThereDropsTheDatagram() {
        var d = datagram(false, 7, 3008);
        add(d.parts(1000)[1]);
        assertThat(add(d.part(1000, new byte[999], false))).isEqualTo(FragmentDrop.OVERLAP.verdict());
    }

    @ParameterizedTest
    @CsvSource({"false, 30000", "true, 60000"})
    void N22_anOrphanWaitsAndIsQuotedOnlyWhenItIsTheFirst(boolean ipv6, long timeoutMs) {
        var quote = new UnsafeBuffer(new byte[2000]);
        byte[] first = datagram(ipv6, 1, 3008).parts(1000)[0];
        byte[] later = datagram(ipv6, 2, 3008).parts(1000)[1];
        add(first, 3, 9);
        nowMs++;
        add(later, 4, 5);
        nowMs += timeoutMs - 2;
        assertThat(reassembly.expire(nowMs, quote, 0, 2000)).isEqualTo(Reassembly.NOTHING_DUE);
        nowMs++;
        assertThat(reassembly.expire(nowMs, quote, 7, 2000 - 7)).isEqualTo(first.length);
        assertThat(Arrays.copyOfRange(quote.byteArray(), 7, 7 + first.length)).isEqualTo(first);
        assertThat(reassembly.expiredOwner()).isEqualTo(3);
        assertThat(reassembly.expiredNetwork()).isEqualTo(9);
        assertThat(reassembly.expire(nowMs, quote, 0, 2000)).isEqualTo(Reassembly.NOTHING_DUE);
        nowMs++;
        assertThat(reassembly.expire(nowMs, quote, 0, 2000)).isZero();
        assertThat(reassembly.expiredOwner()).isEqualTo(4);
        assertThat(reassembly.usedBlocks()).isZero();
        assertThat(reassembly.dropped(FragmentDrop.TIMED_OUT)).isEqualTo(2);
        assertConserved();
    }

    @Test
    void N22_theTimeRunsFromTheFirstArrivalAndLateFragmentsCompleteNothing() {
        var d = datagram(false, 1, 3008);
        byte[][] parts = d.parts(1000);
        add(parts[0]);
        nowMs += 29_999;
        add(parts[1]);
        add(parts[2]);
        nowMs++;
        assertThat(add(parts[3])).isEqualTo(Reassembly.HELD);
        assertThat(reassembly.dropped(FragmentDrop.TIMED_OUT)).isEqualTo(3);
        add(parts[0]);
        add(parts[1]);
        assertWhole(d, add(parts[2]));
    }

    @Test
    void N22_aQuoteIsCutToTheRoomThereIs() {
        add(datagram(true, 1, 3008).parts(1000)[0]);
        assertThat(reassembly.expire(nowMs + 60_000, frame, 0, 600)).isEqualTo(600);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void N22_row35_aFloodOfOrphansHarmsNoneButTakesItsSendersShare(boolean ipv6) {
        var victim = datagram(ipv6, 5, 20_000);
        byte[][] parts = victim.parts(1480);
        byte[] orphan = datagram(ipv6, 0, 3008).parts(1000)[1];
        var packet = new UnsafeBuffer(orphan);
        var honest = datagram(ipv6, 0x4711, 3008);
        int others = 0;
        int most = 0;
        for (int i = 0; i < 100_000; i++) {
            packet.putInt(ipv6 ? 20 : 12, i);
            others += add(orphan, 0, 0) == Reassembly.HELD ? 0 : 1;
            most = Math.max(most, reassembly.usedBlocks(0));
            if (i % 7_000 == 0 && i / 7_000 < parts.length - 1) {
                assertThat(add(parts[i / 7_000], 1, 0)).isEqualTo(Reassembly.HELD);
            }
            if (i > 90_000 && i < 90_004) {
                add(honest.parts(1000)[i - 90_001], 0, 0);
            }
            if (i == 90_100) {
                assertWhole(honest, add(honest.parts(1000)[3], 0, 0));
            }
        }
        assertThat(others).isZero();
        assertThat(most).isEqualTo(OWNER_BLOCKS);
        assertWhole(victim, add(parts[parts.length - 1], 1, 0));
        nowMs += Reassembly.TIMEOUT_IPV6_MS;
        while (reassembly.expire(nowMs, frame, 0, 100) != Reassembly.NOTHING_DUE) {
            assertThat(reassembly.expiredOwner()).isZero();
        }
        assertThat(reassembly.usedBlocks()).isZero();
        assertConserved();
    }

    @Test
    void N22_whoReachesItsLimitLosesItsOwnOldestAndNobodyElses() {
        for (int i = 0; i < OWNER_BLOCKS; i++) {
            add(datagram(false, i, 3008).parts(1000)[1], 0, 0);
        }
        for (int i = 0; i < OWNER_BLOCKS + 10; i++) {
            add(datagram(false, i, 3008).parts(1000)[1], 1, 0);
            assertThat(reassembly.usedBlocks(0)).isEqualTo(OWNER_BLOCKS);
        }
        assertThat(reassembly.usedBlocks(1)).isEqualTo(OWNER_BLOCKS);
        assertThat(reassembly.dropped(FragmentDrop.EVICTED)).isEqualTo(10);
        add(datagram(false, 10, 3008).parts(1000)[2], 1, 0);
        assertThat(reassembly.dropped(FragmentDrop.EVICTED)).isEqualTo(11);
        assertConserved();
    }

    @Test
    void N22_whenAllMemoryIsTakenTheOneThatHasMostGivesWay() {
        var d = datagram(false, 1, 60_000);
        byte[][] parts = d.parts(1480);
        for (int i = 0; i < BLOCKS; i++) {
            add(datagram(false, i, 3008).parts(1000)[1], 1 + i % 3, 0);
        }
        assertThat(reassembly.usedBlocks()).isEqualTo(BLOCKS);
        for (int i = 0; i < parts.length - 1; i++) {
            assertThat(add(parts[i], 0, 0)).isEqualTo(Reassembly.HELD);
            assertThat(reassembly.usedBlocks()).isEqualTo(BLOCKS);
        }
        assertWhole(d, add(parts[parts.length - 1], 0, 0));
        assertThat(reassembly.dropped(FragmentDrop.EVICTED)).isEqualTo(parts.length);
        for (int owner = 1; owner <= 3; owner++) {
            assertThat(reassembly.usedBlocks(owner)).isBetween(156, 158);
        }
    }

    @Test
    void N22_whereEachHasOneDatagramTheLargestGivesWayToANewOne() {
        Reassembly small = reassembly(128, 128, 200);
        for (int owner = 0; owner < 128; owner++) {
            byte[] orphan = datagram(false, 1, 3008).parts(1000)[1];
            frame.putBytes(PACKET, orphan);
            assertThat(small.add(frame, PACKET, orphan.length, owner, 0, nowMs)).isEqualTo(Reassembly.HELD);
        }
        byte[][] parts = datagram(false, 1, 60_000).parts(480);
        for (int i = 0; i < 125; i++) {
            frame.putBytes(PACKET, parts[i]);
            int result = small.add(frame, PACKET, parts[i].length, 150, 0, nowMs);
            assertThat(result).isIn(Reassembly.HELD, FragmentDrop.EVICTED.verdict());
        }
        assertThat(small.usedBlocks()).isLessThanOrEqualTo(128);
        assertThat(small.held() + small.dropped(FragmentDrop.EVICTED)).isEqualTo(128 + 125);
    }

    @Test
    void N22_row36_fragmentsOfTwoContainersOrNetworksAreNeverMixed() {
        var d = datagram(false, 1, 3008);
        byte[][] parts = d.parts(1000);
        add(parts[0], 0, 0);
        add(parts[1], 0, 0);
        add(parts[2], 0, 0);
        assertThat(add(parts[3], 1, 0)).isEqualTo(Reassembly.HELD);
        assertThat(add(parts[3], 0, 1)).isEqualTo(Reassembly.HELD);
        var other = datagram(false, 1, 3008);
        other.protocol = IpProtocol.GRE;
        assertThat(add(other.parts(1000)[3], 0, 0)).isEqualTo(Reassembly.HELD);
        other.protocol = IpProtocol.UDP;
        other.source++;
        assertThat(add(other.parts(1000)[3], 0, 0)).isEqualTo(Reassembly.HELD);
        assertWhole(d, add(parts[3], 0, 0));
    }

    @Test
    void N29_whatAContainerHeldGoesWithIt() {
        add(datagram(false, 1, 3008).parts(1000)[0], 1, 0);
        add(datagram(true, 1, 3008).parts(1000)[1], 1, 0);
        add(datagram(false, 2, 3008).parts(1000)[0], 2, 0);
        reassembly.removeOwner(1);
        assertThat(reassembly.usedBlocks()).isEqualTo(1);
        assertThat(reassembly.dropped(FragmentDrop.OWNER_GONE)).isEqualTo(2);
        assertConserved();
    }

    @Test
    void N22_anIdentificationThatWrappedIsAnotherDatagrams() {
        var lost = datagram(false, 1, 3008);
        add(lost.parts(1000)[1]);
        byte[] orphan = datagram(false, 0, 3008).parts(1000)[1];
        for (int i = 0; i < Reassembly.OUTDATED_AFTER; i++) {
            new UnsafeBuffer(orphan).putInt(12, 1 + i % 50);
            add(orphan);
        }
        var next = datagram(false, 1, 3008);
        add(next.parts(1000)[0]);
        add(next.parts(1000)[1]);
        add(next.parts(1000)[2]);
        assertWhole(next, add(next.parts(1000)[3]));
        assertThat(reassembly.dropped(FragmentDrop.TIMED_OUT)).isEqualTo(1);
    }

    @Test
    void anOwnersLimitThatHoldsNoWholeDatagramIsRefused() {
        assertThatThrownBy(() -> reassembly(512, 127, 1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> reassembly(128, 129, 1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new Reassembly(new UnsafeBuffer(new byte[1000]), 128, 128, 1, 0, 0))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
