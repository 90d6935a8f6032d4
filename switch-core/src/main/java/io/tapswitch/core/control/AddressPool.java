package io.tapswitch.core.control;

import io.tapswitch.core.model.Refusal;
import io.tapswitch.wire.Ipv4Prefix;
import java.util.BitSet;

/**
 * The addresses of one network. Lowest free address first, so that an address that was given back is the next one given
 * out when it is the lowest (C3, A-IPAM-03). The network's own address, the broadcast address and the gateway are never
 * given out. Not thread-safe: the controller's lock guards it.
 */
final class AddressPool {
    private final String networkName;
    private final Ipv4Prefix subnet;
    private final int gateway;
    /** Bit i stands for the subnet's address + i. */
    private final BitSet taken = new BitSet();

    private final int hosts;

    AddressPool(String networkName, Ipv4Prefix subnet, int gateway) {
        this.networkName = networkName;
        this.subnet = subnet;
        this.gateway = gateway;
        this.hosts = subnet.broadcast().bits() - subnet.network().bits();
        taken.set(0);
        taken.set(hosts);
        taken.set(gateway - subnet.network().bits());
    }

    /** {@return the lowest free address, taken from now on} */
    int take() {
        int index = taken.nextClearBit(0);
        if (index > hosts) {
            throw Refusal.conflict("no available IPv4 addresses on this network's address pools: " + networkName + " ("
                    + subnet + ")");
        }
        taken.set(index);
        return subnet.network().bits() + index;
    }

    /** Takes an address that a person chose (A-IPAM-05, A-IPAM-06). */
    int take(int address) {
        String text = Ipv4.text(address);
        if (!subnet.contains(address)) {
            throw Refusal.badInput("invalid address " + text + ": no configured subnet of network " + networkName
                    + " contains it (" + subnet + ")");
        }
        if (address == gateway) {
            throw Refusal.conflict("Address already in use: " + text + " is the gateway of network " + networkName);
        }
        int index = address - subnet.network().bits();
        if (index == 0 || index == hosts) {
            throw Refusal.badInput("invalid address " + text + ": it is the " + (index == 0 ? "network" : "broadcast")
                    + " address of " + subnet);
        }
        if (taken.get(index)) {
            throw Refusal.conflict("Address already in use: " + text + " in network " + networkName);
        }
        taken.set(index);
        return address;
    }

    /** Makes an address free again. */
    void giveBack(int address) {
        taken.clear(address - subnet.network().bits());
    }

    /** {@return how many addresses can still be given out} */
    int free() {
        return hosts + 1 - taken.cardinality();
    }
}
