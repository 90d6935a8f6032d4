package io.tapswitch.core.ipam;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.core.model.Address;
import io.tapswitch.core.model.Network;
import io.tapswitch.core.model.Origin;
import io.tapswitch.core.model.Refusal;
import io.tapswitch.core.model.Subnet;
import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.IpPrefix;
import io.tapswitch.wire.Ipv4Address;
import io.tapswitch.wire.Ipv4Prefix;
import io.tapswitch.wire.Ipv6Address;
import io.tapswitch.wire.Ipv6Prefix;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * Random requests against a slow oracle that knows nothing of prefixes: a range is all its addresses, as big numbers or
 * one by one. Replay with {@code -Dseed=}.
 */
class IpamOracleTest {
    private final long seed = Long.getLong("seed", System.nanoTime());
    private final Random random = new Random(seed);

    @Test
    void A_IPAM_12_overlapsAreRefusedExactlyWhenSomeAddressIsInBoth() {
        int refusals = 0;
        for (int round = 0; round < 20_000; round++) {
            List<Taken> taken = new ArrayList<>();
            for (int i = random.nextInt(4); i > 0; i--) {
                taken.add(new Taken(prefix(random.nextBoolean()), "somebody", random.nextBoolean()));
            }
            IpPrefix wanted = prefix(random.nextBoolean());
            boolean internal = random.nextInt(4) == 0;
            boolean allowed =
                    internal || taken.stream().noneMatch(block -> !block.internal() && share(block.prefix(), wanted));
            boolean given;
            try {
                Subnets.choose(
                        new SubnetRequest(List.of(wanted.toString()), List.of(), List.of(), Map.of(), true, internal),
                        taken,
                        DefaultPools.localPool("oracle"));
                given = true;
            } catch (Refusal e) {
                assertThat(e.code()).as("seed %d", seed).isEqualTo("subnet_overlap");
                given = false;
                refusals++;
            }
            assertThat(given).as("seed %d: %s with %s", seed, wanted, taken).isEqualTo(allowed);
        }
        assertThat(refusals).isGreaterThan(500);
    }

    @Test
    void A_IPAM_01_theDefaultPoolIsTheFirstThatSharesNoAddressWithAnybody() {
        for (int round = 0; round < 5_000; round++) {
            List<Taken> taken = new ArrayList<>();
            for (int i = random.nextInt(25); i > 0; i--) {
                int address = random.nextBoolean()
                        ? 172 << 24 | (16 + random.nextInt(17)) << 16
                        : 192 << 24 | 168 << 16 | random.nextInt(1 << 16);
                Ipv4Prefix prefix = Ipv4Prefix.containing(Ipv4Address.fromBits(address), 13 + random.nextInt(20));
                taken.add(new Taken(prefix, "somebody", random.nextBoolean()));
            }
            String expected = dockersPools().stream()
                    .filter(pool -> taken.stream().noneMatch(block -> share(block.prefix(), IpPrefix.parse(pool))))
                    .findFirst()
                    .orElse("none");
            String given;
            try {
                given = Subnets.choose(
                                SubnetRequest.defaults(false, random.nextBoolean()),
                                taken,
                                DefaultPools.localPool("oracle"))
                        .getFirst()
                        .prefix()
                        .toString();
            } catch (Refusal e) {
                given = "none";
            }
            assertThat(given).as("seed %d: %s", seed, taken).isEqualTo(expected);
        }
    }

    @Test
    void A_IPAM_03_theAddressIsTheFirstInAListOfAllThatIsFree() {
        for (int round = 0; round < 5_000; round++) {
            List<Subnet> subnets = new ArrayList<>();
            boolean ipv6 = random.nextBoolean();
            for (int i = 0; i <= random.nextInt(3); i++) {
                subnets.add(subnet(ipv6, i));
            }
            Set<IpAddress> taken = new HashSet<>();
            int density = random.nextInt(101);
            subnets.forEach(subnet -> all(subnet.prefix()).forEach(address -> {
                if (random.nextInt(100) < density) {
                    taken.add(address);
                }
            }));
            Network network = AddressChoiceTest.network(new Origin.Command(), subnets);
            assertThat(lowest(network, taken, ipv6))
                    .as("seed %d: %s %s", seed, subnets, taken)
                    .isEqualTo(expected(subnets, taken));
        }
    }

