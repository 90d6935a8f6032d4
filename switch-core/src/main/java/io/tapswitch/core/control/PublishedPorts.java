package io.tapswitch.core.control;

import io.tapswitch.core.model.Container;
import io.tapswitch.core.model.DesiredState;
import io.tapswitch.core.model.Endpoint;
import io.tapswitch.core.model.Network;
import io.tapswitch.core.model.NetworkMode;
import io.tapswitch.core.model.PortProtocol;
import io.tapswitch.core.model.Publication;
import io.tapswitch.nat.Middle;
import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.IpPrefix;
import io.tapswitch.wire.Ipv4Address;
import io.tapswitch.wire.Ipv6Address;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Which published ports are in force, and which endpoint serves each. Pure.
 *
 * <p>A publication is in force while its container runs and has an endpoint that leads out. It is served, in each
 * family, by the endpoint that has the default route of that family: the first in the order of connecting that has an
 * address of it on a network that is not internal, so that answers leave the way they came. A publication without
 * such an endpoint waits: it is kept and shown, and nothing listens for it.
 */
public final class PublishedPorts {
    /**
     * The answer that was given last: a change asks some six times about one state, 10 000 publications each time. The
     * next one is made of it where networks and containers are the same, with the very same objects for what stays.
     */
    private static volatile @Nullable Answer last;

    private final DesiredState state;
    private final Map<String, Container> byName = new HashMap<>();

    /** What is in force in one state; states and answers are immutable, so any thread may use it. */
    private record Answer(WeakReference<DesiredState> state, List<ActivePort> active) {
        /** {@return the state, if only its publications are others than those of the next} */
        @Nullable
        DesiredState alike(DesiredState next) {
            DesiredState it = state.get();
            return it != null
                            && it.networksById().equals(next.networksById())
                            && it.containersById().equals(next.containersById())
                    ? it
                    : null;
        }
    }

    /**
     * A publication in force, in one family.
     *
     * @param publication which
     * @param outside the host's address, null for all of the family of {@code inside}
     * @param inside the endpoint's address
     * @param endpoint port id of the endpoint
     * @param network index of the endpoint's network
     * @param containerId of the endpoint's container
     */
    public record ActivePort(
            Publication publication,
            @Nullable IpAddress outside,
            IpAddress inside,
            int endpoint,
            int network,
            String containerId) {
        /** {@return the rule's number in flows and counters} */
        public int rule() {
            return publication.id();
        }

        /** {@return the protocol} */
        public PortProtocol protocol() {
            return publication.protocol();
        }

        /** {@return the host's first port} */
        public int firstHostPort() {
            return publication.firstHostPort();
        }

        /** {@return the host's last port} */
        public int lastHostPort() {
            return publication.lastHostPort();
        }

        /** {@return the container's first port} */
        public int firstContainerPort() {
            return publication.firstContainerPort();
        }

        /** {@return whose packets may come; empty means everyone's} */
        public List<IpPrefix> allow() {
            return publication.allow();
        }

        /** {@return the host's address as docker shows it, {@code 0.0.0.0} or {@code ::} for all of them} */
        public String shownAddress() {
            return outside != null ? outside.toString() : inside.isIpv6() ? "::" : "0.0.0.0";
        }
    }

    private PublishedPorts(DesiredState state) {
        this.state = state;
        state.containers().forEach(container -> byName.put(container.name(), container));
    }

    /** {@return the publications in force, in the order of publishing, IPv4 first} */
    static List<ActivePort> active(DesiredState state) {
        if (state.publications().isEmpty()) {
            return List.of();
        }
        Answer known = last;
        if (known != null && known.state().refersTo(state)) {
            return known.active();
        }
        DesiredState before = known == null ? null : known.alike(state);
        PublishedPorts ports = new PublishedPorts(state);
        List<ActivePort> active = known == null || before == null
                ? ports.active(List.of(), List.of())
                : ports.active(before.publications(), known.active());
        Answer answer = new Answer(new WeakReference<>(state), Collections.unmodifiableList(active));
        last = answer;
        return answer.active();
    }

