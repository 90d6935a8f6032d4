package io.tapswitch.core.names;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The host's resolv.conf. */
class HostResolversTest {
    @Test
    void serversAreReadInTheirOrderAndTheRestIsSkipped() {
        assertThat(HostResolvers.parse("""
                # nameserver 192.0.2.9
                search example.test
                nameserver 192.0.2.1
                \tnameserver   2001:db8::1  # comment
                nameserver nonsense
                nameserver
                nameserver 192.0.2.1
                options ndots:2
                nameserver 127.0.0.53""")).containsExactly(at("192.0.2.1"), at("2001:db8::1"), at("127.0.0.53"));
        assertThat(HostResolvers.parse("")).isEmpty();
    }

    @Test
    void itIsFollowedWhenItChangesAlsoBehindALink(@TempDir Path directory) throws IOException {
        Path file = directory.resolve("stub.conf");
        Path link = Files.createSymbolicLink(directory.resolve("resolv.conf"), file);
        HostResolvers resolvers = new HostResolvers(link);
        assertThat(resolvers.servers(0)).as("no file yet").isEmpty();
        Files.writeString(file, "nameserver 192.0.2.1\n");
        assertThat(resolvers.servers(100)).as("not looked at again so soon").isEmpty();
        assertThat(resolvers.servers(600)).containsExactly(at("192.0.2.1"));
        Path next = Files.writeString(directory.resolve("next.conf"), "nameserver 192.0.2.2\n");
        Files.move(next, file, java.nio.file.StandardCopyOption.ATOMIC_MOVE);
        assertThat(resolvers.servers(1200)).containsExactly(at("192.0.2.2"));
        Files.delete(file);
        assertThat(resolvers.servers(1800)).isEmpty();
    }

    private static InetSocketAddress at(String address) {
        return new InetSocketAddress(InetAddress.ofLiteral(address), 53);
    }
}
