package io.tapswitch.nat;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.wire.IpProtocol;
import io.tapswitch.wire.Ipv4Header;
import io.tapswitch.wire.Ipv6Extensions;
import io.tapswitch.wire.Ipv6Header;
import java.util.Arrays;
import java.util.Random;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What one fragment must be, what the whole packet's header says, and how it is split. */
class FragmentRulesTest {
    private static final byte[] HOP_BY_HOP = {60, 0, 5, 2, 0, 0, 1, 0};
    private static final byte[] DESTINATION_OPTIONS = {44, 1, 1, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};

    private final Random random = new Random(22);
    private final UnsafeBuffer frame = new UnsafeBuffer(new byte[Reassembly.MAX_PACKET]);
    private final UnsafeBuffer out = new UnsafeBuffer(new byte[Reassembly.MAX_PACKET]);
    private final Reassembly reassembly =
            new Reassembly(new UnsafeBuffer(new byte[(int) Reassembly.bytes(256)]), 256, 256, 1, 3, 4);

    private FragmentedDatagram datagram(boolean ipv6, int length) {
        return new FragmentedDatagram(ipv6, 0x1234, length, random);
    }

    private int add(byte[] packet) {
        frame.putBytes(0, packet);
        return reassembly.add(frame, 0, packet.length, 0, 0, 0);
    }

    private int addAll(byte[][] parts) {
        int result = 0;
        for (byte[] part : parts) {
            result = add(part);
        }
        return result;
    }

    private void assertDropped(byte[] packet, FragmentDrop reason) {
        assertThat(add(packet)).isEqualTo(reason.verdict());
        assertThat(FragmentDrop.of(reason.verdict())).isEqualTo(reason);
        assertThat(reason.sentence()).isNotBlank();
        assertThat(reassembly.usedBlocks()).isZero();
    }

