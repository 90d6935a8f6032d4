package io.tapswitch.core.control;

import io.tapswitch.core.model.Publication;
import java.util.HashMap;
import java.util.Map;

/** Holds ports by what the kernel gives for it: sockets that nobody reads. */
final class SocketKeeper implements PortKeeper {
    private final OutsideKernel kernel;
    private final Map<Integer, OutsideKernel.Held> held = new HashMap<>();

    SocketKeeper(OutsideKernel kernel) {
        this.kernel = kernel;
    }

    @Override
    public void ready() {
        // There is a way out.
    }

    @Override
    public void reserve(Publication publication) {
        held.put(
                publication.id(),
                kernel.hold(
                        publication.address(),
                        publication.protocol(),
                        publication.firstHostPort(),
                        publication.lastHostPort()));
    }

    @Override
    public void release(Publication publication) {
        OutsideKernel.Held sockets = held.remove(publication.id());
        if (sockets != null) {
            sockets.close();
        }
    }
}
