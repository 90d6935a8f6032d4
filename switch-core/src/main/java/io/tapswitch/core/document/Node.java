package io.tapswitch.core.document;

/** A piece of a document. */
public sealed interface Node permits Scalar, Sequence, Mapping {
    /** {@return where it begins, from 1} */
    int line();

    /** {@return what it is, in words for people} */
    String kind();
}
