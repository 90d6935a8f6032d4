package io.tapswitch.dns;

import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Writes a response: the header, the question as it was asked, octet for octet, then records whose names point into it.
 *
 * <pre>
 *   header | question | answer ...          | authority: SOA | additional: OPT
 *   12       as asked   C0 0C type IN ttl ..   where it says "no"  where one was asked with
 * </pre>
 *
 * <p>The name of every record is the question's or an end of it, so every name is a pointer, and since the question is
 * the client's, so is the case of all letters (0x20, D1). Records that do not fit are left out and TC is set (RFC 2181
 * §9): resolvers that never ask by TCP have something to go on with. The place of the OPT is kept free from the start.
 *
 * <p>The answer may be written over its query: whatever is needed of it was read before, and the question stays where
 * it is. Used again; one thread; no call allocates.
 */
final class AnswerWriter {
    /** Pointer to the name of the question. */
    private static final int QUESTION_NAME = DnsName.POINTER << 8 | DnsHeader.LENGTH;

    private static final long V4_HEAD = (long) QUESTION_NAME << 48 | (long) RecordType.A << 32 | RecordClass.IN << 16;
    private static final long V6_HEAD =
            (long) QUESTION_NAME << 48 | (long) RecordType.AAAA << 32 | RecordClass.IN << 16;
    /** Where the data of a record begin whose name is a pointer. */
    private static final int DATA = 2 + DnsRecord.FIXED_LENGTH;

    /** Whom to ask about a zone: nobody (RFC 6303 §3). */
    private static final byte[] NOBODY = DnsName.parse("nobody.invalid");

    private static final int SERIAL = 1;

    private final Shuffle shuffle;
    private final int ednsPayload;

    private MutableDirectBuffer out = new UnsafeBuffer(0, 0);
    private int begin;
    private int at;
    private int end;
    private int answers;
    private int authorities;
    private boolean truncated;

    AnswerWriter(Shuffle shuffle, int ednsPayload) {
        this.shuffle = shuffle;
        this.ednsPayload = ednsPayload;
    }

    /** Begins an answer of at most so many octets: at least 512. */
    void begin(DirectBuffer query, int offset, DnsQuery read, MutableDirectBuffer buffer, int index, int limit) {
        out = buffer;
        begin = index;
        at = index + DnsHeader.LENGTH;
        end = index + limit - (read.hasEdns() ? OptRecord.LENGTH : 0);
        answers = 0;
        authorities = 0;
        truncated = false;
        int questionLength = read.questionLength();
        boolean isInPlace = query.addressOffset() + offset == buffer.addressOffset() + index
                && query.byteArray() == buffer.byteArray();
        if (questionLength != 0 && !isInPlace) {
            buffer.putBytes(at, query, offset + DnsHeader.LENGTH, questionLength);
        }
        at += questionLength;
    }

    /** Adds the records that were found. */
    void records(Lookup found, DnsQuery query, int ttlSeconds) {
        switch (found.source()) {
            case IPV4 -> ipv4(found.zone(), found.entry(), ttlSeconds);
            case IPV6 -> ipv6(found.zone(), found.entry(), ttlSeconds);
            case OTHERS -> others(found.zone(), found.entry(), query.type(), ttlSeconds);
            case POINTER -> pointer(found.zone(), found.pointer(), ttlSeconds);
            case START -> {
                start(query.name(), found.startLabel(), ttlSeconds, ttlSeconds);
                answers = 1;
            }
            default -> {}
        }
    }

    /** Adds the SOA of a negative answer (RFC 2308 §3): its TTL is what it says how long "no" may be kept. */
    void negative(Lookup found, DnsQuery query, int ttlSeconds) {
        start(query.name(), found.startLabel(), ttlSeconds, ttlSeconds);
        authorities = 1;
    }

    /** As many as fit of those from a random one on, then shuffled: so each is first equally often (D4). */
    private void ipv4(Zone zone, int entry, int ttlSeconds) {
        int first = zone.ipv4Begin(entry);
        int count = zone.ipv4Count(entry);
        int fitting = fitting(count, DnsRecord.A_LENGTH);
        int from = fitting < count ? shuffle.below(count) : 0;
        long head = V4_HEAD | ttlSeconds >>> 16;
        int tail = ttlSeconds << 16 | Integer.BYTES;
        for (int i = 0; i < fitting; i++) {
            int index = at + i * DnsRecord.A_LENGTH;
            Octets.int64(out, index, head);
            Octets.int32(out, index + 8, tail);
            int address = from + i < count ? from + i : from + i - count;
            Octets.int32(out, index + DATA, zone.ipv4(first + address));
        }
        for (int i = fitting - 1; i > 0; i--) {
            int one = at + i * DnsRecord.A_LENGTH + DATA;
            int other = at + shuffle.below(i + 1) * DnsRecord.A_LENGTH + DATA;
            int octets = out.getInt(one);
            out.putInt(one, out.getInt(other));
            out.putInt(other, octets);
        }
        at += fitting * DnsRecord.A_LENGTH;
    }

