package io.tapswitch.core.control;

import io.tapswitch.core.dataplane.Dataplane;
import io.tapswitch.core.model.Address;
import io.tapswitch.core.model.Container;
import io.tapswitch.core.model.DesiredState;
import io.tapswitch.core.model.Endpoint;
import io.tapswitch.core.model.Network;
import io.tapswitch.core.model.Origin;
import io.tapswitch.core.model.Publication;
import io.tapswitch.core.model.Refusal;
import io.tapswitch.core.model.Subnet;
import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.MacAddress;
import java.lang.ref.WeakReference;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What must hold between the objects of a state, so that the dataplane's tables can be made of it: a name, an id, an
 * index, a port stands for one object only, an endpoint is in a network that exists, with addresses of it that nobody
 * else has. What the tables refuse is refused here, where it has a line in a file. Checked when a state is read, since
 * people mend files, and before one is written: what cannot be read back is never written.
 */
final class StateRules {
    /**
     * What does not hold.
     *
     * @param id of the object
     * @param sentence what is wrong, naming the object
     */
    record Fault(String id, String sentence) {}

    /** The state that was found whole last: it is asked of once when it is planned, and again when it is written. */
    private static volatile WeakReference<DesiredState> whole = new WeakReference<>(null);

    private final DesiredState state;
    private final Map<String, String> owners = new HashMap<>();

    private StateRules(DesiredState state) {
        this.state = state;
    }

    /** {@return the first fault, null when there is none} */
    static @Nullable Fault firstFault(DesiredState state) {
        if (whole.refersTo(state)) {
            return null;
        }
        Fault fault = new StateRules(state).check();
        if (fault == null) {
            whole = new WeakReference<>(state);
        }
        return fault;
    }

    private @Nullable Fault check() {
        Fault fault = null;
        for (Network network : state.networks()) {
            fault = fault == null ? network(network) : fault;
        }
        for (Container container : state.containers()) {
            fault = fault == null ? container(container) : fault;
        }
        return fault == null ? publications() : fault;
    }

    /** {@return what names a publication in a fault} */
    static String rule(Publication publication) {
        return "rule " + publication.id();
    }

    private @Nullable Fault publications() {
        Set<Integer> active = new HashSet<>();
        PublishedPorts.active(state).forEach(port -> active.add(port.rule()));
        HeldPorts held = new HeldPorts();
        Map<Integer, Publication> byRule = new HashMap<>();
        for (Publication publication : state.publications()) {
            // Of 10 000 none has a fault, nearly always: words are only made for one that has.
            Publication twin = byRule.put(publication.id(), publication);
            String fault = twin == null
                    ? fault(publication)
                    : rule(publication) + " is that of publication " + twin.asked() + " too";
            if (fault == null && (publication.isOfFile() || active.contains(publication.id()))) {
                fault = held(held, publication);
            }
            if (fault != null) {
                return new Fault(rule(publication), "publication " + publication.asked() + ": " + fault);
            }
        }
        return null;
    }

    private @Nullable String fault(Publication publication) {
        if (publication.id() >= state.nextRule()) {
            return "rule " + publication.id() + " is not below nextRule";
        }
        if (publication.origin() instanceof Origin.BuiltIn || publication.origin() instanceof Origin.Cluster) {
            return "its origin must be command or file";
        }
        return publication.isOfFile() || state.containersById().containsKey(publication.container())
                ? null
                : "there is no container " + publication.container();
    }

    private static @Nullable String held(HeldPorts held, Publication publication) {
        int port = publication.firstHostPort();
        Publication holder = port == 0 ? null : held.holder(publication.asked(), port);
        held.add(publication);
        return holder == null ? null : "port " + port + " is that of publication " + holder.asked() + " too";
    }

    private @Nullable Fault network(Network network) {
        String what = "network " + network.name();
        Fault fault = once("network name " + network.name(), network.id(), what);
        boolean isSwitched = network.driver().isSwitched();
        if (fault == null && (isSwitched != (network.index() >= 0) || network.index() >= Dataplane.MAX_NETWORKS)) {
            fault = new Fault(
                    network.id(),
                    what + ": index " + network.index() + " is not "
                            + (isSwitched ? "from 0 to " + (Dataplane.MAX_NETWORKS - 1) : "-1"));
        }
        if (fault == null && isSwitched) {
            fault = once("network index " + network.index(), network.id(), what);
        }
        for (Subnet subnet : network.subnets()) {
            fault = fault == null ? subnet(network, subnet) : fault;
        }
        return fault == null ? options(network) : fault;
    }

