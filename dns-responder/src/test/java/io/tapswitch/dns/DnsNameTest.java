package io.tapswitch.dns;

import static java.nio.ByteOrder.BIG_ENDIAN;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.IOException;
import java.util.Arrays;
import java.util.random.RandomGenerator;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.xbill.DNS.DNSInput;
import org.xbill.DNS.Name;

/** Names, read and written beside dnsjava. */
class DnsNameTest {
    private final RandomGenerator random = Seeds.random();

    /** A name with labels of any octets. */
    static byte[] randomName(RandomGenerator random, int maxLength) {
        byte[] name = new byte[maxLength];
        int at = 0;
        while (random.nextInt(6) != 0) {
            int length = random.nextInt(4) == 0 ? random.nextInt(1, 64) : random.nextInt(1, 8);
            if (at + 1 + length + 1 > maxLength) {
                break;
            }
            name[at++] = (byte) length;
            for (int i = 0; i < length; i++) {
                name[at++] = (byte) (random.nextInt(3) == 0 ? random.nextInt(256) : 'A' + random.nextInt(58));
            }
        }
        return Arrays.copyOf(name, at + 1);
    }

    @Test
    void D1_foldingChangesTheLettersAndNothingElse() {
        for (int octet = 0; octet < 256; octet++) {
            int folded = octet >= 'A' && octet <= 'Z' ? octet + 32 : octet;
            for (int at = 0; at < 8; at++) {
                long others = random.nextLong() & 0x2020_2020_2020_2020L;
                long word = (others & ~(0xFFL << (8 * at))) | ((long) octet << (8 * at));
                assertThat((DnsName.fold(word) >>> (8 * at)) & 0xFF).isEqualTo(folded);
                assertThat((DnsName.fold(word) ^ others) & ~(0xFFL << (8 * at))).isZero();
            }
        }
    }

    @Test
    void D21_textFormsAreThoseOfTheJudge() throws IOException {
        for (int i = 0; i < 20_000; i++) {
            byte[] octets = randomName(random, 255);
            Name judge = new Name(octets);
            String text = DnsName.text(new UnsafeBuffer(octets), 0);
            assertThat(text).as(Seeds.description()).isEqualTo(judge.toString(true));
            assertThat(DnsName.parse(text)).isEqualTo(octets);
            assertThat(DnsName.parse(judge.toString())).isEqualTo(octets);
        }
    }

    @Test
    void namesAreTheSameExactlyWhenTheJudgeSaysSo() throws IOException {
        FoldedName one = new FoldedName();
        FoldedName other = new FoldedName();
        UnsafeBuffer store = new UnsafeBuffer(new byte[256]);
        for (int i = 0; i < 50_000; i++) {
            byte[] octets = randomName(random, random.nextBoolean() ? 20 : 255);
            byte[] changed = octets.clone();
            for (int flips = random.nextInt(4); flips > 0; flips--) {
                int at = random.nextInt(octets.length);
                // Mostly the bit between the cases; a length must stay what it is.
                changed[at] ^= isLength(octets, at) ? 0 : (byte) (random.nextInt(3) > 0 ? 0x20 : 1);
            }
            boolean same = new Name(octets).equals(new Name(changed));
            assertThat(one.read(new UnsafeBuffer(octets), 0, octets.length)).isEqualTo(octets.length);
            other.read(new UnsafeBuffer(changed), 0, changed.length);
            other.store(store, 0);
            assertThat(one.isStored(store, 0)).as(Seeds.description()).isEqualTo(same);
            assertThat(one.hash() == other.hash()).isEqualTo(same);
            assertThat(one.endsWith(other) == 0).isEqualTo(same);
            assertThat(one.labels()).isEqualTo(new Name(octets).labels() - 1);
        }
    }

    private static boolean isLength(byte[] name, int index) {
        int at = 0;
        while (at < index) {
            at += name[at] + 1;
        }
        return at == index;
    }

    @Test
    void anEndIsFoundWhereTheJudgeFindsIt() throws IOException {
        FoldedName name = new FoldedName();
        FoldedName end = new FoldedName();
        for (int i = 0; i < 20_000; i++) {
            byte[] octets = randomName(random, 60);
            int from = 0;
            while (octets[from] != 0 && random.nextInt(3) != 0) {
                from += octets[from] + 1;
            }
            byte[] suffix = Arrays.copyOfRange(octets, from, octets.length);
            if (suffix.length > 2 && random.nextInt(4) == 0) {
                suffix[1] ^= 0x1;
            }
            name.read(new UnsafeBuffer(octets), 0, octets.length);
            end.read(new UnsafeBuffer(suffix), 0, suffix.length);
            boolean isBelow = new Name(octets).subdomain(new Name(suffix));
            assertThat(name.endsWith(end)).isEqualTo(isBelow ? name.labels() - end.labels() : -1);
        }
    }

