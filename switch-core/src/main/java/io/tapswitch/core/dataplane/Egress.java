package io.tapswitch.core.dataplane;

import io.tapswitch.core.dataplane.DatapathCounters.Term;
import io.tapswitch.tapio.FrameIo;
import io.tapswitch.tapio.FrameMemory;
import io.tapswitch.tapio.VirtioNetHeader;
import io.tapswitch.tapio.sys.Errno;
import org.agrona.MutableDirectBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Step 7 of the frame's way, and every other end that it can have: written to a port, sent back, dropped, or handed to
 * another worker. Each frame that comes in goes through exactly one of these, which is what keeps frames conserved and
 * slots from being lost. Used by one worker's thread only.
 */
final class Egress {
    final FrameIo io;
    final MutableDirectBuffer buffer;
    final PortTable ports;
    final DatapathCounters counters;
    final Crossings crossings;
    final Tunnels tunnels;
    /** The time of the batch, for captures. */
    long nowNs;

    Egress(FrameIo io, PortTable ports, @Nullable Bridge[] bridges, DatapathCounters counters, Crossings crossings) {
        this.io = io;
        this.buffer = io.buffer();
        this.ports = ports;
        this.counters = counters;
        this.crossings = crossings;
        tunnels = new Tunnels(this, bridges);
    }

    /** Straight to the egress port's file, or into its tunnel; {@link #onWritten} hears how it went. */
    void tx(int port, int slot, int offset, int length) {
        if (ports.isKnown(port)) {
            CaptureTap tap = ports.capture(port);
            if (tap != null) {
                tap.put(CaptureTap.TRANSMITTED, port, nowNs, buffer, offset, length);
            }
            if (ports.isRemote(port)) {
                tunnels.send(port, slot, offset, length);
                return;
            }
            counters.add(Term.TX_QUEUED, 1);
            io.write(port, slot, offset, length);
        } else {
            drop(port, slot, DropReason.TX_GONE.verdict());
        }
    }

    /** To where the frame came from: an answer that lies in its place, or why it was dropped. */
    void sendBack(int port, int slot, int offset, int verdict) {
        countBack(port, verdict);
        tx(port, slot, offset, Verdict.length(verdict));
    }

    /** A frame was answered, or dropped with a message to its sender, and the answer lies where it lay. */
    void countBack(int port, int verdict) {
        if (Verdict.isRefusal(verdict)) {
            counters.drop(port, Verdict.reason(verdict));
        } else {
            counters.add(Term.CONSUMED, 1);
        }
        counters.add(Term.GENERATED, 1);
    }

    /** The frame ends here: written, sent back or dropped. */
    void finish(int verdict, int port, int slot, int offset, int length) {
        if (Verdict.isPort(verdict)) {
            tx(verdict, slot, offset, length);
        } else if (verdict < 0) {
            drop(port, slot, verdict);
        } else {
            sendBack(port, slot, offset, verdict);
        }
    }

    /**
     * Gives a frame to the worker that owns the state it needs. A slot goes back to its owner by the ring it came by,
     * so a frame that was handed over once goes on in a slot of this worker.
     *
     * @param purpose one of {@link Handoff}'s, what is to be done there
     * @param port the ingress port
     * @param network its network
     * @param shape how the packet had been split, 0 if it had not been
     */
    void handOver(int worker, int purpose, int slot, int offset, int length, int port, int network, long shape) {
        int own = slot;
        int at = offset;
        if (!io.owns(slot)) {
            own = io.allocate();
            if (own < 0) {
                drop(port, slot, DropReason.HANDOFF_FULL.verdict());
                return;
            }
            at = FrameMemory.readOffset(own);
            buffer.putBytes(at, buffer, offset, length);
            release(slot);
        }
        if (crossings.handOver(worker, purpose, own, at, length, port, network, shape)) {
            counters.add(Term.HANDED_OVER, 1);
        } else {
            drop(port, own, DropReason.HANDOFF_FULL.verdict());
        }
    }

    /**
     * A queued write was performed or refused; its reference to the slot ends.
     *
     * @param result bytes written, or a negative errno
     */
    void onWritten(int port, int slot, int result) {
        counters.add(Term.TX_DONE, 1);
        if (result >= 0) {
            counters.tx(port, result - VirtioNetHeader.LENGTH);
            release(slot);
        } else {
            drop(port, slot, txFailure(result).verdict());
        }
    }

    private static DropReason txFailure(int result) {
        return switch (-result) {
            case Errno.EIO -> DropReason.TX_LINK_DOWN;
            case Errno.EINVAL -> DropReason.TX_INVALID;
            case Errno.EBADFD, Errno.EBADF -> DropReason.TX_GONE;
            case Errno.EMSGSIZE -> DropReason.TX_TOO_LONG;
            default -> DropReason.TX_ERROR;
        };
    }

    /** The frame ends, counted with a reason. */
    void drop(int port, int slot, int verdict) {
        counters.drop(port, verdict);
        release(slot);
    }

    /** One reference to the slot ends; what became of the frame was counted before. */
    void release(int slot) {
        if (io.owns(slot)) {
            io.release(slot);
        } else {
            crossings.giveBack(slot);
        }
    }
}
