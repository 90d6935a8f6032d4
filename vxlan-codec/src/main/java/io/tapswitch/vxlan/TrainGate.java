package io.tapswitch.vxlan;

import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;

/**
 * Looks at each packet of a train before {@link Coalescing} does: decrypts it, or says why it may not pass. It belongs
 * to one worker.
 */
public interface TrainGate {
    /** For hosts without encrypted networks: what is encrypted does not pass. */
    TrainGate CLEAR = new TrainGate() {
        @Override
        public int pass(DirectBuffer b, int vxlan, int length) {
            return VxlanHeader.isSealed(b, vxlan) ? VxlanDrop.SEALED.code() : VxlanDrop.PASS;
        }

        @Override
        public MutableDirectBuffer opened() {
            throw new IllegalStateException("nothing is decrypted here");
        }
    };

    /**
     * {@return {@link VxlanDrop#PASS} for a packet as it is, the code of a {@link VxlanDrop}, or the length of the
     * packet that is in {@link #opened} for it, from the VXLAN header to its end}
     *
     * @param vxlan where its VXLAN header begins, which was checked
     * @param length bytes from there
     */
    int pass(DirectBuffer b, int vxlan, int length);

    /** {@return where a packet is that was decrypted, from its first byte; until the next one} */
    MutableDirectBuffer opened();
}
