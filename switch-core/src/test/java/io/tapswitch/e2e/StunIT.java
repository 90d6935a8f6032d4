package io.tapswitch.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.lab.Background;
import io.tapswitch.lab.Lab;
import io.tapswitch.lab.LabContainer;
import io.tapswitch.lab.LabNamespace;
import io.tapswitch.lab.Outside;
import io.tapswitch.lab.Talk;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What a program that asks STUN servers (RFC 5780), as WebRTC's do, finds out about the NAT in front of it. */
@Tag("netns")
@Timeout(60)
final class StunIT {
    @RegisterExtension
    static final Lab LAB = Lab.withOutside();

    private static final String OWN_PORT = "6500";

    @Test
    void N1_N4_mappingIsEndpointIndependentAndStrangersAreFiltered() {
        LabNamespace remote = LAB.outside().router();
        LabContainer other = LAB.attached("other");
        LabContainer one = LAB.attached("one");
        Path files = LAB.newDirectory();
        try (Background server = remote.start(
                        "turnserver",
                        "-n",
                        "-S",
                        "-L",
                        Outside.ONE,
                        "-L",
                        Outside.TWO,
                        "-p",
                        "3478",
                        "--alt-listening-port",
                        "3479",
                        "--no-tls",
                        "--no-dtls",
                        "--no-cli",
                        "--log-file",
                        "stdout",
                        "--simple-log",
                        "--pidfile",
                        files.resolve("pid").toString(),
                        "--userdb",
                        files.resolve("db").toString())
                .awaitWords("IO method (main listener thread)")) {
            // Another container has already taken the port for one of the addresses: kernel NAT would now give two.
            Talk.ask(other, "udp", Integer.parseInt(OWN_PORT), Talk.target(Outside.TWO, 3478));
            String said = one.exec(
                            "turnutils_natdiscovery", "-m", "-f", "-L", "172.17.0.3", "-l", OWN_PORT, Outside.ONE)
                    .out();
            assertThat(said)
                    .contains("NAT with Endpoint Independent Mapping")
                    .containsPattern("NAT with Address (and Port )?Dependent Filtering")
                    .contains("UDP reflexive addr: " + Outside.HOST + ":");
            assertThat(server.alive()).isTrue();
        }
    }
}
