package io.tapswitch.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.lab.Lab;
import io.tapswitch.lab.LabContainer;
import io.tapswitch.lab.LabNamespace;
import io.tapswitch.lab.LabNetwork;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Partial checksums and super-frames, judged where they become real: a receiver TAP accepts a frame that says "checksum
 * still to be filled in" without looking at it, so the receiving container forwards it over a veth whose checksum
 * offload is off, and a namespace behind that verifies (O4).
 */
@Tag("netns")
@Timeout(60)
final class OffloadIT {
    @RegisterExtension
    static final Lab LAB = Lab.withoutSourceGuard();

    @Test
    void offloadsAreOnInTheContainer() {
        LabContainer a = LAB.container(LAB.network());
        String features = a.exec("ethtool", "-k", "eth0").ok().out();
        assertThat(features)
                .contains("tx-checksumming: on")
                .contains("tcp-segmentation-offload: on")
                .contains("tx-udp-segmentation: on");
    }

    @Test
    void O4_receiverThatForwardsWithOffloadOffSeesRightChecksums() {
        LabNetwork network = LAB.network();
        LabContainer a = LAB.container(network);
        LabContainer router = LAB.container(network);
        LabNamespace behind = LAB.namespace("behind");
        router.ip("link add name out0 type veth peer name eth0 netns " + behind.name());
        router.ip("addr add 10.99.0.1/24 dev out0");
        router.ip("link set out0 up");
        behind.ip("addr add 10.99.0.2/24 dev eth0");
        behind.ip("link set eth0 up");
        behind.ip("route add default via 10.99.0.1");
        router.exec("sysctl", "-qw", "net.ipv4.ip_forward=1").ok();
        router.exec("ethtool", "-K", "out0", "tx", "off", "tso", "off", "gso", "off")
                .ok();
        behind.exec("ethtool", "-K", "eth0", "rx", "off", "gro", "off").ok();
        a.ip("route add 10.99.0.0/24 via " + router.address());

        try (var sink = behind.startTraffic("tcp-sink");
                var echo = behind.startTraffic("udp-echo", "port", 5001)) {
            assertThat(a.traffic("tcp-send", "address", "10.99.0.2", "bytes", 20_000_000)
                            .is("same"))
                    .isTrue();
            var udp = a.traffic(
                    "udp-exchange", "address", "10.99.0.2", "port", 5001, "sizes", "1,17,18,1000,1472,1473,8972,65507");
            assertThat(udp.at("wrong").elements()).as("%s", udp).isEmpty();
            sink.stop().ok();
            echo.stop().ok();
        }
        try (var sink = a.startTraffic("tcp-sink")) {
            assertThat(behind.traffic("tcp-send", "address", a.address(), "bytes", 20_000_000)
                            .is("same"))
                    .isTrue();
            sink.stop().ok();
        }
        for (LabNamespace place : new LabNamespace[] {a, router, behind}) {
            String counters = place.exec(
                            "nstat",
                            "-az",
                            "TcpInCsumErrors",
                            "TcpExtTCPRetransFail",
                            "UdpInCsumErrors",
                            "IpInHdrErrors")
                    .ok()
                    .out();
            assertThat(counters).containsPattern("UdpInCsumErrors +0 ").containsPattern("TcpInCsumErrors +0 ");
        }
    }
}
