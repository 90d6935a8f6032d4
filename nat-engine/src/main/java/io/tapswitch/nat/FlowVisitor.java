package io.tapswitch.nat;

/** Is shown flows by {@link NatEngine#flows}, on the worker's thread. It must not keep the slot. */
@FunctionalInterface
public interface FlowVisitor {
    /**
     * One flow.
     *
     * @param flows where it can be read
     * @param slot which it is
     * @param endsMs when it ends if no packet comes
     */
    void onFlow(FlowEntries flows, int slot, long endsMs);
}
