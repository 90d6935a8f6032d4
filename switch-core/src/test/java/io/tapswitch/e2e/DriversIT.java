package io.tapswitch.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.lab.Background;
import io.tapswitch.lab.Eventually;
import io.tapswitch.lab.Lab;
import io.tapswitch.lab.LabContainer;
import io.tapswitch.lab.LabHost;
import io.tapswitch.lab.LabNamespace;
import io.tapswitch.lab.Outcome;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Networks that are no switch, and drivers that are not there yet: behaviours A-DRV. */
@Tag("netns")
@Timeout(120)
final class DriversIT {
    @RegisterExtension
    static final Lab LAB = Lab.withDaemon();

    @Test
    void A_DRV_01_noneHasOnlyLoAndNoFrameEverLeaves() {
        String links = LAB.cli("run", "--rm", "--net", "none", "--", "ip", "-o", "link");
        assertThat(links.lines()).hasSize(1).allMatch(line -> line.contains(": lo:"));
        LabContainer quiet = LAB.attached("quiet", "--network", "none");
        assertThat(quiet.links()).containsExactly("lo");
        assertThat(quiet.exec("ping", "-c1", "-W1", "172.17.0.1").err()).contains("Network is unreachable");
        // The host's own port may have frames by now (its kernel looks for routers); a container's has none.
        assertThat(LAB.stats().at("containers").elements())
                .allMatch(port -> port.text("container").equals("(host)"));
    }

    @Test
    void A_DRV_02_containerOnNoneMustLeaveItFirst() {
        LAB.cli("network", "create", "dev");
        LabContainer quiet = LAB.attached("quiet", "--network", "none");
        assertThat(LAB.refused("network", "connect", "dev", "quiet")).contains("none");
        assertThat(quiet.links()).containsExactly("lo");
        quiet.disconnect("none");
        quiet.connect("dev");
        assertThat(quiet.addressOf("eth0")).isEqualTo("172.18.0.2/16");
        assertThat(LAB.refused("network", "connect", "none", "quiet")).contains("none");
    }

    @Test
    void A_DRV_03_hostSharesTheHostsNamespaceAndItsPorts() {
        LAB.cli("run", "-d", "--name", "web", "--net", "host", "--", "sh", "-c", HELLO_ON_80);
        assertThat(LAB.cli("exec", "web", "ip", "-br", "addr"))
                .contains("uplink0")
                .contains(LabHost.ADDRESS)
                .isEqualTo(LAB.host().ip("-br addr").strip());
        LabNamespace outside = LAB.host().outside();
        Eventually.until(
                "the host's port 80 is the container's",
                () -> connect(outside, LabHost.ADDRESS + ":80").out().contains("hello"));
        LAB.cli("rm", "-f", "web");
        assertThat(connect(outside, LabHost.ADDRESS + ":80").exit()).isNotZero();
    }

    @Test
    void A_DRV_04_publishedPortsAreDiscardedWithAWarning() {
        Outcome run = LAB.daemon()
                .cli("run", "-d", "--name", "web", "--net", "host", "-p", "8080:80", "--", "sh", "-c", HELLO_ON_80);
        assertThat(run.ok().err().strip())
                .isEqualTo("WARNING: Published ports are discarded when using host network mode");
        assertThat(run.text()).matches("[0-9a-f]{64}");
        Eventually.until(
                "it runs", () -> connect(LAB.host(), "127.0.0.1:80").out().contains("hello"));
        assertThat(connect(LAB.host(), "127.0.0.1:8080").err())
                .as("8080 is closed")
                .contains("Connection refused");
    }

    @Test
    void A_DRV_05_hostIsChosenAtCreationOrNever() {
        LAB.cli("network", "create", "dev");
        LAB.attached("one");
        assertThat(LAB.refused("network", "connect", "host", "one")).contains("host");
        LAB.cli("run", "-d", "--name", "web", "--net", "host", "--", "sleep", "300");
        assertThat(LAB.refused("network", "disconnect", "host", "web")).contains("host");
        assertThat(LAB.refused("network", "connect", "dev", "web")).contains("host");
    }

    /** What ip says of it; an address is tentative at first, and not any more when the next command looks. */
    private static String shown(String container, String what) {
        return LAB.cli("exec", container, "ip", "-o", what).replace("tentative ", "");
    }

    @Test
    void A_DRV_06_containerModeSharesInterfacesRoutesAndLoopback() {
        String id = LAB.cli("run", "-d", "--name", "one", "--", "sleep", "300");
        LAB.cli("run", "-d", "--name", "two", "--net", "container:" + id.substring(0, 12), "--", "sleep", "300");
        for (String what : List.of("link", "addr", "route")) {
            assertThat(shown("two", what)).isEqualTo(shown("one", what));
        }
        try (Background server = LAB.daemon()
                .startCli("exec", "one", "socat", "TCP-LISTEN:7000,bind=127.0.0.1,reuseaddr", "SYSTEM:echo hello")) {
            Eventually.until(
                    "127.0.0.1 is shared",
                    () -> LAB.daemon()
                            .cli("exec", "two", "socat", "-u", "TCP:127.0.0.1:7000", "-")
                            .out()
                            .contains("hello"));
            assertThat(server.err()).isEmpty();
        }
        assertThat(LAB.refused("network", "connect", "none", "two")).isNotBlank();
        LAB.cli("rm", "-f", "two");
        assertThat(LAB.cli("exec", "one", "ip", "-br", "link")).contains("eth0");
    }

    @Test
    void A_DRV_08_driversThatComeLaterAreRefusedAndUnknownOnesAreErrors() {
        for (String later : List.of("macvlan", "ipvlan")) {
            assertThat(LAB.refused("network", "create", "-d", later, "net"))
                    .contains(later)
                    .contains("not in this version");
        }
        assertThat(LAB.refused("network", "create", "-d", "weavemesh", "net")).contains("weavemesh");
        for (String single : List.of("host", "null")) {
            assertThat(LAB.refused("network", "create", "-d", single, "net")).contains("only one instance");
        }
        assertThat(LAB.cli("network", "ls", "-q").lines()).hasSize(3);
    }

    private static final String HELLO_ON_80 = "exec socat TCP-LISTEN:80,reuseaddr,fork EXEC:'echo hello'";

    private static Outcome connect(LabNamespace from, String address) {
        return from.exec("socat", "-u", "TCP:" + address + ",connect-timeout=2", "-");
    }
}
