package io.tapswitch.wire;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.random.RandomGenerator;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;

class InternetChecksumTest {
    private final RandomGenerator random = Seeds.random();

    /** RFC 1071 §4.1 as it stands there: one word after the other. */
    private static int naiveChecksum(byte[] bytes, int offset, int length) {
        int sum = 0;
        for (int i = 0; i < length; i++) {
            int octet = bytes[offset + i] & 0xFF;
            sum += i % 2 == 0 ? octet << 8 : octet;
            sum = (sum & 0xFFFF) + (sum >>> 16);
        }
        return ~sum & 0xFFFF;
    }

    @Test
    void addsUpTheExampleOfRfc1071() {
        byte[] example = HexFormat.of().parseHex("0001f203f4f5f6f7");
        assertThat(InternetChecksum.fold(InternetChecksum.sum(new UnsafeBuffer(example), 0, 8)))
                .isEqualTo(0xDDF2);
    }

    @Test
    void updatesTheExampleOfRfc1624ToZeroAndNotToItsOtherForm() {
        assertThat(InternetChecksum.update16(0xDD2F, 0x5555, 0x3285)).isZero();
    }

    @Test
    void agreesWithTheNaiveLoopAtEveryAlignmentAndLength() {
        byte[] bytes = Seeds.bytes(random, 400);
        UnsafeBuffer array = new UnsafeBuffer(bytes);
        UnsafeBuffer outside =
                new UnsafeBuffer(ByteBuffer.allocateDirect(bytes.length).put(bytes));
        for (int offset = 0; offset < 16; offset++) {
            for (int length = 0; length <= 300; length++) {
                int naive = naiveChecksum(bytes, offset, length);
                assertThat(List.of(
                                InternetChecksum.compute(array, offset, length),
                                InternetChecksum.compute(outside, offset, length)))
                        .as("offset %d, length %d, %s", offset, length, Seeds.description())
                        .containsOnly(naive);
            }
        }
    }

    @Test
    void losesNoCarryInASuperFrameOfOnes() {
        byte[] ones = new byte[65_536];
        Arrays.fill(ones, (byte) 0xFF);
        assertThat(InternetChecksum.compute(new UnsafeBuffer(ones), 0, 65_535))
                .isEqualTo(naiveChecksum(ones, 0, 65_535));
    }

    @Test
    void readsNoByteBehindTheRange() {
        for (int length = 0; length <= 64; length++) {
            UnsafeBuffer exact = new UnsafeBuffer(new byte[length]);
            assertThat(InternetChecksum.sum(exact, 0, length)).isZero();
        }
    }

    @Test
    void sumsOfEvenPartsMayBeAdded() {
        byte[] bytes = Seeds.bytes(random, 301);
        UnsafeBuffer buffer = new UnsafeBuffer(bytes);
        for (int cut = 0; cut < 300; cut += 2) {
            long sum = InternetChecksum.sum(buffer, 0, cut) + InternetChecksum.sum(buffer, cut, 301 - cut);
            assertThat(InternetChecksum.finish(sum))
                    .as("cut %d, %s", cut, Seeds.description())
                    .isEqualTo(naiveChecksum(bytes, 0, 301));
        }
    }

    @Test
    void foldsTheLargestSums() {
        assertThat(InternetChecksum.fold(0)).isZero();
        assertThat(InternetChecksum.fold(0xFFFF)).isEqualTo(0xFFFF);
        assertThat(InternetChecksum.fold(0x1_0000)).isEqualTo(1);
        assertThat(InternetChecksum.fold(0xFFFF_FFFFL)).isEqualTo(0xFFFF);
        assertThat(InternetChecksum.fold(Long.MAX_VALUE)).isEqualTo(0x7FFF);
    }

    @Test
    void incrementalUpdatesAgreeWithAFullRecomputation() {
        for (int round = 0; round < 20_000; round++) {
            byte[] header = Seeds.bytes(random, 40);
            UnsafeBuffer buffer = new UnsafeBuffer(header);
            Octets.uint16(buffer, 10, 0);
            int before = InternetChecksum.compute(buffer, 0, 40);

            int at16 = 2 * random.nextInt(20);
            at16 = at16 == 10 ? 12 : at16;
            int old16 = Octets.uint16(buffer, at16);
            int new16 = random.nextInt(0x1_0000);
            Octets.uint16(buffer, at16, new16);
            int after16 = InternetChecksum.update16(before, old16, new16);
            assertThat(after16).as(Seeds.description()).isEqualTo(InternetChecksum.compute(buffer, 0, 40));

            int old32 = Octets.int32(buffer, 12);
            int new32 = random.nextInt();
            Octets.int32(buffer, 12, new32);
            assertThat(InternetChecksum.update32(after16, old32, new32))
                    .as(Seeds.description())
                    .isEqualTo(InternetChecksum.compute(buffer, 0, 40));
        }
    }

    @Test
    void O3_anAddressOfAPartialChecksumChangesWithoutComplement() {
        for (int round = 0; round < 20_000; round++) {
            int source = random.nextInt();
            int destination = random.nextInt();
            int length = 8 + random.nextInt(60_000);
            int newSource = random.nextInt();
            int field =
                    InternetChecksum.fold(InternetChecksum.pseudoHeader(source, destination, IpProtocol.TCP, length));
            int expected = InternetChecksum.fold(
                    InternetChecksum.pseudoHeader(newSource, destination, IpProtocol.TCP, length));
            assertThat(InternetChecksum.updatePartial32(field, source, newSource) % 0xFFFF)
                    .as(Seeds.description())
                    .isEqualTo(expected % 0xFFFF);

            int newLength = 8 + random.nextInt(60_000);
            int expectedLength = InternetChecksum.fold(
                    InternetChecksum.pseudoHeader(source, destination, IpProtocol.TCP, newLength));
            assertThat(InternetChecksum.updatePartial16(field, length, newLength) % 0xFFFF)
                    .as(Seeds.description())
                    .isEqualTo(expectedLength % 0xFFFF);
        }
    }

    @Test
    void O2_completesAPartialChecksumToWhatTheReceiverVerifies() {
        for (int round = 0; round < 2_000; round++) {
            int length = 20 + random.nextInt(3_000);
            UnsafeBuffer segment = new UnsafeBuffer(Seeds.bytes(random, 34 + length));
            long pseudo = InternetChecksum.pseudoHeader(random.nextInt(), random.nextInt(), IpProtocol.TCP, length);
            TcpHeader.checksum(segment, 34, InternetChecksum.fold(pseudo));

            InternetChecksum.complete(segment, 34, TcpHeader.CHECKSUM_OFFSET, length);

            assertThat(InternetChecksum.isValid(pseudo + InternetChecksum.sum(segment, 34, length)))
                    .as(Seeds.description())
                    .isTrue();
        }
    }

    @Test
    void N24_aComputedUdpChecksumOfZeroIsSentAsAllOnes() {
        assertThat(InternetChecksum.finish(0xFFFF)).isZero();
        assertThat(InternetChecksum.finishUdp(0xFFFF)).isEqualTo(0xFFFF);
        UnsafeBuffer segment = new UnsafeBuffer(new byte[8]);
        segment.putByte(0, (byte) 0xFF);
        segment.putByte(1, (byte) 0xFF);
        InternetChecksum.complete(segment, 0, UdpHeader.CHECKSUM_OFFSET, 8);
        assertThat(UdpHeader.checksum(segment, 0)).isEqualTo(0xFFFF);
    }
}
