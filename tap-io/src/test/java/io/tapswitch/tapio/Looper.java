package io.tapswitch.tapio;

import java.nio.ByteOrder;

/** Writes each frame to the other of two ports; allocates nothing. With a bridge between them frames run in circles. */
final class Looper implements FrameHandler {
    private static final int ETHER_TYPE_OFFSET = VirtioNetHeader.LENGTH + 12;

    final FrameIo io;
    final int portA;
    final int portB;
    long frames;
    long failedWrites;
    boolean stopping;

    Looper(FrameIo io, int portA, int portB) {
        this.io = io;
        this.portA = portA;
        this.portB = portB;
    }

    @Override
    public void onFrame(int port, int slot, int offset, int length) {
        int etherType = io.buffer().getShort(offset + ETHER_TYPE_OFFSET, ByteOrder.BIG_ENDIAN) & 0xffff;
        if (etherType != PacketSocket.ETHER_TYPE) {
            // The kernel's own, which would run in circles too.
            io.release(slot);
            return;
        }
        frames++;
        if (stopping) {
            io.release(slot);
        } else {
            io.write(port == portA ? portB : portA, slot, offset, length);
        }
    }

    @Override
    public void onWritten(int port, int slot, int result) {
        if (result < 0) {
            failedWrites++;
        }
        io.release(slot);
    }

    @Override
    public void onPortGone(int port, int errno) {
        stopping = true;
    }

    @Override
    public void onPortRemoved(int port) {
        stopping = true;
    }

    /** Polls until this many more frames came by. */
    void run(long more) {
        long end = frames + more;
        while (frames < end && !stopping) {
            io.poll(this, 100_000_000L);
        }
    }
}
