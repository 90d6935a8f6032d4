package io.tapswitch.core.model;

import java.util.Locale;

/** How a network is made. */
public enum Driver {
    /** A virtual switch: subnets, a gateway, members. */
    BRIDGE,
    /** The host's own namespace; no switch. */
    HOST,
    /** Nothing but lo. */
    NONE;

    /** {@return the word that people see and type; docker calls none's driver null} */
    public String word() {
        return this == NONE ? "null" : name().toLowerCase(Locale.ROOT);
    }
}
