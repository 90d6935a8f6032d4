package io.tapswitch.core.dataplane;

import io.tapswitch.nat.FlowLimits;
import java.util.List;
import org.agrona.concurrent.AtomicBuffer;

/**
 * What the workers' NAT stands on.
 *
 * @param limits of each worker's flow table
 * @param bootHi first half of the id of the kernel's boot, to which kept flows are bound
 * @param bootLo second half of it
 * @param workers what each worker gets, in their order
 * @param lost whether flows of an earlier process could not be kept
 */
public record NatResources(FlowLimits limits, long bootHi, long bootLo, List<Share> workers, boolean lost) {
    /** Copies the list. */
    public NatResources {
        workers = List.copyOf(workers);
    }

    /** Of which no flows were lost. */
    public NatResources(FlowLimits limits, long bootHi, long bootLo, List<Share> workers) {
        this(limits, bootHi, bootLo, workers, false);
    }

    /**
     * One worker's share.
     *
     * @param kept memory of the flows, which outlives the process: {@link FlowLimits#keptLength}
     * @param derived memory of what is found again from these, all zeros: {@link FlowLimits#derivedLength}
     * @param routes of the host, asked on the worker's thread
     */
    public record Share(AtomicBuffer kept, AtomicBuffer derived, RouteSource routes) {}
}
