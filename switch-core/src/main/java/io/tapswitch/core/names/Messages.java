package io.tapswitch.core.names;

import static java.nio.ByteOrder.BIG_ENDIAN;

import io.tapswitch.dns.DnsHeader;
import io.tapswitch.dns.DnsQuery;
import io.tapswitch.dns.DnsRecord;
import io.tapswitch.dns.OptRecord;
import io.tapswitch.dns.RecordCursor;
import io.tapswitch.dns.RecordType;
import io.tapswitch.dns.ResponseCode;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/** What the forwarder reads from answers of upstreams, and changes in them for clients. One thread. */
final class Messages {
    /** Longest that an answer is kept, whatever it says (RFC 8767 §4). */
    static final int MAX_TTL_SECONDS = 86_400;
    /** The same for a "no" (RFC 2308 §5). */
    static final int MAX_NEGATIVE_TTL_SECONDS = 10_800;

    private static final int SOA_NUMBERS = 20;

    private final RecordCursor records = new RecordCursor();
    private final UnsafeBuffer buffer = new UnsafeBuffer(0, 0);

    static int uint16(DirectBuffer b, int index) {
        return b.getShort(index, BIG_ENDIAN) & 0xFFFF;
    }

    /** Writes an OPT with its name and the length of its options; these come behind it. */
    static void opt(MutableDirectBuffer b, int index, int ednsFlags, int optionsLength) {
        b.putByte(index, (byte) 0);
        b.putShort(index + 1, (short) RecordType.OPT, BIG_ENDIAN);
        b.putShort(index + 3, (short) Asked.PAYLOAD, BIG_ENDIAN);
        b.putInt(index + 5, ednsFlags & OptRecord.DO, BIG_ENDIAN);
        b.putShort(index + 9, (short) optionsLength, BIG_ENDIAN);
    }

    /** {@return whether all records are there that the message says it has} */
    boolean isWhole(byte[] message) {
        buffer.wrap(message);
        if (!records.wrap(buffer, 0, message.length)) {
            return false;
        }
        while (records.next()) {
            // Only whether it can be read.
        }
        return !records.isMalformed();
    }

    static int flags(byte[] message) {
        return (message[2] & 0xFF) << 8 | (message[3] & 0xFF);
    }

    static boolean isTruncated(byte[] message) {
        return (flags(message) & DnsHeader.TC) != 0;
    }

    static int rcode(byte[] message) {
        return DnsHeader.rcode(flags(message));
    }

    /** {@return whether it says something about the name, yes or no; else the next server may know better} */
    static boolean isTelling(byte[] message) {
        int rcode = rcode(message);
        return rcode == ResponseCode.NOERROR || rcode == ResponseCode.NXDOMAIN;
    }

    /** {@return seconds that a whole answer may be kept, 0 for not at all} */
    int keepSeconds(byte[] message) {
        if (!isTelling(message) || isTruncated(message)) {
            return 0;
        }
        buffer.wrap(message);
        records.wrap(buffer, 0, message.length);
        int least = MAX_TTL_SECONDS;
        int negative = -1;
        boolean hasAnswers = DnsHeader.answers(buffer, 0) != 0 && rcode(message) == ResponseCode.NOERROR;
        while (records.next()) {
            int type = records.type();
            if (type == RecordType.OPT) {
                continue;
            }
            // A TTL with the highest bit set counts as 0 (RFC 2181 §8).
            int ttl = Math.max(0, records.ttl());
            least = Math.min(least, ttl);
            if (type == RecordType.SOA && !records.isAnswer() && records.dataLength() > SOA_NUMBERS) {
                int minimum = records.dataAt() + records.dataLength() - Integer.BYTES;
                negative = Math.min(ttl, Math.max(0, buffer.getInt(minimum, BIG_ENDIAN)));
            }
        }
        if (negative < 0) {
            // A "no" without a SOA says nothing about how long it is good (RFC 2308 §5).
            return hasAnswers ? least : 0;
        }
        return Math.min(Math.min(least, negative), MAX_NEGATIVE_TTL_SECONDS);
    }

    /**
     * {@return the answer for a client: a copy with its id and its question as it wrote it; cut to what it takes}
     *
     * @param message the upstream's
     * @param client the client's query
     * @param query the same, as it was read
     * @param ageSeconds that it was kept
     * @param ttl most that a TTL may be, for answers that have expired; -1 for no such bound
     * @param limit most octets
     */
    byte[] forClient(byte[] message, byte[] client, DnsQuery query, int ageSeconds, int ttl, int limit) {
        int questionEnd = DnsHeader.LENGTH + query.questionLength();
        boolean cut = message.length > limit;
        byte[] answer;
        if (cut) {
            int optLength = query.hasEdns() ? 1 + DnsRecord.FIXED_LENGTH : 0;
            answer = new byte[questionEnd + optLength];
            System.arraycopy(message, 0, answer, 0, questionEnd);
            buffer.wrap(answer);
            DnsHeader.flags(buffer, 0, DnsHeader.flags(buffer, 0) | DnsHeader.TC);
            DnsHeader.counts(buffer, 0, 1, 0, 0, query.hasEdns() ? 1 : 0);
            if (query.hasEdns()) {
                opt(buffer, questionEnd, query.ednsFlags(), 0);
            }
        } else {
            answer = message.clone();
            buffer.wrap(answer);
            age(answer, ageSeconds, ttl);
        }
        DnsHeader.id(buffer, 0, query.id());
        System.arraycopy(client, DnsHeader.LENGTH, answer, DnsHeader.LENGTH, query.questionLength());
        return answer;
    }

    private void age(byte[] answer, int seconds, int bound) {
        if (seconds == 0 && bound < 0) {
            return;
        }
        records.wrap(buffer, 0, answer.length);
        while (records.next()) {
            if (records.type() != RecordType.OPT) {
                int left = Math.max(0, Math.max(0, records.ttl()) - seconds);
                records.ttl(buffer, bound < 0 ? left : bound);
            }
        }
    }
}
