package io.tapswitch.nat;

/** Is told of ends, on the table's thread, from within the call that causes them. It must not change the table. */
public interface FlowListener {
    /** A flow ends; its entry can still be read during this call. */
    void onEnd(int slot, FlowEnd why);

    /** No mapping owns the outside port any more, and no flow borrows it; the last one that did has just ended. */
    void onPortFree(int protocol, int outsideSlot, int port);
}
