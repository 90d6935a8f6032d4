package io.tapswitch.vxlan;

import io.tapswitch.bench.PerCall;
import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import javax.crypto.Cipher;
import javax.crypto.ShortBufferException;
import javax.crypto.spec.IvParameterSpec;
import org.agrona.concurrent.UnsafeBuffer;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;

/**
 * An encrypted frame, made and opened (V13); with {@code -prof gc} what each allocates. Baselines: the same bytes
 * copied, and AES-256 alone in the counter mode that is within GCM, set up once. To open a frame again it must be
 * sealed anew, so {@link #sealAndOpen} less {@link #seal} is what opening takes.
 */
public class SealBenchmark extends PerCall {
    private static final int SLOT = 4_096;
    private static final int AT = 128;

    /** Bytes of the frame. */
    @Param({"64", "1400"})
    public int length;

    private final TunnelKey key = new TunnelKey(1, new byte[TunnelKey.SECRET_LENGTH], 2);
    private final SendingKey sending = new SendingKey(key, 0, 1L << 40);
    private final ReceivingKey receiving = new ReceivingKey(key);
    private final TunnelCipher cipher = new TunnelCipher(0);
    private final TunnelCipher other = new TunnelCipher(0);
    private final UnsafeBuffer slot = new UnsafeBuffer(ByteBuffer.allocateDirect(SLOT));
    private final UnsafeBuffer wire = new UnsafeBuffer(ByteBuffer.allocateDirect(SLOT));
    private final byte[] in = new byte[SLOT];
    private final byte[] out = new byte[SLOT];
    private final Cipher counterMode = counterModeOf(key);

    private static Cipher counterModeOf(TunnelKey key) {
        try {
            Cipher cipher = Cipher.getInstance("AES/CTR/NoPadding");
            cipher.init(Cipher.ENCRYPT_MODE, key.secret(), new IvParameterSpec(new byte[16]));
            return cipher;
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    /** One frame there and back. */
    @Setup
    public void setup() {
        if (sealAndOpen() != length + VxlanHeader.LENGTH) {
            throw new IllegalStateException("what is to be measured is not valid");
        }
    }

    /** As a frame of a container is sent. */
    @Benchmark
    public int seal() {
        int frame = cipher.lay(slot, AT, TunnelHeader.PLAIN_LENGTH + length);
        return cipher.seal(sending, 7, frame, wire, AT);
    }

    /** The same, and as it is received. */
    @Benchmark
    public int sealAndOpen() {
        int sealed = seal();
        int opened = other.open(receiving, wire, AT, sealed);
        slot.putBytes(AT + TunnelHeader.PLAIN_LENGTH, other.clear(), TunnelCipher.FRAME, length);
        return opened;
    }

    /** Baseline: copied once. */
    @Benchmark
    public UnsafeBuffer copy() {
        wire.putBytes(AT, slot, AT, length);
        return wire;
    }

    /** Baseline: AES-256 in counter mode. */
    @Benchmark
    public int counterMode() throws ShortBufferException {
        return counterMode.update(in, 0, length, out, 0);
    }
}
