package io.tapswitch.dns;

/**
 * Types of records and questions that mean something here (RFC 1035 §3.2.2, RFC 6895 §3.1). Every other number is a
 * type too, whose data is not looked into (RFC 3597).
 */
public final class RecordType {
    /** An IPv4 address. */
    public static final int A = 1;
    /** Another name for a name. */
    public static final int CNAME = 5;
    /** Start of a zone. */
    public static final int SOA = 6;
    /** The name of an address. */
    public static final int PTR = 12;
    /** Text. */
    public static final int TXT = 16;
    /** An IPv6 address. */
    public static final int AAAA = 28;
    /** Host and port of a service (RFC 2782). */
    public static final int SRV = 33;
    /** Not data: what the sender of a message can do (RFC 6891). */
    public static final int OPT = 41;
    /** First of those types between 128 and 255 that are not data but operations: TKEY, TSIG, IXFR, AXFR ... */
    public static final int FIRST_OPERATION = 249;
    /** The changes of a zone (RFC 1995). */
    public static final int IXFR = 251;
    /** A whole zone (RFC 5936). */
    public static final int AXFR = 252;
    /** Any type: answered as RFC 8482 lets us, with nothing. */
    public static final int ANY = 255;

    private RecordType() {}
}
