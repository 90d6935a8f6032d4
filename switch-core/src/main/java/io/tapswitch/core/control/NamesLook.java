package io.tapswitch.core.control;

import io.tapswitch.core.dataplane.Dataplane;
import io.tapswitch.core.dataplane.NameCount;
import io.tapswitch.core.model.Container;
import io.tapswitch.core.model.DesiredState;
import io.tapswitch.core.model.Network;
import io.tapswitch.core.model.Refusal;
import io.tapswitch.core.names.NameLookup;
import io.tapswitch.core.names.NamesStatus;
import io.tapswitch.core.names.ResolvConf;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Names as people look at them: what a container is told and why, and what is asked. Changes nothing. Any thread. */
public final class NamesLook {
    /** A name matters from so many queries on, and from one in so many of all on. */
    private static final long FEW_QUERIES = 10;

    private static final long SHARE_THAT_MATTERS = 100;

    private final Desired desired;
    private final Dataplane dataplane;

    NamesLook(Desired desired, Dataplane dataplane) {
        this.desired = desired;
        this.dataplane = dataplane;
    }

    /** How often a name was asked for in a network: at least, and at most. */
    public record TopName(String name, String network, long least, long most) {}

    /** {@return the resolv.conf that a container should have; empty where the host's is right} */
    public String resolvConf(Container container) {
        return ResolvConf.of(container, desired.state(), desired.names().settings());
    }

    /**
     * {@return what a container is told when it asks for a name}
     *
     * @param reference a container, by name or id
     * @param name that it asks for
     * @param type of records, null for the usual one
     */
    public NameLookup.Found lookup(String reference, String name, @Nullable String type) {
        Container container = desired.container(reference);
        NameLookup.Found found;
        try {
            found = container.endpoints().isEmpty()
                    ? null
                    : desired.names().lookup(container.endpoints().getFirst().port(), name, type);
        } catch (IllegalArgumentException e) {
            throw Refusal.badInput("invalid_question", "cannot ask for \"" + name + "\": " + e.getMessage());
        }
        if (found == null) {
            throw Refusal.conflict("container " + container.name()
                    + " has no interface at the switch, so it asks nobody: start it, or connect it to a network");
        }
        return found;
    }

    /** {@return how names are served beside the workers: forwarder, upstreams, TCP} */
    public NamesStatus status() {
        return desired.namesStatus();
    }

    /** {@return the names asked for most, in one network or, when the reference is null, in all: so many at most} */
    public List<TopName> askedForMost(@Nullable String reference, int count) {
        DesiredState state = desired.state();
        Collection<Network> networks =
                reference == null ? state.networks() : List.of(References.network(state, reference));
        return top(askedFor(), networks).limit(count).toList();
    }

    /**
     * {@return the names asked for most in all networks, so many at most: those only that a hundredth of all queries
     * asked for, and some queries at least, so that nobody fills the list with names that are asked for once}
     */
    public List<TopName> thatMatter(int count) {
        Collection<NameCount> all = askedFor();
        // Each query adds 1 to what one name was asked for at most.
        long queries = all.stream().mapToLong(NameCount::most).sum();
        long few = Math.max(FEW_QUERIES, queries / SHARE_THAT_MATTERS);
        return top(all, desired.state().networks())
                .filter(one -> one.least() >= few)
                .limit(count)
                .toList();
    }

    private record Key(String name, int network) {}

    /** {@return what the workers and who answers by TCP remember, each name of a network once} */
    private Collection<NameCount> askedFor() {
        Map<Key, NameCount> sums = new HashMap<>();
        Stream.concat(
                        Waiting.await(dataplane.topNames(), "read which names are asked for").stream(),
                        Waiting.await(desired.namesByTcp(), "read which names are asked for by TCP").stream())
                .forEach(one -> sums.merge(new Key(one.name(), one.network()), one, NameCount::plus));
        return sums.values();
    }

    private static Stream<TopName> top(Collection<NameCount> counts, Collection<Network> networks) {
        Map<Integer, String> names = new HashMap<>();
        networks.forEach(network -> names.put(network.index(), network.name()));
        return counts.stream()
                .filter(one -> names.containsKey(one.network()))
                .map(one -> new TopName(one.name(), names.getOrDefault(one.network(), ""), one.least(), one.most()))
                .sorted(Comparator.comparingLong(TopName::least)
                        .reversed()
                        .thenComparing(TopName::name)
                        .thenComparing(TopName::network));
    }
}
