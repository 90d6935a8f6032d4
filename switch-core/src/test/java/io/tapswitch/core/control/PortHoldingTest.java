package io.tapswitch.core.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tapswitch.core.model.PortProtocol;
import io.tapswitch.core.model.Refusal;
import io.tapswitch.tapio.ClientPorts;
import io.tapswitch.wire.IpAddress;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Holding ports with many files, with few, and against somebody who was there first. */
class PortHoldingTest {
    private static final IpAddress LOOPBACK = IpAddress.parse("127.0.0.1");

    @TempDir
    Path directory;

    private PortHolding holding(int limit) throws IOException {
        Files.writeString(directory.resolve("ip_local_port_range"), "32768 60999");
        Files.writeString(directory.resolve("ip_local_reserved_ports"), "");
        return new PortHolding(limit, new ClientPorts(directory, directory.resolve("added")));
    }

    private static ServerSocket server(int port) throws IOException {
        ServerSocket server = new ServerSocket();
        server.bind(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), port));
        return server;
    }

    /** {@return a port that nobody has now} */
    private static int free() throws IOException {
        try (ServerSocket server = server(0)) {
            return server.getLocalPort();
        }
    }

    @Test
    void whenFilesAreShortPortsAreLookedAtAndAWarningSaysSo_nothingIsRefused() throws IOException {
        PortHolding holding = holding(1);
        int first = free();
        int second = free();
        OutsideKernel.Held held = holding.hold(LOOPBACK, PortProtocol.TCP, first, first);
        assertThat(holding.warnings()).isEmpty();
        assertThatThrownBy(() -> server(first)).isInstanceOf(IOException.class);
        OutsideKernel.Held watched = holding.hold(LOOPBACK, PortProtocol.TCP, second, second);
        assertThat(holding.warnings())
                .singleElement()
                .asString()
                .contains("1 published ports are not held", "may open 1 files", "LimitNOFILE");
        server(second).close();
        watched.close();
        assertThat(holding.warnings()).isEmpty();
        held.close();
        try (OutsideKernel.Held again = holding.hold(LOOPBACK, PortProtocol.TCP, second, second)) {
            assertThat(again).isNotNull();
            assertThat(holding.warnings()).as("there is a file again").isEmpty();
        }
    }

    @Test
    void P2_whoWasFirstIsNamedWhetherFilesAreShortOrNot() throws IOException {
        try (ServerSocket first = server(0)) {
            for (int limit : new int[] {0, 100}) {
                PortHolding holding = holding(limit);
                int port = first.getLocalPort();
                assertThatThrownBy(() -> holding.hold(null, PortProtocol.TCP, port, port))
                        .as("%d files", limit)
                        .isInstanceOfSatisfying(
                                Refusal.class, e -> assertThat(e.code()).isEqualTo(PortKeeper.BUSY))
                        .hasMessageStartingWith("failed to bind port 0.0.0.0:" + port + "/tcp: address already in use");
                assertThat(holding.warnings()).isEmpty();
            }
        }
    }

    @Test
    void aPortOfBothFamiliesTakesOneFile() throws IOException {
        PortHolding holding = holding(1);
        int port = free();
        try (OutsideKernel.Held held = holding.hold(null, PortProtocol.TCP, port, port)) {
            assertThat(held).isNotNull();
            assertThat(holding.warnings()).isEmpty();
            assertThatThrownBy(() -> server(port)).isInstanceOf(IOException.class);
        }
        server(port).close();
    }

    @Test
    void A_PORT_06_broadcastAddressesAndThoseOfOthersAreNotPublishedOn_howeverManyPorts() throws IOException {
        PortHolding holding = holding(100);
        for (int last : new int[] {8_000, 8_999}) {
            TestControl.refusedWithCode(
                    "address_not_here",
                    () -> holding.hold(IpAddress.parse("127.255.255.255"), PortProtocol.UDP, 8_000, last),
                    "failed to bind port 127.255.255.255:8000/udp: cannot assign requested address: 127.255.255.255 is"
                            + " the broadcast address of one of the host's networks");
            TestControl.refusedWithCode(
                    "address_not_here",
                    () -> holding.hold(IpAddress.parse("192.0.2.99"), PortProtocol.TCP, 8_000, last),
                    "cannot assign requested address: the host has no address 192.0.2.99");
        }
    }
}
