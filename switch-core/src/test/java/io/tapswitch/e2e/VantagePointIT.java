package io.tapswitch.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.lab.Background;
import io.tapswitch.lab.Held;
import io.tapswitch.lab.LabContainer;
import io.tapswitch.lab.LabNamespace;
import io.tapswitch.lab.Outside;
import io.tapswitch.lab.Talk;
import io.tapswitch.lab.World;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** One service, asked from everywhere by its published ports: the server must see who really asks. */
@Tag("netns")
@Timeout(60)
final class VantagePointIT {
    private static final String GATEWAY = "10.9.0.1";
    private static final String GATEWAY_6 = "fd00:9::1";
    private static final int SOURCE = 6100;
    private static final int ONE_SOURCE_FOR_TWO = 6200;

    private static World world;
    private static Background server;
    private static Background outsideServer;
    private static LabContainer serving;
    private static LabContainer neighbour;
    private static LabContainer elsewhere;

    /** From where the port is asked. */
    enum From {
        HOST_BY_LOOPBACK,
        HOST_BY_OWN_ADDRESS,
        REMOTE,
        REMOTE_BEYOND_A_ROUTER,
        SAME_NETWORK,
        ITSELF,
        OTHER_NETWORK;

        boolean isContainer() {
            return this == SAME_NETWORK || this == ITSELF || this == OTHER_NETWORK;
        }
    }

    @BeforeAll
    static void publishOnePort() {
        world = World.withOutside();
        world.start("--uplink", "shared");
        for (int n : new int[] {9, 10}) {
            world.cli(
                    "network",
                    "create",
                    "--ipv6",
                    "--subnet",
                    "10." + n + ".0.0/24",
                    "--subnet",
                    "fd00:" + n + "::/64",
                    "net" + n);
        }
        serving = world.attached("serving", "--network", "net9", "-p", "8080:80", "-p", "8080:80/udp");
        world.cli("publish", "serving", "8081:80");
        world.cli("publish", "serving", "8081:80/udp");
        neighbour = world.attached("neighbour", "--network", "net9");
        elsewhere = world.attached("elsewhere", "--network", "net10");
        server = Talk.answer(serving, "80", "80");
        outsideServer = Talk.answer(world.outside().router());
    }

    @AfterAll
    static void close() {
        if (server != null) {
            server.close();
            outsideServer.close();
        }
        if (world != null) {
            world.close();
        }
    }

    static Stream<Arguments> everywhere() {
        List<Arguments> all = new ArrayList<>();
        for (From from : From.values()) {
            for (String protocol : List.of("tcp", "udp")) {
                all.add(Arguments.of(from, protocol, 4));
                all.add(Arguments.of(from, protocol, 6));
            }
        }
        return all.stream();
    }

    @ParameterizedTest(name = "{0} by {1} over IPv{2}")
    @MethodSource("everywhere")
    void A_PORT_16_18_N27_N28_P10_serverSeesWhoAsks(From from, String protocol, int version) {
        boolean six = version == 6;
        String host = six ? Outside.HOST_6 : Outside.HOST;
        if (from.isContainer()) {
            // The same source port first asks the outside: that is the client's outside mapping, and it stays.
            List<Talk.Seen> rows = Talk.ask(
                    place(from),
                    protocol,
                    SOURCE + from.ordinal(),
                    Talk.target(six ? Outside.ONE_6 : Outside.ONE, Talk.PORT),
                    Talk.target(host, 8080));
            rows.forEach(row -> row.as(host));
            assertThat(rows.get(1).port())
                    .as("the client's outside mapping: %s", rows)
                    .isEqualTo(rows.get(0).port());
            return;
        }
        String to = from == From.HOST_BY_LOOPBACK ? (six ? "::1" : "127.0.0.1") : host;
        Talk.Seen row = Talk.ask(place(from), protocol, SOURCE + from.ordinal(), Talk.target(to, 8080))
                .getFirst();
        row.as(seenAs(from, six));
        assertThat(row.port()).as("%s", row).isEqualTo(row.own());
    }

    @ParameterizedTest(name = "{0} by {1} over IPv{2}")
    @MethodSource("everywhere")
    void N27_N28_whoGoesFromOnePortToTwoPublishedOnesOfOneServiceIsSeenTwice(From from, String protocol, int version) {
        boolean six = version == 6;
        int source = ONE_SOURCE_FOR_TWO + from.ordinal();
        String host = six ? Outside.HOST_6 : Outside.HOST;
        String to = from == From.HOST_BY_LOOPBACK ? (six ? "::1" : "127.0.0.1") : host;
        String[] both = {Talk.target(to, 8080), Talk.target(to, 8081)};
        String seenAs = from.isContainer() ? host : seenAs(from, six);
        List<Integer> ports = new ArrayList<>();
        if (protocol.equals("tcp")) {
            try (Held connections = Held.openFrom(place(from), source, both)) {
                connections.all(2).assertAlive();
                assertThat(connections.outsideAddresses()).containsExactly(seenAs);
                ports.addAll(connections.outsidePorts());
            }
        } else {
            for (Talk.Seen row : Talk.ask(place(from), "udp", source, both[0], both[1], both[0], both[1])) {
                ports.add(row.as(seenAs).port());
            }
            assertThat(ports.subList(2, 4)).isEqualTo(ports.subList(0, 2));
        }
        assertThat(ports.get(0)).isNotEqualTo(ports.get(1));
        if (!from.isContainer()) {
            assertThat(ports).contains(source);
        }
    }

    private static LabNamespace place(From from) {
        return switch (from) {
            case HOST_BY_LOOPBACK, HOST_BY_OWN_ADDRESS -> world.host();
            case REMOTE -> world.outside().router();
            case REMOTE_BEYOND_A_ROUTER -> world.outside().far();
            case SAME_NETWORK -> neighbour;
            case ITSELF -> serving;
            case OTHER_NETWORK -> elsewhere;
        };
    }

    private static String seenAs(From from, boolean six) {
        return switch (from) {
            case HOST_BY_LOOPBACK -> six ? GATEWAY_6 : GATEWAY;
            case REMOTE -> six ? Outside.ONE_6 : Outside.ONE;
            case REMOTE_BEYOND_A_ROUTER -> six ? Outside.FAR_6 : Outside.FAR;
            default -> six ? Outside.HOST_6 : Outside.HOST;
        };
    }
}
