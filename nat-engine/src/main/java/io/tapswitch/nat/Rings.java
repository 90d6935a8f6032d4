package io.tapswitch.nat;

import org.agrona.concurrent.AtomicBuffer;

/**
 * Doubly linked rings over small integers: each node is in one ring, at first in one of its own.
 *
 * <pre>
 *   node   | next - self (32 bits) | previous - self (32 bits) |
 * </pre>
 *
 * <p>The links are differences, so a node of all zeros is alone: fresh memory needs no preparation, and nodes that are
 * never used are never touched. A node that the owner sets aside as an anchor makes a queue of a ring: what is before
 * the anchor came last, what is after it came first.
 *
 * <p>The owner's thread. No call allocates.
 */
final class Rings {
    private static final int NODE_LENGTH = 8;

    private final TableMemory memory;

    /** Lays the nodes into memory that is all zeros. */
    Rings(AtomicBuffer memory, int base) {
        this.memory = TableMemory.of(memory, base);
    }

    /** {@return bytes of so many nodes} */
    static long length(int nodes) {
        return (long) nodes * NODE_LENGTH;
    }

    int next(int node) {
        return node + memory.getInt((long) node * NODE_LENGTH);
    }

    int previous(int node) {
        return node + memory.getInt((long) node * NODE_LENGTH + 4);
    }

    boolean alone(int node) {
        return next(node) == node;
    }

    /** Takes a node out of its ring; it is alone then. */
    void unlink(int node) {
        int next = next(node);
        int previous = previous(node);
        link(previous, next);
        link(node, node);
    }

    /** Puts a node that is alone before another one: at the end of the queue, when that is an anchor. */
    void insertBefore(int other, int node) {
        int previous = previous(other);
        link(previous, node);
        link(node, other);
    }

    /** Puts a node that is alone after another one: at the front of the queue, when that is an anchor. */
    void insertAfter(int other, int node) {
        insertBefore(next(other), node);
    }

    private void link(int first, int second) {
        memory.putInt((long) first * NODE_LENGTH, second - first);
        memory.putInt((long) second * NODE_LENGTH + 4, first - second);
    }
}
