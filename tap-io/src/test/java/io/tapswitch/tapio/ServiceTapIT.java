package io.tapswitch.tapio;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.wire.MacAddress;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class ServiceTapIT {
    private static final MacAddress MAC = MacAddress.parse("02:74:61:70:00:02");

    private final LinkConfigurator links = new IpBatch();

    @Test
    void aServiceHasANamespaceOfItsOwnThatNothingOfTheHostIsIn() throws IOException {
        try (ServiceTap service = ServiceTap.open(links, MAC, List.of())) {
            List<String> inside = service.call(() -> Files.readAllLines(Path.of("/proc/thread-self/net/dev")));
            assertThat(inside.toString()).contains("lo:", "tap0:");
            assertThat(service.namespace().toString())
                    .isNotEqualTo(
                            Files.readSymbolicLink(Path.of("/proc/self/ns/net")).toString());
            assertThat(NetworkInterface.networkInterfaces().map(NetworkInterface::getName))
                    .doesNotContain(ServiceTap.NAME);
            assertThat(service.call(() -> Files.readAllLines(Path.of("/proc/thread-self/net/route"))))
                    .hasSize(1);
        }
    }

    @Test
    void aSocketThatIsMadeInsideIsUsedByAnyThread() throws IOException {
        List<LinkCommand> settings = List.of(
                new LinkCommand.AddAddress("lo", "10.53.0.1/24"),
                new LinkCommand.AddAddress("lo", "fd53::10/128", Set.of(LinkCommand.AddressFlag.NO_DAD)));
        try (ServiceTap service = ServiceTap.open(links, MAC, settings)) {
            // The whole prefix of an IPv4 address on lo is local.
            InetSocketAddress address = new InetSocketAddress(InetAddress.getByName("10.53.0.17"), 53);
            try (ServerSocket server = service.call(() -> new ServerSocket(53));
                    Socket client = service.call(() -> new Socket(address.getAddress(), address.getPort()));
                    Socket accepted = server.accept()) {
                client.getOutputStream().write("names".getBytes(StandardCharsets.US_ASCII));
                assertThat(accepted.getInputStream().readNBytes(5)).asString().isEqualTo("names");
                assertThat(accepted.getLocalAddress()).isEqualTo(address.getAddress());
            }
        }
    }
}
