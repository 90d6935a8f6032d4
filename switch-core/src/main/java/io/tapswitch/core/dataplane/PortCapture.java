package io.tapswitch.core.dataplane;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.agrona.MutableDirectBuffer;
import org.agrona.concurrent.MessageHandler;

/**
 * A capture as the control plane sees it: a tap at each worker, and a thread that empties them. The thread looks every
 * millisecond, and more often while there is something; it is there only as long as the capture.
 */
final class PortCapture implements FrameCapture {
    private static final long PAUSE_NS = TimeUnit.MILLISECONDS.toNanos(1);
    private static final int FRAMES_PER_TURN = 256;

    private final Set<Integer> ports;
    private final Rollout.Teller teller;
    private final List<CaptureTap> taps = new ArrayList<>();
    private final Thread reader;
    private final long clockOffsetNs;
    private volatile boolean ended;

    private PortCapture(int workers, Rollout.Teller teller, Set<Integer> ports, int snapLength, CaptureSink sink) {
        this.ports = Set.copyOf(ports);
        this.teller = teller;
        Instant now = Instant.now();
        clockOffsetNs = TimeUnit.SECONDS.toNanos(now.getEpochSecond()) + now.getNano() - System.nanoTime();
        for (int i = 0; i < workers; i++) {
            taps.add(new CaptureTap(snapLength));
        }
        MessageHandler handler = (type, buffer, index, length) -> deliver(sink, type, buffer, index, length);
        reader = Thread.ofVirtual().name("capture").unstarted(() -> read(handler, sink));
    }

    /** Begins one; it is in force at all workers when this returns. */
    static PortCapture start(int workers, Rollout.Teller teller, Set<Integer> ports, int snapLength, CaptureSink sink) {
        PortCapture capture = new PortCapture(workers, teller, ports, snapLength, sink);
        capture.reader.start();
        List<CompletableFuture<Void>> told = new ArrayList<>();
        for (int i = 0; i < workers; i++) {
            CaptureTap tap = capture.taps.get(i);
            told.add(teller.tell(i, worker -> worker.onCapture(capture.ports, tap)));
        }
        try {
            CompletableFuture.allOf(told.toArray(CompletableFuture[]::new)).join();
        } catch (CompletionException e) {
            capture.ended = true;
            throw e;
        }
        return capture;
    }

    private void deliver(CaptureSink sink, int type, MutableDirectBuffer buffer, int index, int length) {
        sink.onFrame(
                buffer.getLong(index) + clockOffsetNs,
                buffer.getInt(index + CaptureTap.PORT),
                type == CaptureTap.TRANSMITTED,
                buffer.getInt(index + CaptureTap.FRAME_LENGTH),
                buffer,
                index + CaptureTap.FRAME,
                length - CaptureTap.FRAME);
    }

    private void read(MessageHandler handler, CaptureSink sink) {
        boolean last = false;
        boolean told = false;
        while (!last) {
            // Asked before the last look, so that what was put before the end is still delivered.
            last = ended;
            boolean gone = taps.stream().allMatch(tap -> tap.portsGone() == ports.size());
            int frames;
            do {
                frames = 0;
                for (CaptureTap tap : taps) {
                    frames += tap.ring.read(handler, FRAMES_PER_TURN);
                }
            } while (frames > 0);
            if (gone && !told) {
                told = true;
                sink.onPortsGone();
            }
            if (!last) {
                LockSupport.parkNanos(PAUSE_NS);
            }
        }
    }

    @Override
    public long lost() {
        return taps.stream().mapToLong(CaptureTap::lost).sum();
    }

    @Override
    public void close() {
        List<CompletableFuture<Void>> told = new ArrayList<>();
        for (int i = 0; i < taps.size(); i++) {
            CaptureTap tap = taps.get(i);
            told.add(teller.tell(i, worker -> worker.onCaptureEnd(ports, tap)));
        }
        CompletableFuture.allOf(told.toArray(CompletableFuture[]::new)).join();
        ended = true;
        try {
            reader.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
