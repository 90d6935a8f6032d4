package io.tapswitch.core.control;

import io.tapswitch.core.ipam.Taken;
import io.tapswitch.core.model.DesiredState;
import io.tapswitch.core.model.Network;
import io.tapswitch.core.model.Refusal;
import io.tapswitch.core.model.Subnet;
import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.MacAddress;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The host's own interface at the switch: it carries the gateway addresses of every network that has a way out, and the
 * routes to their subnets, and stays without any when the last of them goes. It is made in the daemon's namespace, kept
 * beyond the daemon's life like the containers' devices, and read by worker 0.
 *
 * <p>When it cannot be made, the switch works without the host, says so in its warnings, and tries again with the next
 * change of a network. Under the controller's lock, but for {@link #warnings}.
 */
final class HostPortWiring {
    /** Tag of its files, where endpoints have their ids. */
    static final String TAG = "host";

    private static final Logger LOG = LoggerFactory.getLogger(HostPortWiring.class);

    /** Locally administered; what the host's neighbour cache has for every container and gateway. */
    private static final MacAddress PEER = MacAddress.parse("02:74:61:70:00:01");

    private final Plumbing plumbing;
    private final Function<String, HostLook> host;
    private final Function<String, Plumbing.LinkListener> listeners;
    private volatile Plumbing.@Nullable HostPlug plug;
    private volatile String refusal = "";
    private volatile List<String> complaints = List.of();
    // What the host had when it was looked at last. The kernel's news lead to another look, a change of ours does not.
    private @Nullable Set<IpAddress> own;
    private Set<IpAddress> told = Set.of();
    private boolean closed;
    private int opened;

    /**
     * Does nothing yet.
     *
     * @param host looks at the host, leaving an interface of that name out
     * @param listeners makes who hears of the interface of an id
     */
    HostPortWiring(
            Plumbing plumbing, Function<String, HostLook> host, Function<String, Plumbing.LinkListener> listeners) {
        this.plumbing = plumbing;
        this.host = host;
        this.listeners = listeners;
    }

    /** Takes the interface that outlived the last daemon or makes one, when a network needs it and there is none. */
    void open(DesiredState state) {
        if (closed || plug != null || networks(state).isEmpty()) {
            return;
        }
        try {
            plug = plumbing.host(TAG);
            opened++;
            refusal = "";
        } catch (RuntimeException e) {
            // Of any kind: each change of the state comes by here, and none may fail because the host has no interface.
            refuse(e);
        }
        Plumbing.HostPlug made = plug;
        if (made != null) {
            plumbing.watch(made, made.name(), listeners.apply(idOf(opened)));
        }
    }

    private void refuse(RuntimeException e) {
        String why = e instanceof Refusal refused ? refused.sentence() : String.valueOf(e.getMessage());
        if (!why.equals(refusal) && e instanceof Refusal) {
            LOG.warn("the host has no interface at the switch: {}", why);
        } else if (!why.equals(refusal)) {
            LOG.error("the host has no interface at the switch", e);
        }
        refusal = why;
    }

    private static String idOf(int number) {
        return TAG + " " + number;
    }

    /** {@return the id of the interface that is now, none of an endpoint and never used twice; null for none} */
    @Nullable
    String id() {
        return plug == null ? null : idOf(opened);
    }

    /** {@return whether an id is or was that of the host's interface} */
    static boolean isHost(String id) {
        return id.startsWith(TAG);
    }

    /** {@return what the tables must know of the host, null when it has no interface} */
    @Nullable
    HostView view(DesiredState state) {
        Plumbing.HostPlug now = plug;
        if (now == null) {
            return null;
        }
        told = addresses(state);
        return new HostView(EndpointRules.HOST_PORT, now.fds(), now.mac(), PEER, told);
    }

    /** Looks at the host again. {@return whether it has other addresses than the dataplane was told last} */
    boolean hasOtherAddresses(DesiredState state) {
        own = null;
        return plug != null && !addresses(state).equals(told);
    }

    private Set<IpAddress> addresses(DesiredState state) {
        // The gateways are addresses of the host from now on, whenever the kernel's news of them come.
        Set<IpAddress> seen = own;
        if (seen == null) {
            seen = look().addresses();
            own = seen;
        }
        Set<IpAddress> addresses = new HashSet<>(seen);
        for (Network network : networks(state)) {
            for (Subnet subnet : network.subnets()) {
                addresses.add(subnet.gateway());
            }
        }
        return addresses;
    }

    /** Puts the networks that are now on the interface, and takes the others off. */
    void update(DesiredState state) {
        putOn(state, true);
    }

    /** Puts back on the interface what somebody else took off; what somebody put on stays until the next change. */
    void mend(DesiredState state) {
        putOn(state, false);
    }

    private void putOn(DesiredState state, boolean nothingElse) {
        Plumbing.HostPlug now = plug;
        if (now == null) {
            return;
        }
        List<String> before = complaints;
        List<Plumbing.HostNetwork> wanted =
                networks(state).stream().map(EndpointRules::hostNetwork).toList();
        try {
            complaints = List.copyOf(now.set(wanted, nothingElse));
        } catch (Refusal e) {
            complaints = List.of("the host's interface " + now.name() + " cannot be set up: " + e.sentence());
        }
        // It is looked at with each of the kernel's news; what was said is not said again.
        complaints.stream().filter(complaint -> !before.contains(complaint)).forEach(LOG::warn);
    }

    /** {@return the networks that the host reaches} */
    static List<Network> networks(DesiredState state) {
        return state.networks().stream()
                .filter(network -> network.driver().isSwitched() && !network.internal())
                .toList();
    }

    /**
     * Lets the interface go that the kernel has taken away or nobody shall have any more: when this returns, nothing is
     * kept under its tag, and another can be made. The dataplane must be done with it.
     */
    void drop() {
        Plumbing.HostPlug gone = plug;
        plug = null;
        complaints = List.of();
        if (gone == null) {
            return;
        }
        try {
            plumbing.unplug(List.of(gone));
        } catch (Refusal e) {
            // What is left of it is in the way of the next one, which says so then.
            LOG.error("the host's interface could not be removed: {}", e.sentence());
        }
    }

    /** From now on none is made. */
    void close() {
        closed = true;
    }

    /** {@return the host as it is now} */
    HostLook look() {
        Plumbing.HostPlug now = plug;
        return host.apply(now == null ? "" : now.name());
    }

    /** {@return what a person should know about the host and the networks} */
    List<String> warnings(DesiredState state) {
        List<String> warnings = new ArrayList<>(complaints);
        if (!refusal.isEmpty()) {
            warnings.add("the host cannot reach containers, nor they the host: " + refusal);
        }
        List<Taken> blocks = look().blocks();
        for (Network network : networks(state)) {
            for (Subnet subnet : network.subnets()) {
                for (Taken block : blocks) {
                    if (block.prefix().intersects(subnet.prefix())) {
                        warnings.add("network " + network.name() + " (" + subnet.prefix() + ") overlaps "
                                + block.prefix() + " of " + block.by());
                    }
                }
            }
        }
        return warnings;
    }
}
