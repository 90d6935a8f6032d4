package io.tapswitch.nat;

/** What the worker acts on at present: the parts of the last version that packets meet. The worker's thread. */
final class VersionInForce {
    InsideTable inside = InsideTable.EMPTY;
    DnatRules rules = DnatRules.EMPTY;
    boolean portOverload = true;
}
