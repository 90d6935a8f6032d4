package io.tapswitch.dns;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * A name in the form in which names are compared: no pointers, A to Z as a to z, in whole words of 8 octets that are
 * zero behind its end. It is read from a message once, and every table is asked with it. Mutable and used again; one
 * thread; no call allocates.
 */
public final class FoldedName {
    private static final int WORD = Long.BYTES;
    private static final int CAPACITY = 256;

    private final UnsafeBuffer octets = new UnsafeBuffer(new byte[CAPACITY]);
    /** One more than a name has: the walk notices one label too late that a name is too long. */
    private final byte[] starts = new byte[DnsName.MAX_LABELS + 1];

    private int length;
    private int labels;
    private long hash;

    /** An empty one, to be read into. */
    public FoldedName() {
        clear();
    }

    /** Makes it the root. */
    void clear() {
        octets.putLong(0, 0, LITTLE_ENDIAN);
        length = 1;
        labels = 0;
        hash = 0;
    }

    /**
     * Reads a name that has no pointer: the first in a message, to which nothing can point back.
     *
     * @return the index behind it, or {@link DnsName#MALFORMED}, and then it is the root
     */
    public int read(DirectBuffer b, int index, int end) {
        int position = index;
        int count = 0;
        int limit = Math.min(end, index + DnsName.MAX_LENGTH);
        while (true) {
            if (position >= limit) {
                clear();
                return DnsName.MALFORMED;
            }
            int octet = Octets.uint8(b, position);
            if (octet == 0) {
                break;
            }
            if (octet > DnsName.MAX_LABEL) {
                clear();
                return DnsName.MALFORMED;
            }
            starts[count++] = (byte) (position - index);
            position += octet + 1;
        }
        labels = count;
        length = position + 1 - index;
        copy(b, index);
        hash = NameHash.of(octets, 0, length, 0);
        return position + 1;
    }

    private void copy(DirectBuffer b, int index) {
        int whole = length & -WORD;
        for (int i = 0; i < whole; i += WORD) {
            octets.putLong(i, DnsName.fold(word(b, index + i)), LITTLE_ENDIAN);
        }
        int rest = length - whole;
        if (rest == 0) {
            return;
        }
        long tail = 0;
        if (whole != 0) {
            // The last eight octets of the name, without those that are copied: never a read behind its end.
            tail = word(b, index + length - WORD) >>> ((WORD - rest) * Byte.SIZE);
        } else {
            for (int i = 0; i < rest; i++) {
                tail |= (long) Octets.uint8(b, index + i) << (i * Byte.SIZE);
            }
        }
        octets.putLong(whole, DnsName.fold(tail), LITTLE_ENDIAN);
    }

    static long word(DirectBuffer b, int index) {
        return b.getLong(index, LITTLE_ENDIAN);
    }

    /** {@return octets with the root} */
    public int length() {
        return length;
    }

    /** {@return number of labels, the root not counted} */
    public int labels() {
        return labels;
    }

    /** {@return where a label begins, with its length; the one behind the last is the root} */
    public int start(int label) {
        return label == labels ? length - 1 : starts[label] & 0xFF;
    }

    /** {@return hash of the name, keyed} */
    public long hash() {
        return hash;
    }

    /** {@return hash of the name together with what else tells keys of a cache apart, keyed} */
    public long hash(long extra) {
        return NameHash.of(octets, 0, length, extra);
    }

    /** {@return an octet of it} */
    int octet(int index) {
        return Octets.uint8(octets, index);
    }

    /** {@return whether it is the name that {@link #store} wrote there} */
    public boolean isStored(DirectBuffer b, int index) {
        // A name knows its end, so words that are equal are whole names that are equal, or both go on.
        for (int i = 0; i < length; i += WORD) {
            if (word(octets, i) != word(b, index + i)) {
                return false;
            }
        }
        return true;
    }

    /** Writes it in {@link #storedLength} octets. */
    public void store(MutableDirectBuffer b, int index) {
        b.putBytes(index, octets, 0, storedLength());
    }

    /** {@return octets in whole words} */
    public int storedLength() {
        return (length + WORD - 1) & -WORD;
    }

    /** {@return the label at which another name begins that this one ends with, or -1} */
    int endsWith(FoldedName other) {
        int label = labels - other.labels;
        if (label < 0) {
            return -1;
        }
        int at = start(label);
        if (length - at != other.length) {
            return -1;
        }
        for (int i = 0; i < other.length; i++) {
            if (octets.getByte(at + i) != other.octets.getByte(i)) {
                return -1;
            }
        }
        return label;
    }

    /** {@return it as text, for people} */
    @Override
    public String toString() {
        return DnsName.text(octets, 0);
    }
}
