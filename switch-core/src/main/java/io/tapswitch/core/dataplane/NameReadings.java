package io.tapswitch.core.dataplane;

import io.tapswitch.dns.TopNames;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads which names the workers were asked for most: each copies a few sets of its table at a time, some microseconds,
 * and whoever asks reads the copy. Called on threads of the control plane, which wait for the workers.
 */
final class NameReadings {
    private static final int SETS_PER_COMMAND = 32;

    private final int workers;
    private final Rollout.Teller teller;

    NameReadings(int workers, Rollout.Teller teller) {
        this.workers = workers;
        this.teller = teller;
    }

    /** {@return the names that each worker remembers, in no order} */
    List<NameCount> all() {
        List<NameCount> counts = new ArrayList<>();
        TopNames copy = new TopNames();
        for (int worker = 0; worker < workers; worker++) {
            for (int set = 0; set < TopNames.SETS; set += SETS_PER_COMMAND) {
                int first = set;
                teller.tell(worker, w -> w.datapath.names.top.copyTo(copy, first, SETS_PER_COMMAND))
                        .join();
            }
            copy.forEach((name, network, least, most) -> counts.add(new NameCount(name, network, least, most)));
        }
        return counts;
    }
}
