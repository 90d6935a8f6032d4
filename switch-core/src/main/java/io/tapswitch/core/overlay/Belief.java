package io.tapswitch.core.overlay;

import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.Ipv4Address;
import io.tapswitch.wire.Ipv6Address;
import io.tapswitch.wire.MacAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What one host has in force of one network: who is in it, and to which host it would send for them.
 *
 * @param why there is nothing to compare, empty when there is
 * @param places one for each endpoint, its own and those of others
 * @param warnings what its status says of its ways to other hosts and of its part in the cluster, which may be why it
 *     differs
 */
public record Belief(String why, List<Place> places, List<String> warnings) {
    /** The most places that are told: so many fit into a value of etcd (1.5 MiB). */
    public static final int PLACES_MAX = 5_000;

    /** So many warnings are told: there may be one for each endpoint. */
    static final int WARNINGS_MAX = 20;

    /**
     * An endpoint as the host would reach it.
     *
     * @param name of its container
     * @param mac that frames are sent to
     * @param ipv4 null when it has none
     * @param ipv6 null when it has none
     * @param host the id of the host that they are sent to, itself for its own; the tunnel's address when no host of
     *     the cluster has that
     */
    public record Place(
            String name,
            MacAddress mac,
            @Nullable Ipv4Address ipv4,
            @Nullable Ipv6Address ipv6,
            String host) {
        /** {@return its addresses} */
        List<IpAddress> addresses() {
            return Stream.<@Nullable IpAddress>of(ipv4, ipv6)
                    .<IpAddress>mapMulti((address, all) -> {
                        if (address != null) {
                            all.accept(address);
                        }
                    })
                    .toList();
        }
    }

    /** Copies the lists, or says that there are too many places. */
    public Belief {
        if (places.size() > PLACES_MAX) {
            why = "the network has " + places.size() + " endpoints, more than the " + PLACES_MAX + " that are compared";
            places = List.of();
        }
        places = List.copyOf(places);
        warnings = List.copyOf(warnings);
    }

    /** One of a host without warnings. */
    public Belief(String why, List<Place> places) {
        this(why, places, List.of());
    }

    /** {@return nothing, and why} */
    public static Belief none(String why) {
        return new Belief(why, List.of());
    }

    /** {@return the same of a host with these warnings, or the first of them when there are many} */
    public Belief warning(List<String> said) {
        List<String> some = new ArrayList<>(said.subList(0, Math.min(WARNINGS_MAX, said.size())));
        if (some.size() < said.size()) {
            some.add("its status has " + (said.size() - some.size()) + " warnings more");
        }
        return new Belief(why, places, some);
    }
}
