package io.tapswitch.dns;

/** Classes (RFC 1035 §3.2.4). */
public final class RecordClass {
    /** The Internet: the only class that has names here. */
    public static final int IN = 1;
    /** Chaos, in which servers tell their version. */
    public static final int CH = 3;
    /** Any class. */
    public static final int ANY = 255;

    private RecordClass() {}
}
