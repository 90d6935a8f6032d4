package io.tapswitch.nat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.fail;

import io.tapswitch.wire.IpProtocol;
import java.util.Arrays;
import java.util.BitSet;
import java.util.function.IntPredicate;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PortAllocatorTest {
    private static final long SEED = Long.getLong("seed", 20_261_121L);

    private static final int UDP = IpProtocol.UDP;
    private static final int TCP = IpProtocol.TCP;
    private static final int SLOT = 3;
    private static final int HOST = 7;
    private static final int OTHER = 8;
    private static final int HIGH_PORTS = 65_536 - 1024;
    private static final long REST_MS = 120_000;

    private final RandomGenerator random =
            RandomGeneratorFactory.of("L64X128MixRandom").create(SEED);
    private long nowMs = 1_000_000;
    private PortAllocator ports = open(0, 1, port -> true);

    @BeforeAll
    static void printSeed() {
        System.out.println("port allocator tests: -Dseed=" + SEED);
    }

    private static PortAllocator open(int worker, int workers, IntPredicate range) {
        var opened = new PortAllocator(worker, workers, range, new KeyedRandom(SEED, ~SEED));
        opened.openSlot(SLOT);
        return opened;
    }

    private int allocate(int wanted, int host) {
        return ports.allocate(UDP, SLOT, wanted, host, nowMs);
    }

    private void release(int port) {
        ports.release(UDP, SLOT, port, nowMs);
    }

    /** Everything from a port on is somebody's, but for so many ports, which are returned. */
    private BitSet fillBut(int from, int left) {
        var open = new BitSet();
        while (open.cardinality() < left) {
            open.set(from + random.nextInt(65_536 - from));
        }
        for (int port = 1; port < 65_536; port++) {
            if ((port < from || !open.get(port)) && allocate(port, HOST) != port) {
                fail("port %d was not free", port);
            }
        }
        return open;
    }

    @Test
    void n5_aFreeSourcePortIsKept() {
        for (int port : new int[] {1, 500, 511, 512, 599, 700, 1023, 1024, 5555, 65_535}) {
            assertThat(allocate(port, HOST)).isEqualTo(port);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "500, 1, 511",
        "1, 1, 511",
        "511, 1, 511",
        "512, 600, 1023",
        "700, 600, 1023",
        "1024, 1024, 65535",
        "5555, 1024, 65535",
        "65535, 1024, 65535"
    })
    void n5_aTakenSourcePortGivesAnotherOfItsClass(int wanted, int first, int last) {
        assertThat(allocate(wanted, OTHER)).isEqualTo(wanted);
        for (int i = 0; i < 300; i++) {
            assertThat(allocate(wanted, HOST)).isBetween(first, last).isNotEqualTo(wanted);
        }
    }

    /** With a fresh space, with few ports left, and in the range that the shared uplink has. */
    @ParameterizedTest
    @ValueSource(ints = {0, 58_000, -1})
    void n5_chosenPortsAreSpreadAndNotInSequence(int taken) {
        ports = open(0, 1, taken < 0 ? port -> port >= 1024 && (port < 32_768 || port > 60_999) : port -> true);
        allocate(5555, OTHER);
        for (int i = 0; i < taken; i++) {
            allocate(5555, OTHER);
        }
        int[] chosen = new int[1000];
        var bins = new BitSet();
        for (int i = 0; i < chosen.length; i++) {
            chosen[i] = allocate(5555, HOST);
            bins.set((chosen[i] - 1024) * 16 / HIGH_PORTS);
        }

        // 32768 to 60999 covers six of the sixteen whole.
        assertThat(bins.cardinality()).isGreaterThanOrEqualTo(taken < 0 ? 9 : 15);
        assertThat(longestRun(chosen)).as("chosen one after the other").isLessThan(4);
        if (taken == 0) {
            Arrays.sort(chosen);
            assertThat(longestRun(chosen)).as("neighbours").isLessThan(4);
        }
    }

    /** Of 16 bins each has its sixteenth, to within five standard deviations, by throws and by search alike. */
    @ParameterizedTest
    @ValueSource(ints = {0, 64_000})
    void n5_eachFreePortHasTheSameChance(int taken) {
        var open = new BitSet();
        open.set(1024, 65_536);
        for (int i = 0; i <= taken; i++) {
            open.clear(allocate(5555, OTHER));
        }
        int[] free = open.stream().toArray();
        int[] hits = new int[16];
        for (int i = 0; i < 16_000; i++) {
            int port = allocate(5555, HOST);
            hits[Arrays.binarySearch(free, port) * 16 / free.length]++;
            // Back to where it was, as if it had never been given.
            ports.release(UDP, SLOT, port, nowMs);
            ports.reserve(UDP, SLOT, port, port);
            ports.unreserve(UDP, SLOT, port, port, nowMs - REST_MS);
        }
        for (int count : hits) {
            assertThat(count).isBetween(1000 - 155, 1000 + 155);
        }
    }

    private static int longestRun(int[] values) {
        int longest = 1;
        int run = 1;
        for (int i = 1; i < values.length; i++) {
            run = values[i] == values[i - 1] + 1 ? run + 1 : 1;
            longest = Math.max(longest, run);
        }
        return longest;
    }

    @Test
    void n5_aClassWithoutPortsTakesFromTheHighOne() {
        ports = open(0, 1, port -> port >= 1024);
        assertThat(allocate(53, HOST)).isGreaterThanOrEqualTo(1024);
        assertThat(allocate(800, HOST)).isGreaterThanOrEqualTo(1024);
        assertThat(ports.lend(UDP, SLOT, 53, port -> true)).isGreaterThanOrEqualTo(1024);
    }

    @Test
    void n5_theHighClassNeverTakesAPrivilegedPort() {
        fillBut(1024, 0);
        for (int port = 1; port < 1024; port++) {
            release(port);
        }
        nowMs += REST_MS;
        assertThat(allocate(5555, HOST)).isEqualTo(PortAllocator.NONE);
    }

    @Test
    void n18_identifiersHaveNoClasses() {
        ports = open(0, 1, port -> port >= 1024);
        assertThat(ports.allocate(IpProtocol.ICMP, SLOT, 17, HOST, nowMs)).isEqualTo(17);
        int highest = 0;
        for (int i = 0; i < 100; i++) {
            highest = Math.max(highest, ports.allocate(IpProtocol.ICMPV6, SLOT, 17, OTHER, nowMs));
        }
        assertThat(highest).isGreaterThan(1023);
        assertThat(ports.allocate(IpProtocol.ICMP, SLOT, 0, HOST, nowMs)).isPositive();
    }

    @Test
    void n6_theLastFreePortsAreFound() {
        BitSet open = fillBut(1024, 64);
        for (int i = 0; i < 64; i++) {
            int port = allocate(5555, OTHER);
            assertThat(open.get(port)).as("port %d", port).isTrue();
            open.clear(port);
        }
        assertThat(allocate(5555, OTHER)).isEqualTo(PortAllocator.NONE);
        assertThat(allocate(80, OTHER)).isEqualTo(PortAllocator.NONE);
        assertThat(ports.available(UDP, SLOT)).isZero();
        assertThat(allocate(5555, OTHER)).isEqualTo(PortAllocator.NONE);
        assertThat(ports.allocate(TCP, SLOT, 5555, OTHER, nowMs))
                .as("another protocol")
                .isEqualTo(5555);
    }

    @Test
    void n6_aFreePortIsFoundWhereverItIs() {
        ports = open(0, 1, port -> port >= 1024);
        for (int port = 1024; port < 65_536; port++) {
            ports.claim(UDP, SLOT, port, HOST);
        }
        for (int port = 1024; port < 65_536; port += 61) {
            release(port);
            nowMs += REST_MS;
            assertThat(allocate(2000, OTHER)).isEqualTo(port);
        }
    }

    @Test
    void n7_aReservedPortIsNeverGiven() {
        ports.reserve(UDP, SLOT, 40_000, 40_000);
        for (int host = 1; host <= 3; host++) {
            assertThat(allocate(40_000, host)).isNotEqualTo(40_000).isGreaterThanOrEqualTo(1024);
        }
        for (int port = 0; port != PortAllocator.NONE; port = allocate(40_000, HOST)) {
            if (port == 40_000) {
                fail("was given");
            }
        }
        assertThat(ports.lend(UDP, SLOT, 40_000, port -> port == 40_000)).isEqualTo(PortAllocator.NONE);
        assertThat(ports.allocate(TCP, SLOT, 40_000, HOST, nowMs)).isEqualTo(40_000);
    }

    @Test
    void n7_aPortThatIsReservedWhileTakenStaysWithItsMappingAndDoesNotComeBack() {
        assertThat(allocate(40_000, HOST)).isEqualTo(40_000);
        ports.reserve(UDP, SLOT, 39_000, 41_000);
        assertThat(ports.lend(UDP, SLOT, 40_000, port -> port == 40_000)).isEqualTo(PortAllocator.NONE);
        release(40_000);
        nowMs += 10 * REST_MS;
        assertThat(allocate(40_000, HOST)).isNotEqualTo(40_000);

        ports.unreserve(UDP, SLOT, 39_000, 41_000, nowMs);
        assertThat(allocate(40_000, HOST)).as("its peers may not know yet").isNotEqualTo(40_000);
        nowMs += REST_MS;
        for (int i = 0; i < 2001 / PortSpace.WAKE_LIMIT + 1; i++) {
            allocate(1, HOST);
        }
        assertThat(allocate(40_000, HOST)).isEqualTo(40_000);
    }

    @Test
    void n7_aRestingPortCanBeReserved() {
        assertThat(allocate(40_000, HOST)).isEqualTo(40_000);
        release(40_000);
        ports.reserve(UDP, SLOT, 40_000, 40_000);
        assertThat(ports.resting(UDP, SLOT)).isZero();
        assertThat(allocate(40_000, HOST)).isNotEqualTo(40_000);
    }

    @Test
    void n8_aReleasedPortIsNotGivenToAnotherHostFor120Seconds() {
        assertThat(allocate(5000, HOST)).isEqualTo(5000);
        nowMs += 1;
        release(5000);
        nowMs += REST_MS - 1;
        assertThat(allocate(5000, OTHER)).isNotEqualTo(5000);
        // Whole seconds are kept, in the safe direction.
        nowMs += 1001;
        assertThat(allocate(5000, OTHER)).isEqualTo(5000);
    }

    @Test
    void n8_theHostThatHadItGetsItAtOnce() {
        assertThat(allocate(5000, HOST)).isEqualTo(5000);
        release(5000);
        assertThat(allocate(5000, HOST)).isEqualTo(5000);
        release(5000);
        nowMs += REST_MS / 2;
        assertThat(allocate(5000, OTHER)).isNotEqualTo(5000);
    }

    @Test
    void n8_whenNothingElseIsLeftTheLongestRestingPortIsGiven() {
        fillBut(1024, 0);
        for (int port : new int[] {300, 9000, 8000, 650, 7000, 200}) {
            release(port);
            nowMs += 1000;
        }
        assertThat(ports.resting(UDP, SLOT)).isEqualTo(6);
        assertThat(allocate(5555, OTHER)).isEqualTo(9000);
        assertThat(allocate(100, OTHER)).isEqualTo(300);
        assertThat(allocate(100, OTHER)).isEqualTo(200);
        assertThat(allocate(100, OTHER)).as("the class is empty").isEqualTo(8000);
        assertThat(allocate(1000, OTHER)).isEqualTo(650);
        assertThat(allocate(7000, OTHER)).isEqualTo(7000);
        assertThat(ports.available(UDP, SLOT)).isZero();
    }

    @Test
    void n3_underPressureAPortIsLentThatIsFreeForThePeer() {
        assertThat(ports.lend(UDP, SLOT, 5000, port -> true))
                .as("nobody has one")
                .isEqualTo(PortAllocator.NONE);
        fillBut(1024, 0);
        assertThat(ports.lend(UDP, SLOT, 5000, port -> true)).isEqualTo(5000);
        for (int only = 1024; only < 65_536; only += 1021) {
            int last = only;
            // As many ports in a row as one call looks at.
            int lent = ports.lend(UDP, SLOT, 5000, port -> port / 512 == last / 512 || port % 512 == last % 512);
            assertThat(lent).isNotEqualTo(PortAllocator.NONE);
        }
    }

    @Test
    void n6_lendingAsksABoundedNumberOfTimes() {
        fillBut(1024, 0);
        int[] asked = new int[1];
        int lent = ports.lend(UDP, SLOT, 5000, port -> {
            asked[0]++;
            return false;
        });
        assertThat(lent).isEqualTo(PortAllocator.NONE);
        assertThat(asked[0]).isLessThanOrEqualTo(PortSpace.LEND_THROWS + PortSpace.LEND_LIMIT + 1);
    }

    @Test
    void eachWorkerHasASliceOverTheWholeRange() {
        int workers = 3;
        var given = new BitSet();
        for (int worker = 0; worker < workers; worker++) {
            ports = open(worker, workers, port -> port >= 1024);
            var bins = new BitSet();
            for (int port = allocate(5555, HOST); port != PortAllocator.NONE; port = allocate(5555, HOST)) {
                if (PortAllocator.worker(port, workers) != worker || given.get(port)) {
                    fail("port %d was given to worker %d", port, worker);
                }
                given.set(port);
                bins.set(port >>> 12);
            }
            assertThat(bins.cardinality()).isEqualTo(16);
        }
        assertThat(given.cardinality()).isEqualTo(HIGH_PORTS);
        assertThatIllegalArgumentException().isThrownBy(() -> new PortAllocator(3, 3, port -> true));
    }

    @Test
    void whatWasRecoveredIsTakenInTheRangeOrNot() {
        ports = open(0, 2, port -> port >= 2000);
        ports.claim(UDP, SLOT, 1500, HOST);
        ports.claim(UDP, SLOT, 2000, HOST);
        ports.claim(UDP, SLOT, 2000, HOST);
        int before = ports.available(UDP, SLOT);
        release(1500);
        assertThat(ports.available(UDP, SLOT)).isEqualTo(before);
        release(2000);
        release(2000);
        assertThat(ports.resting(UDP, SLOT)).isLessThanOrEqualTo(1);
    }

    @Test
    void aSlotWithoutAddressAndAProtocolWithoutPortsHaveNone() {
        assertThat(ports.allocate(UDP, SLOT + 1, 5000, HOST, nowMs)).isEqualTo(PortAllocator.NONE);
        assertThat(ports.allocate(IpProtocol.GRE, SLOT, 5000, HOST, nowMs)).isEqualTo(PortAllocator.NONE);
        assertThat(ports.lend(UDP, SLOT + 1, 5000, port -> true)).isEqualTo(PortAllocator.NONE);
        ports.closeSlot(SLOT);
        assertThat(allocate(5000, HOST)).isEqualTo(PortAllocator.NONE);
        assertThat(ports.available(UDP, SLOT)).isZero();
    }

    /** Against sets: what is given was free, what is refused was not there, and what rests rests. */
    @Test
    void n6_agreesWithASimpleModel() {
        ports = open(0, 1, port -> port >= 65_000 || port < 20 || (port >= 620 && port < 640));
        var taken = new BitSet();
        var reserved = new BitSet();
        long[] releasedMs = new long[65_536];
        Arrays.fill(releasedMs, Long.MIN_VALUE / 2);
        int[] hadBy = new int[65_536];
        int reachable = 0;
        for (int step = 0; step < 30_000; step++) {
            nowMs += random.nextInt(400);
            int port = random.nextInt(4) == 0 ? random.nextInt(700) : 65_000 + random.nextInt(536);
            int host = random.nextInt(5);
            switch (random.nextInt(20)) {
                case 0 -> {
                    ports.reserve(UDP, SLOT, port, port);
                    reserved.set(port);
                }
                case 1, 2 -> {
                    if (reserved.get(port)) {
                        ports.unreserve(UDP, SLOT, port, port, nowMs);
                        reserved.clear(port);
                        if (!taken.get(port)) {
                            releasedMs[port] = nowMs;
                            hadBy[port] = -1;
                        }
                    }
                }
                case 3, 4, 5, 6, 7, 8, 9 -> {
                    release(port);
                    if (taken.get(port)) {
                        taken.clear(port);
                        releasedMs[port] = nowMs;
                    }
                }
                default -> {
                    int given = allocate(port, host);
                    if (given == PortAllocator.NONE) {
                        var gone = (BitSet) taken.clone();
                        gone.or(reserved);
                        assertThat(gone.nextClearBit(65_000)).isEqualTo(65_536);
                        reachable++;
                        continue;
                    }
                    assertThat(taken.get(given) || reserved.get(given))
                            .as("port %d", given)
                            .isFalse();
                    assertThat(given >= 65_000 || given < 20 || (given >= 620 && given < 640))
                            .isTrue();
                    boolean rested = nowMs - releasedMs[given] >= REST_MS;
                    if (!rested && !(given == port && hadBy[given] == host)) {
                        for (int other = 65_000; other < 65_536; other++) {
                            boolean usable = !taken.get(other) && !reserved.get(other);
                            if (usable && nowMs - releasedMs[other] >= REST_MS + 2000) {
                                fail("%d was given early although %d had rested", given, other);
                            }
                        }
                    }
                    taken.set(given);
                    hadBy[given] = host;
                }
            }
        }
        assertThat(reachable).as("the model came to the limit").isPositive();
    }
}