    private byte[] piece(int length, long shape, int number) {
        return Arrays.copyOf(out.byteArray(), Fragmentation.write(frame, 0, length, shape, number, out, 0));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void N22_wrongLengthsAreDropped(boolean ipv6) {
        var d = datagram(ipv6, 3008);
        assertDropped(d.part(1000, new byte[0], true), FragmentDrop.MALFORMED);
        assertDropped(d.part(1000, new byte[0], false), FragmentDrop.MALFORMED);
        assertDropped(d.part(1000, new byte[1001], true), FragmentDrop.MALFORMED);
        byte[] cut = d.part(1000, 2000);
        assertDropped(Arrays.copyOf(cut, cut.length - 1), FragmentDrop.MALFORMED);
        assertDropped(new byte[19], FragmentDrop.MALFORMED);
        assertDropped(new byte[60], FragmentDrop.MALFORMED);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void N22_row33_thePingOfDeathIsDropped(boolean ipv6) {
        var d = datagram(ipv6, 3008);
        assertDropped(d.part(65_528, new byte[1000], false), FragmentDrop.TOO_LONG);
        assertDropped(d.part(64_536, new byte[1000], true), FragmentDrop.TOO_LONG);
    }

    @Test
    void N22_row33_aHeaderThatMakesTheWholeTooLongDropsIt() {
        var d = datagram(false, 65_512);
        byte[][] parts = d.parts(1480);
        for (int i = 1; i < parts.length; i++) {
            assertThat(add(parts[i])).isEqualTo(Reassembly.HELD);
        }
        d.options = new byte[] {1, 1, 1, 1};
        assertDropped(d.part(0, 1480), FragmentDrop.TOO_LONG);
    }

    @ParameterizedTest
    @CsvSource({
        "false, 6, 0, 8", "false, 6, 0, 16", "false, 6, 8, 8", "false, 6, 16, 800", "false, 132, 0, 8",
        "true, 6, 0, 8", "true, 6, 0, 16", "true, 6, 8, 8", "true, 6, 16, 800", "true, 132, 8, 8",
    })
    void N22_row34_aTinyFirstFragmentIsDropped(boolean ipv6, int protocol, int from, int length) {
        var d = datagram(ipv6, 3008);
        d.protocol = protocol;
        assertDropped(d.part(from, new byte[length], true), FragmentDrop.TINY);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void N22_theSmallestHonestFirstFragmentIsTaken(boolean ipv6) {
        var d = datagram(ipv6, 24);
        assertThat(addAll(d.parts(8))).isEqualTo(d.wholeHeaderLength() + 24);
        d.protocol = IpProtocol.TCP;
        assertThat(add(d.part(0, new byte[24], true))).isEqualTo(Reassembly.HELD);
        assertThat(add(d.part(24, new byte[8], false))).isEqualTo(d.wholeHeaderLength() + 32);
    }

    @Test
    void N22_anIpv6HeaderChainMustEndInTheFirstFragment() {
        var d = datagram(true, 3008);
        d.protocol = IpProtocol.DESTINATION_OPTIONS;
        byte[] options = new byte[48];
        options[0] = IpProtocol.UDP;
        options[1] = 5;
        assertDropped(d.part(0, options, true), FragmentDrop.TINY);
        assertDropped(d.part(0, Arrays.copyOf(options, 40), true), FragmentDrop.TINY);
        assertThat(add(d.part(0, Arrays.copyOf(options, 56), true))).isEqualTo(Reassembly.HELD);
    }

    @Test
    void N22_aSecondFragmentHeaderIsDropped() {
        var d = datagram(true, 3008);
        d.protocol = IpProtocol.FRAGMENT;
        assertDropped(d.part(0, new byte[64], true), FragmentDrop.MALFORMED);
    }

    @Test
    void N22_rfc6946_anAtomicFragmentIsWholeAndMeetsNoOther() {
        var d = datagram(true, 1000);
        byte[] atomic = d.part(0, 1000);
        add(datagram(true, 3008).parts(1000)[0]);
        frame.putBytes(0, atomic);
        assertThat(Reassembly.isFragment(frame, 0, atomic.length)).isFalse();
        assertThat(add(atomic)).isEqualTo(atomic.length);
        assertThat(Arrays.copyOf(frame.byteArray(), atomic.length)).isEqualTo(atomic);
        assertThat(reassembly.shape()).isZero();
        assertThat(reassembly.held()).isEqualTo(1);
    }

    @Test
    void aPacketThatIsNoFragmentPasses() {
        byte[] four = datagram(false, 100).part(0, 100);
        assertThat(add(Arrays.copyOf(four, 300))).isEqualTo(four.length);
        assertThat(Reassembly.isFragment(frame, 0, four.length)).isFalse();
        var d = datagram(true, 3008);
        frame.putBytes(0, d.part(0, 1000));
        assertThat(Reassembly.isFragment(frame, 0, 1048)).isTrue();
        frame.putBytes(0, d.part(1000, 3008));
        assertThat(Reassembly.isFragment(frame, 0, 2056)).isTrue();
        assertThat(Reassembly.isFragment(frame, 0, 47)).isFalse();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void N22_moreThan128FragmentsAreTooMany(boolean ipv6) {
        byte[][] parts = datagram(ipv6, 129 * 8).parts(8);
        for (int i = 0; i < 128; i++) {
            assertThat(add(parts[i])).isEqualTo(Reassembly.HELD);
        }
        assertThat(add(parts[128])).isEqualTo(FragmentDrop.TOO_MANY.verdict());
        assertThat(reassembly.dropped(FragmentDrop.TOO_MANY)).isEqualTo(129);
        assertThat(add(parts[0])).isEqualTo(FragmentDrop.GIVEN_UP.verdict());
    }

    @ParameterizedTest
    @CsvSource({
        "false, 1480",
        "false, 552",
        "false, 8960",
        "true, 1448",
        "true, 1232",
        "true, 8944",
        "false, 32768",
    })
    void N22_row37_theLargestDatagramIsWholeAgainAndSplitAsItCame(boolean ipv6, int step) {
        var d = datagram(ipv6, ipv6 ? 65_535 : 65_515);
        byte[][] parts = d.parts(step);
        assertThat(addAll(parts)).isEqualTo(ipv6 ? Reassembly.MAX_PACKET : 65_535);
        int length = d.wholeHeaderLength() + d.udp.length;
        long shape = reassembly.shape();
        assertThat(Fragmentation.pieces(frame, 0, length, shape)).isEqualTo(parts.length);
        for (int i = 0; i < parts.length; i++) {
            assertThat(piece(length, shape, i)).isEqualTo(parts[i]);
        }
    }

    @Test
    void N22_headersThatEachIpv6FragmentRepeatsAreKept() {
        var d = datagram(true, 3008);
        d.firstNextHeader = IpProtocol.HOP_BY_HOP;
        d.perFragment = Arrays.copyOf(HOP_BY_HOP, HOP_BY_HOP.length + DESTINATION_OPTIONS.length);
        System.arraycopy(DESTINATION_OPTIONS, 0, d.perFragment, HOP_BY_HOP.length, DESTINATION_OPTIONS.length);
        byte[][] parts = d.parts(1000);
        int length = addAll(parts);
        assertThat(length).isEqualTo(40 + 24 + 3008);
        long walked = Ipv6Extensions.walk(frame, 0, length);
        assertThat(Ipv6Extensions.protocol(walked)).isEqualTo(IpProtocol.UDP);
        assertThat(Ipv6Extensions.offset(walked)).isEqualTo(64);
        assertThat(Ipv6Header.nextHeader(frame, 0)).isEqualTo(IpProtocol.HOP_BY_HOP);
        long shape = reassembly.shape();
        for (int i = 0; i < parts.length; i++) {
            assertThat(piece(length, shape, i)).isEqualTo(parts[i]);
        }
    }

    @Test
    void N33_dfStaysWhenTheLargestFragmentHadIt() {
        var d = datagram(false, 3008);
        d.dontFragment = true;
        byte[][] parts = d.parts(1000);
        int length = addAll(parts);
        assertThat(Ipv4Header.dontFragment(frame, 0)).isTrue();
        assertThat(piece(length, reassembly.shape(), 1)).isEqualTo(parts[1]);
        byte[] small = d.parts(1000)[3];
        d.dontFragment = false;
        add(small);
        add(d.parts(1000)[0]);
        add(d.parts(1000)[1]);
        add(d.parts(1000)[2]);
        assertThat(Ipv4Header.dontFragment(frame, 0)).isFalse();
    }

    /** Code points of the first and of the other fragments, and of the whole, or -1 when it is dropped. */
    @ParameterizedTest
    @CsvSource({"0,0,0", "1,1,1", "2,2,2", "3,3,3", "2,3,3", "3,1,3", "1,2,1", "0,3,-1", "2,0,-1", "0,1,-1"})
    void N33_ecnOfTheWholeIsByRfc3168(int first, int others, int whole) {
        for (boolean ipv6 : new boolean[] {false, true}) {
            var d = datagram(ipv6, 3008);
            d.trafficClass = 0xB8 | first;
            add(d.parts(1000)[0]);
            d.trafficClass = 0xB8 | others;
            byte[][] parts = d.parts(1000);
            add(parts[1]);
            add(parts[2]);
            int result = add(parts[3]);
            if (whole < 0) {
                assertThat(result).isEqualTo(FragmentDrop.ECN_MIXED.verdict());
            } else {
                int traffic = ipv6
                        ? Ipv6Header.trafficClass(frame, 0)
                        : Ipv4Header.dscp(frame, 0) << 2 | Ipv4Header.ecn(frame, 0);
                assertThat(traffic).isEqualTo(0xB8 | whole);
                assertThat(ipv6 || Ipv4Header.checksumValid(frame, 0)).isTrue();
            }
        }
        assertThat(reassembly.usedBlocks()).isZero();
    }

    @Test
    void O11_anIpv4PacketIsSplitInOrderAndOptionsThatAreNotCopiedAreBlanked() {
        var d = datagram(false, 2000);
        // Record route (not copied), router alert (copied), no operation, end.
        d.options = new byte[] {7, 7, 4, 0, 0, 0, 0, (byte) 0x94, 4, 0, 0, 1, 0, 0, 0, 0};
        byte[] packet = d.part(0, 2000);
        frame.putBytes(0, packet);
        long shape = Fragmentation.shape(1000);
        assertThat(Fragmentation.pieces(frame, 0, packet.length, shape)).isEqualTo(3);
        byte[] first = piece(packet.length, shape, 0);
        assertThat(Arrays.copyOfRange(first, 20, 36)).isEqualTo(d.options);
        byte[] second = piece(packet.length, shape, 1);
        assertThat(Arrays.copyOfRange(second, 20, 36))
                .isEqualTo(new byte[] {1, 1, 1, 1, 1, 1, 1, (byte) 0x94, 4, 0, 0, 1, 0, 0, 0, 0});
        assertThat(first.length).isEqualTo(36 + 960);
        byte[][] pieces = {first, second, piece(packet.length, shape, 2)};
        assertThat(pieces[2].length).isEqualTo(36 + 80);
        assertThat(addAll(pieces)).isEqualTo(packet.length);
        assertThat(Arrays.copyOf(frame.byteArray(), packet.length)).isEqualTo(packet);
    }

    @Test
    void O11_onlyWhatMayBeSplitIsSplit() {
        byte[] packet = datagram(true, 2000).part(0, 2000);
        frame.putBytes(0, packet);
        assertThat(Fragmentation.pieces(frame, 0, packet.length, Fragmentation.shape(1280)))
                .isEqualTo(Fragmentation.IMPOSSIBLE);
        byte[] four = datagram(false, 2000).part(0, 2000);
        frame.putBytes(0, four);
        assertThat(Fragmentation.pieces(frame, 0, four.length, Fragmentation.shape(27)))
                .isEqualTo(Fragmentation.IMPOSSIBLE);
        assertThat(Fragmentation.pieces(frame, 0, four.length, Fragmentation.shape(2020)))
                .isEqualTo(1);
        assertThat(piece(four.length, Fragmentation.shape(2020), 0)).isEqualTo(four);
        long shape = Fragmentation.withSize(Fragmentation.shape(70_000, 64, -1), 1280);
        assertThat(Fragmentation.size(shape)).isEqualTo(1280);
        assertThat(shape).isEqualTo(Fragmentation.shape(1280, 64, -1));
    }
}
