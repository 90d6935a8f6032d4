package io.tapswitch.core.control;

import io.tapswitch.core.model.Container;
import io.tapswitch.core.model.PortSpec;
import io.tapswitch.core.model.Publication;
import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.Ipv4Address;
import io.tapswitch.wire.Ipv6Address;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A container's publications by what people call them: what was asked for, or how it is shown, with its port and with
 * 0.0.0.0 or [::] for all addresses. Each is found once: who asks takes it away. Made for one request, so that
 * thousands of ports cost one walk over the publications.
 */
final class NamedPorts {
    private final Map<PortSpec, List<Publication>> byName = new HashMap<>();
    private final Set<Integer> taken = new HashSet<>();
    private final List<Publication> own = new ArrayList<>();

    NamedPorts(List<Publication> all, Container container) {
        for (Publication publication : all) {
            if (publication.isFor(container)) {
                own.add(publication);
                names(publication)
                        .forEach(name -> byName.computeIfAbsent(name, any -> new ArrayList<>())
                                .add(publication));
            }
        }
    }

    private static Set<PortSpec> names(Publication publication) {
        PortSpec asked = publication.asked();
        Set<PortSpec> names = new HashSet<>();
        names.add(asked);
        names.add(shown(publication, asked.address()));
        if (asked.address() == null) {
            names.add(shown(publication, new Ipv4Address(0)));
            names.add(shown(publication, new Ipv6Address(0, 0)));
        }
        return names;
    }

    private static PortSpec shown(Publication publication, @Nullable IpAddress address) {
        return new PortSpec(
                address,
                publication.firstHostPort(),
                publication.lastHostPort(),
                publication.firstContainerPort(),
                publication.lastContainerPort(),
                publication.protocol());
    }

    /**
     * {@return a publication of that name that was not taken yet, null when there is none} What a command made comes
     * before what a file declares, and the newest before the others.
     */
    @Nullable
    Publication take(PortSpec name) {
        List<Publication> those = byName.getOrDefault(name, List.of());
        // Most are taken from the end, where the next ones would pass over them again.
        while (!those.isEmpty() && isTaken(those.getLast())) {
            those.removeLast();
        }
        Publication found = null;
        for (int i = those.size() - 1; i >= 0 && (found == null || found.isOfFile()); i--) {
            Publication publication = those.get(i);
            if (!isTaken(publication) && (found == null || !publication.isOfFile())) {
                found = publication;
            }
        }
        if (found != null) {
            taken.add(found.id());
        }
        return found;
    }

    /** {@return the only publication with the ports of a name, on whichever address; null for none and for several} */
    @Nullable
    Publication takeOfAnyAddress(PortSpec name) {
        Publication found = null;
        for (Publication publication : own) {
            boolean isMeant = publication.asked().at(null).equals(name)
                    || shown(publication, null).equals(name);
            if (isMeant && !isTaken(publication)) {
                if (found != null) {
                    return null;
                }
                found = publication;
            }
        }
        if (found != null) {
            taken.add(found.id());
        }
        return found;
    }

    /** {@return whether somebody took it} */
    boolean isTaken(Publication publication) {
        return taken.contains(publication.id());
    }

    /** {@return the container's publications that nobody took} */
    List<Publication> left() {
        return own.stream().filter(publication -> !isTaken(publication)).toList();
    }
}
