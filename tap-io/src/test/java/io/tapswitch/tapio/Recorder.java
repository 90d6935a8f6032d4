package io.tapswitch.tapio;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.agrona.collections.IntArrayList;

/** Remembers what a FrameIo tells; releases what it is given, unless told to hold it. */
final class Recorder implements FrameHandler {
    /** Frames without virtio_net_hdr, and the ports they came from. */
    final List<byte[]> frames = new ArrayList<>();

    final IntArrayList ports = new IntArrayList();
    final IntArrayList held = new IntArrayList();
    final List<String> gone = new ArrayList<>();
    final IntArrayList removed = new IntArrayList();
    final IntArrayList results = new IntArrayList();
    boolean holds;
    private final FrameIo io;

    Recorder(FrameIo io) {
        this.io = io;
    }

    /** Polls until something is true, for 5 seconds at most. */
    boolean pollUntil(BooleanSupplier done) {
        long begin = System.nanoTime();
        while (!done.getAsBoolean()) {
            if (System.nanoTime() - begin > 5_000_000_000L) {
                return false;
            }
            io.poll(this, 20_000_000L);
        }
        return true;
    }

    /** Releases what was held. */
    void releaseHeld() {
        for (int i = 0; i < held.size(); i++) {
            io.release(held.getInt(i));
        }
        held.clear();
    }

    @Override
    public void onFrame(int port, int slot, int offset, int length) {
        byte[] bytes = new byte[length - VirtioNetHeader.LENGTH];
        io.buffer().getBytes(offset + VirtioNetHeader.LENGTH, bytes);
        frames.add(bytes);
        ports.addInt(port);
        if (holds) {
            held.addInt(slot);
        } else {
            io.release(slot);
        }
    }

    @Override
    public void onWritten(int port, int slot, int result) {
        results.addInt(result);
        io.release(slot);
    }

    @Override
    public void onPortGone(int port, int errno) {
        gone.add(port + ":" + errno);
    }

    @Override
    public void onPortRemoved(int port) {
        removed.addInt(port);
    }
}
