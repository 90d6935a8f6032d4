package io.tapswitch.tapio;

/** Takes what arrives while all I/O of a worker ends. */
final class DiscardedEvents implements FrameHandler {
    private final FrameIo io;

    DiscardedEvents(FrameIo io) {
        this.io = io;
    }

    @Override
    public void onFrame(int port, int slot, int offset, int length) {
        io.release(slot);
    }

    @Override
    public void onWritten(int port, int slot, int result) {
        // The slot goes with the pool.
    }

    @Override
    public void onPortGone(int port, int errno) {
        // All ports end here.
    }

    @Override
    public void onPortRemoved(int port) {
        // Its owner asked for the end of all of them.
    }
}
