package io.tapswitch.core.ipam;

import io.tapswitch.core.model.Refusal;
import io.tapswitch.core.model.Subnet;
import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.IpPrefix;
import io.tapswitch.wire.Ipv4Address;
import io.tapswitch.wire.Ipv4Prefix;
import io.tapswitch.wire.Ipv6Address;
import io.tapswitch.wire.Ipv6Prefix;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A subnet while its gateway, range and reserved addresses are matched to it. */
final class SubnetDraft {
    private final IpPrefix prefix;
    private final boolean configured;
    private final Map<String, IpAddress> reserved = new LinkedHashMap<>();
    private @Nullable IpAddress gateway;
    private @Nullable IpPrefix range;

    SubnetDraft(IpPrefix prefix, boolean configured) {
        this.prefix = prefix;
        this.configured = configured;
    }

    IpPrefix prefix() {
        return prefix;
    }

    boolean encloses(IpPrefix other) {
        return prefix.includes(other.network()) && other.length() >= prefix.length();
    }

    void range(IpPrefix wanted) {
        if (range != null) {
            throw Refusal.badInput(
                    Subnets.INVALID_RANGE,
                    "cannot configure multiple ranges (" + wanted + ", " + range + ") on the same subnet (" + prefix
                            + ")");
        }
        range = wanted;
    }

    void gateway(IpAddress wanted) {
        if (gateway != null) {
            throw Refusal.badInput(
                    Subnets.INVALID_GATEWAY,
                    "cannot configure multiple gateways (" + wanted + ", " + gateway + ") for the same subnet ("
                            + prefix + ")");
        }
        refuseEnds(Subnets.INVALID_GATEWAY, "gateway " + wanted, wanted);
        gateway = wanted;
    }

    void reserve(String name, IpAddress address) {
        String what = "auxiliary address " + name + " (" + address + ")";
        refuseEnds(Subnets.INVALID_AUX_ADDRESS, what, address);
        reserved.forEach((otherName, other) -> {
            if (other.equals(address)) {
                throw Refusal.badInput(
                        Subnets.INVALID_AUX_ADDRESS, "invalid " + what + ": it is that of " + otherName + " already");
            }
        });
        reserved.put(name, address);
    }

    private void refuseEnds(String code, String what, IpAddress address) {
        if (address.equals(prefix.network())) {
            throw Refusal.badInput(code, "invalid " + what + ": it is the network address of " + prefix);
        }
        if (prefix instanceof Ipv4Prefix four && address.equals(four.broadcast())) {
            throw Refusal.badInput(code, "invalid " + what + ": it is the broadcast address of " + prefix);
        }
    }

    /** {@return the subnet; its gateway is the first address when nobody chose one (A-IPAM-02)} */
    Subnet finish() {
        IpAddress chosen = gateway == null ? first(prefix) : gateway;
        reserved.forEach((name, address) -> {
            if (address.equals(chosen)) {
                throw Refusal.badInput(
                        Subnets.INVALID_AUX_ADDRESS,
                        "failed to allocate secondary ip address (" + name + ":" + address
                                + "): Address already in use: it is the gateway of " + prefix
                                + "; choose another gateway with --gateway");
            }
        });
        Subnet finished = new Subnet(prefix, chosen, range, reserved, configured);
        if (range != null && AddressChoice.lowestFree(finished, address -> false) == null) {
            throw Refusal.badInput(
                    Subnets.INVALID_RANGE,
                    "invalid ip-range " + range + ": none of its addresses can be given out, since they are the"
                            + " network's own, the broadcast address, the gateway's, or reserved");
        }
        return finished;
    }

    private static IpAddress first(IpPrefix prefix) {
        return switch (prefix.network()) {
            case Ipv4Address four -> four.plus(1);
            case Ipv6Address six -> six.plus(1);
        };
    }

    /** {@return the last address of a range} */
    static IpAddress last(IpPrefix prefix) {
        return switch (prefix) {
            case Ipv4Prefix four -> four.broadcast();
            case Ipv6Prefix six -> six.last();
        };
    }
}
