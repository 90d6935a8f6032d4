package io.tapswitch.core.control;

import io.tapswitch.core.config.Configuration;
import io.tapswitch.core.control.OutsideKernel.HostSocket;
import io.tapswitch.core.model.PortProtocol;
import io.tapswitch.core.model.Refusal;
import io.tapswitch.nat.DnatRule;
import io.tapswitch.nat.NatVersion.NatOptions;
import io.tapswitch.nat.NatVersion.OutsideAddress;
import io.tapswitch.nat.NatVersion.PortRange;
import io.tapswitch.wire.IpAddress;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which ports NAT may take, as of the last look at the host (N7): those of its range, without what the host's own
 * clients get (ip_local_port_range), what its sockets have, and what the operator reserved (ip_local_reserved_ports). A
 * range that a person gave is NAT's without the first and the last of these: who gives one may well have reserved it
 * for just that. A part of {@link OutsideWiring}, under the same lock.
 */
final class NatPorts {
    private static final Logger LOG = LoggerFactory.getLogger(NatPorts.class);
    /** RFC 4787 REQ-5c; ports as RFC 4787 has them. */
    private static final NatOptions DEFAULTS = new NatOptions(300_000, 1024, 65_535, 0, 0, true);

    private final OutsideKernel kernel;
    private final Published published;
    private boolean automatic = true;
    private EphemeralPorts local;
    private List<HostSocket> sockets = List.of();
    private NatOptions options;
    private OutsideKernel.@Nullable Held kept;

    NatPorts(OutsideKernel kernel, Published published) {
        this.kernel = kernel;
        this.published = published;
        local = kernel.localPorts();
        options = withoutLocal(DEFAULTS);
    }

    private NatOptions withoutLocal(NatOptions wanted) {
        return new NatOptions(
                wanted.udpTimeoutMs(),
                wanted.firstPort(),
                wanted.lastPort(),
                local.first(),
                local.last(),
                wanted.portOverload());
    }

    /** {@return what the next version has} */
    NatOptions options() {
        return options;
    }

    /** Others come into force with the next version. {@return whether they are others} */
    boolean options(Configuration.Nat nat) {
        NatOptions before = options;
        keep(nat.ports());
        automatic = nat.ports().equals(Configuration.Nat.Ports.AUTO);
        long timeoutMs = nat.udpTimeout().toMillis();
        options = automatic
                ? withoutLocal(new NatOptions(
                        timeoutMs, DEFAULTS.firstPort(), DEFAULTS.lastPort(), 0, 0, DEFAULTS.portOverload()))
                : new NatOptions(timeoutMs, nat.ports().first(), nat.ports().last(), 0, 0, DEFAULTS.portOverload());
        return !options.equals(before);
    }

    /** A range that a person gave may be one from which the host's own clients get their ports. */
    private void keep(Configuration.Nat.Ports ports) {
        boolean isGiven = !ports.equals(Configuration.Nat.Ports.AUTO);
        boolean isNew =
                isGiven && (automatic || ports.first() != options.firstPort() || ports.last() != options.lastPort());
        if (isNew || !isGiven) {
            OutsideKernel.Held before = kept;
            kept = isGiven ? keptFromClients(ports) : null;
            if (before != null) {
                before.close();
            }
        }
    }

    private OutsideKernel.@Nullable Held keptFromClients(Configuration.Nat.Ports ports) {
        try {
            return kernel.keepFromClients(ports.first(), ports.last());
        } catch (Refusal e) {
            LOG.warn(
                    "nat.port-range {}-{} is used, and the host's own clients may get the same ports: {}",
                    ports.first(),
                    ports.last(),
                    e.sentence());
            return null;
        }
    }

    /** Looks at the host again. {@return whether something is otherwise} */
    boolean look() {
        EphemeralPorts localNow = kernel.localPorts();
        boolean changed = automatic && !localNow.equals(local);
        local = localNow;
        options = automatic ? withoutLocal(options) : options;
        List<HostSocket> socketsNow = kernel.socketsWithin(options.firstPort(), options.lastPort()).stream()
                .filter(socket -> socket.port() < options.excludedFirst() || socket.port() > options.excludedLast())
                .filter(socket -> !published.has(socket))
                .toList();
        changed |= !socketsNow.equals(sockets);
        sockets = socketsNow;
        return changed;
    }

    /** {@return ports that NAT must leave alone; those of sockets at once} */
    List<PortRange> reserved(List<OutsideAddress> addresses) {
        Map<IpAddress, Integer> slots = new HashMap<>();
        addresses.forEach(address -> slots.put(address.address(), address.slot()));
        List<PortRange> reserved = new ArrayList<>();
        for (HostSocket socket : sockets) {
            Integer slot = socket.address() == null ? Integer.valueOf(DnatRule.ANY) : slots.get(socket.address());
            if (slot != null) {
                reserved.add(new PortRange(slot, socket.protocol(), socket.port(), socket.port(), true));
            }
        }
        BitSet kept = automatic ? local.reserved() : new BitSet();
        for (int first = kept.nextSetBit(0); first >= 0; ) {
            int end = kept.nextClearBit(first);
            for (PortProtocol protocol : PortProtocol.values()) {
                reserved.add(new PortRange(DnatRule.ANY, protocol.number(), first, end - 1));
            }
            first = kept.nextSetBit(end);
        }
        return reserved;
    }
}
