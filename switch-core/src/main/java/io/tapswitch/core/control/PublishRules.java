package io.tapswitch.core.control;

import io.tapswitch.core.control.PublishedPorts.ActivePort;
import io.tapswitch.core.model.Container;
import io.tapswitch.core.model.DesiredState;
import io.tapswitch.core.model.NetworkMode;
import io.tapswitch.core.model.Origin;
import io.tapswitch.core.model.PortProtocol;
import io.tapswitch.core.model.PortSpec;
import io.tapswitch.core.model.Publication;
import io.tapswitch.core.model.Refusal;
import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.IpPrefix;
import io.tapswitch.wire.Ipv6Address;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The rules for what commands publish: of a state and a request, the next state or why not. Pure. */
final class PublishRules {
    /** As many entries as a file may have, too; ranges are one. */
    private static final int SPECS_MAX = 65_536;

    /** Docker's words (A-DRV-04). */
    static final String DISCARDED = "Published ports are discarded when using host network mode";

    private static final String ARROW = "->";
    /** Of thousands of ports a sentence names these. */
    private static final int SHOWN = 8;

    private PublishRules() {}

    /**
     * {@return what {@code -p} and {@code -P} of a new container ask for}
     *
     * @param request of the container
     * @param container as it will be
     * @param address of the host where none is named, null for all
     */
    static List<PortSpec> asked(AttachRequest request, Container container, @Nullable IpAddress address) {
        List<PortSpec> specs = new ArrayList<>(specs(request.publish(), address));
        if (Boolean.TRUE.equals(request.publishAll())) {
            for (String port : container.exposed()) {
                int slash = port.indexOf('/');
                int number = Integer.parseInt(port.substring(0, slash));
                PortProtocol protocol = PortProtocol.of(port.substring(slash + 1));
                boolean isBound = specs.stream()
                        .anyMatch(spec -> spec.protocol() == protocol
                                && spec.firstContainerPort() <= number
                                && number <= spec.lastContainerPort());
                if (!isBound) {
                    specs.add(new PortSpec(address, 0, 0, number, number, protocol));
                }
            }
        }
        return specs;
    }

    /** {@return what texts ask for} */
    static List<PortSpec> specs(@Nullable List<String> texts, @Nullable IpAddress address) {
        List<String> given = texts == null ? List.of() : texts;
        if (given.size() > SPECS_MAX) {
            throw Refusal.badInput("too many ports: " + given.size() + " entries, the most is " + SPECS_MAX);
        }
        return given.stream().map(text -> PortSpec.parse(text, address)).toList();
    }

    /** {@return prefixes of addresses; a single address is one of full length} */
    static List<IpPrefix> allow(@Nullable List<String> texts) {
        List<IpPrefix> prefixes = new ArrayList<>();
        for (String text : texts == null ? List.<String>of() : texts) {
            try {
                prefixes.add(prefix(text));
            } catch (IllegalArgumentException e) {
                throw Refusal.badInput("invalid allowed prefix '" + text
                        + "': an address or a prefix is expected, such as 192.0.2.7, 192.0.2.0/24 or 2001:db8::/32;"
                        + " several are given one by one");
            }
        }
        return prefixes;
    }

    private static IpPrefix prefix(String text) {
        IpPrefix prefix = IpPrefix.parse(
                text.indexOf('/') >= 0
                        ? text
                        : text + "/" + IpAddress.parse(text).width());
        if (prefix.network() instanceof Ipv6Address six && six.isV4Mapped()) {
            throw new IllegalArgumentException("no packet has such an address: IPv4 is written as IPv4");
        }
        return prefix;
    }

    /** {@return the state with more publications of a container; their ports are found when it is committed} */
    static DesiredState published(DesiredState state, Container container, List<PortSpec> specs, List<IpPrefix> allow) {
        refuseWithoutInterfaces(container);
        refuseUnreachable(specs, allow);
        List<Publication> next = new ArrayList<>(state.publications());
        // What waits, for a start or a network, holds no port; it would never come into force against its own like.
        HeldPorts own = new HeldPorts();
        state.publicationsOf(container).forEach(own::add);
        int rule = state.nextRule();
        for (PortSpec spec : specs) {
            int port = spec.isDynamic() ? 0 : spec.firstHostPort();
            if (port != 0) {
                own.refuseHeld(spec, port, state);
            }
            Publication publication = new Publication(rule++, container.id(), spec, port, allow, new Origin.Command());
            own.add(publication);
            next.add(publication);
        }
        return state.withPublications(next);
    }

    private static void refuseUnreachable(List<PortSpec> specs, List<IpPrefix> allow) {
        for (PortSpec spec : specs) {
            IpAddress address = spec.address();
            if (address != null && !mayCome(allow, address.isIpv6())) {
                throw Refusal.badInput("nobody could come to " + spec + ": what is allowed is all of the other family ("
                        + allow.getFirst() + "); allow a prefix of " + (address.isIpv6() ? "IPv6" : "IPv4")
                        + ", or publish on an address of the other");
            }
        }
    }

