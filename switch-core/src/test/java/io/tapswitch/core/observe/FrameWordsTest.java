package io.tapswitch.core.observe;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FrameWordsTest {
    private static final String MACS = "02420a01000302420a010002";
    private static final String TCP_SYN = MACS + "0800" + "4500003c12344000400600000a010002c6336407"
            + "9c4001bb00000001000000005002faf000000000" + "0000000000000000000000000000000000000000";

    private static byte[] bytes(String hex) {
        return HexFormat.of().parseHex(hex.replace(" ", ""));
    }

    private static String words(String hex) {
        byte[] bytes = bytes(hex);
        return FrameWords.of(bytes, bytes.length);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "0806 0001 0800 0604 0001 02420a010002 0a010002 000000000000 0a010003"
                        + "| ARP, Request who-has 10.1.0.3 tell 10.1.0.2",
                "0806 0001 0800 0604 0002 02420a010002 0a010002 02420a010003 0a010003"
                        + "| ARP, Reply 10.1.0.2 is-at 02:42:0a:01:00:02",
                "0800 4500001f 00010000 40110000 0a010002 c0000235 9c400035 000b0000 616263"
                        + "| IP 10.1.0.2.40000 > 192.0.2.53.53: UDP, length 3",
                "0800 4500001c 00010000 40010000 0a010002 0a010001 08000000 00070002"
                        + "| IP 10.1.0.2 > 10.1.0.1: ICMP echo, id 7, seq 2, length 8",
                "0800 45000018 00012008 40110000 0a010002 0a010001 61626364"
                        + "| IP 10.1.0.2 > 10.1.0.1: UDP fragment at 64, length 4",
                "86dd 60000000 0008 3a40 20010db8000000000000000000000002 20010db8000000000000000000000001"
                        + " 8000 0000 0007 0002"
                        + "| IP6 2001:db8:0:0:0:0:0:2 > 2001:db8:0:0:0:0:0:1: ICMP6 echo request, id 7, seq 2, length 8",
                "88cc 0207 0402|02:42:0a:01:00:02 > 02:42:0a:01:00:03, ethertype 0x88cc, length 18",
            })
    void aFrameIsToldAsTcpdumpDoes(String rest, String expected) {
        assertThat(words(MACS + rest)).isEqualTo(expected.strip());
    }

    @Test
    void tcpBearsFlagsNumbersAndLength() {
        assertThat(words(TCP_SYN))
                .isEqualTo("IP 10.1.0.2.40000 > 198.51.100.7.443: Flags [S], seq 1, win 64240, length 20");
        byte[] whole = bytes(TCP_SYN);
        assertThat(FrameWords.of(Arrays.copyOf(whole, 54), whole.length))
                .as("what a snap length left of it")
                .isEqualTo("IP 10.1.0.2.40000 > 198.51.100.7.443: Flags [S], seq 1, win 64240, length 20");
    }

    @Test
    void aTagIsSaid() {
        assertThat(words(MACS + "8100 0005"
                        + "0800 4500001f 00010000 40110000 0a010002 c0000235 9c400035 000b0000 616263"))
                .isEqualTo("vlan 5, IP 10.1.0.2.40000 > 192.0.2.53.53: UDP, length 3");
    }

    @Test
    void nothingThatAnybodySendsMakesItFail() {
        Random random = new Random(42);
        byte[] whole = bytes(TCP_SYN);
        for (int i = 0; i < 20_000; i++) {
            byte[] frame = Arrays.copyOf(whole, random.nextInt(whole.length + 1));
            for (int changes = random.nextInt(6); changes > 0 && frame.length > 0; changes--) {
                frame[random.nextInt(frame.length)] = (byte) random.nextInt();
            }
            assertThat(FrameWords.of(frame, frame.length)).isNotEmpty();
        }
        assertThat(FrameWords.of(new byte[3], 3)).isEqualTo("cannot be decoded, length 3");
    }
}
