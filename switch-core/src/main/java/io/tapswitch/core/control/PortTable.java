package io.tapswitch.core.control;

import io.tapswitch.core.model.Refusal;
import io.tapswitch.tapio.FrameIo;
import java.util.BitSet;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * The small integers by which the dataplane knows ports, and how many ports each worker has. Changes come under the
 * controller's lock; {@link #endpointId} may be asked by any thread, so that an event of the dataplane can be tied to
 * the endpoint it was about before the port's number is given to another.
 */
final class PortTable {
    /** Gateways are no ports of this table: the dataplane has a number of its own for them. */
    static final int PORTS_MAX = FrameIo.MAX_PORTS;

    private final BitSet taken = new BitSet();
    private final AtomicReferenceArray<@Nullable String> endpointIds = new AtomicReferenceArray<>(PORTS_MAX);
    private final int[] portsOfWorker;

    PortTable(int workers) {
        portsOfWorker = new int[workers];
    }

    /** {@return the lowest free id, taken from now on} */
    int take() {
        int port = taken.nextClearBit(0);
        if (port >= PORTS_MAX) {
            throw Refusal.conflict("the switch has all the ports it can have: " + PORTS_MAX);
        }
        taken.set(port);
        return port;
    }

    /** {@return the worker with the fewest queues, which gets this port's first queue} */
    int takeWorker(int queues) {
        int best = 0;
        for (int worker = 1; worker < portsOfWorker.length; worker++) {
            best = portsOfWorker[worker] < portsOfWorker[best] ? worker : best;
        }
        count(best, queues, 1);
        return best;
    }

    void giveBackWorker(int worker, int queues) {
        count(worker, queues, -1);
    }

    private void count(int first, int queues, int change) {
        for (int queue = 0; queue < queues; queue++) {
            portsOfWorker[(first + queue) % portsOfWorker.length] += change;
        }
    }

    void bind(int port, String endpointId) {
        endpointIds.set(port, endpointId);
    }

    /** Makes an id free again; the dataplane must be done with it. */
    void giveBack(int port) {
        endpointIds.set(port, null);
        taken.clear(port);
    }

    /** {@return the endpoint that has this port now; on any thread} */
    @Nullable
    String endpointId(int port) {
        return port >= 0 && port < PORTS_MAX ? endpointIds.get(port) : null;
    }
}
