package io.tapswitch.vxlan;

import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.util.Arrays;
import javax.crypto.Cipher;
import javax.crypto.spec.SecretKeySpec;

/**
 * GCM as NIST SP 800-38D writes it down, with the block cipher alone of the JDK: a judge that shares no code with what
 * it judges but AES itself. Slow.
 */
final class NaiveGcm {
    private static final int BLOCK = 16;

    private final Cipher aes;

    NaiveGcm(byte[] key) throws GeneralSecurityException {
        aes = Cipher.getInstance("AES/ECB/NoPadding");
        aes.init(Cipher.ENCRYPT_MODE, new SecretKeySpec(key, "AES"));
    }

    /** {@return ciphertext and tag} */
    byte[] seal(byte[] nonce, byte[] aad, byte[] plain) throws GeneralSecurityException {
        byte[] out = new byte[plain.length + BLOCK];
        for (int i = 0; i < plain.length; i++) {
            out[i] = (byte) (plain[i] ^ stream(nonce, 2 + i / BLOCK)[i % BLOCK]);
        }
        byte[] sum = ghash(aad, Arrays.copyOf(out, plain.length));
        byte[] mask = stream(nonce, 1);
        for (int i = 0; i < BLOCK; i++) {
            out[plain.length + i] = (byte) (sum[i] ^ mask[i]);
        }
        return out;
    }

    private byte[] stream(byte[] nonce, int block) throws GeneralSecurityException {
        byte[] counter = Arrays.copyOf(nonce, BLOCK);
        for (int i = 0; i < 4; i++) {
            counter[12 + i] = (byte) (block >>> (24 - 8 * i));
        }
        return aes.doFinal(counter);
    }

    private byte[] ghash(byte[] aad, byte[] cipher) throws GeneralSecurityException {
        BigInteger h = new BigInteger(1, aes.doFinal(new byte[BLOCK]));
        BigInteger y = BigInteger.ZERO;
        for (byte[] part : new byte[][] {aad, cipher}) {
            for (int at = 0; at < part.length; at += BLOCK) {
                byte[] block = Arrays.copyOf(Arrays.copyOfRange(part, at, Math.min(part.length, at + BLOCK)), BLOCK);
                y = times(y.xor(new BigInteger(1, block)), h);
            }
        }
        BigInteger lengths =
                BigInteger.valueOf(aad.length * 8L).shiftLeft(64).or(BigInteger.valueOf(cipher.length * 8L));
        y = times(y.xor(lengths), h);
        byte[] sum = new byte[BLOCK];
        for (int i = 0; i < BLOCK; i++) {
            sum[i] = y.shiftRight(8 * (BLOCK - 1 - i)).byteValue();
        }
        return sum;
    }

    /** SP 800-38D §6.3: the leftmost bit is the lowest power. */
    private static BigInteger times(BigInteger x, BigInteger y) {
        BigInteger r = BigInteger.valueOf(0xE1).shiftLeft(120);
        BigInteger z = BigInteger.ZERO;
        BigInteger v = y;
        for (int bit = 127; bit >= 0; bit--) {
            if (x.testBit(bit)) {
                z = z.xor(v);
            }
            boolean carry = v.testBit(0);
            v = v.shiftRight(1);
            if (carry) {
                v = v.xor(r);
            }
        }
        return z;
    }
}
