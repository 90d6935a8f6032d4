package io.tapswitch.vxlan;

import static io.tapswitch.vxlan.InnerFrames.AT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tapswitch.vxlan.InnerFrames.Shape;
import io.tapswitch.wire.Seeds;
import io.tapswitch.wire.TcpHeader;
import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.random.RandomGenerator;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;

/** V13: what an encrypted frame is on the wire, and that nothing else is taken for one. */
class TunnelCipherTest {
    private static final int VNI = 0x123456;
    private static final int ID = 0xA1B2C3D4;
    private static final int SALT = 0x5566_7788;
    private static final int AROUND = 8 + 12 + 16;

    private final RandomGenerator random = Seeds.random();
    private final byte[] secret = Seeds.bytes(random, TunnelKey.SECRET_LENGTH);
    private final TunnelKey key = new TunnelKey(ID, secret, SALT);
    private final SendingKey sending = new SendingKey(key, 1000, 1L << 20);
    private final ReceivingKey receiving = new ReceivingKey(key);
    private final TunnelCipher there = new TunnelCipher(3);
    private final TunnelCipher here = new TunnelCipher(0);
    private final UnsafeBuffer wire = new UnsafeBuffer(new byte[70_000]);

    private byte[] seal(byte[] frame) {
        there.clear().putBytes(TunnelCipher.FRAME, frame);
        int length = there.seal(sending, VNI, frame.length, wire, 5);
        assertThat(length).isEqualTo(frame.length + AROUND);
        byte[] sealed = new byte[length];
        wire.getBytes(5, sealed);
        return sealed;
    }

    private int open(byte[] sealed) {
        return here.open(receiving, new UnsafeBuffer(sealed), 0, sealed.length);
    }

    private byte[] opened(int length) {
        byte[] frame = new byte[length - TunnelCipher.FRAME];
        here.clear().getBytes(TunnelCipher.FRAME, frame);
        return frame;
    }

    @Test
    void theJudgeKnowsWhatNistKnows() throws GeneralSecurityException {
        // Test case 16 of McGrew and Viega, "The Galois/Counter Mode of Operation (GCM)".
        HexFormat hex = HexFormat.of();
        byte[] given = hex.parseHex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308");
        byte[] plain = hex.parseHex("d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
                + "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39");
        byte[] aad = hex.parseHex("feedfacedeadbeeffeedfacedeadbeefabaddad2");
        assertThat(new NaiveGcm(given).seal(hex.parseHex("cafebabefacedbaddecaf888"), aad, plain))
                .isEqualTo(hex.parseHex("522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
                        + "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
                        + "76fc6ece0f4e1768cddf8853bb2d551b"));
    }

    @Test
    void V13_theBytesAreThoseThatTheFormatSays() throws GeneralSecurityException {
        for (int length : new int[] {14, 15, 60, 64, 1_400, 1_436}) {
            byte[] frame = Seeds.bytes(random, length);
            long sequence = sending.highest();
            byte[] sealed = seal(frame);
            byte[] header = ByteBuffer.allocate(20)
                    .putInt(0x0800_0000)
                    .putInt(VNI << 8 | 0xE1)
                    .putInt(ID)
                    .putLong(3L << 56 | sequence)
                    .array();
            byte[] nonce = ByteBuffer.allocate(12)
                    .putInt(SALT)
                    .putLong(3L << 56 | sequence)
                    .array();
            assertThat(Arrays.copyOf(sealed, 20)).isEqualTo(header);
            assertThat(Arrays.copyOfRange(sealed, 20, sealed.length))
                    .as("%d bytes, %s", length, Seeds.description())
                    .isEqualTo(new NaiveGcm(secret).seal(nonce, header, frame));
        }
    }

    @Test
    void V13_aFrameComesOutAsItWas_behindAHeaderInClear() {
        for (int round = 0; round < 200; round++) {
            byte[] frame = Seeds.bytes(random, 14 + random.nextInt(9_000));
            int length = open(seal(frame));
            assertThat(length).isEqualTo(frame.length + VxlanHeader.LENGTH);
            assertThat(opened(length)).isEqualTo(frame);
            assertThat(VxlanHeader.vni(here.clear(), 0)).isEqualTo(VNI);
            assertThat(VxlanHeader.isSealed(here.clear(), 0)).isFalse();
        }
    }

