package io.tapswitch.core.control;

import static io.tapswitch.core.control.Eventually.eventually;
import static io.tapswitch.core.control.TestControl.withInit;
import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.core.model.Container;
import io.tapswitch.core.model.Endpoint;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RestoreTest {
    @TempDir
    Path directory;

    private TestControl control;

    @BeforeEach
    void start() {
        control = new TestControl(directory);
        control.create("web", "10.1.0.0/24");
        control.create("db", "10.2.0.0/24");
    }

    @AfterEach
    void stop() {
        control.close();
    }

    @Test
    @DisplayName("R4 containers, their ids, names, addresses and devices are the same after a restart")
    void bringsBackContainers() {
        control.attach("one", "web", "db");
        control.attach("two", "db");
        List<Container> before = control.controller.containers(true, Filters.NONE);
        var devices = List.copyOf(control.plumbing.plugs.keySet());
        var ports = List.copyOf(control.dataplane.ports.values());
        control.restart();
        assertThat(control.controller.containers(true, Filters.NONE)).isEqualTo(before);
        assertThat(control.plumbing.plugs.keySet()).containsExactlyElementsOf(devices);
        assertThat(control.dataplane.ports.values()).containsExactlyElementsOf(ports);
        assertThat(control.controller.warnings()).isEmpty();
    }

    @Test
    @DisplayName("R5 files that were lost are had again from inside, and the rest is served meanwhile")
    void reattaches() throws Exception {
        Endpoint lost = control.attach("one", "web").endpoints().getFirst();
        control.attach("two", "web");
        control.plumbing.lost.add(lost.id());
        control.plumbing.busy.add(lost.id());
        control.restart();
        assertThat(control.dataplane.ports).hasSize(1);
        assertThat(control.controller.warnings())
                .anySatisfy(warning -> assertThat(warning).contains("eth0 of container one is pending", "busy"));
        control.plumbing.busy.clear();
        eventually(() -> assertThat(control.dataplane.ports).hasSize(2));
        assertThat(control.controller.warnings()).isEmpty();
    }

    @Test
    @DisplayName("R15 what is removed while it is pending is not attached any more, and its device goes as well")
    void removesPending() throws Exception {
        Endpoint lost = control.attach("one", "web").endpoints().getFirst();
        control.plumbing.lost.add(lost.id());
        control.plumbing.busy.add(lost.id());
        control.restart();
        control.plumbing.busy.clear();
        control.controller.disconnect("web", "one", false);
        assertThat(control.plumbing.plugs).isEmpty();
        assertThat(control.controller.warnings()).isEmpty();
        control.controller.connect("web", new ConnectRequest("one", null, null, null, null));
        assertThat(control.dataplane.ports).hasSize(1);
        assertThat(control.plumbing.plugs).hasSize(1);
    }

    @Test
    @DisplayName("R1 a namespace that died meanwhile is cleaned up like one that dies")
    void namespaceDiedMeanwhile() {
        Endpoint endpoint = control.attach("one", "web").endpoints().getFirst();
        control.attach("two", "web");
        control.plumbing.plugs.keySet().removeIf(plug -> plug.tag().equals(endpoint.id()));
        control.restart();
        assertThat(control.container("one").status()).isEqualTo(Container.Status.DETACHED);
        assertThat(control.dataplane.ports).hasSize(1);
        control.attach("three", "web");
        assertThat(control.addresses("three")).containsExactly("10.1.0.2");
    }

    @Test
    @DisplayName("A process that ended meanwhile leaves an exited container, or none with --rm")
    void processEndedMeanwhile() throws Exception {
        Process stays = new ProcessBuilder("sleep", "300").start();
        Process goes = new ProcessBuilder("sleep", "300").start();
        control.controller.attach(withInit("job", stays, false, null, "web"));
        control.controller.attach(withInit("temp", goes, true, null, "web"));
        control.close();
        stays.destroyForcibly().waitFor();
        goes.destroyForcibly().waitFor();
        control.restart();
        eventually(() -> assertThat(control.controller.containers(true, Filters.NONE))
                .extracting(Container::name, Container::status)
                .containsExactly(org.assertj.core.groups.Tuple.tuple("job", Container.Status.EXITED)));
        control.nothingIsAttached();
    }

    @Test
    @DisplayName("Devices that no record knows are dropped: a crash between making and recording leaves nothing")
    void dropsStrangers() {
        control.attach("one", "web");
        control.plumbing.plug(
                control.plumbing.place("two"),
                List.of(new Plumbing.InterfacePlan(
                        "stranger",
                        "eth0",
                        io.tapswitch.wire.MacAddress.parse("02:42:00:00:00:01"),
                        List.of(),
                        List.of(),
                        1500,
                        1)));
        control.restart();
        assertThat(control.plumbing.plugs).hasSize(1);
    }
}
