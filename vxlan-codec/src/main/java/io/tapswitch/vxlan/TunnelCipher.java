package io.tapswitch.vxlan;

import io.tapswitch.wire.EthernetHeader;
import io.tapswitch.wire.InternetChecksum;
import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.util.IdentityHashMap;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Encrypts frames, and decrypts those of others (V13): AES-256-GCM of the JDK, laid out as {@link SealHeader} shows.
 *
 * <h2>Theory of operation</h2>
 *
 * <pre>
 *   {@link #seal}   clear:  | VXLAN 8 | frame |   to   out: | VXLAN 8 | seal header 12 | frame, encrypted | tag 16 |
 *   {@link #open}   the same the other way round
 *   nonce    | salt of the key 4 | counter 8 |
 * </pre>
 *
 * <p>The JDK's cipher is fast between arrays of the heap alone, and frames lie outside of it, so each is copied in and
 * out. It makes objects for each frame, about 1 KB, as it must be set up with each nonce (SealBenchmark). That
 * part of a frame's way may do so.
 *
 * <p>What came before is refused without decrypting it; what is new counts as having come only when its tag was found
 * right. One object per worker, used by its thread only.
 */
public final class TunnelCipher {
    /** Where in {@link #clear} a frame begins. */
    public static final int FRAME = VxlanHeader.LENGTH;

    private static final int HEADERS = VxlanHeader.LENGTH + SealHeader.LENGTH;
    private static final int AROUND = HEADERS + SealHeader.TAG_LENGTH;
    /** More than any datagram. */
    private static final int ROOM = 1 << 16;

    private static final int NONCE_LENGTH = 12;

    private final int worker;
    private final byte[] clear = new byte[ROOM];
    private final byte[] sealed = new byte[ROOM];
    private final UnsafeBuffer clearBuffer = new UnsafeBuffer(clear);
    private final UnsafeBuffer sealedBuffer = new UnsafeBuffer(sealed);
    private final byte[] nonce = new byte[NONCE_LENGTH];
    private final ByteBuffer nonceBuffer = ByteBuffer.wrap(nonce);
    /** A cipher remembers what it made of its key. */
    private final IdentityHashMap<TunnelKey, Cipher> ciphers = new IdentityHashMap<>();

    /**
     * For one worker.
     *
     * @param worker its number, below {@link SendingKey#MAX_WORKERS}
     */
    public TunnelCipher(int worker) {
        this.worker = worker;
    }

    /**
     * Encrypts and decrypts something once. The first cipher of a JVM takes the JDK some 100 ms and more, in which a
     * worker would do nothing else: whoever has the first key calls this before the workers get it. Any thread.
     */
    public static void warm() {
        TunnelKey key = new TunnelKey(0, new byte[TunnelKey.SECRET_LENGTH], 0);
        TunnelCipher cipher = new TunnelCipher(0);
        UnsafeBuffer out = new UnsafeBuffer(new byte[AROUND + EthernetHeader.LENGTH]);
        int length = cipher.seal(new SendingKey(key, 0, 1), 0, EthernetHeader.LENGTH, out, 0);
        if (cipher.open(new ReceivingKey(key), out, 0, length) < 0) {
            throw new IllegalStateException("AES-256-GCM does not decrypt what it encrypted");
        }
    }

    /** {@return where a frame to be sealed is laid, at {@link #FRAME}, and where one that was opened is} */
    public UnsafeBuffer clear() {
        return clearBuffer;
    }

    /** Forgets keys that are not used any more. */
    public void forget() {
        ciphers.clear();
    }

    /**
     * Lays a frame of a TAP in {@link #clear}, with its checksum completed: a receiver is not told that it is not.
     *
     * @param offset where the virtio header of 10 bytes begins; it is no super-frame's
     * @param length of that header and the frame
     * @return bytes of the frame, or the code of a {@link VxlanDrop}
     */
    public int lay(DirectBuffer b, int offset, int length) {
        int frameLength = length - TunnelHeader.PLAIN_LENGTH;
        if (frameLength > ROOM - AROUND) {
            return VxlanDrop.TOO_LONG.code();
        }
        clearBuffer.putBytes(FRAME, b, offset + TunnelHeader.PLAIN_LENGTH, frameLength);
        if ((TunnelHeader.flags(b, offset) & TunnelHeader.NEEDS_CSUM) != 0) {
            int csumStart = TunnelHeader.csumStart(b, offset);
            int csumOffset = TunnelHeader.csumOffset(b, offset);
            if (!Encapsulation.isInside(csumStart, csumOffset, frameLength)) {
                return VxlanDrop.OFFLOAD.code();
            }
            InternetChecksum.complete(clearBuffer, FRAME + csumStart, csumOffset, frameLength - csumStart);
        }
        return frameLength;
    }

    /**
     * Encrypts the frame that was laid in {@link #clear}.
     *
     * @param key of this host
     * @param vni of the frame's network
     * @param length of the frame
     * @param out where it is written, from the VXLAN header to the tag
     * @param at offset of that
     * @return bytes written, or the code of a {@link VxlanDrop}
     */
    public int seal(SendingKey key, int vni, int length, MutableDirectBuffer out, int at) {
        if (length > ROOM - AROUND) {
            return VxlanDrop.TOO_LONG.code();
        }
        long counter = key.take(worker);
        if (counter == SendingKey.NONE) {
            return VxlanDrop.SEAL_NO_KEY.code();
        }
        VxlanHeader.write(sealedBuffer, 0, vni);
        VxlanHeader.seal(sealedBuffer, 0);
        SealHeader.write(sealedBuffer, VxlanHeader.LENGTH, key.key().id(), counter);
        try {
            Cipher cipher = cipher(Cipher.ENCRYPT_MODE, key.key(), counter);
            cipher.updateAAD(sealed, 0, HEADERS);
            cipher.doFinal(clear, FRAME, length, sealed, HEADERS);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("AES-256-GCM does not encrypt", e);
        }
        out.putBytes(at, sealed, 0, AROUND + length);
        return AROUND + length;
    }

    /**
     * Decrypts a frame into {@link #clear}, behind a VXLAN header that is not sealed.
     *
     * @param key whose id is in the frame, of the host that sent it
     * @param in where the frame is
     * @param vxlan where its VXLAN header begins, which was checked
     * @param length bytes from there
     * @return bytes of VXLAN header and frame, or the code of a {@link VxlanDrop}
     */
    public int open(ReceivingKey key, DirectBuffer in, int vxlan, int length) {
        int objection = check(length);
        if (objection < 0) {
            return objection;
        }
        long counter = SealHeader.counter(in, vxlan + VxlanHeader.LENGTH);
        if (!key.isNew(counter)) {
            return VxlanDrop.SEAL_REPLAY.code();
        }
        in.getBytes(vxlan, sealed, 0, length);
        try {
            Cipher cipher = cipher(Cipher.DECRYPT_MODE, key.key(), counter);
            cipher.updateAAD(sealed, 0, HEADERS);
            cipher.doFinal(sealed, HEADERS, length - HEADERS, clear, FRAME);
        } catch (AEADBadTagException forged) {
            return VxlanDrop.SEAL_FORGED.code();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("AES-256-GCM does not decrypt", e);
        }
        if (!key.take(counter)) {
            return VxlanDrop.SEAL_REPLAY.code();
        }
        VxlanHeader.write(clearBuffer, 0, VxlanHeader.vni(sealedBuffer, 0));
        return FRAME + length - AROUND;
    }

    /**
     * {@return {@link VxlanDrop#PASS}, or the code of a {@link VxlanDrop} if no frame can be in a packet}
     *
     * @param length bytes from the VXLAN header on
     */
    public static int check(int length) {
        boolean isWhole = length >= AROUND + EthernetHeader.LENGTH && length <= ROOM;
        return isWhole ? VxlanDrop.PASS : VxlanDrop.SEAL_TRUNCATED.code();
    }

    private Cipher cipher(int mode, TunnelKey key, long counter) throws GeneralSecurityException {
        Cipher cipher = ciphers.get(key);
        if (cipher == null) {
            cipher = Cipher.getInstance("AES/GCM/NoPadding");
            ciphers.put(key, cipher);
        }
        nonceBuffer.putInt(0, key.salt()).putLong(Integer.BYTES, counter);
        cipher.init(mode, key.secret(), new GCMParameterSpec(SealHeader.TAG_LENGTH * Byte.SIZE, nonce));
        return cipher;
    }
}
