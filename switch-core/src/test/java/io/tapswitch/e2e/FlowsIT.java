package io.tapswitch.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.lab.Background;
import io.tapswitch.lab.Commands;
import io.tapswitch.lab.Eventually;
import io.tapswitch.lab.Lab;
import io.tapswitch.lab.LabContainer;
import io.tapswitch.lab.LabHost;
import io.tapswitch.lab.LabNetwork;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Looking inside NAT: flows as they begin and end, counters of published ports, and why somebody was refused. */
@Tag("netns")
@Timeout(180)
final class FlowsIT {
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    @RegisterExtension
    static final Lab LAB = Lab.withOutside();

    private final LabNetwork network = LAB.network();
    private final LabContainer www = LAB.container(network);

    @Test
    void aContainersConnectionIsAFlowThatIsFollowed() {
        try (Background server = LAB.host().outside().serve(8000);
                Background follow = LAB.daemon().startCli("flows", "-f", "--container", www.known())) {
            Eventually.until(PATIENCE, "the flow is told", () -> {
                www.fetch("http://" + LabHost.OUTSIDE_ADDRESS + ":8000/");
                return follow.out().contains("begin tcp " + www.known() + " " + www.address() + ":");
            });
            assertThat(follow.out())
                    .contains(" -> " + LabHost.ADDRESS + ":", " -> " + LabHost.OUTSIDE_ADDRESS + ":8000 ");
            String flows = LAB.cli("flows", "--format", "{{.Kind}} {{.Peer}} {{.Container}}");
            assertThat(flows).contains("out " + LabHost.OUTSIDE_ADDRESS + ":8000 " + www.known());
            assertThat(LAB.cli("stats")).contains("NAT flows: ");
            assertThat(server.alive()).isTrue();
        }
    }

    @Test
    void aPublishedPortCountsConnectionsAndRefusals_andDropsSayWhy() {
        LAB.cli("publish", "--allow", LabHost.ADDRESS + "/32", www.known(), "8081:80");
        try (Background server = www.serve(80)) {
            assertThat(LAB.host().outside().reaches(LabHost.ADDRESS)).isTrue();
            Eventually.until(PATIENCE, "a refusal is counted", () -> {
                LAB.host().outside().exec("curl", "-m", "1", "http://" + LabHost.ADDRESS + ":8081/");
                return LAB.cli("drops", "--format", "{{.Container}} {{.Reason}} {{.Meaning}}")
                        .contains(www.known() + " nat_not_allowed published port");
            });
            assertThat(LAB.cli("stats", "-p", www.known())).contains("80/tcp", ":8081");
            assertThat(server.alive()).isTrue();
        }
    }

    @Test
    void theUplinkIsCaptured() {
        Path file = LAB.newDirectory().resolve("uplink.pcap");
        try (Background server = LAB.host().outside().serve(8000);
                Background capture = LAB.daemon().startCli("capture", "-c", "2", "-w", file.toString(), "uplink")) {
            Eventually.until(PATIENCE, "two frames passed", () -> {
                www.fetch("http://" + LabHost.OUTSIDE_ADDRESS + ":8000/");
                return !capture.alive();
            });
            assertThat(server.alive()).isTrue();
        }
        assertThat(Commands.run("tcpdump", "-n", "-r", file.toString()).ok().out())
                .contains(LabHost.OUTSIDE_ADDRESS)
                .doesNotContain(www.address());
    }

    @Test
    void statusNamesUplinksAddressesAndPorts() {
        assertThat(LAB.cli("status"))
                .contains("uplink uplink0", "steered", LabHost.ADDRESS, "natPorts", "grace", "uplink lo");
    }
}
