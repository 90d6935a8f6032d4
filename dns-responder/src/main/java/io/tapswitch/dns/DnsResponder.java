package io.tapswitch.dns;

import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;
import org.agrona.concurrent.AtomicBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Answers queries for the names of containers: the message of a query in, that of its answer out.
 *
 * <h2>Theory of operation</h2>
 *
 * <pre>
 *   query ──► DnsQuery.read ──► refused? ──► Lookup.resolve ──► AnswerWriter ──► answer
 *                  │                              │  by the client's ClientView
 *                  └── dropped                    └── FORWARD: somebody else's
 * </pre>
 *
 * A worker has one responder and asks it for each query that reaches the resolver's address, with the view of the port
 * that the query came by; that is who the client is, whatever source address it writes. Nothing that is found here
 * needs another thread, the control plane or an upstream, so names are answered while those are down (D22). What is not
 * found is not decided here either: {@link #FORWARD} says that the name is nobody's here (D8), and {@link #query} has
 * what a forwarder needs: key for its cache, question to compare answers with. When it fails, {@link #fail} writes the
 * answer, so that each query has one.
 *
 * <p>What is never forwarded, whatever the view: what cannot be read, another class than IN, zone transfers, and
 * everything about an own name.
 *
 * <p><b>Sizes.</b> By UDP an answer has at most what the client takes, 512 octets if it does not say, and no more than
 * {@code maxUdpLength}, which goes through every path without fragments. A question has at most 12 + 255 + 4 octets, a
 * SOA 60, an OPT 11: every negative answer fits in 512, only records are ever left out. By TCP it is 65 535.
 *
 * <p><b>Flags.</b> RA is always set, RD and CD are copied, AA is set where one of our zones speaks, AD never.
 *
 * <p><b>Counters</b> have one writer, the owner of the responder, and any reader. Everything else is the owner's alone.
 * No call allocates, blocks or throws for what a message says.
 */
public final class DnsResponder {
    /** Not ours: the upstreams are to be asked. Nothing was written. */
    public static final int FORWARD = -1;
    /** No answer: to give one could do harm. Nothing was written. */
    public static final int DROP = -2;

    /** What goes through without fragments nearly everywhere (DNS flag day 2020). */
    public static final int DEFAULT_MAX_UDP_LENGTH = 1232;
    /** Most that TCP's length field can say. */
    public static final int MAX_TCP_LENGTH = 0xFFFF;
    /** Octets that there must be room for. */
    public static final int MIN_ROOM = DnsQuery.MIN_PAYLOAD;

    private static final int LINE = 128;
    private static final int TRUNCATED = DnsResult.count();

    private final int maxUdpLength;
    private final DnsQuery query = new DnsQuery();
    private final Lookup lookup = new Lookup();
    private final AnswerWriter writer;
    private final AtomicBuffer counters = new UnsafeBuffer(new byte[2 * LINE + (TRUNCATED + 1) * Long.BYTES]);

    private DnsResult result = DnsResult.TOO_SHORT;

    /**
     * A responder.
     *
     * @param maxUdpLength most octets of an answer by UDP, at least 512
     * @param seed of the order of addresses
     */
    public DnsResponder(int maxUdpLength, long seed) {
        if (maxUdpLength < DnsQuery.MIN_PAYLOAD || maxUdpLength > MAX_TCP_LENGTH) {
            throw new IllegalArgumentException("answers by UDP of at most " + maxUdpLength + " octets: 512 to 65535");
        }
        this.maxUdpLength = maxUdpLength;
        writer = new AnswerWriter(new Shuffle(seed), maxUdpLength);
    }

    /**
     * Answers a query that came by UDP.
     *
     * @param message has the query
     * @param offset where it begins
     * @param length of the query
     * @param view of the client
     * @param out takes the answer; may be the message itself, with the same offset
     * @param outOffset where it may begin; behind it are at least {@link #MIN_ROOM} octets
     * @return octets of the answer, {@link #FORWARD} or {@link #DROP}
     */
    public int answerUdp(
            DirectBuffer message, int offset, int length, ClientView view, MutableDirectBuffer out, int outOffset) {
        return answer(message, offset, length, view, out, outOffset, false);
    }

    /** The same for a query that came by TCP, without the two octets of length, of query and answer alike. */
    public int answerTcp(
            DirectBuffer message, int offset, int length, ClientView view, MutableDirectBuffer out, int outOffset) {
        return answer(message, offset, length, view, out, outOffset, true);
    }

    private int answer(
            DirectBuffer message,
            int offset,
            int length,
            ClientView view,
            MutableDirectBuffer out,
            int outOffset,
            boolean tcp) {
        result = query.read(message, offset, length) ? judge(query) : query.fault();
        if (result == DnsResult.FORWARD) {
            result = lookup.resolve(view, query.name(), query.type());
        } else {
            lookup.clear();
        }
        increment(result.ordinal());
        switch (result) {
            case FORWARD -> {
                return FORWARD;
            }
            case NOT_A_QUERY, TOO_SHORT -> {
                return DROP;
            }
            case ANSWERED -> {
                begin(message, offset, out, outOffset, tcp);
                writer.records(lookup, query, view.ttlSeconds);
                countTruncated();
                return writer.finish(query, result.rcode(), DnsHeader.AA);
            }
            case NO_DATA, NO_NAME -> {
                begin(message, offset, out, outOffset, tcp);
                writer.negative(lookup, query, view.negativeTtlSeconds);
                return writer.finish(query, result.rcode(), DnsHeader.AA);
            }
            default -> {
                begin(message, offset, out, outOffset, tcp);
                return writer.finish(query, result.rcode(), 0);
            }
        }
    }

    /** What is refused whatever the name; {@link DnsResult#FORWARD} for the rest. */
    private static DnsResult judge(DnsQuery query) {
        if (query.questionClass() != RecordClass.IN) {
            return query.questionClass() == RecordClass.ANY ? DnsResult.NOT_IMPLEMENTED : DnsResult.REFUSED;
        }
        int type = query.type();
        if (type == RecordType.OPT) {
            return DnsResult.FORMAT_ERROR;
        }
        if (type >= RecordType.FIRST_OPERATION && type < RecordType.ANY) {
            boolean isTransfer = type == RecordType.AXFR || type == RecordType.IXFR;
            return isTransfer ? DnsResult.REFUSED : DnsResult.NOT_IMPLEMENTED;
        }
        return DnsResult.FORWARD;
    }

    private void begin(DirectBuffer message, int offset, MutableDirectBuffer out, int outOffset, boolean tcp) {
        int limit = tcp ? MAX_TCP_LENGTH : Math.min(query.payload(), maxUdpLength);
        writer.begin(message, offset, query, out, outOffset, Math.min(limit, out.capacity() - outOffset));
    }

    /**
     * Answers a query that was forwarded, and in vain: with an error and nothing else.
     *
     * @param failure {@link DnsResult#FAILED} mostly
     * @return octets of the answer, or {@link #DROP} if the message is none that has an answer
     */
    public int fail(
            DirectBuffer message, int offset, int length, DnsResult failure, MutableDirectBuffer out, int outOffset) {
        lookup.clear();
        result = query.read(message, offset, length) ? failure : query.fault();
        increment(result.ordinal());
        if (result == DnsResult.NOT_A_QUERY || result == DnsResult.TOO_SHORT) {
            return DROP;
        }
        begin(message, offset, out, outOffset, false);
        return writer.finish(query, result.rcode(), 0);
    }

    /** {@return the last query, as far as it could be read; until the next} */
    public DnsQuery query() {
        return query;
    }

    /** {@return what became of the last query} */
    public DnsResult result() {
        return result;
    }

    /** {@return place in the view of the zone that answered the last query, -1 when none did} */
    public int zoneIndex() {
        return lookup.zoneIndex();
    }

    /** {@return how many queries ended so; any thread} */
    public long count(DnsResult of) {
        return counters.getLongVolatile(LINE + of.ordinal() * Long.BYTES);
    }

    /** {@return how many answers had to leave records out; any thread} */
    public long truncated() {
        return counters.getLongVolatile(LINE + TRUNCATED * Long.BYTES);
    }

    private void countTruncated() {
        if (writer.isTruncated()) {
            increment(TRUNCATED);
        }
    }

    private void increment(int counter) {
        int at = LINE + counter * Long.BYTES;
        counters.putLongRelease(at, counters.getLong(at) + 1);
    }
}