    /** {@return whether a container has the host's own ports, so that there is nothing to publish} */
    static boolean isDiscarded(Container container) {
        return container.mode() instanceof NetworkMode.Host;
    }

    private static void refuseWithoutInterfaces(Container container) {
        String mode = switch (container.mode()) {
            case NetworkMode.Shared shared -> "container";
            case NetworkMode.Host host -> "host";
            case NetworkMode.None none -> "";
            case NetworkMode.Own own -> "";
        };
        if (!mode.isEmpty()) {
            throw Refusal.badInput(
                    "options_conflict", "conflicting options: port publishing and the " + mode + " type network mode");
        }
    }

    /** {@return the state without a container's publications that the texts name, each one of them} */
    static DesiredState unpublished(
            DesiredState state, Container container, List<String> texts, @Nullable IpAddress address) {
        NamedPorts ports = new NamedPorts(state.publications(), container);
        for (String text : texts) {
            PortSpec wanted = spec(text, address);
            Publication publication = ports.take(wanted);
            if (publication == null && spec(text, null).address() == null) {
                // It may be from a time when another address was the one for ports without any.
                publication = ports.takeOfAnyAddress(wanted.at(null));
            }
            if (publication == null) {
                throw Refusal.unknown("port_not_published", notFound(ports.left(), container, wanted));
            }
            refuseRemovalByCommand(publication);
        }
        return state.withPublications(state.publications().stream()
                .filter(publication -> !ports.isTaken(publication))
                .toList());
    }

    /** As people write it, or as {@code port} ({@code 80/tcp -> 0.0.0.0:8080}) and {@code ps} show it. */
    private static PortSpec spec(String text, @Nullable IpAddress address) {
        int arrow = text.indexOf(ARROW);
        if (arrow < 0) {
            return PortSpec.parse(text, address);
        }
        String left = text.substring(0, arrow).strip();
        String right = text.substring(arrow + ARROW.length()).strip();
        return PortSpec.parse(left.indexOf('/') < 0 ? left + ":" + right : right + ":" + left, address);
    }

    private static String notFound(List<Publication> own, Container container, PortSpec wanted) {
        String others = own.stream()
                .limit(SHOWN)
                .map(publication -> publication.asked().toString())
                .collect(Collectors.joining(", "));
        return "container " + container.name() + " does not publish " + wanted
                + (own.isEmpty() ? "" : "; it publishes " + others + (own.size() > SHOWN ? ", ..." : ""));
    }

    private static void refuseRemovalByCommand(Publication publication) {
        if (publication.origin() instanceof Origin.File origin) {
            throw Refusal.conflict(
                    "declared_in_file",
                    "port " + publication.asked() + " of container " + publication.container() + " is declared in "
                            + origin.file() + ":" + origin.line() + ": take it out of there, and it is removed");
        }
    }

    /** {@return what a person should know who published a container's ports: which are not in force, and why} */
    static List<String> warnings(DesiredState state, Container container, List<Publication> publications) {
        if (isDiscarded(container) && !publications.isEmpty()) {
            return List.of(DISCARDED);
        }
        List<String> waiting = new ArrayList<>();
        List<String> warnings = new ArrayList<>();
        for (Publication publication : publications) {
            List<ActivePort> active = PublishedPorts.active(state, container, publication);
            if (active.isEmpty()) {
                waiting.add(publication.asked().toString());
            } else if (active.stream()
                    .noneMatch(
                            port -> mayCome(publication.allow(), port.inside().isIpv6()))) {
                warnings.add("Nobody may come to " + publication.asked() + " of container " + container.name()
                        + ": it is published in one family, and those that are allowed are of the other");
            }
        }
        if (!waiting.isEmpty()) {
            warnings.add("Published ports of container " + container.name() + " are not in force: " + some(waiting)
                    + ". " + remedy(container, publications.getFirst().isOfFile()));
        }
        return warnings;
    }

    /** {@return the first of them, and how many more there are: there may be thousands} */
    private static String some(List<String> ports) {
        int more = ports.size() - SHOWN;
        return String.join(", ", more > 0 ? ports.subList(0, SHOWN) : ports)
                + (more > 0 ? " and " + more + " more" : "");
    }

    private static String remedy(Container container, boolean isOfFile) {
        if (container.isRunning()) {
            return "It is in no network that leads out with an address of the right family; they are in force once it"
                    + " is connected to one";
        }
        if (container.status() != Container.Status.DETACHED) {
            return "They will be when it runs";
        }
        return "It was attached, not run, so it can run again only by 'attach' of its namespace; "
                + (isOfFile
                        ? "they will be then"
                        : "that makes it anew, and what commands published is forgotten: publish them with it"
                                + " ('attach -p') or afterwards");
    }

    /** {@return whether anybody of a family is allowed; everybody is by an empty list} */
    private static boolean mayCome(List<IpPrefix> allow, boolean ipv6) {
        return allow.isEmpty() || allow.stream().anyMatch(prefix -> prefix.isIpv6() == ipv6);
    }
}
