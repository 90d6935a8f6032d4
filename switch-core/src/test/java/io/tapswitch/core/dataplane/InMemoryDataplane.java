package io.tapswitch.core.dataplane;

import io.tapswitch.tapio.IoMode;

/** A dataplane with threads and rings and everything, but in-memory I/O. */
public final class InMemoryDataplane {
    private static final long MEMORY_BYTES = 64L << 20;

    private InMemoryDataplane() {}

    /** {@return one that runs} */
    public static Dataplane start(int workers) {
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
        Dataplane.Config config = new Dataplane.Config(workers, IoMode.POLL, MEMORY_BYTES);
        return WorkerDataplane.start(config, IoMode.POLL, ParkedFrameIo::new, listener);
    }
}
