package io.tapswitch.core.model;

import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.IpPrefix;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A container's ports that are shown at the host: one, or a range of them, which is one entry whatever its size.
 *
 * <p>A command publishes a port of a container that there is, so it names it by id, and the publication goes with it.
 * The file names a container by name, which need not be there yet.
 *
 * @param id the rule's number in flows and counters; never used again for another
 * @param container id of the container when a command published it, its name when a file did
 * @param asked what a person asked for
 * @param firstHostPort the host's first port, chosen when the person left it open
 * @param allow whose packets may come; empty means everyone's
 * @param origin who published it: a command or a file
 */
public record Publication(
        int id, String container, PortSpec asked, int firstHostPort, List<IpPrefix> allow, Origin origin) {
    /** Copies the list. */
    public Publication {
        allow = List.copyOf(allow);
    }

    /** {@return whether a file declares it} */
    public boolean isOfFile() {
        return origin instanceof Origin.File;
    }

    /** {@return whether it is for that container} */
    public boolean isFor(Container other) {
        return container.equals(isOfFile() ? other.name() : other.id());
    }

    /** {@return the protocol} */
    public PortProtocol protocol() {
        return asked.protocol();
    }

    /** {@return the host's address, null for all of them, of both families} */
    public @Nullable IpAddress address() {
        return asked.address();
    }

    /** {@return the host's last port} */
    public int lastHostPort() {
        return firstHostPort + asked.count() - 1;
    }

    /** {@return the container's first port} */
    public int firstContainerPort() {
        return asked.firstContainerPort();
    }

    /** {@return the container's last port} */
    public int lastContainerPort() {
        return asked.lastContainerPort();
    }

    /** {@return whether it is on addresses of a family} */
    public boolean isOn(boolean ipv6) {
        IpAddress address = address();
        return address == null || address.isIpv6() == ipv6;
    }

    /** {@return it at another port of the host} */
    public Publication at(int hostPort) {
        return new Publication(id, container, asked, hostPort, allow, origin);
    }

    /** {@return it, wanted by somebody else} */
    public Publication by(Origin newOrigin, String newContainer) {
        return new Publication(id, newContainer, asked, firstHostPort, allow, newOrigin);
    }
}
