package io.tapswitch.core.ipam;

import io.tapswitch.core.model.Address;
import io.tapswitch.core.model.Network;
import io.tapswitch.core.model.Refusal;
import io.tapswitch.core.model.Subnet;
import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.IpPrefix;
import io.tapswitch.wire.Ipv4Address;
import io.tapswitch.wire.Ipv4Prefix;
import io.tapswitch.wire.Ipv6Address;
import io.tapswitch.wire.Ipv6Prefix;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Theory of operation: which addresses a new member of a network gets.
 *
 * <p>The lowest free address of the first subnet that has one, so that an address that was given back is the next one
 * given out when it is the lowest (C3, A-IPAM-03). With an {@code --ip-range} only addresses of it are chosen; people
 * may choose others of the subnet (A-IPAM-08). Never given out: the network's own address (IPv6: the routers' anycast
 * address, RFC 4291 section 2.6.1), the broadcast address, the gateway, and the reserved ones.
 *
 * <p>Nothing is remembered: the caller says what is taken, which is what the endpoints of the network have. The search
 * asks once for each address below the first free one: a full /16 takes less than a millisecond.
 */
public final class AddressChoice {
    /**
     * The choice.
     *
     * @param ipv4 null in networks without IPv4
     * @param ipv6 null in networks without IPv6
     */
    public record Chosen(@Nullable Address ipv4, @Nullable Address ipv6) {}

    private AddressChoice() {}

    /**
     * Chooses.
     *
     * @param network of the new member
     * @param taken whether a member has the address
     * @param wanted4 what a person chose, null for the lowest free
     * @param wanted6 what a person chose, null for the lowest free
     * @return the addresses, one of each family that the network has
     */
    public static Chosen choose(
            Network network, Predicate<IpAddress> taken, @Nullable Ipv4Address wanted4, @Nullable Ipv6Address wanted6) {
        if ((wanted4 != null || wanted6 != null) && network.isBuiltIn()) {
            throw Refusal.badInput(
                    "address_not_choosable", "user specified IP address is supported on user defined networks only");
        }
        return new Chosen(choose(network, false, taken, wanted4), choose(network, true, taken, wanted6));
    }

    private static @Nullable Address choose(
            Network network, boolean ipv6, Predicate<IpAddress> taken, @Nullable IpAddress wanted) {
        List<Subnet> subnets = network.subnets().stream()
                .filter(subnet -> subnet.isIpv6() == ipv6)
                .toList();
        if (wanted != null) {
            Subnet subnet = subnetOf(wanted, subnets);
            refuseTaken(network, subnet, taken, wanted);
            return address(wanted, subnet, true);
        }
        if (subnets.isEmpty()) {
            return null;
        }
        for (Subnet subnet : subnets) {
            IpAddress free = lowestFree(subnet, taken);
            if (free != null) {
                return address(free, subnet, false);
            }
        }
        throw Refusal.conflict(
                "addresses_exhausted",
                "no available " + (ipv6 ? "IPv6" : "IPv4") + " addresses on this network's address pools: "
                        + network.name() + " (" + pools(subnets) + ")");
    }

    private static Address address(IpAddress ip, Subnet subnet, boolean chosen) {
        return new Address(ip, subnet.prefix().length(), subnet.gateway(), chosen);
    }

    private static String pools(List<Subnet> subnets) {
        return String.join(
                ", ",
                subnets.stream()
                        .map(subnet -> String.valueOf(subnet.range() == null ? subnet.prefix() : subnet.range()))
                        .toList());
    }

    private static Subnet subnetOf(IpAddress wanted, List<Subnet> subnets) {
        for (Subnet subnet : subnets) {
            if (subnet.configured() && subnet.prefix().includes(wanted)) {
                return subnet;
            }
        }
        if (!subnets.isEmpty() && subnets.stream().noneMatch(Subnet::configured)) {
            throw Refusal.badInput(
                    "address_not_choosable",
                    "user specified IP address is supported only when connecting to networks with user configured"
                            + " subnets");
        }
        throw Refusal.badInput(
                "address_not_in_subnet", "no configured subnet or ip-range contain the IP address " + wanted);
    }

    private static void refuseTaken(Network network, Subnet subnet, Predicate<IpAddress> taken, IpAddress wanted) {
        if (wanted.equals(subnet.prefix().network())) {
            throw Refusal.badInput("invalid address " + wanted + ": it is the network address of " + subnet.prefix());
        }
        if (subnet.prefix() instanceof Ipv4Prefix four && wanted.equals(four.broadcast())) {
            throw Refusal.badInput("invalid address " + wanted + ": it is the broadcast address of " + subnet.prefix());
        }
        if (wanted.equals(subnet.gateway())) {
            throw inUse(wanted + " is the gateway of network " + network.name());
        }
        subnet.reserved().forEach((name, address) -> {
            if (address.equals(wanted)) {
                throw inUse(wanted + " is reserved as " + name + " in network " + network.name());
            }
        });
        if (taken.test(wanted)) {
            throw inUse(wanted + " in network " + network.name());
        }
    }

    private static Refusal inUse(String what) {
        return Refusal.conflict("address_in_use", "Address already in use: " + what);
    }

    /** {@return the lowest address of a subnet, or of its range, that may be given out; null when there is none} */
    static @Nullable IpAddress lowestFree(Subnet subnet, Predicate<IpAddress> taken) {
        Set<IpAddress> never = new HashSet<>(subnet.reserved().values());
        never.add(subnet.gateway());
        never.add(subnet.prefix().network());
        if (!subnet.isIpv6()) {
            never.add(SubnetDraft.last(subnet.prefix()));
        }
        IpPrefix range = subnet.range() == null ? subnet.prefix() : subnet.range();
        return switch (range) {
            case Ipv4Prefix four -> lowestFree(four, never, taken);
            case Ipv6Prefix six -> lowestFree(six, never, taken);
        };
    }

    private static @Nullable IpAddress lowestFree(Ipv4Prefix range, Set<IpAddress> never, Predicate<IpAddress> taken) {
        int first = range.network().bits();
        long size = range.size();
        for (long i = 0; i < size; i++) {
            Ipv4Address address = Ipv4Address.fromBits(first + (int) i);
            if (!taken.test(address) && !never.contains(address)) {
                return address;
            }
        }
        return null;
    }

    private static @Nullable IpAddress lowestFree(Ipv6Prefix range, Set<IpAddress> never, Predicate<IpAddress> taken) {
        Ipv6Address last = range.last();
        Ipv6Address address = range.network();
        while (taken.test(address) || never.contains(address)) {
            if (address.equals(last)) {
                return null;
            }
            address = address.plus(1);
        }
        return address;
    }
}
