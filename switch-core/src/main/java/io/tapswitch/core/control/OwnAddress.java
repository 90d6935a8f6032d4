package io.tapswitch.core.control;

import io.tapswitch.wire.IpAddress;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The address at which other hosts reach this one, followed while the daemon runs: an interface may get another one, or
 * lose the one that it had. {@link #look} is for one thread, the rest for any.
 */
final class OwnAddress {
    private static final Logger LOG = LoggerFactory.getLogger(OwnAddress.class);

    /** What a person wrote. */
    private final String flag;

    private final Advertise advertise;
    private volatile Now now;

    /** The address that is or was there last, and whether it is. */
    record Now(IpAddress address, boolean isThere) {}

    /**
     * As it is at the start.
     *
     * @param options what a person wrote
     * @param kernel knows the routes
     */
    OwnAddress(ClusterOptions options, OutsideKernel kernel) {
        flag = options.advertise();
        advertise = new Advertise(flag, options.store(), kernel);
        now = new Now(advertise.first(), true);
    }

    /** {@return how it is} */
    Now now() {
        return now;
    }

    /** Looks once. {@return whether it is another one, or came or went} */
    boolean look() {
        Now before = now;
        Optional<IpAddress> found = advertise.now(before.address());
        Now next = new Now(found.orElse(before.address()), found.isPresent());
        now = next;
        if (!next.address().equals(before.address())) {
            LOG.info("this host is at {}, no longer at {}; other hosts will be told", next.address(), before.address());
        }
        if (before.isThere() && !next.isThere()) {
            LOG.error(warnings().getFirst());
        }
        return !next.equals(before);
    }

    /** {@return what a person should know of it} */
    List<String> warnings() {
        Now at = now;
        if (at.isThere()) {
            return List.of();
        }
        if (advertise.isAddress()) {
            return List.of("this host does not have the address " + at.address() + ", at which --cluster-advertise"
                    + " tells other hosts to reach it: containers of other hosts are not reached. Give it to an"
                    + " interface again, or start the daemon with another --cluster-advertise");
        }
        return List.of((flag.isEmpty() ? "this host" : "interface " + flag + " of --cluster-advertise")
                + " does not have the address " + at.address() + " any more, at which other hosts reach this one, and"
                + " no other one of its kind: containers of other hosts are not reached until it has one");
    }
}
