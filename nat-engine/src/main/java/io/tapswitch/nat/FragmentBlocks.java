package io.tapswitch.nat;

import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;
import org.agrona.concurrent.AtomicBuffer;

/**
 * The bytes of held fragments: blocks of {@link #BLOCK_LENGTH} in memory that the caller gave, so nothing is allocated
 * for a fragment.
 *
 * <p><b>Theory of operation.</b> A fragment takes as many blocks as its bytes need, one for an Ethernet MTU, chained.
 * What is known of it stands apart, so that a walk over a datagram's fragments touches one half cache line for each:
 *
 * <pre>
 *   note of block i, 32 bytes:  0 next block   4 bytes before the payload   8 start   12 end   16 next fragment
 *   block i, 2 048 bytes:       bytes of the packet
 * </pre>
 *
 * The first block's note speaks for the fragment. Free blocks are a stack; those that were never used are behind
 * {@code untouched}, so memory that is not needed is never touched. A block is charged whole, like the kernel's
 * truesize: a flood of tiny fragments must not get more memory than the limit says.
 */
final class FragmentBlocks {
    /** Bytes of a block. */
    static final int BLOCK_LENGTH = 2048;
    /** No block. */
    static final int NONE = -1;

    private static final int NOTE_LENGTH = 32;
    private static final int NEXT_BLOCK = 0;
    private static final int SKIP = 4;
    private static final int START = 8;
    private static final int END = 12;
    private static final int NEXT_FRAGMENT = 16;

    private final AtomicBuffer memory;
    private final int notes;
    private final int data;
    private final int count;
    private int freed = NONE;
    private int untouched;
    private int free;

    FragmentBlocks(AtomicBuffer memory, int offset, int count) {
        this.memory = memory;
        this.count = count;
        notes = offset;
        data = offset + count * NOTE_LENGTH;
        free = count;
    }

    /** {@return bytes that so many blocks take} */
    static long bytes(int count) {
        return (long) count * (NOTE_LENGTH + BLOCK_LENGTH);
    }

    /** {@return blocks that so many bytes need} */
    static int blocksFor(int length) {
        return (length + BLOCK_LENGTH - 1) / BLOCK_LENGTH;
    }

    /** {@return how many are free} */
    int free() {
        return free;
    }

    /** {@return how many there are} */
    int count() {
        return count;
    }

    /**
     * {@return the first block of a fragment whose {@code length} bytes, 1 or more, are copied; so many blocks must be
     * free}
     */
    int store(DirectBuffer b, int offset, int length, int skip, int start, int end) {
        int first = take();
        int block = first;
        int done = Math.min(length, BLOCK_LENGTH);
        memory.putBytes(at(block), b, offset, done);
        while (done < length) {
            int next = take();
            memory.putInt(note(block) + NEXT_BLOCK, next);
            block = next;
            int part = Math.min(length - done, BLOCK_LENGTH);
            memory.putBytes(at(block), b, offset + done, part);
            done += part;
        }
        memory.putInt(note(first) + SKIP, skip);
        memory.putInt(note(first) + START, start);
        memory.putInt(note(first) + END, end);
        memory.putInt(note(first) + NEXT_FRAGMENT, NONE);
        return first;
    }

    private int take() {
        int block = freed;
        if (block != NONE) {
            freed = memory.getInt(note(block) + NEXT_BLOCK);
        } else {
            block = untouched++;
        }
        free--;
        memory.putInt(note(block) + NEXT_BLOCK, NONE);
        return block;
    }

    /** Frees a fragment's blocks but the first, if it is to be kept. {@return how many were freed} */
    int release(int fragment, boolean keepFirst) {
        int block = fragment;
        int released = 0;
        if (keepFirst) {
            block = memory.getInt(note(fragment) + NEXT_BLOCK);
            memory.putInt(note(fragment) + NEXT_BLOCK, NONE);
        }
        while (block != NONE) {
            int next = memory.getInt(note(block) + NEXT_BLOCK);
            memory.putInt(note(block) + NEXT_BLOCK, freed);
            freed = block;
            block = next;
            released++;
        }
        free += released;
        return released;
    }

    /** Copies {@code length} stored bytes of a fragment, from the {@code from}th, to a buffer. */
    void copy(int fragment, int from, int length, MutableDirectBuffer b, int offset) {
        int block = fragment;
        int skip = from;
        while (skip >= BLOCK_LENGTH) {
            block = memory.getInt(note(block) + NEXT_BLOCK);
            skip -= BLOCK_LENGTH;
        }
        int done = 0;
        while (done < length) {
            int part = Math.min(length - done, BLOCK_LENGTH - skip);
            b.putBytes(offset + done, memory, at(block) + skip, part);
            done += part;
            skip = 0;
            block = memory.getInt(note(block) + NEXT_BLOCK);
        }
    }

    /** {@return whether the fragment's payload is these bytes} */
    boolean hasPayload(int fragment, DirectBuffer b, int offset) {
        int length = end(fragment) - start(fragment);
        int block = fragment;
        int skip = skip(fragment);
        int done = 0;
        while (done < length) {
            int part = Math.min(length - done, BLOCK_LENGTH - skip);
            if (!areEqual(at(block) + skip, b, offset + done, part)) {
                return false;
            }
            done += part;
            skip = 0;
            block = memory.getInt(note(block) + NEXT_BLOCK);
        }
        return true;
    }

    private boolean areEqual(int stored, DirectBuffer b, int offset, int length) {
        int i = 0;
        for (int end = length & ~7; i < end; i += Long.BYTES) {
            if (memory.getLong(stored + i) != b.getLong(offset + i)) {
                return false;
            }
        }
        for (; i < length; i++) {
            if (memory.getByte(stored + i) != b.getByte(offset + i)) {
                return false;
            }
        }
        return true;
    }

    /** {@return a stored byte of the fragment's first block} */
    int uint8(int fragment, int index) {
        return memory.getByte(at(fragment) + index) & 0xFF;
    }

    /** {@return bytes that are stored before the payload} */
    int skip(int fragment) {
        return memory.getInt(note(fragment) + SKIP);
    }

    /** {@return where in the datagram the payload begins} */
    int start(int fragment) {
        return memory.getInt(note(fragment) + START);
    }

    /** {@return where in the datagram the payload ends} */
    int end(int fragment) {
        return memory.getInt(note(fragment) + END);
    }

    /** {@return the datagram's next fragment, or {@link #NONE}} */
    int nextFragment(int fragment) {
        return memory.getInt(note(fragment) + NEXT_FRAGMENT);
    }

    /** Sets the datagram's next fragment. */
    void nextFragment(int fragment, int next) {
        memory.putInt(note(fragment) + NEXT_FRAGMENT, next);
    }

    private int note(int block) {
        return notes + block * NOTE_LENGTH;
    }

    private int at(int block) {
        return data + block * BLOCK_LENGTH;
    }
}
