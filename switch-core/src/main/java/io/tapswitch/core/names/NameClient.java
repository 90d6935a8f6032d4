package io.tapswitch.core.names;

import io.tapswitch.dns.ClientView;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A container as those see it who answer its queries.
 *
 * @param view which names it sees
 * @param upstreams who is asked for the others
 * @param networks whose names the first zones of the view have, in this order; what may follow are the records of the
 *     configuration file, and last the special names
 * @param searches whether its resolv.conf has a search list, so that unknown names of one label are not asked for (D20)
 */
public record NameClient(ClientView view, Upstreams upstreams, List<String> networks, boolean searches) {
    /** {@return the network whose zone it is; null for a zone of no network} */
    @Nullable
    String network(int zone) {
        return zone >= 0 && zone < networks.size() ? networks.get(zone) : null;
    }

    /** {@return whether a zone is that of the special names, which all views have} */
    boolean isSpecial(int zone) {
        return zone >= 0 && zone == view.size() - 1;
    }

    /** {@return whether a zone is that of the configuration file's records} */
    boolean isOfRecords(int zone) {
        return zone >= networks.size() && !isSpecial(zone);
    }
}
