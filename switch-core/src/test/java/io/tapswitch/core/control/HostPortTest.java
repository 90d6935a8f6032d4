package io.tapswitch.core.control;

import static io.tapswitch.core.control.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.core.dataplane.HostSettings;
import io.tapswitch.core.model.Endpoint;
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
        FakePlumbing.FakeHostPlug second = deleteAndAwait(first);
        eventually(() -> assertThat(networks()).containsExactly("bridge"));
        assertThat(host().fds()).isEqualTo(second.fds());
        control.create("web", "10.1.0.0/24");
        assertThat(networks()).containsExactly("bridge", "web");
        deleteAndAwait(second);
        eventually(() -> assertThat(networks()).containsExactly("bridge", "web"));
        assertThat(control.controller.warnings()).isEmpty();
    }

    private FakePlumbing.FakeHostPlug deleteAndAwait(FakePlumbing.FakeHostPlug old) throws Exception {
        Plumbing.LinkListener listener = control.plumbing.listener(HostPortWiring.TAG);
        control.plumbing.host = null;
        listener.onGone();
        eventually(() -> assertThat(control.plumbing.host).isNotNull().isNotSameAs(old));
        return plug();
    }

    @Test
    @DisplayName("The interface that was made again outlives the daemon like the first")
    void isKeptWhenMadeAgain() throws Exception {
        FakePlumbing.FakeHostPlug second = deleteAndAwait(plug());
        eventually(() -> assertThat(host().fds()).isEqualTo(second.fds()));
        assertThat(control.plumbing.kept).containsExactly(HostPortWiring.TAG);
        control.restart();
        assertThat(plug()).isSameAs(second);
        assertThat(host().fds()).isEqualTo(second.fds());
    }

    @Test
    @DisplayName("News of the deletion that come twice, or late, do not take the new interface away")
    void hearsOfItTwice() throws Exception {
        Endpoint endpoint = control.attach("one").endpoints().getFirst();
        Plumbing.LinkListener listener = control.plumbing.listener(HostPortWiring.TAG);
        FakePlumbing.FakeHostPlug second = deleteAndAwait(plug());
        listener.onGone();
        // Comes after it on the same thread.
        control.plumbing.listener(endpoint.id()).onRenamed("wan0");
        eventually(() -> assertThat(control.interfaces("one")).containsExactly("wan0"));
        assertThat(plug()).isSameAs(second);
        assertThat(host().fds()).isEqualTo(second.fds());
    }

    @Test
    @DisplayName("What breaks when the host's interface is made, of whatever kind, is in nobody's way")
    void worksWhenTheHostBreaks() {
        control.plumbing.host = null;
        control.plumbing.hostDefect = new IllegalStateException("something unforeseen");
        control.restart();
        control.attach("one");
        assertThat(control.controller.warnings())
                .containsExactly("the host cannot reach containers, nor they the host: something unforeseen");
        control.plumbing.hostDefect = null;
        control.create("web", "10.1.0.0/24");
        assertThat(networks()).containsExactly("bridge", "web");
        assertThat(control.controller.warnings()).isEmpty();
    }
}