    private static @Nullable Fault options(Network network) {
        try {
            NetworkOptions.of(network);
            return null;
        } catch (Refusal e) {
            return new Fault(network.id(), "network " + network.name() + ": " + e.sentence());
        }
    }

    private static @Nullable Fault subnet(Network network, Subnet subnet) {
        IpAddress outside = !subnet.prefix().includes(subnet.gateway()) ? subnet.gateway() : null;
        for (IpAddress reserved : subnet.reserved().values()) {
            outside = outside == null && !subnet.prefix().includes(reserved) ? reserved : outside;
        }
        if (subnet.range() != null && !subnet.prefix().includes(subnet.range().network())) {
            outside = subnet.range().network();
        }
        return outside == null
                ? null
                : new Fault(
                        network.id(), "network " + network.name() + ": " + outside + " is not in " + subnet.prefix());
    }

    private @Nullable Fault container(Container container) {
        String what = "container " + container.name();
        Fault fault = once("container name " + container.name(), container.id(), what);
        for (Endpoint endpoint : container.endpoints()) {
            fault = fault == null ? endpoint(container, endpoint) : fault;
        }
        return fault;
    }

    private @Nullable Fault endpoint(Container container, Endpoint endpoint) {
        String what = "endpoint of container " + container.name();
        Network network = state.networksById().get(endpoint.networkId());
        if (network == null || !network.driver().isSwitched()) {
            return new Fault(endpoint.id(), what + ": there is no network " + endpoint.networkId() + " with a switch");
        }
        String at = " of network " + network.name();
        Fault fault = once("endpoint id " + endpoint.id(), endpoint.id(), what);
        fault = fault == null ? port(endpoint, what) : fault;
        fault = fault == null
                ? once("place of container " + container.id() + " in network " + network.name(), endpoint.id(), what)
                : fault;
        fault = fault == null ? mac(endpoint, network, at, what) : fault;
        for (Address address : new @Nullable Address[] {endpoint.ipv4(), endpoint.ipv6()}) {
            fault = fault == null && address != null ? address(endpoint, address.ip(), network, at, what) : fault;
        }
        return fault;
    }

    private @Nullable Fault port(Endpoint endpoint, String what) {
        int port = endpoint.port();
        return port < 0 || port >= EndpointRules.LISTENER_PORT
                ? new Fault(
                        endpoint.id(),
                        what + ": port " + port + " is not from 0 to " + (EndpointRules.LISTENER_PORT - 1))
                : once("port " + port, endpoint.id(), what);
    }

    private @Nullable Fault mac(Endpoint endpoint, Network network, String at, String what) {
        MacAddress mac = endpoint.mac();
        if (mac.bits() == 0 || mac.isGroup()) {
            return new Fault(endpoint.id(), what + ": MAC address " + mac + " is nobody's or a group's");
        }
        if (mac.equals(Compiler.gatewayMac(network))) {
            return new Fault(endpoint.id(), what + ": MAC address " + mac + " is that of the gateway" + at);
        }
        return once("MAC address " + mac + at, endpoint.id(), what);
    }

    private @Nullable Fault address(Endpoint endpoint, IpAddress ip, Network network, String at, String what) {
        if (network.subnets().stream().noneMatch(subnet -> subnet.prefix().includes(ip))) {
            return new Fault(endpoint.id(), what + ": " + ip + " is in no subnet" + at);
        }
        if (network.subnets().stream().anyMatch(subnet -> subnet.gateway().equals(ip))) {
            return new Fault(endpoint.id(), what + ": address " + ip + " is that of the gateway" + at);
        }
        return once("address " + ip + at, endpoint.id(), what);
    }

    private @Nullable Fault once(String thing, String id, String owner) {
        String there = owners.put(thing, owner);
        return there == null ? null : new Fault(id, owner + ": " + thing + " is that of " + there + " too");
    }
}
