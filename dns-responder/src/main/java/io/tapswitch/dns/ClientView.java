package io.tapswitch.dns;

import java.util.Collection;

/**
 * What a client sees: the zones of the networks that it is attached to, in connect order, and what becomes of names
 * that none of them knows. Immutable; the workers' tables have one for each port, and ports may share one.
 *
 * <p>The first zone that knows a name answers, whatever it has of it: addresses of two networks are never mixed, and a
 * name that the first network has with IPv4 only has no IPv6 address from the second (C7, A-DNS-10).
 */
public final class ClientView {
    final Zone[] zones;
    final boolean forwards;
    final boolean forwardsSingleLabels;
    final int ttlSeconds;
    final int negativeTtlSeconds;

    /**
     * A view.
     *
     * @param zones in connect order; none on the default network, where names are only forwarded (C10)
     * @param forwards whether others are asked for what the zones do not know; never on internal networks (D18)
     * @param forwardsSingleLabels whether that goes for names of one label too. Not where the client's resolv.conf has
     *     a search list that it should go on with (D20)
     * @param ttlSeconds that answers may be kept
     * @param negativeTtlSeconds that "no" may be kept
     */
    public ClientView(
            Collection<Zone> zones,
            boolean forwards,
            boolean forwardsSingleLabels,
            int ttlSeconds,
            int negativeTtlSeconds) {
        this.zones = zones.toArray(Zone[]::new);
        this.forwards = forwards;
        this.forwardsSingleLabels = forwardsSingleLabels;
        this.ttlSeconds = ttlSeconds;
        this.negativeTtlSeconds = negativeTtlSeconds;
    }

    /** {@return number of zones} */
    public int size() {
        return zones.length;
    }

    /** {@return a zone, by connect order} */
    public Zone zone(int index) {
        return zones[index];
    }
}
