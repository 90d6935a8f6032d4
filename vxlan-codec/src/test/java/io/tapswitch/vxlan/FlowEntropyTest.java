package io.tapswitch.vxlan;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.vxlan.InnerFrames.Shape;
import io.tapswitch.wire.EtherType;
import io.tapswitch.wire.EthernetHeader;
import io.tapswitch.wire.Ipv4Header;
import io.tapswitch.wire.Ipv6Header;
import io.tapswitch.wire.Seeds;
import io.tapswitch.wire.TcpHeader;
import io.tapswitch.wire.UdpHeader;
import java.nio.ByteOrder;
import java.util.BitSet;
import java.util.function.IntConsumer;
import java.util.random.RandomGenerator;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FlowEntropyTest {
    private static final int FRAME = InnerFrames.FRAME;
    private static final int IP = FRAME + EthernetHeader.LENGTH;

    private final RandomGenerator random = Seeds.random();
    private final UnsafeBuffer slot = InnerFrames.slot();
    private int length;

    private void lay(boolean ipv6, boolean tcp) {
        length = InnerFrames.lay(slot, random, new Shape(ipv6, tcp, 0, 100, TcpHeader.ACK)) - 10;
    }

    private int port() {
        return FlowEntropy.sourcePort(slot, FRAME, length);
    }

    private int distinct(IntConsumer flow) {
        BitSet ports = new BitSet();
        for (int i = 0; i < 1000; i++) {
            flow.accept(i);
            assertThat(port()).isBetween(49_152, 65_535);
            ports.set(port());
        }
        return ports.cardinality();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void V2_aThousandFlowsHaveNineHundredPorts(boolean ipv6) {
        lay(ipv6, true);
        int transport = IP + (ipv6 ? 40 : 20);
        assertThat(distinct(i -> UdpHeader.sourcePort(slot, transport, 32_768 + i)))
                .isGreaterThan(900);
        assertThat(distinct(i -> UdpHeader.destinationPort(slot, transport, i))).isGreaterThan(900);
        int source = IP + (ipv6 ? 22 : 14);
        int destination = IP + (ipv6 ? 38 : 18);
        assertThat(distinct(i -> slot.putShort(source, (short) i, ByteOrder.BIG_ENDIAN)))
                .isGreaterThan(900);
        assertThat(distinct(i -> slot.putShort(destination, (short) i, ByteOrder.BIG_ENDIAN)))
                .isGreaterThan(900);
    }

    @Test
    void V2_whatIsNotIpIsSpreadByItsMacAddresses() {
        lay(false, false);
        EthernetHeader.etherType(slot, FRAME, EtherType.ARP);
        assertThat(distinct(i -> EthernetHeader.source(slot, FRAME, 0x0242_0A00_0000L + i)))
                .isGreaterThan(900);
        assertThat(distinct(i -> EthernetHeader.destination(slot, FRAME, 0x0242_0A00_0000L + i)))
                .isGreaterThan(900);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void V2_nothingElseThanTheFlowCounts(boolean ipv6) {
        lay(ipv6, true);
        int port = port();
        int transport = IP + (ipv6 ? 40 : 20);
        TcpHeader.sequence(slot, transport, 5);
        TcpHeader.flags(slot, transport, TcpHeader.SYN);
        slot.putByte(transport + 30, (byte) 7);
        if (ipv6) {
            Ipv6Header.hopLimit(slot, IP, 3);
            Ipv6Header.trafficClassAndFlowLabel(slot, IP, 9, 9);
            Ipv6Header.payloadLength(slot, IP, 40);
        } else {
            Ipv4Header.ttl(slot, IP, 3);
            Ipv4Header.identification(slot, IP, 3);
            Ipv4Header.totalLength(slot, IP, 60);
        }
        assertThat(port()).isEqualTo(port);
    }

    @Test
    void V2_theFragmentsOfADatagramHaveOnePort() {
        lay(false, false);
        Ipv4Header.fragment(slot, IP, false, true, 0);
        int first = port();
        Ipv4Header.fragment(slot, IP, false, false, 1480);
        slot.putInt(IP + 20, random.nextInt());
        assertThat(port()).isEqualTo(first);
        // And of the same addresses with another protocol another one.
        Ipv4Header.protocol(slot, IP, 50);
        assertThat(port()).isNotEqualTo(first);
    }

    @Test
    void V2_theFragmentsOfAnIpv6DatagramHaveOnePort() {
        lay(true, false);
        Ipv6Header.nextHeader(slot, IP, 44);
        slot.putBytes(IP + 40, new byte[] {17, 0, 0, 1, 1, 2, 3, 4});
        int first = port();
        slot.putBytes(IP + 40, new byte[] {17, 0, 5, 0, 1, 2, 3, 4});
        slot.putInt(IP + 48, random.nextInt());
        assertThat(port()).isEqualTo(first);
    }

    @Test
    void framesCutAtAnyByteHaveAPort() {
        lay(true, true);
        for (length = 14; length < 100; length++) {
            UnsafeBuffer cut = new UnsafeBuffer(InnerFrames.bytes(slot, FRAME, length));
            assertThat(FlowEntropy.sourcePort(cut, 0, length)).isBetween(49_152, 65_535);
        }
    }
}
