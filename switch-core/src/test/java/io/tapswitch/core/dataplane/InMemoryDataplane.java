package io.tapswitch.core.dataplane;

import io.tapswitch.tapio.IoMode;
import org.jspecify.annotations.Nullable;

/** A dataplane with threads and rings and everything, but in-memory I/O. */
public final class InMemoryDataplane {
    private static final long MEMORY_BYTES = 64L << 20;

    private InMemoryDataplane() {}

    /** {@return one that runs} */
    public static Dataplane start(int workers) {
        return start(workers, null);
    }

    /** {@return one that runs, with NAT or without} */
    static Dataplane start(int workers, @Nullable NatResources nat) {
        DataplaneListener listener = new DataplaneListener() {
            @Override
            public void onPortGone(int port, int errno) {
                throw new IllegalStateException("port " + port + " is gone");
            }

            @Override
            public void onAddressFlapping(int network, long mac, int port) {
                throw new IllegalStateException("flapping");
            }

            @Override
            public void onFault(int worker, RuntimeException fault) {
                throw fault;
            }
        };
        Dataplane.Config config = new Dataplane.Config(workers, IoMode.POLL, MEMORY_BYTES, 0, nat);
        return WorkerDataplane.start(config, IoMode.POLL, ParkedFrameIo::new, listener);
    }
}
