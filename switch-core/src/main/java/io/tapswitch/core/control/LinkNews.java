package io.tapswitch.core.control;

import io.tapswitch.core.model.Endpoint;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * Takes the news of links off the monitor's thread, which must not wait: one thread, so that a link that goes down and
 * up again ends up.
 */
final class LinkNews implements AutoCloseable {
    private final ExecutorService thread =
            Executors.newSingleThreadExecutor(Thread.ofVirtual().factory());

    /** {@return who hears of an endpoint's interface} */
    Plumbing.LinkListener of(Endpoint endpoint, Departures departures) {
        return new Plumbing.LinkListener() {
            @Override
            public void onLinkState(boolean up) {
                thread.execute(() -> departures.linkState(endpoint, up));
            }

            @Override
            public void onRenamed(String name) {
                thread.execute(() -> departures.renamed(endpoint.id(), name));
            }

            @Override
            public void onGone() {
                thread.execute(() -> departures.endpointGone(endpoint.id()));
            }
        };
    }

    /** {@return who hears of the host's interface} */
    Plumbing.LinkListener ofHost(Runnable gone) {
        return new Plumbing.LinkListener() {
            @Override
            public void onLinkState(boolean up) {
                // The host's own business: frames to a link that is down are counted where they are dropped.
            }

            @Override
            public void onRenamed(String name) {
                // Addresses and routes follow the device, whatever its name.
            }

            @Override
            public void onGone() {
                thread.execute(gone);
            }
        };
    }

    @Override
    public void close() {
        thread.shutdownNow();
    }
}
