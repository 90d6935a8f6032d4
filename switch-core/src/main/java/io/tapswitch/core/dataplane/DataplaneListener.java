package io.tapswitch.core.dataplane;

/**
 * What the dataplane tells the control plane. Called on a worker's thread: an implementation hands the news to a thread
 * of its own and returns at once.
 */
public interface DataplaneListener {
    /**
     * The device of a port is gone (deleted, or its namespace died). Its addresses were forgotten already; the control
     * plane removes the port.
     *
     * @param port the port's id
     * @param errno why reading ended, 77 (EBADFD) for a deleted device
     */
    void onPortGone(int port, int errno);

    /**
     * An address moves between ports so often that two containers seem to have it (B2), or frames seem to loop (B9).
     *
     * @param network the network's id
     * @param mac the address, low 48 bits
     * @param port the port where it was seen last
     */
    void onAddressFlapping(int network, long mac, int port);

    /**
     * Packet code failed on a frame, which was dropped as {@link DropReason#INTERNAL_FAULT}. The worker goes on.
     *
     * @param worker index of the worker
     * @param fault what was thrown
     */
    void onFault(int worker, RuntimeException fault);
}
