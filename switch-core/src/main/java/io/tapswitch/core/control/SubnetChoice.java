package io.tapswitch.core.control;

import io.tapswitch.core.model.Refusal;
import io.tapswitch.wire.Ipv4Prefix;
import java.util.Collection;
import java.util.List;

/**
 * Which subnet a network gets. Default pools as docker's ipamutils: 172.17.0.0/16 to 172.31.0.0/16, then 192.168.0.0/16
 * in pieces of /20 (A-IPAM-01); the first goes to the network {@code bridge}. A subnet overlaps neither another
 * network nor what the host reaches by itself.
 */
final class SubnetChoice {
    /** A block that is in use, and the words that say by whom. */
    record Taken(Ipv4Prefix prefix, String by) {}

    /** The longest prefix with a network, a broadcast, a gateway and a container's address in it. */
    static final int LENGTH_MAX = 30;

    /** The largest private block; its addresses fit a table of 2 MiB. */
    static final int LENGTH_MIN = 8;

    private static final List<Ipv4Prefix> FORBIDDEN =
            List.of(Ipv4.block(0, 8), Ipv4.block(127 << 24, 8), Ipv4.block(0xE0000000, 3));

    private SubnetChoice() {}

    /** {@return the first default pool that is free} */
    static Ipv4Prefix pick(Collection<Taken> taken) {
        for (int second = 17; second <= 31; second++) {
            Ipv4Prefix pool = Ipv4.block(172 << 24 | second << 16, 16);
            if (isFree(pool, taken)) {
                return pool;
            }
        }
        for (int third = 0; third < 256; third += 16) {
            Ipv4Prefix pool = Ipv4.block(192 << 24 | 168 << 16 | third << 8, 20);
            if (isFree(pool, taken)) {
                return pool;
            }
        }
        throw Refusal.conflict("could not find an available, non-overlapping IPv4 address pool among the defaults"
                + " to assign to the network: give one with --subnet");
    }

    private static boolean isFree(Ipv4Prefix pool, Collection<Taken> taken) {
        return taken.stream().noneMatch(block -> block.prefix().overlaps(pool));
    }

    /** {@return the subnet that a person chose, when it can be one} */
    static Ipv4Prefix check(String text, Collection<Taken> taken) {
        Ipv4Prefix subnet = Ipv4.prefix(text, "subnet");
        if (subnet.length() < LENGTH_MIN || subnet.length() > LENGTH_MAX) {
            throw Refusal.badInput(
                    "invalid subnet " + subnet + ": the prefix length must be " + LENGTH_MIN + " to " + LENGTH_MAX);
        }
        for (Ipv4Prefix forbidden : FORBIDDEN) {
            if (forbidden.overlaps(subnet)) {
                throw Refusal.badInput(
                        "invalid subnet " + subnet + ": containers cannot have addresses of " + forbidden);
            }
        }
        for (Taken block : taken) {
            if (block.prefix().overlaps(subnet)) {
                throw Refusal.conflict("invalid pool request: Pool overlaps with other one on this address space: "
                        + subnet + " overlaps " + block.prefix() + " of " + block.by());
            }
        }
        return subnet;
    }

    /** {@return the gateway that a person chose for the subnet, else its first address (A-IPAM-02)} */
    static int gateway(Ipv4Prefix subnet, @org.jspecify.annotations.Nullable String text) {
        if (text == null) {
            return subnet.network().bits() + 1;
        }
        int gateway = Ipv4.parse(text, "gateway");
        if (!subnet.contains(gateway)) {
            throw Refusal.badInput("no matching subnet for gateway " + text);
        }
        if (gateway == subnet.network().bits() || gateway == subnet.broadcast().bits()) {
            throw Refusal.badInput("invalid gateway " + text + ": it is the "
                    + (gateway == subnet.network().bits() ? "network" : "broadcast") + " address of " + subnet);
        }
        return gateway;
    }
}
