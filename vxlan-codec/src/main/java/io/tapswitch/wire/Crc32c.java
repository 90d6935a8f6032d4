package io.tapswitch.wire;

/**
 * Follows a CRC32c (RFC 9260 appendix A) when a word of what it covers changes, without reading the rest.
 *
 * <p><b>Theory of operation.</b> A CRC is linear: those of two packets of equal length differ by the CRC register that
 * the difference of the packets leaves, begun at 0. Where a single word differs, that difference is the word, followed
 * by zero bytes; and a zero byte multiplies the register by x^8 modulo the CRC's polynomial. So the whole effect is one
 * multiplication by x^(8 n), n the bytes from the word to the end, put together from the powers x^(8 * 2^i):
 *
 * <pre>
 *   packet     ........ old ...........        new CRC = old CRC  xor  (old xor new) * x^(8 n)
 *   changed    ........ new ...........
 *                       |<---- n ---->|
 * </pre>
 *
 * <p>At most 17 multiplications of 32 steps, whatever the length; and as with the Internet checksum's update (RFC
 * 1624), a wrong CRC stays exactly as wrong as it was. A polynomial is an int here with x^0 in the highest bit, the
 * order in which CRC32c takes the bits of a byte.
 *
 * <p>Stateless; no call allocates.
 */
public final class Crc32c {
    private static final int POLYNOMIAL = 0x82F6_3B78;
    private static final int X_8 = 0x0080_0000;
    /** Enough for the longest IPv6 packet, whose length needs 17 bits. */
    private static final int[] POWERS = new int[17];

    static {
        POWERS[0] = X_8;
        for (int i = 1; i < POWERS.length; i++) {
            POWERS[i] = product(POWERS[i - 1], POWERS[i - 1]);
        }
    }

    private Crc32c() {}

    /**
     * {@return the CRC after a 32-bit word, as read in network order, has changed}
     *
     * @param crc the CRC before, right or wrong
     * @param oldWord what was there
     * @param newWord what is there now
     * @param bytesFromWord bytes from the word's first to the last that the CRC covers: 4 to 131071
     */
    public static int update32(int crc, int oldWord, int newWord, int bytesFromWord) {
        int difference = Integer.reverseBytes(oldWord ^ newWord);
        for (int i = 0; i < POWERS.length; i++) {
            if (((bytesFromWord >>> i) & 1) != 0) {
                difference = product(POWERS[i], difference);
            }
        }
        return crc ^ difference;
    }

    private static int product(int a, int b) {
        int sum = 0;
        int shifted = b;
        for (int i = 31; i >= 0; i--) {
            sum ^= -((a >>> i) & 1) & shifted;
            shifted = (shifted >>> 1) ^ (-(shifted & 1) & POLYNOMIAL);
        }
        return sum;
    }
}
