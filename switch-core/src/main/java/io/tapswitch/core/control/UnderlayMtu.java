package io.tapswitch.core.control;

import io.tapswitch.core.config.OverlaySettings;
import io.tapswitch.core.model.DesiredState;
import io.tapswitch.core.model.Driver;
import io.tapswitch.core.model.Network;
import io.tapswitch.vxlan.Encapsulation;
import io.tapswitch.wire.IpAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Theory of operation: the MTU of an overlay network for which nobody chose one (O10). It is what passes through a
 * tunnel of this host whole: the MTU of the device at which tunnels end, less the outer headers.
 *
 * <p>It is found out when the network is made, and stays: it is written among the network's options, under a name of
 * its own, so that a file that says nothing of it is still the file that the network was made of. Interfaces inside
 * keep the MTU that they were made with, whatever becomes of the underlay; when they no longer fit, a warning says so,
 * and what is too large is answered for (O11).
 */
final class UnderlayMtu {
    /** The option under which it is written; nobody can give it. */
    static final String OPTION = "tapswitch.underlay-mtu";

    private final @Nullable OutsideKernel kernel;
    private final Supplier<@Nullable IpAddress> advertised;

    /**
     * For a host.
     *
     * @param kernel null for a host without a way to the outside
     * @param advertised the address by which the cluster knows this host, null for none
     */
    UnderlayMtu(@Nullable OutsideKernel kernel, Supplier<@Nullable IpAddress> advertised) {
        this.kernel = kernel;
        this.advertised = advertised;
    }

    /** Refuses an MTU of the underlay that somebody gives. */
    static void refuse(Map<String, String> options) {
        if (options.containsKey(OPTION)) {
            throw NetworkOptions.unknown(OPTION);
        }
    }

    /** {@return the options of a network that somebody chose} */
    static Map<String, String> chosen(Map<String, String> options) {
        if (!options.containsKey(OPTION)) {
            return options;
        }
        Map<String, String> chosen = new HashMap<>(options);
        chosen.remove(OPTION);
        return chosen;
    }

    /** {@return a plan whose new networks have an MTU that fits} */
    Reconciler.Plan sized(Reconciler.Plan plan, OverlaySettings overlay) {
        DesiredState next = plan.next();
        List<Network> added = new ArrayList<>();
        for (Network network : plan.added()) {
            Network sized = sized(network, overlay);
            added.add(sized);
            if (!sized.equals(network)) {
                next = next.with(sized);
            }
        }
        return new Reconciler.Plan(next, plan.removed(), added);
    }

    /** {@return a new network with an MTU that fits; the same where it was chosen, or there are no tunnels here} */
    Network sized(Network network, OverlaySettings overlay) {
        if (network.driver() != Driver.OVERLAY || network.options().containsKey(NetworkOptions.MTU)) {
            return network;
        }
        int room = room(overlay);
        if (room == 0) {
            return network;
        }
        Map<String, String> options = new HashMap<>(network.options());
        options.put(OPTION, Integer.toString(NetworkOptions.possibleMtu(room, network.ipv6())));
        return new Network(
                network.id(),
                network.index(),
                network.name(),
                network.created(),
                network.driver(),
                network.internal(),
                network.ipv6(),
                network.attachable(),
                network.subnets(),
                options,
                network.labels(),
                network.origin());
    }

    /** {@return bytes of the largest packet that passes through a tunnel of this host, 0 when none ends here} */
    private int room(OverlaySettings overlay) {
        if (kernel == null) {
            return 0;
        }
        IpAddress chosen = overlay.local() == null ? advertised.get() : overlay.local();
        IpAddress local = chosen == null && !overlay.peers().isEmpty()
                ? kernel.sourceTo(overlay.peers().getFirst().remote())
                : chosen;
        if (local == null) {
            return 0;
        }
        int overhead = local.isIpv6() ? Encapsulation.IPV6_OVERHEAD : Encapsulation.IPV4_OVERHEAD;
        return kernel.devices().stream()
                .filter(device -> !device.loopback() && device.addresses().contains(local))
                .mapToInt(device -> device.mtu() - overhead)
                .findFirst()
                .orElse(0);
    }
}
