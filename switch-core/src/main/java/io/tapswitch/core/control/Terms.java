package io.tapswitch.core.control;

import io.tapswitch.core.model.Connection;
import io.tapswitch.core.model.Container;
import io.tapswitch.core.model.DesiredState;
import io.tapswitch.core.model.Driver;
import io.tapswitch.core.model.Network;
import io.tapswitch.core.model.NetworkMode;
import io.tapswitch.core.model.ObjectName;
import io.tapswitch.core.model.Refusal;
import io.tapswitch.wire.Ipv4Address;
import io.tapswitch.wire.Ipv6Address;
import io.tapswitch.wire.MacAddress;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What a request says about networks, read and held against docker's rules: whose interfaces the container has, and
 * which networks it wants in what way.
 *
 * @param mode whose interfaces
 * @param connections in the order of connecting; empty unless the interfaces are its own
 */
record Terms(NetworkMode mode, List<Connection> connections) {
    static final String SHARED =
            "container sharing network namespace with another container or host cannot be connected to any other"
                    + " network";

    private static final String CONTAINER_PREFIX = "container:";

    /** As many interfaces as a container needs; each costs a device and a port. */
    private static final int NETWORKS_MAX = 64;

    private static final int NAME_MAX = 253;
    private static final Pattern LABELS = Pattern.compile("[^.]{1,63}(\\.[^.]{1,63})*\\.?");

    /** {@return the terms of an attachment} */
    static Terms of(DesiredState state, AttachRequest request) {
        List<String> references =
                request.networks() == null || request.networks().isEmpty()
                        ? List.of(Network.BRIDGE)
                        : request.networks();
        if (references.size() > NETWORKS_MAX) {
            throw Refusal.badInput("too many networks: " + references.size() + ", the most is " + NETWORKS_MAX);
        }
        ConnectRequest wishes = new ConnectRequest(null, request.ip(), request.ip6(), request.mac(), request.aliases());
        NetworkMode special = special(state, references);
        if (special != null) {
            refuseWishes(special, wishes, request);
            return new Terms(special, List.of());
        }
        if (references.size() > 1) {
            refuseForMany(request.ip(), "an address", references.size());
            refuseForMany(request.ip6(), "an address", references.size());
            refuseForMany(request.mac(), "a MAC address", references.size());
        }
        List<Connection> connections = new ArrayList<>();
        Set<String> seen = new HashSet<>();
        for (String reference : references) {
            Network network = References.network(state, reference);
            if (!seen.add(network.id())) {
                throw Refusal.badInput("network " + network.name() + " is given twice");
            }
            connections.add(connection(network, wishes));
        }
        return new Terms(new NetworkMode.Own(), connections);
    }

    /** {@return the container whose namespace a request wants to share, null for none} */
    static @Nullable String shared(AttachRequest request) {
        List<String> networks = request.networks() == null ? List.of() : request.networks();
        return networks.stream()
                .filter(network -> network.startsWith(CONTAINER_PREFIX))
                .map(network -> network.substring(CONTAINER_PREFIX.length()))
                .findFirst()
                .orElse(null);
    }

    private static void refuseForMany(@Nullable String wish, String what, int networks) {
        if (wish != null && !wish.isEmpty()) {
            throw Refusal.badInput(what + " can be chosen for one network only, and there are " + networks
                    + ": connect the others with tapswitch network connect");
        }
    }

    /** The modes that go by no switch, null when none of the references is one. */
    private static @Nullable NetworkMode special(DesiredState state, List<String> references) {
        NetworkMode found = null;
        for (String reference : references) {
            NetworkMode mode = mode(state, reference);
            found = mode == null ? found : mode;
        }
        if (found != null && references.size() > 1) {
            throw Refusal.badInput(
                    "network_modes_conflict",
                    "conflicting options: cannot attach both user-defined and non-user-defined network-modes");
        }
        return found;
    }

    private static @Nullable NetworkMode mode(DesiredState state, String reference) {
        if (reference.startsWith(CONTAINER_PREFIX)) {
            Container other = References.container(state, reference.substring(CONTAINER_PREFIX.length()));
            if (!other.isRunning()) {
                throw Refusal.conflict(
                        "container_not_running",
                        "cannot join network namespace of a non running container: container " + other.name() + " is "
                                + other.status().word());
            }
            // Who joins one that joined another is with that other.
            return other.mode() instanceof NetworkMode.Own || other.mode() instanceof NetworkMode.None
                    ? new NetworkMode.Shared(other.id())
                    : other.mode();
        }
        return switch (References.network(state, reference).driver()) {
            case HOST -> new NetworkMode.Host();
            case NONE -> new NetworkMode.None();
            case BRIDGE, OVERLAY -> null;
        };
    }

