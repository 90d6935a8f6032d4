package io.tapswitch.vxlan;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.wire.EtherType;
import io.tapswitch.wire.EthernetHeader;
import java.util.HexFormat;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class VxlanHeaderTest {
    private final UnsafeBuffer b = new UnsafeBuffer(new byte[64]);

    private int check(String header) {
        b.putBytes(3, HexFormat.of().parseHex(header));
        return VxlanHeader.check(b, 3, 22);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 4096, VxlanHeader.MAX_VNI})
    void V1_everyVniComesBackAndAllElseIsZero(int vni) {
        b.putLong(3, -1);
        VxlanHeader.write(b, 3, vni);
        assertThat(VxlanHeader.vni(b, 3)).isEqualTo(vni);
        byte[] header = new byte[8];
        b.getBytes(3, header);
        assertThat(HexFormat.of().formatHex(header)).isEqualTo("08000000%06x00".formatted(vni));
        assertThat(VxlanHeader.check(b, 3, 22)).isEqualTo(VxlanDrop.PASS);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "0c00000000002a00",
                "ff00000000002a00",
                "08ffffff00002a00",
                "0800000000002aff",
                "8c00000000002a01"
            })
    void V5_reservedBitsAreIgnored(String header) {
        assertThat(check(header)).isEqualTo(VxlanDrop.PASS);
        assertThat(VxlanHeader.vni(b, 3)).isEqualTo(42);
    }

    @ParameterizedTest
    @CsvSource({
        "0000000000002a00, VXLAN_NO_VNI",
        "f700000000002a00, VXLAN_NO_VNI",
        "0c00000100002a00, VXLAN_GPE",
        "0c00000300002a00, VXLAN_GPE",
        "8d00000400002a00, VXLAN_GPE",
        "8800100000002a00, VXLAN_GBP",
        "8840000100002a00, VXLAN_GBP"
    })
    void V4_V15_whatIsNotVxlanHasAReasonOfItsOwn(String header, VxlanDrop reason) {
        assertThat(check(header)).isEqualTo(reason.code());
    }

    @Test
    void V4_runtsAreRefusedAtEachLength() {
        for (int length = -5; length < 22; length++) {
            UnsafeBuffer cut = new UnsafeBuffer(new byte[Math.max(0, length)]);
            if (length >= 8) {
                VxlanHeader.write(cut, 0, 1);
            }
            VxlanDrop expected = length < 8 ? VxlanDrop.VXLAN_TRUNCATED : VxlanDrop.INNER_TRUNCATED;
            assertThat(VxlanHeader.check(cut, 0, length)).as("%d bytes", length).isEqualTo(expected.code());
        }
    }

    @Test
    void V4_anInnerGroupSourceIsRefused() {
        EthernetHeader.source(b, 0, 0x0242_0A00_0002L);
        assertThat(VxlanHeader.checkInner(b, 0, false)).isEqualTo(VxlanDrop.PASS);
        EthernetHeader.source(b, 0, 0x0342_0A00_0002L);
        assertThat(VxlanHeader.checkInner(b, 0, true)).isEqualTo(VxlanDrop.INNER_SOURCE.code());
        EthernetHeader.source(b, 0, EthernetHeader.BROADCAST);
        assertThat(VxlanHeader.checkInner(b, 0, true)).isEqualTo(VxlanDrop.INNER_SOURCE.code());
    }

    @ParameterizedTest
    @ValueSource(ints = {EtherType.VLAN, EtherType.QINQ, EtherType.QINQ_OLD})
    void V6_anInnerTagIsRefusedUnlessItIsAllowed(int type) {
        EthernetHeader.etherType(b, 0, type);
        assertThat(VxlanHeader.checkInner(b, 0, false)).isEqualTo(VxlanDrop.INNER_TAG.code());
        assertThat(VxlanHeader.checkInner(b, 0, true)).isEqualTo(VxlanDrop.PASS);
    }

    @Test
    void everyReasonHasItsNumberAndAWordOfItsOwn() {
        for (VxlanDrop drop : VxlanDrop.values()) {
            assertThat(drop.code()).isNegative();
            assertThat(VxlanDrop.of(drop.code())).isEqualTo(drop);
            assertThat(drop.word()).matches("[a-z_]+");
            assertThat(drop.sentence()).isNotBlank();
        }
        assertThat(VxlanDrop.count()).isEqualTo(VxlanDrop.values().length);
    }
}
