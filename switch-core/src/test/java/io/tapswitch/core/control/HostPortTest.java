package io.tapswitch.core.control;

import static io.tapswitch.core.control.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.core.dataplane.HostSettings;
import io.tapswitch.wire.IpAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HostPortTest {
    @TempDir
    Path directory;

    private TestControl control;

    @BeforeEach
    void start() {
        control = new TestControl(directory);
    }

    @AfterEach
    void stop() {
        control.close();
    }

    private FakePlumbing.FakeHostPlug plug() {
        return Objects.requireNonNull(control.plumbing.host);
    }

    private HostSettings host() {
        return Objects.requireNonNull(control.dataplane.tables.host());
    }

    private List<String> networks() {
        return plug().networks.stream().map(Plumbing.HostNetwork::networkName).toList();
    }

    @Test
    @DisplayName("The host's interface carries what has a way out, and loses it with the network")
    void carriesNetworks() {
        control.create("web", false, true, "10.1.0.0/24", "fd00:1::/64");
        control.create("vault", true, false, "10.2.0.0/24");
        assertThat(networks()).containsExactly("bridge", "web");
        assertThat(plug().networks.getLast().subnets()).hasSize(2);
        assertThat(host().addresses())
                .contains(IpAddress.parse("10.1.0.1"), IpAddress.parse("fd00:1::1"))
                .doesNotContain(IpAddress.parse("10.2.0.1"));
        control.controller.removeNetwork("web");
        assertThat(networks()).containsExactly("bridge");
        assertThat(host().addresses()).doesNotContain(IpAddress.parse("10.1.0.1"));
    }

    @Test
    @DisplayName("P7 the dataplane learns of the host's addresses as they change")
    void followsTheHost() {
        control.hostAddresses.add(IpAddress.parse("192.0.2.1"));
        control.controller.hostChanged();
        assertThat(host().addresses()).contains(IpAddress.parse("192.0.2.1"));
        control.hostAddresses.clear();
        control.controller.hostChanged();
        assertThat(host().addresses()).doesNotContain(IpAddress.parse("192.0.2.1"));
    }

    @Test
    @DisplayName("Without an interface at the host everything else works, and a warning says why")
    void worksWithoutTheHost() {
        control.plumbing.host = null;
        control.plumbing.hostRefusal = "no right to";
        control.restart();
        assertThat(control.dataplane.tables.host()).isNull();
        assertThat(control.controller.warnings())
                .containsExactly("the host cannot reach containers, nor they the host: no right to");
        control.attach("one");
        control.plumbing.hostRefusal = "";
        control.create("web", "10.1.0.0/24");
        assertThat(networks()).containsExactly("bridge", "web");
        assertThat(control.controller.warnings()).isEmpty();
    }

    @Test
    @DisplayName("What cannot be put on the host's interface, and what collides with the host later, is a warning")
    void warns() {
        plug().complaints = List.of("cannot add 10.1.0.1/24");
        control.create("web", "10.1.0.0/24");
        control.hostReaches("10.1.0.0/16", "the host's route by vpn0");
        assertThat(control.controller.warnings())
                .containsExactly(
                        "cannot add 10.1.0.1/24",
                        "network web (10.1.0.0/24) overlaps 10.1.0.0/16 of the host's route by vpn0");
    }

    @Test
    @DisplayName("An interface that somebody deleted is made again")
    void makesItAgain() throws Exception {
        FakePlumbing.FakeHostPlug first = plug();
        control.plumbing.host = null;
        control.plumbing.listener(HostPortWiring.TAG).onGone();
        eventually(() -> assertThat(control.plumbing.host).isNotNull().isNotSameAs(first));
        eventually(() -> assertThat(networks()).containsExactly("bridge"));
        assertThat(host().fds()).isEqualTo(plug().fds());
    }
}