    @Test
    void V13_noByteCanBeChanged() {
        byte[] frame = Seeds.bytes(random, 60);
        byte[] sealed = seal(frame);
        for (int i = 0; i < sealed.length; i++) {
            for (int bit : new int[] {1, 0x80}) {
                byte[] changed = sealed.clone();
                changed[i] ^= (byte) bit;
                assertThat(open(changed)).as("byte %d", i).isEqualTo(VxlanDrop.SEAL_FORGED.code());
            }
        }
        assertThat(open(Arrays.copyOf(sealed, sealed.length - 1))).isEqualTo(VxlanDrop.SEAL_FORGED.code());
        assertThat(open(Arrays.copyOf(sealed, sealed.length + 1))).isEqualTo(VxlanDrop.SEAL_FORGED.code());
        assertThat(open(sealed)).as("no forgery spends the counter").isPositive();
    }

    @Test
    void V13_whatIsTooShortForAFrameIsNotRead() {
        for (int length = 0; length < AROUND + 14; length++) {
            assertThat(TunnelCipher.check(length)).isEqualTo(VxlanDrop.SEAL_TRUNCATED.code());
        }
        assertThat(TunnelCipher.check(AROUND + 14)).isEqualTo(VxlanDrop.PASS);
    }

    @Test
    void V13_aFrameIsTakenOnce() {
        byte[] first = seal(new byte[60]);
        byte[] second = seal(new byte[60]);
        assertThat(open(second)).isPositive();
        assertThat(open(first)).isPositive();
        assertThat(open(first)).isEqualTo(VxlanDrop.SEAL_REPLAY.code());
        assertThat(open(second)).isEqualTo(VxlanDrop.SEAL_REPLAY.code());
    }

    @Test
    void V13_workersOfOneKeyDoNotGetInEachOthersWay() {
        TunnelCipher other = new TunnelCipher(4);
        byte[] one = seal(new byte[60]);
        other.clear().putBytes(TunnelCipher.FRAME, new byte[60]);
        byte[] two = new byte[60 + AROUND];
        other.seal(sending, VNI, 60, new UnsafeBuffer(two), 0);
        assertThat(two).isNotEqualTo(one);
        assertThat(open(two)).isPositive();
        assertThat(open(one)).isPositive();
        assertThat(open(two)).isEqualTo(VxlanDrop.SEAL_REPLAY.code());
    }

    @Test
    void V13_withoutACounterNothingIsEncrypted() {
        SendingKey spent = new SendingKey(key, 7, 8);
        assertThat(there.seal(spent, VNI, 60, wire, 0)).isPositive();
        wire.setMemory(0, 200, (byte) 0);
        assertThat(there.seal(spent, VNI, 60, wire, 0)).isEqualTo(VxlanDrop.SEAL_NO_KEY.code());
        assertThat(wire.getLong(0)).isZero();
        spent.raise(9);
        assertThat(there.seal(spent, VNI, 60, wire, 0)).isPositive();
    }

    @Test
    void O4_aPartialChecksumIsCompletedBefore() {
        UnsafeBuffer slot = InnerFrames.slot();
        Shape shape = new Shape(false, true, 12, 700, TcpHeader.ACK);
        int length = InnerFrames.lay(slot, random, shape);
        InnerFrames.partial(slot, shape);
        int laid = there.lay(slot, AT, length);
        assertThat(laid).isEqualTo(shape.frame());
        assertThat(InnerFrames.isRight(there.clear(), TunnelCipher.FRAME, shape))
                .isTrue();
        TunnelHeader.checksum(slot, AT, TunnelHeader.NEEDS_CSUM, shape.frame(), 16);
        assertThat(there.lay(slot, AT, length)).isEqualTo(VxlanDrop.OFFLOAD.code());
    }

    @Test
    void aKeyDoesNotShowItsSecret() {
        assertThat(key.toString()).isEqualTo("key a1b2c3d4");
        assertThatThrownBy(() -> new TunnelKey(1, new byte[16], 1)).hasMessageContaining("16");
    }
}
