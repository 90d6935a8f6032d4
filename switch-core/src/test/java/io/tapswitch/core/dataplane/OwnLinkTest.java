package io.tapswitch.core.dataplane;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.core.dataplane.OwnLink.LinkAddress;
import io.tapswitch.core.dataplane.RouteSource.Route;
import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.Ipv4Address;
import io.tapswitch.wire.Ipv6Address;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class OwnLinkTest {
    private static final long MAC = 0x0200_0000_0050L;
    private static final long OTHER = 0x0200_0000_0009L;
    private static final int DEVICE = 7;

    private final OwnLink link = new OwnLink(
            MAC,
            DEVICE,
            List.of(
                    new LinkAddress(IpAddress.parse("192.0.2.50"), 24),
                    new LinkAddress(IpAddress.parse("2001:db8::50"), 64)),
            List.of(IpAddress.parse("192.0.2.9"), IpAddress.parse("fe80::9")));

    private static long hi(String address) {
        return IpAddress.parse(address) instanceof Ipv6Address six ? six.hi() : 0;
    }

    private static long lo(String address) {
        return switch (IpAddress.parse(address)) {
            case Ipv4Address four -> Ipv4Address.mapped(four.bits());
            case Ipv6Address six -> six.lo();
        };
    }

    @ParameterizedTest
    @CsvSource({
        "192.0.2.1, 192.0.2.1",
        "192.0.2.9, 192.0.2.9",
        "192.0.3.1, 192.0.2.9",
        "8.8.8.8, 192.0.2.9",
        "2001:db8::1, 2001:db8::1",
        "2001:db8:0:1::1, fe80::9",
    })
    void theNextHopIsTheNeighbourItselfOrTheGateway(String destination, String hop) {
        assertThat(link.hopHi(hi(destination), lo(destination))).isEqualTo(hi(hop));
        assertThat(link.hopLo(hi(destination), lo(destination))).isEqualTo(lo(hop));
    }

    @ParameterizedTest
    @CsvSource({"192.0.2.0, false", "192.0.2.255, false", "192.0.2.254, true", "8.8.8.8, true", "2001:db8:9::1, true"})
    void thereIsAWayButToEverybodyAtOnce(String destination, boolean expected) {
        Route route = new Route();
        link.ask(hi(destination), lo(destination), route);
        assertThat(route.kind == Route.UNICAST).isEqualTo(expected);
        assertThat(route.device).isEqualTo(DEVICE);
    }

    @Test
    void withoutAGatewayOnlyNeighboursAreReached() {
        OwnLink lonely =
                new OwnLink(MAC, DEVICE, List.of(new LinkAddress(IpAddress.parse("192.0.2.50"), 24)), List.of());
        Route route = new Route();
        lonely.ask(0, lo("192.0.2.1"), route);
        assertThat(route.kind).isEqualTo(Route.UNICAST);
        lonely.ask(0, lo("192.0.3.1"), route);
        assertThat(route.kind).isEqualTo(Route.UNREACHABLE);
        lonely.ask(hi("2001:db8::1"), lo("2001:db8::1"), route);
        assertThat(route.kind).isEqualTo(Route.UNREACHABLE);
    }

    @Test
    void nobodyOnTheLinkCanTakeAGatewaysPlaceOrThatOfWhoIsInUse() {
        LinkNeighbours neighbours = link.neighbours;
        long nowMs = System.nanoTime() / 1_000_000 + 1;
        int gateway = neighbours.find(0, lo("192.0.2.9"));
        neighbours.mac(gateway, OTHER);
        neighbours.states[gateway] = LinkNeighbours.KNOWN;
        int used = neighbours.add(0, lo("192.0.2.1"), 1_000, nowMs);
        neighbours.mac(used, OTHER + 1);
        neighbours.states[used] = LinkNeighbours.KNOWN;
        int strangers = 0;
        for (int i = 0; i < 100_000; i++) {
            int place = neighbours.add(0, Ipv4Address.mapped(0x0a00_0000 + i), 60_000, nowMs);
            if (place != LinkNeighbours.NONE) {
                neighbours.mac(place, OTHER + 2);
                neighbours.states[place] = LinkNeighbours.KNOWN;
                strangers++;
            }
        }
        assertThat(strangers).isLessThan(LinkNeighbours.SIZE);
        assertThat(neighbours.use(0, lo("192.0.2.9"), nowMs)).isEqualTo(OTHER);
        assertThat(neighbours.use(0, lo("192.0.2.1"), nowMs)).isEqualTo(OTHER + 1);
        assertThat(link.gatewayMac(IpAddress.parse("192.0.2.9"))).isEqualTo(OTHER);
        assertThat(link.gatewayMac(IpAddress.parse("fe80::9"))).isZero();
        // A packet of ours finds a place a second later: strangers need not stay.
        assertThat(neighbours.add(0, lo("192.0.2.2"), 1_000, nowMs + 1_001)).isNotEqualTo(LinkNeighbours.NONE);
    }
}
