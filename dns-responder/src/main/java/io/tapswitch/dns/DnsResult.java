package io.tapswitch.dns;

import java.util.Locale;

/** What became of a query; each is counted (see {@link DnsResponder#count}). */
public enum DnsResult {
    /** Records. */
    ANSWERED(ResponseCode.NOERROR, "the name is known, and has records of that type"),
    /** The name is known, but has nothing of that type (D2, D8). */
    NO_DATA(ResponseCode.NOERROR, "the name is known, but has no records of that type"),
    /** No such name, and this is the place to know (D3). */
    NO_NAME(ResponseCode.NXDOMAIN, "no network of the container knows the name, and nobody else is asked"),
    /** Not ours: for the upstreams. */
    FORWARD(ResponseCode.NOERROR, "no network of the container knows the name: the upstreams are asked"),
    /** Cannot be read (D9, D10). */
    FORMAT_ERROR(ResponseCode.FORMERR, "the query cannot be read"),
    /** Another opcode than QUERY, or an operation that is not done here (D9). */
    NOT_IMPLEMENTED(ResponseCode.NOTIMP, "not a query, or of a kind that is not answered here"),
    /** Another class than IN, or a zone transfer (D9). */
    REFUSED(ResponseCode.REFUSED, "another class than IN, or a zone transfer"),
    /** A version of EDNS that nobody has defined (D10). */
    BAD_VERSION(ResponseCode.BADVERS, "a version of EDNS above 0"),
    /** A forwarder found nothing out in time, or must not ask. */
    FAILED(ResponseCode.SERVFAIL, "the upstreams gave no answer"),
    /** A response: to answer it could make a loop (catalogue row 68). Dropped. */
    NOT_A_QUERY(ResponseCode.NOERROR, "a response came where queries come"),
    /** Less than a header (catalogue row 67). Dropped. */
    TOO_SHORT(ResponseCode.NOERROR, "less than a header");

    private static final DnsResult[] VALUES = values();

    private final int rcode;
    private final String sentence;

    DnsResult(int rcode, String sentence) {
        this.rcode = rcode;
        this.sentence = sentence;
    }

    /** {@return the response code that tells the asker} */
    public int rcode() {
        return rcode;
    }

    /** {@return what happened, for people} */
    public String sentence() {
        return sentence;
    }

    /** {@return the name: lower case with underscores} */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** {@return how many results there are} */
    static int count() {
        return VALUES.length;
    }
}
