package io.tapswitch.nat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.IpPrefix;
import io.tapswitch.wire.IpProtocol;
import io.tapswitch.wire.Ipv4Address;
import io.tapswitch.wire.Ipv4Prefix;
import io.tapswitch.wire.Ipv6Address;
import io.tapswitch.wire.Ipv6Prefix;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DnatRulesTest {
    private static final long SEED = Long.getLong("seed", System.nanoTime());
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private static final int TCP = IpProtocol.TCP;
    private static final int UDP = IpProtocol.UDP;
    private static final int SCTP = IpProtocol.SCTP;
    private static final IpAddress FOUR = IpAddress.parse("172.18.0.2");
    private static final IpAddress SIX = IpAddress.parse("fd00::2");

    static {
        System.out.println("DNAT rules property test: -Dseed=" + SEED);
    }

    private static DnatRule rule(int id, int outside, int protocol, int first, int last, IpAddress inside) {
        return new DnatRule(id, outside, protocol, first, last, 7, 40 + id, inside, first, List.of());
    }

    private static DnatRule allowing(String... prefixes) {
        boolean six = prefixes[0].startsWith("six ");
        List<IpPrefix> allow = new ArrayList<>();
        for (String prefix : prefixes) {
            allow.add(IpPrefix.parse(prefix.replace("six ", "")));
        }
        return new DnatRule(1, DnatRule.ANY, TCP, 80, 80, 0, 0, six ? SIX : FOUR, 80, allow);
    }

    private static boolean allows(DnatRules rules, String peer) {
        return rules.allows(0, hi(IpAddress.parse(peer)), lo(IpAddress.parse(peer)));
    }

    private static long hi(IpAddress address) {
        return address instanceof Ipv6Address six ? six.hi() : 0;
    }

    private static long lo(IpAddress address) {
        return switch (address) {
            case Ipv4Address four -> 0xffff_0000_0000L | (four.bits() & 0xffff_ffffL);
            case Ipv6Address six -> six.lo();
        };
    }

    @Test
    void N14_thePortThatLeadsToAnInsidePortIsFound() {
        var random = new Random(SEED);
        for (int round = 0; round < 300; round++) {
            List<DnatRule> all = new ArrayList<>();
            int next = 1;
            for (int id = 0; id < 40; id++) {
                int first = next + random.nextInt(5);
                int last = first + (random.nextInt(3) == 0 ? random.nextInt(20) : 0);
                next = last + 1;
                int outside = random.nextInt(4) - 1;
                int protocol = random.nextInt(5) == 0 ? UDP : TCP;
                IpAddress inside = random.nextBoolean() ? FOUR : SIX;
                int endpoint = random.nextInt(4);
                all.add(new DnatRule(
                        id, outside, protocol, first, last, 7, endpoint, inside, 1 + random.nextInt(60), List.of()));
            }
            var rules = DnatRules.compile(all);
            for (int endpoint = 0; endpoint < 4; endpoint++) {
                for (int port = 0; port < 90; port++) {
                    leadsBack(rules, all, endpoint, port, random.nextBoolean());
                }
            }
        }
    }

    private static void leadsBack(DnatRules rules, List<DnatRule> all, int endpoint, int port, boolean ipv6) {
        List<DnatRule> wanted = all.stream()
                .filter(rule -> rule.protocol() == TCP && rule.endpoint() == endpoint)
                .filter(rule -> rule.inside().isIpv6() == ipv6)
                .filter(rule -> port >= rule.insideFirstPort()
                        && port <= rule.insideFirstPort() + rule.lastPort() - rule.firstPort())
                .toList();
        int entry = rules.ofInside(ipv6, endpoint, port);
        if (wanted.size() != 1) {
            assertThat(entry).isEqualTo(wanted.isEmpty() ? DnatRules.NONE : DnatRules.SEVERAL);
            return;
        }
        DnatRule rule = wanted.getFirst();
        assertThat(rules.ruleId(entry)).isEqualTo(rule.id());
        assertThat(rules.slot(entry)).isEqualTo(rule.outside());
        assertThat(rules.insidePort(entry, rules.outsidePort(entry, port))).isEqualTo(port);
    }

    @Test
    void A_PORT_09_aRangeKeepsTheOffset() {
        var rules = DnatRules.compile(
                List.of(new DnatRule(9, DnatRule.ANY, UDP, 5000, 5100, 3, 12, FOUR, 2000, List.of())));
        int entry = rules.find(5, false, UDP, 5016);
        assertThat(rules.insidePort(entry, 5016)).isEqualTo(2016);
        assertThat(rules.insideHi(entry)).isZero();
        assertThat(rules.insideLo(entry)).isEqualTo(lo(FOUR));
        assertThat(rules.network(entry)).isEqualTo(3);
        assertThat(rules.endpoint(entry)).isEqualTo(12);
        assertThat(rules.ruleId(entry)).isEqualTo(9);
        assertThat(rules.find(5, false, UDP, 4999)).isEqualTo(DnatRules.NONE);
        assertThat(rules.find(5, false, UDP, 5101)).isEqualTo(DnatRules.NONE);
        assertThat(rules.find(5, false, TCP, 5016)).isEqualTo(DnatRules.NONE);
        assertThat(rules.find(5, true, UDP, 5016)).isEqualTo(DnatRules.NONE);
    }

    @Test
    void A_PORT_07_theExactAddressComesBeforeAny() {
        var rules =
                DnatRules.compile(List.of(rule(1, DnatRule.ANY, TCP, 1, 65_535, FOUR), rule(2, 3, TCP, 80, 80, FOUR)));
        assertThat(rules.ruleId(rules.find(3, false, TCP, 80))).isEqualTo(2);
        assertThat(rules.ruleId(rules.find(3, false, TCP, 81))).isEqualTo(1);
        assertThat(rules.ruleId(rules.find(4, false, TCP, 80))).isEqualTo(1);
        assertThat(rules.ruleId(rules.find(255, false, TCP, 65_535))).isEqualTo(1);
    }

    @Test
    void A_PORT_06_aRuleOfOneAddressIsNobodyElses() {
        var rules = DnatRules.compile(List.of(rule(1, 0, TCP, 5432, 5432, FOUR)));
        assertThat(rules.find(0, false, TCP, 5432)).isZero();
        assertThat(rules.find(1, false, TCP, 5432)).isEqualTo(DnatRules.NONE);
    }

    @Test
    void A_PORT_12_theSameNumberOfAnotherProtocolOrFamilyIsAnotherPort() {
        var rules = DnatRules.compile(List.of(
                rule(1, 0, TCP, 53, 53, FOUR),
                rule(2, 0, UDP, 53, 53, FOUR),
                rule(3, 0, SCTP, 53, 53, FOUR),
                rule(4, DnatRule.ANY, UDP, 53, 53, SIX)));
        assertThat(rules.ruleId(rules.find(0, false, TCP, 53))).isEqualTo(1);
        assertThat(rules.ruleId(rules.find(0, false, UDP, 53))).isEqualTo(2);
        assertThat(rules.ruleId(rules.find(0, false, SCTP, 53))).isEqualTo(3);
        assertThat(rules.ruleId(rules.find(0, true, UDP, 53))).isEqualTo(4);
        assertThat(rules.find(0, false, IpProtocol.GRE, 53)).isEqualTo(DnatRules.NONE);
        assertThat(rules.find(256, false, UDP, 53)).isEqualTo(DnatRules.NONE);
        assertThat(rules.find(-1, false, UDP, 53)).isEqualTo(DnatRules.NONE);
    }

    @Test
    void P2_twoRulesForOnePortAreNotCompiled() {
        assertThatThrownBy(
                        () -> DnatRules.compile(List.of(rule(1, 2, TCP, 80, 90, FOUR), rule(2, 2, TCP, 90, 95, FOUR))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("two rules are for the same port");
        assertThat(DnatRules.compile(List.of(rule(1, 2, TCP, 80, 90, FOUR), rule(2, 2, TCP, 91, 95, FOUR)))
                        .size())
                .isEqualTo(2);
    }

    @Test
    void aRuleOutOfItsRangeIsRefused() {
        for (int[] ports : new int[][] {{0, 5, 1}, {5, 4, 1}, {1, 65_536, 1}, {1, 2, 0}, {1, 2, 65_535}}) {
            assertThatThrownBy(() ->
                            new DnatRule(1, DnatRule.ANY, TCP, ports[0], ports[1], 0, 0, FOUR, ports[2], List.of()))
                    .isInstanceOf(IllegalArgumentException.class);
        }
        assertThatThrownBy(() -> rule(1, 256, TCP, 1, 1, FOUR)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> rule(1, 0, IpProtocol.ICMP, 1, 1, FOUR)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void anAllowListOfNobodysIsEverybodys() {
        var rules = DnatRules.compile(List.of(rule(1, 0, TCP, 80, 80, FOUR)));
        assertThat(allows(rules, "198.51.100.7")).isTrue();
        assertThat(allows(rules, "2001:db8::1")).isTrue();
    }

    @Test
    void anAllowListHoldsFirstAndLastAddressOfEachPrefix() {
        var rules = DnatRules.compile(List.of(allowing("192.0.2.0/24", "10.0.0.8/32", "192.0.2.128/25", "11.0.0.0/8")));
        assertThat(allows(rules, "192.0.2.0")).isTrue();
        assertThat(allows(rules, "192.0.2.255")).isTrue();
        assertThat(allows(rules, "192.0.1.255")).isFalse();
        assertThat(allows(rules, "192.0.3.0")).isFalse();
        assertThat(allows(rules, "10.0.0.8")).isTrue();
        assertThat(allows(rules, "10.0.0.9")).isFalse();
        assertThat(allows(rules, "11.255.255.255")).isTrue();
        assertThat(allows(rules, "255.255.255.255")).isFalse();
    }

    @Test
    void anAllowListOfTheOtherFamilyAllowsNobody() {
        var rules = DnatRules.compile(
                List.of(new DnatRule(1, DnatRule.ANY, TCP, 80, 80, 0, 0, FOUR, 80, List.of(IpPrefix.parse("::/0")))));
        assertThat(allows(rules, "192.0.2.1")).isFalse();
        var six = DnatRules.compile(List.of(allowing("six 2001:db8::/32", "::1/128")));
        assertThat(allows(six, "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff")).isTrue();
        assertThat(allows(six, "2001:db9::")).isFalse();
        assertThat(allows(six, "::1")).isTrue();
        assertThat(allows(six, "::2")).isFalse();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 20, 200, 3_000, 20_000})
    void everyLookupIsWhatAWalkOverAllRulesFinds(int count) {
        var random = new Random(SEED + count);
        List<DnatRule> rules = new ArrayList<>();
        boolean[][] taken = new boolean[3 * 2 * 5][65_536];
        for (int id = 0; id < count; id++) {
            addRandom(random, id, rules, taken, count);
        }
        Collections.shuffle(rules, random);
        DnatRules table = DnatRules.compile(rules);
        int[] protocols = {TCP, UDP, SCTP, IpProtocol.ICMP};
        for (int i = Math.min(2_000, 10_000_000 / count); i > 0; i--) {
            DnatRule near = rules.get(random.nextInt(rules.size()));
            int port = switch (random.nextInt(4)) {
                case 0 -> near.firstPort() - random.nextInt(2);
                case 1 -> Math.min(65_535, near.lastPort() + random.nextInt(2));
                default -> random.nextInt(65_536);
            };
            int slot = random.nextInt(5);
            boolean six = random.nextBoolean();
            int protocol = protocols[random.nextInt(4)];
            DnatRule expected = search(rules, slot, six, protocol, port);
            int entry = table.find(slot, six, protocol, port);
            String what =
                    "-Dseed=" + SEED + " slot " + slot + " six " + six + " protocol " + protocol + " port " + port;
            assertThat(entry == DnatRules.NONE ? -1 : table.ruleId(entry))
                    .as(what)
                    .isEqualTo(expected == null ? -1 : expected.id());
            if (expected != null) {
                assertThat(table.insidePort(entry, port))
                        .as(what)
                        .isEqualTo(expected.insideFirstPort() + port - expected.firstPort());
                assertThat(table.endpoint(entry)).isEqualTo(expected.endpoint());
                assertAllowed(random, table, entry, expected);
            }
        }
        long limit = DnatRules.FIXED_BYTES + (long) rules.size() * DnatRules.MAX_BYTES_PER_RULE;
        assertThat(table.footprintBytes()).isLessThan(limit + 160L * rules.size());
    }

    private static void addRandom(Random random, int id, List<DnatRule> rules, boolean[][] taken, int count) {
        int outside = random.nextInt(5) - 1;
        int protocol = random.nextInt(3);
        boolean six = random.nextBoolean();
        int first = 1 + random.nextInt(65_535);
        int last = Math.min(65_535, first + (count > 1_000 ? random.nextInt(2) : random.nextInt(400)));
        boolean[] ports = taken[(protocol * 2 + (six ? 1 : 0)) * 5 + outside + 1];
        if (IntStream.rangeClosed(first, last).anyMatch(port -> ports[port])) {
            return;
        }
        IntStream.rangeClosed(first, last).forEach(port -> ports[port] = true);
        int inside = 1 + random.nextInt(65_535 - (last - first));
        List<IpPrefix> allow = new ArrayList<>();
        for (int i = random.nextInt(4); i > 0; i--) {
            allow.add(random.nextBoolean() ? fourPrefix(random) : sixPrefix(random));
        }
        IpAddress address =
                six ? new Ipv6Address(random.nextLong(), random.nextLong()) : new Ipv4Address(random.nextInt());
        rules.add(new DnatRule(
                id,
                outside,
                new int[] {TCP, UDP, SCTP}[protocol],
                first,
                last,
                id % 1024,
                id * 3,
                address,
                inside,
                allow));
    }

    /** Few bits differ, so that prefixes lie within each other. */
    private static IpPrefix fourPrefix(Random random) {
        return Ipv4Prefix.containing(new Ipv4Address(random.nextInt(16) << 28), random.nextInt(5));
    }

    private static IpPrefix sixPrefix(Random random) {
        int length = random.nextInt(129);
        return Ipv6Prefix.containing(new Ipv6Address((long) random.nextInt(4) << 62, random.nextInt(4)), length);
    }

    private static @Nullable DnatRule search(List<DnatRule> rules, int slot, boolean six, int protocol, int port) {
        @Nullable DnatRule any = null;
        for (DnatRule rule : rules) {
            boolean matches = rule.protocol() == protocol
                    && rule.inside().isIpv6() == six
                    && rule.firstPort() <= port
                    && port <= rule.lastPort();
            if (matches && rule.outside() == slot) {
                return rule;
            }
            any = matches && rule.outside() == DnatRule.ANY ? rule : any;
        }
        return any;
    }

    private static void assertAllowed(Random random, DnatRules table, int entry, DnatRule rule) {
        for (int i = 0; i < 8; i++) {
            IpAddress peer = rule.inside().isIpv6()
                    ? new Ipv6Address((long) random.nextInt(4) << 62, random.nextInt(6))
                    : new Ipv4Address(random.nextInt());
            boolean expected =
                    rule.allow().isEmpty() || rule.allow().stream().anyMatch(prefix -> prefix.includes(peer));
            assertThat(table.allows(entry, hi(peer), lo(peer)))
                    .as("-Dseed=%d %s from %s", SEED, rule.allow(), peer)
                    .isEqualTo(expected);
        }
    }

    @Test
    void sixtyThousandPortsOfOneRuleCostOneEntry() {
        var range = List.of(rule(1, DnatRule.ANY, UDP, 2_000, 61_999, FOUR));
        DnatRules.compile(range);
        long before = THREADS.getCurrentThreadAllocatedBytes();
        var rules = DnatRules.compile(range);
        long allocated = THREADS.getCurrentThreadAllocatedBytes() - before;
        assertThat(rules.size()).isEqualTo(1);
        assertThat(rules.footprintBytes()).isLessThan(DnatRules.FIXED_BYTES + DnatRules.MAX_BYTES_PER_RULE);
        assertThat(allocated).isLessThan(64 * 1024);
        assertThat(rules.ruleId(rules.find(9, false, UDP, 61_999))).isEqualTo(1);
    }

    @Test
    void memoryIsBoundedByTheNumberOfRulesWhereverTheyAre() {
        for (int perGroup : new int[] {1, 32, 33, 60_000}) {
            List<DnatRule> rules = new ArrayList<>();
            int groups = perGroup > 1_000 ? 1 : DnatRule.SLOTS;
            for (int i = 0; i < perGroup * groups; i++) {
                int port = 1 + i / groups;
                rules.add(rule(i, i % groups, TCP, port, port, FOUR));
            }
            long limit = DnatRules.FIXED_BYTES + (long) rules.size() * DnatRules.MAX_BYTES_PER_RULE;
            assertThat(DnatRules.compile(rules).footprintBytes()).isLessThan(limit);
        }
        assertThat(DnatRules.EMPTY.footprintBytes()).isLessThan(DnatRules.FIXED_BYTES);
    }

    @Test
    void tenThousandMappingsShareOneAllowList() {
        List<IpPrefix> allow = List.copyOf(IntStream.range(0, 1_000)
                .mapToObj(i -> (IpPrefix) Ipv4Prefix.containing(new Ipv4Address(i << 12), 24))
                .toList());
        List<DnatRule> rules = IntStream.rangeClosed(1, 10_000)
                .mapToObj(port -> new DnatRule(
                        port,
                        DnatRule.ANY,
                        TCP,
                        port,
                        port,
                        0,
                        0,
                        FOUR,
                        port,
                        port % 1_000 == 0 ? new ArrayList<>(allow) : allow))
                .toList();
        assertThat(DnatRules.compile(rules).footprintBytes()).isLessThan(10_000L * DnatRules.MAX_BYTES_PER_RULE);
    }
}
