package io.tapswitch.dns;

import org.agrona.DirectBuffer;

/**
 * A query as it was read: what answers it, and what a forwarder keeps it by. It holds copies, no reference to the
 * message, so the answer may be written over the query. Used again for the next; one thread; no call allocates.
 *
 * <p>Limits: one question (RFC 9619), no answers, and {@link #MAX_RECORDS} others, because a query has an OPT and
 * perhaps a signature. A count that the message does not hold is a fault; octets behind the last record are not.
 */
public final class DnsQuery {
    /** Most records of authority and additional section together: an IXFR's SOA, OPT, TSIG, SIG(0). */
    public static final int MAX_RECORDS = 4;
    /** Least payload that every client takes by UDP (RFC 1035 §2.3.4). */
    public static final int MIN_PAYLOAD = 512;

    private static final int QUESTION_TAIL = 4;

    private final FoldedName name = new FoldedName();
    private DnsResult fault = DnsResult.TOO_SHORT;
    private int id;
    private int flags;
    private int questionLength;
    private int type;
    private int questionClass;
    private int length;
    private boolean hasEdns;
    private int payload;
    private int ednsFlags;

    /** One to be read into. */
    public DnsQuery() {}

    /**
     * Reads a message that should be a query.
     *
     * @return whether it is one; else {@link #fault} says what it is, and as much was read as could be
     */
    public boolean read(DirectBuffer b, int offset, int messageLength) {
        name.clear();
        id = 0;
        flags = 0;
        type = 0;
        questionClass = 0;
        questionLength = 0;
        hasEdns = false;
        payload = MIN_PAYLOAD;
        ednsFlags = 0;
        length = messageLength;
        if (messageLength < DnsHeader.LENGTH) {
            return fails(DnsResult.TOO_SHORT);
        }
        id = DnsHeader.id(b, offset);
        flags = DnsHeader.flags(b, offset);
        if ((flags & DnsHeader.QR) != 0) {
            return fails(DnsResult.NOT_A_QUERY);
        }
        if (DnsHeader.opcode(flags) != DnsHeader.QUERY) {
            return fails(DnsResult.NOT_IMPLEMENTED);
        }
        int end = offset + messageLength;
        int at = question(b, offset, end);
        if (at < 0 || !records(b, offset, at, end)) {
            return fails(fault);
        }
        return true;
    }

    private boolean fails(DnsResult what) {
        fault = what;
        return false;
    }

    private int question(DirectBuffer b, int offset, int end) {
        fault = DnsResult.FORMAT_ERROR;
        if (DnsHeader.questions(b, offset) != 1) {
            return DnsName.MALFORMED;
        }
        int begin = offset + DnsHeader.LENGTH;
        int at = name.read(b, begin, end);
        if (at < 0 || at + QUESTION_TAIL > end) {
            return DnsName.MALFORMED;
        }
        type = Octets.uint16(b, at);
        questionClass = Octets.uint16(b, at + 2);
        questionLength = at + QUESTION_TAIL - begin;
        return at + QUESTION_TAIL;
    }

    private boolean records(DirectBuffer b, int offset, int index, int end) {
        int authorities = DnsHeader.authorities(b, offset);
        int count = authorities + DnsHeader.additionals(b, offset);
        if (DnsHeader.answers(b, offset) != 0 || count > MAX_RECORDS) {
            return false;
        }
        int at = index;
        int version = 0;
        for (int record = 0; record < count; record++) {
            int fixed = DnsName.skip(b, offset, at, end);
            int data = fixed + DnsRecord.FIXED_LENGTH;
            if (fixed < 0 || data > end || data + DnsRecord.dataLength(b, fixed) > end) {
                return false;
            }
            if (DnsRecord.type(b, fixed) == RecordType.OPT) {
                // From here on the answer has an OPT too, so that the asker sees whose fault it was (RFC 6891 §7).
                boolean isFirst = !hasEdns;
                hasEdns = true;
                if (!isFirst || record < authorities || fixed != at + 1 || !OptRecord.hasWholeOptions(b, fixed)) {
                    return false;
                }
                payload = Math.max(MIN_PAYLOAD, OptRecord.payload(b, fixed));
                ednsFlags = OptRecord.flags(b, fixed) & OptRecord.DO;
                version = OptRecord.version(b, fixed);
            }
            at = data + DnsRecord.dataLength(b, fixed);
        }
        length = at - offset;
        if (version != 0) {
            fault = DnsResult.BAD_VERSION;
        }
        return version == 0;
    }

    /** {@return why it is no query that can be answered} */
    public DnsResult fault() {
        return fault;
    }

    /** {@return the number that the answer bears too} */
    public int id() {
        return id;
    }

    /** {@return flags, opcode and rcode of the query} */
    public int flags() {
        return flags;
    }

    /** {@return the name that is asked for; valid until the next is read} */
    public FoldedName name() {
        return name;
    }

    /** {@return octets of the question, 0 when it could not be read} */
    public int questionLength() {
        return questionLength;
    }

    /** {@return type that is asked for} */
    public int type() {
        return type;
    }

    /** {@return class that is asked for} */
    public int questionClass() {
        return questionClass;
    }

    /** {@return octets up to the end of the last record; what stands behind need not be forwarded} */
    public int length() {
        return length;
    }

    /** {@return whether it has an OPT, so the answer has one} */
    public boolean hasEdns() {
        return hasEdns;
    }

    /** {@return most octets that the client takes by UDP, at least 512} */
    public int payload() {
        return payload;
    }

    /** {@return {@link OptRecord#DO} or 0} */
    public int ednsFlags() {
        return ednsFlags;
    }

    /**
     * {@return what a cache keeps the answer by, keyed: name without regard to case, type, class, and the flags that
     * change what upstreams answer (RD, CD, DO); equal keys are nearly always, not always, the same question}
     */
    public long cacheKey() {
        long flagBits = (flags & (DnsHeader.RD | DnsHeader.CD)) | ednsFlags;
        return name.hash((long) type << 32 | (long) questionClass << 48 | flagBits);
    }

    /**
     * {@return whether a message answers this question: a response to a QUERY with that id, name, type and class (D13)}
     *
     * @param expectedId which the query was sent on with
     * @param scratch for the name in the message
     */
    public boolean isAnsweredBy(DirectBuffer b, int offset, int messageLength, int expectedId, FoldedName scratch) {
        if (messageLength < DnsHeader.LENGTH + 1 + QUESTION_TAIL || DnsHeader.id(b, offset) != expectedId) {
            return false;
        }
        int responseFlags = DnsHeader.flags(b, offset);
        if ((responseFlags & DnsHeader.QR) == 0
                || DnsHeader.opcode(responseFlags) != DnsHeader.QUERY
                || DnsHeader.questions(b, offset) != 1) {
            return false;
        }
        int end = offset + messageLength;
        int at = scratch.read(b, offset + DnsHeader.LENGTH, end);
        return at >= 0
                && at + QUESTION_TAIL <= end
                && Octets.uint16(b, at) == type
                && Octets.uint16(b, at + 2) == questionClass
                && scratch.endsWith(name) == 0;
    }
}
