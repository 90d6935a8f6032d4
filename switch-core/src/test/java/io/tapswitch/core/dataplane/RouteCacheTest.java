package io.tapswitch.core.dataplane;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.core.dataplane.OutsideSettings.UplinkSettings;
import io.tapswitch.nat.DnatRules;
import io.tapswitch.nat.NatDrop;
import io.tapswitch.nat.NatVersion;
import io.tapswitch.nat.NatVersion.NatOptions;
import io.tapswitch.nat.NatVersion.OutsideAddress;
import io.tapswitch.wire.IpAddress;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class RouteCacheTest {
    private static final long MAPPED = 0xffff_0000_0000L;

    private final OutsideWorld.FakeRoutes routes = new OutsideWorld.FakeRoutes();
    private final RouteCache cache = new RouteCache(routes, new DatapathCounters(), 3, 4);
    private final OutsideTable table = new OutsideTable(
            new OutsideSettings(
                    new NatVersion(
                            List.of(new OutsideAddress(5, IpAddress.parse(OutsideWorld.HOST4))),
                            List.of(),
                            List.of(),
                            List.of(),
                            DnatRules.EMPTY,
                            List.of(),
                            new NatOptions(30_000, 1024, 65_535, 0, 0, true)),
                    Map.of(),
                    List.of(new UplinkSettings(20, List.of(1), OutsideWorld.DEVICE_ETH0, false, 1500))),
            1500);

    private int find(int address, long nowMs) {
        return cache.find(0, MAPPED | (address & 0xffff_ffffL), table, TimeUnit.MILLISECONDS.toNanos(nowMs), nowMs);
    }

    @Test
    void anAnswerIsKeptForAWhile() {
        int way = find(0xc633_6409, 0);
        assertThat(cache.port(way)).isEqualTo(20);
        assertThat(cache.mtu(way)).isEqualTo(1500);
        assertThat(cache.slot(way)).isEqualTo(5);
        find(0xc633_6409, RouteCache.LIFE_MS - 1);
        assertThat(routes.asked).isEqualTo(1);
        find(0xc633_6409, RouteCache.LIFE_MS);
        assertThat(routes.asked).isEqualTo(2);
        cache.flush(RouteCache.LIFE_MS);
        find(0xc633_6409, RouteCache.LIFE_MS);
        assertThat(routes.asked).isEqualTo(3);
        cache.forget();
        find(0xc633_6409, RouteCache.LIFE_MS);
        assertThat(routes.asked).isEqualTo(4);
    }

    @Test
    void newsOfRoutesTakeNoAnswerFromThoseWhoCannotAsk() {
        find(0xc633_6409, 0);
        cache.flush(1);
        for (int i = 0; i < 5_000; i++) {
            cache.askFor(i % 40);
            find(0x0100_0000 + i, 1);
        }
        assertThat(find(0xc633_6409, 1)).isNotNegative();
    }

    @Test
    void whoSpraysDestinationsLeavesQuestionsToOthers() {
        int sprayed = 0;
        for (int i = 0; i < 5_000; i++) {
            sprayed += find(0x0100_0000 + i, 1) < 0 ? 0 : 1;
        }
        assertThat(sprayed).isEqualTo(200);
        cache.askFor(7);
        assertThat(find(0xc633_6409, 1)).isNotNegative();
        cache.askFor(0);
        int more = 0;
        for (int i = 0; i < 5_000; i++) {
            more += find(0x0200_0000 + i, 101) < 0 ? 0 : 1;
        }
        assertThat(more).isEqualTo(50);
    }

    @Test
    void destinationsOfOnePacketPushEachOtherOut() {
        for (int i = 0; i < 1_000; i++) {
            cache.askFor(i % 8);
            find(0x0200_0000 + i, 0);
            find(0x0200_0000 + i, 1);
        }
        for (int i = 0; i < 30_000; i++) {
            cache.askFor(8 + i % 100);
            // The packet that asks looks twice.
            find(0x0300_0000 + i, 2 + i / 10);
            find(0x0300_0000 + i, 2 + i / 10);
        }
        assertThat(routes.asked).isEqualTo(31_000);
        for (int i = 0; i < 1_000; i++) {
            find(0x0200_0000 + i, 4_000);
        }
        assertThat(routes.asked).isLessThan(31_010);
    }

    @Test
    void aRefusalIsKeptToo() {
        routes.kinds.put(IpAddress.parse("198.51.100.9"), RouteSource.Route.UNREACHABLE);
        assertThat(find(0xc633_6409, 0)).isEqualTo(NatDrop.NO_ROUTE.code());
        assertThat(find(0xc633_6409, 1)).isEqualTo(NatDrop.NO_ROUTE.code());
        assertThat(routes.asked).isEqualTo(1);
    }

    @Test
    void anAddressOfTheOtherFamilyOrOfNobodyIsNone() {
        int way = cache.find(0x2001_0db8_0000_0000L, 9, table, 0, 0);
        assertThat(cache.port(way)).isEqualTo(20);
        assertThat(cache.slot(way)).isEqualTo(NatDrop.NO_OUTSIDE_ADDRESS.code());
    }

    @Test
    void manyNewDestinationsAtOnceAreLimitedAndKnownOnesAreNot() {
        find(0xc633_6409, 0);
        int limited = 0;
        for (int i = 0; i < 5_000; i++) {
            cache.askFor(i % 40);
            limited += find(0x0100_0000 + i, 1) == NatDrop.ROUTE_RATE.code() ? 1 : 0;
        }
        assertThat(limited).isBetween(1_000, 4_000);
        assertThat(find(0xc633_6409, 1)).isNotEqualTo(NatDrop.ROUTE_RATE.code());
    }

    @Test
    void anAnswerThatIsTooOldIsBetterThanNone() {
        find(0xc633_6409, 0);
        long laterMs = RouteCache.LIFE_MS + 1;
        for (int i = 0; i < 1_999; i++) {
            cache.askFor(1 + i % 40);
            find(0x0100_0000 + i, laterMs);
        }
        int asked = routes.asked;
        for (int i = 0; i < 3; i++) {
            assertThat(find(0xc633_6409, laterMs)).isNotNegative();
        }
        assertThat(routes.asked).isLessThanOrEqualTo(asked + 1);
    }
}
