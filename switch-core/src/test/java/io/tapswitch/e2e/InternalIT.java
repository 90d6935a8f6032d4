package io.tapswitch.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.lab.Capture;
import io.tapswitch.lab.Lab;
import io.tapswitch.lab.LabContainer;
import io.tapswitch.lab.LabHost;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Networks without a way out: behaviours A-INT. */
@Tag("netns")
@Timeout(120)
final class InternalIT {
    @RegisterExtension
    static final Lab LAB = Lab.withDaemon();

    @Test
    void A_INT_01_noDefaultRouteNoWayOutAndMembersTalk() {
        LAB.cli("network", "create", "--internal", "quiet");
        assertThat(LAB.inspected("network", "inspect", "quiet").is("Internal")).isTrue();
        LabContainer one = LAB.attached("one", "--network", "quiet");
        LabContainer two = LAB.attached("two", "--network", "quiet");
        assertThat(one.ip("route show default")).isEmpty();
        one.ping("172.18.0.3");
        two.ping("172.18.0.2");
        assertThat(one.exec("ping", "-c1", "-W1", LabHost.OUTSIDE_ADDRESS).err())
                .contains("Network is unreachable");
        try (Capture outside = Capture.in(LAB.host().outside(), "ip host 172.18.0.2")) {
            one.ip("route add default via 172.18.0.1");
            assertThat(one.reaches(LabHost.OUTSIDE_ADDRESS)).isFalse();
            assertThat(one.reaches(LabHost.ADDRESS)).as("the host itself").isFalse();
            LAB.host().exec("ping", "-c1", "-W2", LabHost.OUTSIDE_ADDRESS).ok();
            assertThat(outside.lines()).isEmpty();
        }
    }

    @Test
    void A_INT_02_gatewayAnswersArpAndIsNoDefaultRoute() {
        LAB.cli("network", "create", "--internal", "--subnet", "10.66.0.0/24", "quiet");
        LabContainer one = LAB.attached("one", "--network", "quiet");
        assertThat(one.exec("arping", "-c1", "-w2", "-I", "eth0", "10.66.0.1")
                        .ok()
                        .out())
                .contains("Received 1 response");
        one.ping("10.66.0.1");
        assertThat(one.ip("route show default")).isEmpty();
        assertThat(LAB.host().ip("route show")).doesNotContain("10.66.");
        assertThat(LAB.host().ip("-o addr show")).doesNotContain("10.66.");
        assertThat(LAB.host().exec("ping", "-c1", "-W1", "10.66.0.2").exit()).isNotZero();
    }

    @Test
    void A_INT_03_containerOnInternalAndBridgeHasTheBridgesDefaultRoute() {
        LAB.cli("network", "create", "--internal", "quiet");
        LabContainer one = LAB.attached("one", "--network", "quiet");
        one.connect("bridge");
        assertThat(one.ip("route show default").strip()).startsWith("default via 172.17.0.1 dev eth1");
        one.disconnect("bridge");
        assertThat(one.ip("route show default")).isEmpty();
        one.ping("172.18.0.1");
    }
}
