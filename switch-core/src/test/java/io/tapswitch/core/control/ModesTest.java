package io.tapswitch.core.control;

import static io.tapswitch.core.control.TestControl.refused;
import static io.tapswitch.core.control.TestControl.refusedWithCode;
import static io.tapswitch.core.control.TestControl.request;
import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.core.model.Container;
import io.tapswitch.core.model.NetworkMode;
import io.tapswitch.core.model.Refusal;
import java.nio.file.Path;
import java.time.Instant;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModesTest {
    @TempDir
    Path directory;

    private TestControl control;

    @BeforeEach
    void start() {
        control = new TestControl(directory);
        control.create("web", "10.1.0.0/24");
    }

    @AfterEach
    void stop() {
        control.close();
    }

    @Test
    @DisplayName("A-DRV-01, A-DRV-02 none is nothing but lo, and stands alone until it is left")
    void none() {
        Container one = control.attach("one", "none");
        assertThat(one.mode()).isEqualTo(new NetworkMode.None());
        assertThat(control.plumbing.plugs).isEmpty();
        refusedWithCode(
                "network_mode_none",
                () -> control.connect("web", "one"),
                "container cannot be connected to multiple networks with one of the networks in private (none) mode");
        control.disconnect("none", "one");
        control.connect("web", "one");
        assertThat(control.interfaces("one")).containsExactly("eth0");
        refusedWithCode("network_mode_none", () -> control.connect("none", "one"), "private (none) mode");
        control.disconnect("web", "one");
        control.connect("none", "one");
        assertThat(control.container("one").mode()).isEqualTo(new NetworkMode.None());
    }

    @Test
    @DisplayName("A-DRV-03, A-DRV-05 host has the host's interfaces; connecting and disconnecting are refused")
    void host() {
        Container one = control.controller.attach(request(null, "one", "host"));
        assertThat(one.mode()).isEqualTo(new NetworkMode.Host());
        assertThat(one.netns()).isEmpty();
        refusedWithCode(
                "namespace_shared",
                () -> control.connect("web", "one"),
                "container sharing network namespace with another container or host cannot be connected to any other"
                        + " network");
        refused(
                Refusal.Kind.BAD_INPUT,
                () -> control.disconnect("host", "one"),
                "cannot disconnect container from host network - container was created in host network mode");
        control.attach("two", "web");
        refused(
                Refusal.Kind.BAD_INPUT,
                () -> control.connect("host", "two"),
                "cannot connect container to host network - container must be created in host network mode");
        assertThat(control.plumbing.plugs).hasSize(1);
    }

    @Test
    @DisplayName("A-DRV-06, A-ATT-12 container:NAME is in the other's namespace and has no endpoints of its own")
    void shared() {
        Container one = control.attach("one", "web");
        Container guest = control.controller.attach(request(null, "guest", "container:one"));
        assertThat(guest.mode()).isEqualTo(new NetworkMode.Shared(one.id()));
        assertThat(guest.netns()).isEqualTo(one.netns());
        assertThat(guest.hostname()).isEqualTo(one.hostname());
        assertThat(guest.endpoints()).isEmpty();
        refusedWithCode("namespace_shared", () -> control.connect("bridge", "guest"), "sharing network namespace");
        Container third = control.controller.attach(request(null, "third", "container:guest"));
        assertThat(third.mode()).isEqualTo(guest.mode());
        control.controller.removeContainer("guest", false);
        assertThat(control.interfaces("one")).containsExactly("eth0");
    }

    @Test
    @DisplayName("A-DRV-06 who is not running cannot be joined; who is joined may be removed")
    void sharedWithTheDead() throws Exception {
        Container one = control.attach("one", "web");
        control.controller.attach(request(null, "guest", "container:one"));
        control.plumbing.listener(one.endpoints().getFirst().id()).onGone();
        Eventually.eventually(
                () -> assertThat(control.container("guest").status()).isEqualTo(Container.Status.DETACHED));
        refusedWithCode(
                "container_not_running",
                () -> control.controller.attach(request(null, "late", "container:one")),
                "cannot join network namespace of a non running container: container one is detached");
        refused(
                Refusal.Kind.UNKNOWN,
                () -> control.controller.attach(request(null, "late", "container:nobody")),
                "No such container: nobody");
    }

    @Test
    @DisplayName(
            "A-DRV-06 whoever has no process of its own ends with the container whose interfaces it has, removed too")
    void guestsEndWithTheirHost() throws Exception {
        control.attach("one", "web");
        control.controller.attach(request(null, "guest", "container:one"));
        Instant start = Instant.now();
        control.controller.removeContainer("one", false);
        assertThat(control.container("guest").status()).isEqualTo(Container.Status.DETACHED);
        assertThat(control.told(start))
                .containsExactly("network disconnect web", "container destroy one", "container die guest");
        Container two = control.attach("two", "web");
        control.controller.attach(request(null, "second", "container:two"));
        control.plumbing.listener(two.endpoints().getFirst().id()).onGone();
        Eventually.eventually(
                () -> assertThat(control.told(start)).contains("container die two", "container die second"));
    }

    @Test
    @DisplayName("Modes stand alone, and take no addresses, names or MAC addresses")
    void refusesMixtures() {
        refusedWithCode(
                "network_modes_conflict",
                () -> control.attach("one", "web", "none"),
                "conflicting options: cannot attach both user-defined and non-user-defined network-modes");
        refused(
                Refusal.Kind.BAD_INPUT,
                () -> control.controller.attach(TestControl.withAddresses("one", "none", "10.1.0.2", null, null)),
                "user defined networks only");
        refused(
                Refusal.Kind.BAD_INPUT,
                () -> control.controller.attach(
                        TestControl.withAddresses("one", "host", null, null, "02:42:00:00:00:01")),
                "conflicting options: mac-address and the network mode");
    }
}