    @Test
    void row65_whatIsReadIsWhatTheJudgeReads() {
        UnsafeBuffer into = new UnsafeBuffer(new byte[255]);
        int good = 0;
        for (int i = 0; i < 200_000; i++) {
            byte[] message = new byte[12 + random.nextInt(1, 60)];
            for (int at = 12; at < message.length; at++) {
                message[at] = (byte)
                        (switch (random.nextInt(5)) {
                            case 0 -> 0;
                            case 1 -> 0xC0;
                            case 2 -> random.nextInt(12, message.length);
                            case 3 -> random.nextInt(5);
                            default -> random.nextInt(256);
                        });
            }
            int begin = random.nextInt(12, message.length);
            UnsafeBuffer b = new UnsafeBuffer(message);
            int length = DnsName.expand(b, 0, begin, message.length, into, 0);
            int behind = DnsName.skip(b, 0, begin, message.length);
            assertThat(behind < 0).isEqualTo(length < 0);
            if (length > 0) {
                good++;
                DNSInput input = new DNSInput(message);
                input.jump(begin);
                byte[] octets = new byte[length];
                into.getBytes(0, octets);
                try {
                    assertThat(new Name(input).toWire()).as(Seeds.description()).isEqualTo(octets);
                } catch (IOException e) {
                    throw new AssertionError(Seeds.description(), e);
                }
                assertThat(input.current()).isEqualTo(behind);
            }
        }
        assertThat(good).isGreaterThan(10_000);
    }

    @Test
    void row65_loopsEndAtOnceAndChainsAreBounded() {
        UnsafeBuffer b = new UnsafeBuffer(new byte[16_384]);
        b.putByte(12, (byte) 0);
        int at = 13;
        for (int i = 0; i < 200; i++) {
            int target = i == 0 ? 12 : at - 2;
            b.putShort(at, (short) (0xC000 | target), BIG_ENDIAN);
            assertThat(DnsName.skip(b, 0, at, 16_384)).isEqualTo(i < DnsName.MAX_JUMPS ? at + 2 : DnsName.MALFORMED);
            at += 2;
        }
        for (int target : new int[] {0, 11, 500, 501, 502, 16_383}) {
            b.putByte(500, (byte) 1);
            b.putShort(502, (short) (0xC000 | target), BIG_ENDIAN);
            assertThat(DnsName.skip(b, 0, 500, 16_384)).isEqualTo(DnsName.MALFORMED);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"..", "a..b", ".a", "b\u00fccher", "a\\", "a\\256", "a\\25", "\u0131"})
    void whatIsNoNameIsRefusedWithAReason(String text) {
        if (text.equals("a\\25")) {
            // An escaped 2, then a 5.
            assertThat(DnsName.parse(text)).containsExactly(3, 'a', '2', '5', 0);
            return;
        }
        assertThatIllegalArgumentException()
                .isThrownBy(() -> DnsName.parse(text))
                .withMessageContaining("no DNS name");
    }

    @Test
    void limitsOfTextForms() {
        String label = "a".repeat(63);
        String longest = label + "." + label + "." + label + "." + "b".repeat(61);
        assertThat(DnsName.parse(longest)).hasSize(255);
        assertThat(DnsName.parse(longest + ".")).hasSize(255);
        assertThatIllegalArgumentException().isThrownBy(() -> DnsName.parse(longest + "c"));
        assertThatIllegalArgumentException().isThrownBy(() -> DnsName.parse("a".repeat(64)));
        assertThatIllegalArgumentException().isThrownBy(() -> DnsName.parse("a".repeat(300)));
        assertThatIllegalArgumentException().isThrownBy(() -> DnsName.parse("a.".repeat(128)));
        assertThat(DnsName.parse("a.".repeat(127))).hasSize(255);
        assertThat(DnsName.parse("")).containsExactly(0);
        assertThat(DnsName.parse(".")).containsExactly(0);
    }

    @Test
    void theHashIsSipHash13() {
        // CPython's hash of bytes with PYTHONHASHSEED=0, which is SipHash-1-3 under a key of zeros.
        UnsafeBuffer words = new UnsafeBuffer(new byte[16]);
        words.putBytes(0, DnsName.parse("web"));
        assertThat(NameHash.of(0, 0, words, 0, 5, 8L << 56)).isEqualTo(0xff3b_bf36_8560_2182L);
        words.putBytes(0, DnsName.parse("web.net1"));
        assertThat(NameHash.of(0, 0, words, 0, 10, 16L << 56)).isEqualTo(0xb438_b11d_3c7b_3776L);
    }
}
