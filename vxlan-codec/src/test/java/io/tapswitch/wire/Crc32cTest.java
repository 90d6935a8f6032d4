package io.tapswitch.wire;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HexFormat;
import java.util.random.RandomGenerator;
import java.util.zip.CRC32C;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;

class Crc32cTest {
    private final RandomGenerator random = Seeds.random();

    private static int judge(byte[] bytes) {
        CRC32C crc = new CRC32C();
        crc.update(bytes);
        return (int) crc.getValue();
    }

    @Test
    void followsTheExampleOfRfc3720FromZerosToOnesWordByWord() {
        // RFC 3720 appendix B.4: 32 bytes of zeros, and 32 bytes of ones.
        int crc = 0x8A91_36AA;
        for (int length = 32; length >= 4; length -= 4) {
            crc = Crc32c.update32(crc, 0, -1, length);
        }
        assertThat(crc).isEqualTo(0x62A8_AB43);
    }

    @Test
    void N32_agreesWithAFullRecomputationAtEveryLength() {
        for (int length = 4; length < 600; length++) {
            byte[] bytes = Seeds.bytes(random, length);
            UnsafeBuffer buffer = new UnsafeBuffer(bytes);
            int at = random.nextInt(length - 3);
            int before = judge(bytes);
            int oldWord = Octets.int32(buffer, at);
            int newWord = random.nextInt();
            Octets.int32(buffer, at, newWord);
            assertThat(Crc32c.update32(before, oldWord, newWord, length - at))
                    .as("length %d, %s", length, Seeds.description())
                    .isEqualTo(judge(bytes));
        }
    }

    @Test
    void N32_agreesInPacketsOfTheGreatestLengths() {
        for (int length : new int[] {0xFFFF, 0x1_0000, 0xFFFF + Ipv6Header.LENGTH, 0x1_FFFF}) {
            byte[] bytes = Seeds.bytes(random, length);
            UnsafeBuffer buffer = new UnsafeBuffer(bytes);
            int before = judge(bytes);
            int oldWord = Octets.int32(buffer, 0);
            Octets.int32(buffer, 0, 0x1234_5678);
            assertThat(Crc32c.update32(before, oldWord, 0x1234_5678, length))
                    .as(Seeds.description())
                    .isEqualTo(judge(bytes));
        }
    }

    @Test
    void N24_aWrongOneStaysAsWrongAsItWas() {
        byte[] bytes = Seeds.bytes(random, 100);
        UnsafeBuffer buffer = new UnsafeBuffer(bytes);
        int error = random.nextInt() | 1;
        int wrong = judge(bytes) ^ error;
        int oldWord = Octets.int32(buffer, 0);
        Octets.int32(buffer, 0, ~oldWord);
        assertThat(Crc32c.update32(wrong, oldWord, ~oldWord, 100) ^ judge(bytes))
                .as(Seeds.description())
                .isEqualTo(error);
    }

    @Test
    void theSctpHeaderHasItsChecksumLowByteFirst() {
        UnsafeBuffer packet = new UnsafeBuffer(HexFormat.of().parseHex("0b5916b400000001000000000100000c"));
        CRC32C crc = new CRC32C();
        crc.update(packet.byteArray());
        SctpHeader.checksum(packet, 0, (int) crc.getValue());
        assertThat(packet.getByte(SctpHeader.CHECKSUM_OFFSET)).isEqualTo((byte) crc.getValue());
        assertThat(SctpHeader.sourcePort(packet, 0)).isEqualTo(2905);
        assertThat(SctpHeader.destinationPort(packet, 0)).isEqualTo(5812);
        assertThat(SctpHeader.verificationTag(packet, 0)).isEqualTo(1);
        assertThat(SctpHeader.checksum(packet, 0)).isEqualTo((int) crc.getValue());
    }
}
