package io.tapswitch.core.dataplane;

import io.tapswitch.tapio.VirtioNetHeader;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;
import org.agrona.concurrent.ringbuffer.OneToOneRingBuffer;
import org.agrona.concurrent.ringbuffer.RingBufferDescriptor;

/**
 * Where one worker puts copies of captured frames, for a thread that takes them out: a ring of bytes with one writer
 * and one reader. When it is full a frame is not captured, and counted; the frame itself does not notice.
 *
 * <pre>
 *   0 long time (System.nanoTime)   8 int port   12 int length of the frame   16 the frame's first bytes
 * </pre>
 *
 * Whether the frame was read from the port or is written to it is the message's type.
 */
final class CaptureTap {
    static final int RECEIVED = 1;
    static final int TRANSMITTED = 2;
    static final int PORT = 8;
    static final int FRAME_LENGTH = 12;
    static final int FRAME = 16;

    private static final int CAPACITY = 1 << 22;

    /** What the reader reads. */
    final OneToOneRingBuffer ring = new OneToOneRingBuffer(
            new UnsafeBuffer(ByteBuffer.allocateDirect(CAPACITY + RingBufferDescriptor.TRAILER_LENGTH)));

    private final int snapLength;
    private final AtomicLong lost = new AtomicLong();
    private final AtomicInteger portsGone = new AtomicInteger();

    CaptureTap(int snapLength) {
        this.snapLength = Math.min(snapLength, ring.maxMsgLength() - FRAME);
    }

    /** Copies a frame. The worker's thread. */
    void put(int type, int port, long nowNs, DirectBuffer buffer, int offset, int length) {
        int frameLength = length - VirtioNetHeader.LENGTH;
        int copied = Math.max(0, Math.min(frameLength, snapLength));
        int index = ring.tryClaim(type, FRAME + copied);
        if (index < 0) {
            lost.lazySet(lost.getPlain() + 1);
            return;
        }
        ring.buffer().putLong(index, nowNs);
        ring.buffer().putInt(index + PORT, port);
        ring.buffer().putInt(index + FRAME_LENGTH, frameLength);
        ring.buffer().putBytes(index + FRAME, buffer, offset + VirtioNetHeader.LENGTH, copied);
        ring.commit(index);
    }

    /** One of the ports is gone. The worker's thread. */
    void portGone() {
        portsGone.lazySet(portsGone.getPlain() + 1);
    }

    /** {@return how many of the ports are gone. Any thread} */
    int portsGone() {
        return portsGone.get();
    }

    /** {@return frames that found no room. Any thread} */
    long lost() {
        return lost.get();
    }
}
