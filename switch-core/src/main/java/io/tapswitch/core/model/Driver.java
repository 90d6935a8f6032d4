package io.tapswitch.core.model;

import java.util.Locale;
import java.util.Set;

/** How a network is made. */
public enum Driver {
    /** A virtual switch: subnets, a gateway, members. */
    BRIDGE,
    /** A virtual switch that reaches other hosts by tunnels. */
    OVERLAY,
    /** The host's own namespace; no switch. */
    HOST,
    /** Nothing but lo. */
    NONE;

    /** The words of those that docker has and that come later. */
    public static final Set<String> LATER = Set.of("macvlan", "ipvlan");

    /** {@return whether its networks have a switch, with subnets and members} */
    public boolean isSwitched() {
        return this == BRIDGE || this == OVERLAY;
    }

    /** {@return the word that people see and type; docker calls none's driver null} */
    public String word() {
        return this == NONE ? "null" : name().toLowerCase(Locale.ROOT);
    }
}
