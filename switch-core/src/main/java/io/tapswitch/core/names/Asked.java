package io.tapswitch.core.names;

import io.tapswitch.dns.DnsHeader;
import io.tapswitch.dns.DnsQuery;
import io.tapswitch.dns.DnsRecord;
import io.tapswitch.dns.RecordCursor;
import io.tapswitch.dns.RecordType;
import java.util.Arrays;
import org.agrona.concurrent.UnsafeBuffer;
import org.jspecify.annotations.Nullable;

/**
 * A client's query as upstreams are asked it: the flags RD, AD and CD, the question as the client wrote it, and an OPT
 * where the client has one, with what it says about DNSSEC. What two neighbours agree on with each other is not passed
 * on (cookies, padding, keep-alive: RFC 7873, RFC 7830, RFC 7828); other options are, and such a query is asked for
 * itself only. A signature (TSIG) is left out: it would be of another message.
 */
final class Asked {
    /** What upstreams may send by UDP. */
    static final int PAYLOAD = 1232;

    private static final int PASSED_FLAGS = DnsHeader.RD | DnsHeader.AD | DnsHeader.CD;
    private static final int COOKIE = 10;
    private static final int PADDING = 12;
    private static final int OPTION_HEADER = 4;

    final DnsQuery query;
    /** The message, with the id 0. */
    final byte[] message;
    /** What is the same for all who ask the same; null when nobody else asks the same. */
    final @Nullable Key key;

    /** What tells questions apart. */
    static final class Key {
        /** Whom they are asked. */
        private final UpstreamGroup group;
        /** Name without regard to case, type, class, and the flags. */
        private final byte[] question;
        /** Keyed, so that nobody can make many questions with one hash. */
        private final int hash;

        private Key(UpstreamGroup group, byte[] question, int hash) {
            this.group = group;
            this.question = question;
            this.hash = hash;
        }

        /** {@return octets that it takes} */
        int length() {
            return question.length;
        }

        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof Key key && group == key.group && Arrays.equals(question, key.question);
        }

        @Override
        public int hashCode() {
            return hash;
        }
    }

    private Asked(DnsQuery query, byte[] message, @Nullable Key key) {
        this.query = query;
        this.message = message;
        this.key = key;
    }

    /**
     * Makes it.
     *
     * @param bytes the client's message
     * @param query the same, as it was read
     * @param group who is to be asked
     */
    static Asked of(byte[] bytes, DnsQuery query, UpstreamGroup group) {
        UnsafeBuffer in = new UnsafeBuffer(bytes);
        byte[] options = query.hasEdns() ? options(in, query.length()) : new byte[0];
        int questionEnd = DnsHeader.LENGTH + query.questionLength();
        int length = questionEnd + (query.hasEdns() ? 1 + DnsRecord.FIXED_LENGTH + options.length : 0);
        byte[] message = new byte[length];
        UnsafeBuffer out = new UnsafeBuffer(message);
        DnsHeader.flags(out, 0, query.flags() & PASSED_FLAGS);
        DnsHeader.counts(out, 0, 1, 0, 0, query.hasEdns() ? 1 : 0);
        out.putBytes(DnsHeader.LENGTH, in, DnsHeader.LENGTH, query.questionLength());
        if (query.hasEdns()) {
            Messages.opt(out, questionEnd, query.ednsFlags(), options.length);
            out.putBytes(length - options.length, options);
        }
        return new Asked(query, message, options.length == 0 ? key(query, group) : null);
    }

    private static Key key(DnsQuery query, UpstreamGroup group) {
        int nameLength = query.name().storedLength();
        UnsafeBuffer b = new UnsafeBuffer(new byte[nameLength + 2 * Long.BYTES]);
        query.name().store(b, 0);
        b.putLong(nameLength, (long) query.type() << 32 | query.questionClass());
        int edns = query.hasEdns() ? 1 : 0;
        b.putLong(
                nameLength + Long.BYTES,
                (long) edns << 32 | (long) query.ednsFlags() << 16 | (query.flags() & PASSED_FLAGS));
        return new Key(group, b.byteArray(), Long.hashCode(query.cacheKey()));
    }

    /** {@return the options that are passed on} */
    private static byte[] options(UnsafeBuffer in, int length) {
        RecordCursor records = new RecordCursor();
        records.wrap(in, 0, length);
        byte[] kept = new byte[length];
        int size = 0;
        while (records.next()) {
            if (records.type() != RecordType.OPT) {
                continue;
            }
            int end = records.dataAt() + records.dataLength();
            int at = records.dataAt();
            while (at + OPTION_HEADER <= end) {
                int code = Messages.uint16(in, at);
                int whole = OPTION_HEADER + Messages.uint16(in, at + 2);
                if (code < COOKIE || code > PADDING) {
                    in.getBytes(at, kept, size, whole);
                    size += whole;
                }
                at += whole;
            }
        }
        return Arrays.copyOf(kept, size);
    }
}
