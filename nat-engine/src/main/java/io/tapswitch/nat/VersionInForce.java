package io.tapswitch.nat;

import java.util.BitSet;

/** What the worker acts on at present: the parts of the last version that packets meet. The worker's thread. */
final class VersionInForce {
    InsideTable inside = InsideTable.EMPTY;
    DnatRules rules = DnatRules.EMPTY;
    /** Outside slots whose address the host has now: a flow of another one may end, and none begins. */
    final BitSet present = new BitSet();

    boolean portOverload = true;
}
