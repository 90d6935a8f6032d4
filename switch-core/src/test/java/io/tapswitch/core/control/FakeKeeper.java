package io.tapswitch.core.control;

import io.tapswitch.core.model.PortSpec;
import io.tapswitch.core.model.Publication;
import io.tapswitch.core.model.Refusal;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** A kernel that only remembers who has which port; a process of the host has some. */
final class FakeKeeper implements PortKeeper {
    /** Ports that a process of the host has. */
    final Set<Integer> busy = new HashSet<>();

    /** What is reserved, by rule. */
    final Map<Integer, Publication> reserved = new TreeMap<>();

    /** What was asked of the kernel. */
    final List<String> calls = new ArrayList<>();

    /** What every request gets instead of ports, null for ports. */
    @Nullable
    Refusal refused;

    /** Whether the daemon has an uplink. */
    boolean hasUplink = true;

    @Override
    public void ready() {
        if (!hasUplink) {
            PortKeeper.NONE.ready();
        }
    }

    @Override
    public void reserve(Publication publication) {
        ready();
        String ports = PortSpec.words(publication.firstHostPort(), publication.lastHostPort());
        calls.add("reserve " + ports);
        if (refused != null) {
            throw refused;
        }
        for (int port = publication.firstHostPort(); port <= publication.lastHostPort(); port++) {
            if (busy.contains(port) || isReserved(publication, port)) {
                throw Refusal.conflict(BUSY, "listen 0.0.0.0:" + port + ": bind: address already in use");
            }
        }
        if (reserved.put(publication.id(), publication) != null) {
            throw new IllegalStateException("reserved twice: " + publication);
        }
    }

    /** As for sockets of one protocol and address family; tests with other addresses use other ports. */
    private boolean isReserved(Publication publication, int port) {
        return reserved.values().stream()
                .anyMatch(other -> other.protocol() == publication.protocol()
                        && java.util.Objects.equals(other.address(), publication.address())
                        && other.firstHostPort() <= port
                        && port <= other.lastHostPort());
    }

    @Override
    public void release(Publication publication) {
        calls.add("release " + PortSpec.words(publication.firstHostPort(), publication.lastHostPort()));
        if (!publication.equals(reserved.remove(publication.id()))) {
            throw new IllegalStateException("not reserved: " + publication);
        }
    }
}