    private static void refuseWishes(NetworkMode mode, ConnectRequest wishes, AttachRequest request) {
        if (isGiven(wishes.ip()) || isGiven(wishes.ip6())) {
            throw Refusal.badInput(
                    "address_not_choosable", "user specified IP address is supported on user defined networks only");
        }
        if (wishes.aliases() != null && !wishes.aliases().isEmpty()) {
            throw aliasRefusal();
        }
        if (isGiven(wishes.mac())) {
            throw conflicting("mac-address and the network mode");
        }
        if (mode instanceof NetworkMode.Shared) {
            if (isGiven(request.hostname())) {
                throw conflicting("hostname and the network mode");
            }
            if (request.dns() != null && !request.dns().isEmpty()) {
                throw conflicting("dns and the network mode");
            }
            if (request.publishes()) {
                throw conflicting("port publishing and the container type network mode");
            }
            if (request.expose() != null && !request.expose().isEmpty()) {
                throw conflicting("port exposing and the container type network mode");
            }
        }
    }

    private static Refusal conflicting(String what) {
        return Refusal.badInput("options_conflict", "conflicting options: " + what);
    }

    private static Refusal aliasRefusal() {
        return Refusal.badInput(
                "alias_not_possible", "network-scoped alias is supported only for containers in user defined networks");
    }

    /** An alias is there to be asked for, so it must be a name that one can ask for (RFC 1035 section 2.3.4). */
    private static void checkAlias(String alias) {
        ObjectName.check(alias, "alias");
        if (alias.length() > NAME_MAX || !LABELS.matcher(alias).matches()) {
            throw Refusal.badInput(
                    "alias_not_possible",
                    "alias \"" + alias + "\" is no DNS name: between dots are 1 to 63 characters, at most " + NAME_MAX
                            + " in all");
        }
    }

    private static boolean isGiven(@Nullable String text) {
        return text != null && !text.isEmpty();
    }

    /** {@return how a request wants to be in a network that goes by the switch} */
    static Connection connection(Network network, ConnectRequest request) {
        List<String> aliases = request.aliases() == null ? List.of() : request.aliases();
        if (!aliases.isEmpty() && network.isBuiltIn()) {
            throw aliasRefusal();
        }
        aliases.forEach(Terms::checkAlias);
        return new Connection(
                network.id(),
                read(request.ip(), "address", Ipv4Address::parse),
                read(request.ip6(), "IPv6 address", Ipv6Address::parse),
                mac(request.mac()),
                List.copyOf(new java.util.LinkedHashSet<>(aliases)));
    }

    private static @Nullable MacAddress mac(@Nullable String text) {
        MacAddress mac = read(text, "MAC address", MacAddress::parse);
        if (mac != null && (mac.isGroup() || mac.bits() == 0)) {
            throw Refusal.badInput("invalid MAC address " + mac + ": it is not that of one interface");
        }
        return mac;
    }

    private static <T> @Nullable T read(@Nullable String text, String what, Function<String, T> parse) {
        if (!isGiven(text)) {
            return null;
        }
        try {
            return parse.apply(text);
        } catch (IllegalArgumentException e) {
            throw Refusal.badInput("invalid " + what + " " + text + ": " + e.getMessage());
        }
    }

    /** Whether a container can have interfaces of its own in that network; refuses with docker's words when not. */
    static void checkConnectable(Container container, Network network) {
        NetworkMode mode = container.mode();
        if (mode instanceof NetworkMode.Shared || mode instanceof NetworkMode.Host) {
            throw Refusal.badInput("namespace_shared", SHARED);
        }
        if (network.driver() == Driver.HOST) {
            throw Refusal.badInput(
                    "network_mode_host",
                    "cannot connect container to host network - container must be created in host network mode");
        }
        boolean hasNone = mode instanceof NetworkMode.None;
        boolean wantsNone = network.driver() == Driver.NONE;
        if (hasNone != wantsNone && (hasNone || !container.connections().isEmpty())) {
            throw Refusal.badInput(
                    "network_mode_none",
                    "container cannot be connected to multiple networks with one of the networks in private (none)"
                            + " mode: disconnect it from "
                            + (hasNone ? "none" : "the others") + " first");
        }
    }
}
