package io.tapswitch.core.dataplane;

import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * How often a name was asked for, as far as those remember who were asked.
 *
 * @param name in lower case
 * @param network id of the network that it was asked in
 * @param least times that it was asked for, at least
 * @param most the same, at most
 */
public record NameCount(String name, int network, long least, long most) {
    private record Key(String name, int network) {}

    /** {@return what several have counted, each name of a network once, in no order} */
    public static List<NameCount> sum(Collection<NameCount> counts) {
        Map<Key, NameCount> sums = new HashMap<>();
        for (NameCount count : counts) {
            sums.merge(new Key(count.name, count.network), count, NameCount::plus);
        }
        return List.copyOf(sums.values());
    }

    private NameCount plus(NameCount other) {
        return new NameCount(name, network, least + other.least, most + other.most);
    }
}
