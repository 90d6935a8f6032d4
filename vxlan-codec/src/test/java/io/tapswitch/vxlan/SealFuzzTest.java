package io.tapswitch.vxlan;

import com.code_intelligence.jazzer.junit.FuzzTest;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Fuzzing of encrypted packets, as {@link VxlanFuzzTest} does it for tunnels in clear: whoever has no key makes nothing
 * that is taken, and nothing reads beyond the packet.
 */
class SealFuzzTest {
    private final TunnelCipher cipher = new TunnelCipher(0);
    private final ReceivingKey key = new ReceivingKey(new TunnelKey(1, new byte[32], 2));

    @FuzzTest(maxDuration = "10m")
    void nobodyWithoutTheKeyIsHeard(byte[] packet) {
        if (TunnelCipher.check(packet.length) < 0) {
            return;
        }
        if (cipher.open(key, new UnsafeBuffer(packet), 0, packet.length) >= 0) {
            throw new AssertionError("a forged packet was taken");
        }
    }
}
