package io.tapswitch.nat;

import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.IpPrefix;
import io.tapswitch.wire.IpProtocol;
import java.util.List;

/**
 * A published port, or a range of them: what comes from outside to {@code firstPort..lastPort} goes to as many ports
 * of an endpoint, in the same order. Values for the control plane; packets meet the compiled {@link DnatRules}.
 *
 * <p>The inside address decides the family: an IPv4 rule is for packets of IPv4 only, also where {@code outside} is
 * {@link #ANY}. So {@code -p 80:80}, which docker publishes on 0.0.0.0 and [::], is two rules, which may share an id.
 *
 * @param id the rule's name in flows and counters
 * @param outside slot of one of the host's addresses, or {@link #ANY}
 * @param protocol TCP, UDP or SCTP
 * @param firstPort first port outside, 1..65535
 * @param lastPort last port outside
 * @param network index of the endpoint's network, 0..65535
 * @param endpoint port id of the endpoint
 * @param inside the endpoint's address
 * @param insideFirstPort the endpoint's port that the first one leads to
 * @param allow whose packets may come; empty means everyone's
 */
public record DnatRule(
        int id,
        int outside,
        int protocol,
        int firstPort,
        int lastPort,
        int network,
        int endpoint,
        IpAddress inside,
        int insideFirstPort,
        List<IpPrefix> allow) {
    /** Every address of the host of the rule's family, also one that comes later. */
    public static final int ANY = -1;

    /** Slots of the host's addresses are below this number. */
    public static final int SLOTS = 256;

    private static final int LAST_PORT = 0xFFFF;

    /** Checks that every number is within its range. */
    public DnatRule {
        allow = List.copyOf(allow);
        if (outside < ANY || outside >= SLOTS) {
            throw new IllegalArgumentException("rule " + id + ": " + outside + " is no slot of a host address");
        }
        if (protocol != IpProtocol.TCP && protocol != IpProtocol.UDP && protocol != IpProtocol.SCTP) {
            throw new IllegalArgumentException("rule " + id + ": protocol " + protocol + " has no ports to publish");
        }
        if (firstPort < 1 || lastPort < firstPort || lastPort > LAST_PORT) {
            throw new IllegalArgumentException(
                    "rule " + id + ": " + firstPort + "-" + lastPort + " is no range of ports within 1-65535");
        }
        if (insideFirstPort < 1 || insideFirstPort + lastPort - firstPort > LAST_PORT) {
            throw new IllegalArgumentException("rule " + id + ": " + (lastPort - firstPort + 1)
                    + " ports do not fit between " + insideFirstPort + " and 65535");
        }
        if (network < 0 || network > 0xFFFF) {
            throw new IllegalArgumentException("rule " + id + ": " + network + " is no index of a network");
        }
    }

    /** {@return whether some packet would be for both: same family, outside, protocol, and a port in common} */
    public boolean overlaps(DnatRule other) {
        return outside == other.outside
                && protocol == other.protocol
                && inside.isIpv6() == other.inside.isIpv6()
                && firstPort <= other.lastPort
                && other.firstPort <= lastPort;
    }
}
