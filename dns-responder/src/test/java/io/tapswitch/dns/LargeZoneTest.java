package io.tapswitch.dns;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.xbill.DNS.Type;

/** A network of as many containers as there can be. */
class LargeZoneTest {
    private static final int CONTAINERS = 8192;

    @Test
    void D16_everyNameOfALargeNetworkIsFoundAndItsMemoryIsBounded() {
        ZoneSpec.Builder net = ZoneSpec.network("net1").subnet(DnsAddress.v4(0x0A00_0000), 16);
        for (int i = 0; i < CONTAINERS; i++) {
            String id = "%012x".formatted((i * 0x9E37_79B9_7F4AL) & 0xFFFF_FFFF_FFFFL);
            net.host(List.of("service-" + i, id), DnsAddress.v4(0x0A00_0002 + i), new DnsAddress(0xFDL << 56, i));
        }
        DnsWorld world = DnsWorld.of(net);
        Zone zone = world.view.zone(0);
        // Each in two forms, the suffix, and in-addr.arpa above the subnet.
        assertThat(zone.size()).isEqualTo(4 * CONTAINERS + 1 + 3);
        assertThat(zone.footprintBytes()).isLessThan(512L * CONTAINERS);
        for (int i = 0; i < CONTAINERS; i++) {
            assertThat(world.code("service-" + i, Type.A)).isPositive();
            assertThat(world.responder.result()).isEqualTo(DnsResult.ANSWERED);
        }
        assertThat(world.code("service-" + CONTAINERS, Type.A)).isEqualTo(DnsResponder.FORWARD);
        assertThat(world.data("1.32.0.10.in-addr.arpa", Type.PTR)).containsExactly("service-8191.net1.");
    }
}
