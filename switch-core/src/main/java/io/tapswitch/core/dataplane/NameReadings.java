package io.tapswitch.core.dataplane;

import io.tapswitch.dns.TopNames;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

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

    private record Key(String name, int network) {}

    /** {@return the names, summed over workers, in no order} */
    List<NameCount> all() {
        Map<Key, NameCount> counts = new HashMap<>();
        TopNames copy = new TopNames();
        for (int worker = 0; worker < workers; worker++) {
            for (int set = 0; set < TopNames.SETS; set += SETS_PER_COMMAND) {
                int first = set;
                teller.tell(worker, w -> w.datapath.names.top.copyTo(copy, first, SETS_PER_COMMAND))
                        .join();
            }
            copy.forEach((name, network, least, most) -> counts.merge(
                    new Key(name, network), new NameCount(name, network, least, most), NameReadings::both));
        }
        return List.copyOf(counts.values());
    }

    private static NameCount both(NameCount a, NameCount b) {
        return new NameCount(a.name(), a.network(), a.least() + b.least(), a.most() + b.most());
    }
}