    /** {@return what is in force, with the objects of another answer for the publications that are the same} */
    private List<ActivePort> active(List<Publication> before, List<ActivePort> activeBefore) {
        Middle middle = Middle.of(before, state.publications());
        int head = 0;
        for (Publication same : before.subList(0, middle.from())) {
            while (head < activeBefore.size() && activeBefore.get(head).rule() == same.id()) {
                head++;
            }
        }
        int tail = activeBefore.size();
        for (Publication same :
                before.subList(middle.beforeEnd(), before.size()).reversed()) {
            while (tail > head && activeBefore.get(tail - 1).rule() == same.id()) {
                tail--;
            }
        }
        List<ActivePort> active = new ArrayList<>(activeBefore.subList(0, head));
        middle.next(state.publications()).forEach(publication -> addActive(publication, active));
        active.addAll(activeBefore.subList(tail, activeBefore.size()));
        return active;
    }

    /** {@return in which families a publication is in force} */
    static List<ActivePort> active(DesiredState state, Container container, Publication publication) {
        List<ActivePort> active = new ArrayList<>();
        addActive(state, container, publication, active);
        return active;
    }

    /** {@return why a publication is not in force, in words for people; nothing when it is} */
    static String whyWaiting(DesiredState state, Publication publication) {
        Container container = container(state, publication);
        if (container == null) {
            return "there is no container " + publication.container();
        }
        if (container.status() == Container.Status.DETACHED) {
            return "container " + container.name() + " is detached, and runs when its namespace is attached again";
        }
        if (!container.isRunning()) {
            return "container " + container.name() + " does not run";
        }
        if (PublishRules.isDiscarded(container)) {
            return PublishRules.DISCARDED;
        }
        return active(state, container, publication).isEmpty()
                ? "container " + container.name()
                        + " is in no network that leads out with an address of the right family"
                : "";
    }

    private static @Nullable Container container(DesiredState state, Publication publication) {
        if (!publication.isOfFile()) {
            return state.containersById().get(publication.container());
        }
        for (Container container : state.containers()) {
            if (publication.isFor(container)) {
                return container;
            }
        }
        return null;
    }

    private void addActive(Publication publication, List<ActivePort> active) {
        Container container = publication.isOfFile()
                ? byName.get(publication.container())
                : state.containersById().get(publication.container());
        if (container != null) {
            addActive(state, container, publication, active);
        }
    }

    private static void addActive(
            DesiredState state, Container container, Publication publication, List<ActivePort> active) {
        if (!container.isRunning() || !(container.mode() instanceof NetworkMode.Own)) {
            return;
        }
        for (boolean ipv6 : new boolean[] {false, true}) {
            Endpoint endpoint = publication.isOn(ipv6) ? serving(state, container, ipv6) : null;
            IpAddress inside = endpoint == null ? null : address(endpoint, ipv6);
            if (endpoint != null && inside != null) {
                Network network = state.networksById().get(endpoint.networkId());
                active.add(new ActivePort(
                        publication,
                        isAny(publication.address()) ? null : publication.address(),
                        inside,
                        endpoint.port(),
                        network == null ? -1 : network.index(),
                        container.id()));
            }
        }
    }

    /** {@return the endpoint that has the default route of a family, null when there is none} */
    static @Nullable Endpoint serving(DesiredState state, Container container, boolean ipv6) {
        for (Endpoint endpoint : container.endpoints()) {
            Network network = state.networksById().get(endpoint.networkId());
            if (network != null && !network.internal() && address(endpoint, ipv6) != null) {
                return endpoint;
            }
        }
        return null;
    }

    private static @Nullable IpAddress address(Endpoint endpoint, boolean ipv6) {
        return ipv6 ? endpoint.ipv6Address() : endpoint.ipv4Address();
    }

    /** {@return whether it stands for all addresses, of one family or both} */
    static boolean isAny(@Nullable IpAddress address) {
        return switch (address) {
            case null -> true;
            case Ipv4Address four -> four.bits() == 0;
            case Ipv6Address six -> six.hi() == 0 && six.lo() == 0;
        };
    }
}
