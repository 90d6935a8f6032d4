package io.tapswitch.nat;

/** Why {@link FlowTable#insert} made no flow: negative numbers, so that they stand where a slot would. */
public final class FlowRefusal {
    /** No entry is free, and all flows are firm (N16, N17). */
    public static final int FULL = -2;
    /** The endpoint has as many flows as it may have (N16). */
    public static final int QUOTA = -3;
    /** A flow with the same inside and peer, or with the same outside and peer, is there. */
    public static final int DUPLICATE = -4;
    /** Another inside endpoint's mapping owns the outside port (N2). */
    public static final int PORT_TAKEN = -5;
    /** The inside endpoint has a mapping behind this outside slot, with another port (N1). */
    public static final int MAPPED_ELSEWHERE = -6;
    /** Too many keys with similar hashes; with a random hash key this does not happen. */
    public static final int CROWDED = -7;
    /** An endpoint or an outside slot that the limits do not provide for. */
    public static final int OUT_OF_RANGE = -8;

    private FlowRefusal() {}
}
