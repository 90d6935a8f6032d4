package io.tapswitch.dns;

/** Response codes (RFC 1035 §4.1.1, RFC 6891 §9). */
public final class ResponseCode {
    /** No error; without records it means that the name has none of that type. */
    public static final int NOERROR = 0;
    /** The query could not be read. */
    public static final int FORMERR = 1;
    /** The server could not find out. */
    public static final int SERVFAIL = 2;
    /** The name does not exist, and nothing below it. */
    public static final int NXDOMAIN = 3;
    /** The server does not do this. */
    public static final int NOTIMP = 4;
    /** The server does not do this for this client. */
    public static final int REFUSED = 5;
    /** The version of EDNS is not known; more than four bits, so it needs an OPT. */
    public static final int BADVERS = 16;

    private ResponseCode() {}
}
