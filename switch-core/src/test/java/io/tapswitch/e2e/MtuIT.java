package io.tapswitch.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.lab.Lab;
import io.tapswitch.lab.LabContainer;
import io.tapswitch.lab.LabNamespace;
import io.tapswitch.lab.Outcome;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The largest packet of a network, by libnetwork's option: interfaces, exactly fitting packets, TCP, the host. */
@Tag("netns")
@Timeout(120)
final class MtuIT {
    @RegisterExtension
    static final Lab LAB = Lab.withDaemon();

    private static final int IPV4_AND_ICMP_BYTES = 28;
    private static final int IPV6_AND_ICMP_BYTES = 48;

    @ParameterizedTest
    @ValueSource(ints = {1280, 1500, 9000})
    void mtu_mtuHoldsExactlyInsideAndTowardsTheHost(int mtu) {
        LAB.cli(
                "network",
                "create",
                "-o",
                "com.docker.network.driver.mtu=" + mtu,
                "--ipv6",
                "--subnet",
                "10.9.0.0/24",
                "--subnet",
                "fd00:9::/64",
                "net");
        LabContainer one = LAB.attached("one", "--network", "net");
        LabContainer two = LAB.attached("two", "--network", "net");
        assertThat(one.ip("-o link show eth0")).contains("mtu " + mtu + " ");
        for (String address : new String[] {"10.9.0.3", "10.9.0.1"}) {
            exactly(one, address, mtu - IPV4_AND_ICMP_BYTES);
        }
        for (String address : new String[] {"fd00:9::3", "fd00:9::1"}) {
            exactly(one, address, mtu - IPV6_AND_ICMP_BYTES);
        }
        exactly(LAB.host(), "10.9.0.2", mtu - IPV4_AND_ICMP_BYTES);
        exactly(LAB.host(), "fd00:9::2", mtu - IPV6_AND_ICMP_BYTES);
        one.exec("ping", "-c1", "-W2", "-s", "12000", "10.9.0.3").ok();
        one.transferTcp(two, "10.9.0.3", 5_000_000);
        two.transferTcp(one, "fd00:9::2", 5_000_000);
        LAB.host().transferTcp(one, "10.9.0.2", 5_000_000);
        one.transferTcp(LAB.host(), "fd00:9::1", 5_000_000);
        assertThat(one.drops("oversize") + two.drops("oversize")).isZero();
    }

    @Test
    void mtu_impossibleSizesAreRefused() {
        for (String bad : new String[] {"67", "65536", "0", "-1", "big"}) {
            assertThat(LAB.refused("network", "create", "-o", "com.docker.network.driver.mtu=" + bad, "net"))
                    .contains("mtu")
                    .contains(bad);
        }
        assertThat(LAB.refused("network", "create", "--ipv6", "-o", "com.docker.network.driver.mtu=1279", "net"))
                .as("RFC 8200 section 5")
                .contains("1280");
    }

    private static void exactly(LabNamespace from, String address, int fitting) {
        from.exec("ping", "-c2", "-i0.1", "-W2", "-M", "do", "-s", String.valueOf(fitting), address)
                .ok();
        // Its own kernel refuses it, without sending: there is no answer to wait for.
        Outcome larger = from.exec("ping", "-c1", "-W0.1", "-M", "do", "-s", String.valueOf(fitting + 1), address);
        assertThat(larger.exit()).as("%s", larger).isNotZero();
        assertThat(larger.err()).containsIgnoringCase("message too long");
    }
}