    private static @Nullable IpAddress lowest(Network network, Set<IpAddress> taken, boolean ipv6) {
        try {
            AddressChoice.Chosen chosen = AddressChoice.choose(network, taken::contains, null, null);
            Address address = ipv6 ? chosen.ipv6() : chosen.ipv4();
            return address == null ? null : address.ip();
        } catch (Refusal e) {
            assertThat(e.code()).isEqualTo("addresses_exhausted");
            return null;
        }
    }

    private static @Nullable IpAddress expected(List<Subnet> subnets, Set<IpAddress> taken) {
        for (Subnet subnet : subnets) {
            List<IpAddress> all = all(subnet.prefix());
            Set<IpAddress> inRange = new HashSet<>(subnet.range() == null ? all : all(subnet.range()));
            for (int i = 1; i < all.size() - (subnet.isIpv6() ? 0 : 1); i++) {
                IpAddress address = all.get(i);
                if (inRange.contains(address)
                        && !taken.contains(address)
                        && !address.equals(subnet.gateway())
                        && !subnet.reserved().containsValue(address)) {
                    return address;
                }
            }
        }
        return null;
    }

    private Subnet subnet(boolean ipv6, int number) {
        IpPrefix prefix = ipv6
                ? Ipv6Prefix.containing(
                        Ipv6Address.fromBits(0xfd00L << 48, (long) number << 32), 122 + random.nextInt(5))
                : Ipv4Prefix.containing(Ipv4Address.fromBits(10 << 24 | number << 16), 26 + random.nextInt(5));
        List<IpAddress> all = all(prefix);
        IpAddress somewhere = all.get(random.nextInt(all.size()));
        int width = prefix.network().width();
        int length = prefix.length() + random.nextInt(width - prefix.length() + 1);
        IpPrefix range = somewhere instanceof Ipv4Address four
                ? Ipv4Prefix.containing(four, length)
                : Ipv6Prefix.containing((Ipv6Address) somewhere, length);
        Map<String, IpAddress> reserved = random.nextBoolean()
                ? Map.of()
                : Map.of("a", all.get(1 + random.nextInt(all.size() - 2)), "b", all.get(1 + random.nextInt(2)));
        IpAddress gateway = all.get(1 + random.nextInt(all.size() - 2));
        return new Subnet(prefix, gateway, random.nextBoolean() ? range : null, reserved);
    }

    private static List<String> dockersPools() {
        List<String> pools = new ArrayList<>();
        for (int second = 17; second < 32; second++) {
            pools.add("172." + second + ".0.0/16");
        }
        for (int third = 0; third < 256; third += 16) {
            pools.add("192.168." + third + ".0/20");
        }
        return pools;
    }

    /** A prefix that can be a subnet, in a corner of the space where many overlap. */
    private IpPrefix prefix(boolean ipv6) {
        if (ipv6) {
            Ipv6Address address =
                    Ipv6Address.fromBits(0xfd00L << 48 | random.nextInt(4) << 16, random.nextLong() << 60);
            return Ipv6Prefix.containing(address, 32 + random.nextInt(95));
        }
        int bits = 10 << 24 | (random.nextInt(1 << 24) & 0x0003_0303);
        return Ipv4Prefix.containing(Ipv4Address.fromBits(bits), 8 + random.nextInt(23));
    }

    private static boolean share(IpPrefix a, IpPrefix b) {
        return a.isIpv6() == b.isIpv6() && first(a).compareTo(last(b)) <= 0 && first(b).compareTo(last(a)) <= 0;
    }

    private static BigInteger number(IpAddress address) {
        return switch (address) {
            case Ipv4Address four -> new BigInteger(Integer.toUnsignedString(four.bits()));
            case Ipv6Address six ->
                new BigInteger(Long.toUnsignedString(six.hi()))
                        .shiftLeft(64)
                        .add(new BigInteger(Long.toUnsignedString(six.lo())));
        };
    }

    private static BigInteger first(IpPrefix prefix) {
        return number(prefix.network());
    }

    private static BigInteger last(IpPrefix prefix) {
        int free = prefix.network().width() - prefix.length();
        return first(prefix).add(BigInteger.ONE.shiftLeft(free)).subtract(BigInteger.ONE);
    }

    private static List<IpAddress> all(IpPrefix prefix) {
        int size = 1 << (prefix.network().width() - prefix.length());
        return java.util.stream.IntStream.range(0, size)
                .mapToObj(i -> switch (prefix.network()) {
                    case Ipv4Address four -> (IpAddress) four.plus(i);
                    case Ipv6Address six -> six.plus(i);
                })
                .collect(Collectors.toList());
    }
}
