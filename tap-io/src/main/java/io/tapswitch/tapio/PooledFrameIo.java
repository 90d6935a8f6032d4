package io.tapswitch.tapio;

import io.tapswitch.tapio.sys.Errno;
import io.tapswitch.tapio.sys.Syscalls;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.agrona.MutableDirectBuffer;

/** What the I/O paths share: the slots, the wake-up, the counters. */
abstract class PooledFrameIo implements FrameIo {
    /** Slots that a port may have whatever the others do. */
    static final int FEWEST_SLOTS = 2;
    /** Slots that a port may have at most, waiting for frames or in use. */
    static final int MOST_SLOTS = 256;

    private static final MemorySegment ONE = Arena.global().allocateFrom(ValueLayout.JAVA_LONG, 1L);
    private static final int EFD_CLOEXEC = 0x80000;
    private static final int EFD_NONBLOCK = 0x800;

    /** The frames' memory, native. */
    protected final FrameMemory memory;
    /** This worker's slots. */
    protected final FramePool pool;
    /** This worker's counters. */
    protected final IoCounters counters = new IoCounters();
    /** An eventfd; -1 once closed. Guarded by wakeLock against a wake-up that comes while it is closed. */
    protected int wakeFd;

    private final Object wakeLock = new Object();
    private final MemorySegment wakeCount = Arena.ofAuto().allocate(Long.BYTES, Long.BYTES);

    PooledFrameIo(FrameMemory memory, int firstSlot, int slots) {
        if (memory.buffer().byteArray() != null) {
            throw new IllegalArgumentException("the kernel cannot read frames into heap memory");
        }
        if (firstSlot < 0 || slots < 1 || firstSlot + slots > memory.slots()) {
            throw new IllegalArgumentException("slots " + firstSlot + " to " + (firstSlot + slots)
                    + " are not all in a memory of " + memory.slots());
        }
        this.memory = memory;
        this.pool = new FramePool(firstSlot, slots);
        this.wakeFd = Syscalls.eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (wakeFd < 0) {
            throw new IllegalStateException("cannot make an eventfd: " + Errno.describe(wakeFd));
        }
    }

    /** The last reference to a slot went. */
    abstract void home(int slot);

    /** {@return whether the budget allows the port one more slot: see {@link FramePool}} */
    final boolean mayTake(IoPort port) {
        return port.slots < FEWEST_SLOTS || (port.slots < MOST_SLOTS && !pool.scarce());
    }

    @Override
    public final void wake() {
        synchronized (wakeLock) {
            if (wakeFd >= 0) {
                Syscalls.write(wakeFd, ONE.address(), Long.BYTES);
            }
        }
    }

    /** {@return where the eventfd's count is read to} */
    final long wakeCountAddress() {
        return wakeCount.address();
    }

    /** Empties the eventfd. */
    final void takeWakeUps() {
        counters.increment(IoCounters.Counter.OTHER_SYSCALLS);
        Syscalls.read(wakeFd, wakeCount.address(), Long.BYTES);
    }

    final void closeWakeFd() {
        synchronized (wakeLock) {
            if (wakeFd >= 0) {
                Syscalls.close(wakeFd);
                wakeFd = -1;
            }
        }
    }

    @Override
    public final int allocate() {
        return pool.allocate();
    }

    @Override
    public final void retain(int slot, int references) {
        if (pool.owns(slot)) {
            pool.retain(slot, references);
        }
    }

    @Override
    public final void release(int slot) {
        if (pool.owns(slot) && pool.release(slot)) {
            home(slot);
        }
    }

    @Override
    public final boolean owns(int slot) {
        return pool.owns(slot);
    }

    @Override
    public final MutableDirectBuffer buffer() {
        return memory.buffer();
    }

    @Override
    public final int slotsInUse() {
        return pool.inUse();
    }

    @Override
    public final IoCounters counters() {
        return counters;
    }
}
