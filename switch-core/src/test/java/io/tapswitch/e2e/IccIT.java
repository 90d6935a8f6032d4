package io.tapswitch.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.lab.Background;
import io.tapswitch.lab.Capture;
import io.tapswitch.lab.Frames;
import io.tapswitch.lab.Lab;
import io.tapswitch.lab.LabContainer;
import io.tapswitch.lab.LabHost;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A network whose members must not speak with each other: {@code enable_icc=false} (N31). */
@Tag("netns")
@Timeout(120)
final class IccIT {
    @RegisterExtension
    static final Lab LAB = Lab.withDaemon();

    private void makeNetwork() {
        LAB.cli(
                "network",
                "create",
                "-o",
                "com.docker.network.bridge.enable_icc=false",
                "--ipv6",
                "--subnet",
                "10.9.0.0/24",
                "--subnet",
                "fd00:9::/64",
                "lonely");
    }

    @Test
    void N31_membersDoNotReachEachOther() {
        makeNetwork();
        LabContainer one = LAB.attached("one", "--network", "lonely");
        LabContainer two = LAB.attached("two", "--network", "lonely");
        String macOfTwo = "02:42:0a:09:00:03";
        try (Capture atTwo = Capture.in(two, "ether src 02:42:0a:09:00:02")) {
            assertThat(one.reaches("10.9.0.3")).isFalse();
            assertThat(one.reaches("fd00:9::3")).isFalse();
            assertThat(one.exec("arping", "-c1", "-w1", "-I", "eth0", "10.9.0.3")
                            .out())
                    .contains("Received 0 response");
            // Not by a neighbour entry of one's own making, nor by a frame to all.
            one.ip("neigh replace 10.9.0.3 lladdr " + macOfTwo + " dev eth0");
            assertThat(one.reaches("10.9.0.3")).isFalse();
            one.send(Frames.experimental("ff:ff:ff:ff:ff:ff", "02:42:0a:09:00:02", "to all"), 5);
            one.send(Frames.experimental(macOfTwo, "02:42:0a:09:00:02", "to two"), 5);
            two.ping("10.9.0.1");
            assertThat(atTwo.lines()).isEmpty();
        }
        assertThat(one.drops("icc_disabled")).isGreaterThanOrEqualTo(10);
    }

    @Test
    void N31_gatewayAndHostAreStillThere() {
        makeNetwork();
        LabContainer one = LAB.attached("one", "--network", "lonely");
        LabContainer two = LAB.attached("two", "--network", "lonely");
        one.ping("10.9.0.1");
        two.ping("fd00:9::1");
        one.ping(LabHost.ADDRESS);
        LAB.host().ping("10.9.0.2");
        LAB.host().ping("fd00:9::3");
        try (Background web = one.serve(80)) {
            assertThat(LAB.host().fetch("http://10.9.0.2/")).contains("I see you as");
            assertThat(two.fetch("http://10.9.0.2/")).isEmpty();
            assertThat(web.alive()).isTrue();
        }
    }

    @Test
    void N31_otherNetworksOfTheSameMembersAreNotTouched() {
        makeNetwork();
        LabContainer one = LAB.attached("one", "--network", "lonely");
        LabContainer two = LAB.attached("two", "--network", "lonely");
        one.connect("bridge");
        two.connect("bridge");
        one.ping("172.17.0.3");
        assertThat(LAB.refused("network", "create", "-o", "com.docker.network.bridge.enable_icc=perhaps", "bad"))
                .contains("enable_icc")
                .contains("perhaps");
    }
}