    private void ipv6(Zone zone, int entry, int ttlSeconds) {
        int first = zone.ipv6Begin(entry);
        int count = zone.ipv6Count(entry);
        int fitting = fitting(count, DnsRecord.AAAA_LENGTH);
        int from = fitting < count ? shuffle.below(count) : 0;
        long head = V6_HEAD | ttlSeconds >>> 16;
        int tail = ttlSeconds << 16 | (2 * Long.BYTES);
        for (int i = 0; i < fitting; i++) {
            int index = at + i * DnsRecord.AAAA_LENGTH;
            Octets.int64(out, index, head);
            Octets.int32(out, index + 8, tail);
            int address = first + (from + i < count ? from + i : from + i - count);
            Octets.int64(out, index + DATA, zone.ipv6Hi(address));
            Octets.int64(out, index + DATA + Long.BYTES, zone.ipv6Lo(address));
        }
        for (int i = fitting - 1; i > 0; i--) {
            int one = at + i * DnsRecord.AAAA_LENGTH + DATA;
            int other = at + shuffle.below(i + 1) * DnsRecord.AAAA_LENGTH + DATA;
            swap(one, other);
            swap(one + Long.BYTES, other + Long.BYTES);
        }
        at += fitting * DnsRecord.AAAA_LENGTH;
    }

    private void swap(int one, int other) {
        long octets = out.getLong(one);
        out.putLong(one, out.getLong(other));
        out.putLong(other, octets);
    }

    private int fitting(int count, int length) {
        int room = (end - at) / length;
        truncated = room < count;
        answers = Math.min(count, room);
        return answers;
    }

    private void others(Zone zone, int entry, int type, int ttlSeconds) {
        for (int i = zone.othersBegin(entry); i < zone.othersEnd(entry); i++) {
            if (zone.otherType(i) == type) {
                record(type, ttlSeconds, zone, zone.otherPlace(i), zone.otherLength(i));
            }
        }
    }

    private void pointer(Zone zone, int place, int ttlSeconds) {
        int length = DnsName.skip(zone.data(), 0, place, zone.data().capacity()) - place;
        record(RecordType.PTR, ttlSeconds, zone, place, length);
    }

    private void record(int type, int ttlSeconds, Zone zone, int place, int length) {
        int behind = at + 2 + DnsRecord.FIXED_LENGTH + length;
        if (behind > end || truncated) {
            truncated = true;
            return;
        }
        Octets.uint16(out, at, QUESTION_NAME);
        DnsRecord.put(out, at + 2, type, RecordClass.IN, ttlSeconds, length);
        out.putBytes(behind - length, zone.data(), place, length);
        at = behind;
        answers++;
    }

    /** A SOA of the name that the question's ends with from a label on; it always fits, see {@link DnsResponder}. */
    private void start(FoldedName name, int label, int ttlSeconds, int minimum) {
        int owner = DnsName.POINTER << 8 | (DnsHeader.LENGTH + name.start(label));
        boolean isRoot = label == name.labels();
        int fixed = owner(isRoot, owner, at);
        at = owner(isRoot, owner, fixed + DnsRecord.FIXED_LENGTH);
        out.putBytes(at, NOBODY);
        SoaData.put(out, at + NOBODY.length, SERIAL, minimum);
        at += NOBODY.length + SoaData.LENGTH;
        int dataLength = at - fixed - DnsRecord.FIXED_LENGTH;
        DnsRecord.put(out, fixed, RecordType.SOA, RecordClass.IN, ttlSeconds, dataLength);
    }

    private int owner(boolean isRoot, int pointer, int index) {
        if (isRoot) {
            out.putByte(index, (byte) 0);
            return index + 1;
        }
        Octets.uint16(out, index, pointer);
        return index + 2;
    }

    /** Writes what stands around the records; {@return octets of the answer} */
    int finish(DnsQuery query, int rcode, int flags) {
        int additionals = 0;
        if (query.hasEdns()) {
            at = OptRecord.put(out, at, ednsPayload, rcode, query.ednsFlags());
            additionals = 1;
        }
        int copied = query.flags() & (DnsHeader.OPCODE_MASK | DnsHeader.RD | DnsHeader.CD);
        int tc = truncated ? DnsHeader.TC : 0;
        DnsHeader.id(out, begin, query.id());
        DnsHeader.flags(out, begin, DnsHeader.QR | DnsHeader.RA | copied | tc | flags | (rcode & 0xF));
        DnsHeader.counts(out, begin, query.questionLength() == 0 ? 0 : 1, answers, authorities, additionals);
        return at - begin;
    }

    /** {@return whether records were left out} */
    boolean isTruncated() {
        return truncated;
    }
}
