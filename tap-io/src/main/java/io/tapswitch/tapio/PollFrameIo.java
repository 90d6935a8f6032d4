package io.tapswitch.tapio;

import io.tapswitch.tapio.sys.Errno;
import io.tapswitch.tapio.sys.Mapping;
import io.tapswitch.tapio.sys.NativeMemory;
import io.tapswitch.tapio.sys.Syscalls;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Frames by ppoll, read and write, for kernels and sandboxes without io_uring.
 *
 * <p><b>Theory of operation.</b> One array of struct pollfd: the eventfd first, then the files that are read. A round
 * polls them, and reads each readable file until it is empty, but at most {@value #FRAMES_PER_ROUND} frames, so that
 * no port keeps the others waiting; each round begins with another port. A write is carried out where it is queued,
 * because a TAP takes or refuses a frame at once; its result is kept and told in the same round or at the beginning
 * of the next.
 *
 * <p><b>Slots</b> come from the pool for each frame and go back to it. While the pool is empty, or a port holds
 * all slots that it may have, files are left out of the poll, for they would end each wait at once. A sick port rests
 * ({@link IoPort}) in the same way.
 *
 * <p>Removing a port needs no waiting: nothing is ever in flight. One thread; only {@link #wake} is for others.
 * Source of structures and numbers: asm-generic/poll.h, asm-generic/fcntl.h.
 */
final class PollFrameIo extends PooledFrameIo {
    private static final int FRAMES_PER_ROUND = 64;
    private static final int POLLFD_LENGTH = 8;
    private static final int POLLFDS_LENGTH = (MAX_PORTS + 1) * POLLFD_LENGTH;
    private static final int EVENTS = 4;
    private static final int RETURNED_EVENTS = 6;
    private static final short POLLIN = 1;
    private static final int F_GETFL = 3;
    private static final int F_SETFL = 4;
    private static final int O_NONBLOCK = 0x800;
    private static final long NS_PER_SECOND = 1_000_000_000L;

    private final @Nullable IoPort[] ports = new IoPort[MAX_PORTS];
    private final WriteResults written = new WriteResults();
    private final long pollfds = Mapping.anonymous(POLLFDS_LENGTH);
    private final MemorySegment timespecSegment = Arena.ofAuto().allocate(16, Long.BYTES);
    private final long timespec = timespecSegment.address();
    private IoPort[] readers = new IoPort[0];
    private IoPort[] removing = new IoPort[0];
    private int firstReader;

    PollFrameIo(FrameMemory memory, int firstSlot, int slots) {
        super(memory, firstSlot, slots);
        NativeMemory.putInt(pollfds, wakeFd);
        NativeMemory.putShort(pollfds + EVENTS, POLLIN);
    }

    @Override
    public IoMode mode() {
        return IoMode.POLL;
    }

    @Override
    public void addPort(int port, int fd, boolean reads) {
        if (ports[port] != null) {
            throw new IllegalStateException("port " + port + " is in use");
        }
        int flags = Syscalls.fcntl(fd, F_GETFL, 0);
        int result = flags < 0 ? flags : Syscalls.fcntl(fd, F_SETFL, flags | O_NONBLOCK);
        if (result < 0) {
            throw new IllegalStateException("cannot use the file of port " + port + ": " + Errno.describe(result));
        }
        IoPort added = new IoPort(port, fd, reads);
        added.socket = SocketMessages.of(fd, memory);
        ports[port] = added;
        if (reads) {
            readers = Arrays.copyOf(readers, readers.length + 1);
            readers[readers.length - 1] = added;
        }
    }

    @Override
    public void removePort(int port) {
        IoPort p = ports[port];
        if (p == null) {
            throw new IllegalStateException("port " + port + " is not known");
        }
        if (p.state != IoPort.REMOVING) {
            p.state = IoPort.REMOVING;
            removing = Arrays.copyOf(removing, removing.length + 1);
            removing[removing.length - 1] = p;
        }
    }

    @Override
    public void write(int port, int slot, int offset, int length) {
        IoPort p = ports[port];
        int result = -Errno.EBADFD;
        if (p != null && p.state != IoPort.REMOVING) {
            counters.increment(IoCounters.Counter.OTHER_SYSCALLS);
            result = p.socket != null
                    ? send(p.fd, p.socket, slot, offset, length)
                    : (int) Syscalls.write(p.fd, memory.buffer().addressOffset() + offset, length);
        }
        written.add(port, slot, result);
    }

    private static int send(int fd, SocketMessages socket, int slot, int offset, int length) {
        int message = socket.prepare(slot, offset, length);
        return message < 0
                ? message
                : socket.sent(message, Syscalls.sendmsg(fd, socket.address(message), SocketMessages.SEND_FLAGS));
    }

    @Override
    public int poll(FrameHandler handler, long timeoutNs) {
        int events = written.report(handler) + finishRemovals(handler);
        if (events > 0) {
            return events;
        }
        int ready = waitForFrames(timeoutNs);
        if (ready < 0) {
            counters.increment(IoCounters.Counter.RETRIES);
            return 0;
        }
        if (ready > 0 && NativeMemory.getShort(pollfds + RETURNED_EVENTS) != 0) {
            takeWakeUps();
            events++;
        }
        IoPort[] polled = readers;
        if (ready > 0) {
            firstReader = firstReader + 1 < polled.length ? firstReader + 1 : 0;
        }
        for (int i = 0; i < polled.length && ready > 0; i++) {
            int index = firstReader + i < polled.length ? firstReader + i : firstReader + i - polled.length;
            int returned = NativeMemory.getShort(pollfd(index) + RETURNED_EVENTS);
            if (returned != 0) {
                events += readFrames(handler, polled[index], (returned & POLLIN) != 0);
            }
        }
        return events + written.report(handler) + finishRemovals(handler);
    }

    private int waitForFrames(long timeoutNs) {
        long longestNs = timeoutNs;
        boolean slotsLeft = pool.available() > 0;
        for (int i = 0; i < readers.length; i++) {
            IoPort p = readers[i];
            boolean resting = p.resting();
            boolean wanted = p.state == IoPort.ACTIVE && !resting && slotsLeft && mayTake(p);
            NativeMemory.putInt(pollfd(i), wanted ? p.fd : -1);
            NativeMemory.putInt(pollfd(i) + EVENTS, POLLIN);
            if (resting) {
                longestNs = Math.min(longestNs, IoPort.REST_NS);
            }
        }
        if (!slotsLeft) {
            counters.increment(IoCounters.Counter.NO_BUFFERS);
        }
        NativeMemory.putLong(timespec, longestNs / NS_PER_SECOND);
        NativeMemory.putLong(timespec + Long.BYTES, longestNs % NS_PER_SECOND);
        counters.increment(IoCounters.Counter.WAITS);
        return Syscalls.ppoll(pollfds, readers.length + 1, timespec);
    }

    private int readFrames(FrameHandler handler, IoPort p, boolean readable) {
        int frames = 0;
        while (frames < FRAMES_PER_ROUND && p.state == IoPort.ACTIVE && mayTake(p)) {
            int slot = pool.take(p.id);
            if (slot == FramePool.NONE) {
                break;
            }
            counters.increment(IoCounters.Counter.OTHER_SYSCALLS);
            int result = read(p, slot);
            if (result < 0 || (result == 0 && p.socket == null)) {
                pool.free(slot);
                if (result != -Errno.EAGAIN || !readable) {
                    onReadFailed(handler, p, -result);
                }
                break;
            }
            p.slots++;
            p.onReadSucceeded();
            pool.filled(slot);
            frames++;
            SocketMessages socket = p.socket;
            if (socket == null) {
                handler.onFrame(p.id, slot, FrameMemory.readOffset(slot), result);
            } else {
                socket.received(slot, result);
                handler.onFrame(p.id, slot, socket.offset(), socket.length());
            }
        }
        return frames;
    }

    private int read(IoPort p, int slot) {
        return p.socket != null
                ? Syscalls.recvmsg(p.fd, p.socket.readAddress(slot), SocketMessages.RECEIVE_FLAGS)
                : (int) Syscalls.read(p.fd, memory.readAddress(slot), FrameMemory.READ_LENGTH);
    }

    private void onReadFailed(FrameHandler handler, IoPort p, int errno) {
        counters.increment(IoCounters.Counter.READ_ERRORS);
        if (p.onReadFailed(errno)) {
            p.state = IoPort.GONE;
            handler.onPortGone(p.id, errno);
        }
    }

    private int finishRemovals(FrameHandler handler) {
        IoPort[] removed = removing;
        if (removed.length == 0) {
            return 0;
        }
        removing = new IoPort[0];
        for (IoPort p : removed) {
            pool.disown(p.id, memory);
            if (p.socket != null) {
                p.socket.close();
            }
            ports[p.id] = null;
            readers = without(readers, p);
            handler.onPortRemoved(p.id);
        }
        return removed.length;
    }

    private static IoPort[] without(IoPort[] all, IoPort one) {
        int kept = 0;
        IoPort[] others = new IoPort[all.length];
        for (IoPort p : all) {
            if (p != one) {
                others[kept++] = p;
            }
        }
        return Arrays.copyOf(others, kept);
    }

    private long pollfd(int reader) {
        return pollfds + (long) (reader + 1) * POLLFD_LENGTH;
    }

    @Override
    void home(int slot) {
        int owner = pool.owner(slot);
        IoPort port = owner == FramePool.NONE ? null : ports[owner];
        if (port != null) {
            port.slots--;
        }
        pool.free(slot);
    }

    @Override
    public void close() {
        if (wakeFd >= 0) {
            closeWakeFd();
            Mapping.unmap(pollfds, POLLFDS_LENGTH);
        }
    }
}
