package io.tapswitch.dns;

import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Goes through the records of a message in order, whatever its types: for those who pass on what others answered.
 * Nothing is read behind the end, and no count is believed that the message does not hold. Used again; one thread; no
 * call allocates.
 */
public final class RecordCursor {
    private DirectBuffer buffer = new UnsafeBuffer(0, 0);
    private int message;
    private int end;
    private int next;
    private int remaining;
    private int answers;
    private int read;
    private int name;
    private int fixed;
    private boolean malformed = true;

    /** One that stands nowhere. */
    public RecordCursor() {}

    /** Goes before the first record; {@return whether header and questions could be read} */
    public boolean wrap(DirectBuffer b, int offset, int length) {
        buffer = b;
        message = offset;
        end = offset + length;
        next = offset + DnsHeader.LENGTH;
        remaining = 0;
        read = 0;
        malformed = length < DnsHeader.LENGTH;
        if (malformed) {
            return false;
        }
        answers = DnsHeader.answers(b, offset);
        for (int questions = DnsHeader.questions(b, offset); questions > 0; questions--) {
            int behind = DnsName.skip(b, message, next, end);
            if (behind < 0 || behind + 4 > end) {
                malformed = true;
                return false;
            }
            next = behind + 4;
        }
        remaining = answers + DnsHeader.authorities(b, offset) + DnsHeader.additionals(b, offset);
        return true;
    }

    /** Goes to the next record; {@return whether there is one that can be read} */
    public boolean next() {
        if (remaining == 0 || malformed) {
            return false;
        }
        name = next;
        fixed = DnsName.skip(buffer, message, next, end);
        malformed = fixed < 0 || fixed + DnsRecord.FIXED_LENGTH > end || dataAt() + dataLength() > end;
        if (malformed) {
            return false;
        }
        next = dataAt() + dataLength();
        remaining--;
        read++;
        return true;
    }

    /** {@return whether the message ended before its counts did, or a name is none} */
    public boolean isMalformed() {
        return malformed;
    }

    /** {@return whether the record belongs to the answer section} */
    public boolean isAnswer() {
        return read <= answers;
    }

    /** {@return where its name begins} */
    public int nameAt() {
        return name;
    }

    /** {@return its type} */
    public int type() {
        return DnsRecord.type(buffer, fixed);
    }

    /** {@return its class} */
    public int recordClass() {
        return DnsRecord.recordClass(buffer, fixed);
    }

    /** {@return seconds that it may be kept} */
    public int ttl() {
        return DnsRecord.ttl(buffer, fixed);
    }

    /** Sets the seconds that it may be kept, in the same message. */
    public void ttl(MutableDirectBuffer sameMessage, int seconds) {
        DnsRecord.ttl(sameMessage, fixed, seconds);
    }

    /** {@return where its data begin} */
    public int dataAt() {
        return fixed + DnsRecord.FIXED_LENGTH;
    }

    /** {@return octets of its data} */
    public int dataLength() {
        return DnsRecord.dataLength(buffer, fixed);
    }

    /** {@return index behind the last record that was read} */
    public int index() {
        return next;
    }
}
