package io.tapswitch.nat;

/** Why a flow is no more. */
public enum FlowEnd {
    /** Its time was over. */
    EXPIRED,
    /** It made room for another one: the table was full, or its owner's quota. */
    EVICTED,
    /** It was removed: alone, or with its endpoint or its rule. */
    REMOVED
}
