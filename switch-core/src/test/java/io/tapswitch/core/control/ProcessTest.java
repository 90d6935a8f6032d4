package io.tapswitch.core.control;

import static io.tapswitch.core.control.Eventually.eventually;
import static io.tapswitch.core.control.TestControl.refused;
import static io.tapswitch.core.control.TestControl.withInit;
import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.core.model.Container;
import io.tapswitch.core.model.Refusal;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProcessTest {
    @TempDir
    Path directory;

    private final List<Process> processes = new ArrayList<>();
    private TestControl control;

    @BeforeEach
    void start() {
        control = new TestControl(directory);
        control.create("web", "10.1.0.0/24");
        control.create("db", "10.2.0.0/24");
    }

    @AfterEach
    void stop() {
        processes.forEach(Process::destroyForcibly);
        control.close();
    }

    private Process sleeping() throws IOException {
        Process process = new ProcessBuilder("sleep", "300").start();
        processes.add(process);
        return process;
    }

    private void exited(String name) throws Exception {
        eventually(() -> assertThat(control.container(name).status()).isEqualTo(Container.Status.EXITED));
    }

    @Test
    @DisplayName("A container of run ends with its process; rm needs force before that")
    void livesAsLongAsItsProcess() throws Exception {
        Process process = sleeping();
        Container run = control.controller.attach(withInit("job", process, false, null, "web"));
        refused(Refusal.Kind.CONFLICT, () -> control.controller.removeContainer("job", false), "container is running");
        process.destroyForcibly();
        exited("job");
        control.nothingIsAttached();
        assertThat(control.container("job").init()).isEqualTo(run.init());
        assertThat(control.controller.removeContainer("job", false)).isEqualTo("job");
        assertThat(control.controller.containers(true, Filters.NONE)).isEmpty();
    }

    @Test
    @DisplayName("--rm forgets the container with its process, and rm -f ends it")
    void forceEndsTheProcess() throws Exception {
        Process process = sleeping();
        control.controller.attach(withInit("job", process, true, null, "web"));
        assertThat(control.controller.removeContainer("job", true)).isEqualTo("job");
        assertThat(process.isAlive()).isFalse();
        control.nothingIsAttached();
        refused(Refusal.Kind.UNKNOWN, () -> control.container("job"), "No such container: job");
        Process second = sleeping();
        control.controller.attach(withInit("job", second, true, null, "web"));
        second.destroy();
        eventually(() ->
                assertThat(control.controller.containers(true, Filters.NONE)).isEmpty());
    }

    @Test
    @DisplayName("A-IPAM-15 stop and start keep id, networks and chosen addresses, in a new namespace")
    void startsAgain() throws Exception {
        Process process = sleeping();
        Container before = control.controller.attach(withInit("job", process, false, "10.1.0.66", "web"));
        control.connect("db", "job");
        Container stopped = control.controller.stop("job", 5);
        assertThat(stopped.status()).isEqualTo(Container.Status.EXITED);
        assertThat(process.isAlive()).isFalse();
        control.nothingIsAttached();
        refused(
                Refusal.Kind.CONFLICT,
                () -> control.controller.attach(TestControl.withAddresses("thief", "web", "10.1.0.66", null, null)),
                "10.1.0.66");
        Process next = sleeping();
        Container again = control.controller.start(
                "job",
                new StartRequest(
                        "/proc/" + next.pid(), new AttachRequest.Init(next.pid(), List.of("sleep", "300"), false)));
        assertThat(again.id()).isEqualTo(before.id());
        assertThat(control.addresses("job")).containsExactly("10.1.0.66", "10.2.0.2");
        assertThat(control.interfaces("job")).containsExactly("eth0", "eth1");
        refused(
                Refusal.Kind.CONFLICT,
                () -> control.controller.start("job", new StartRequest("/proc/" + next.pid(), null)),
                "already running");
    }

    @Test
    @DisplayName("A stopped container may be connected and disconnected; it counts with the next start")
    void changesWhileStopped() throws Exception {
        control.controller.attach(withInit("job", sleeping(), false, null, "web"));
        control.controller.stop("job", 5);
        control.connect("db", "job");
        control.disconnect("web", "job");
        control.nothingIsAttached();
        Process next = sleeping();
        control.controller.start("job", new StartRequest("/proc/" + next.pid(), null));
        assertThat(control.addresses("job")).containsExactly("10.2.0.2");
    }

    @Test
    @DisplayName("A network that was removed meanwhile is named at the start, and left by disconnect -f with its id")
    void networkGoneWhileStopped() throws Exception {
        control.controller.attach(withInit("job", sleeping(), false, null, "web"));
        String id = control.controller.network("web").network().id();
        control.controller.stop("job", 5);
        control.controller.removeNetwork("web");
        Process next = sleeping();
        StartRequest start = new StartRequest("/proc/" + next.pid(), null);
        refused(Refusal.Kind.UNKNOWN, () -> control.controller.start("job", start), "network " + id + " not found");
        refused(Refusal.Kind.UNKNOWN, () -> control.disconnect(id, "job"), "not found");
        control.controller.disconnect(id, "job", true);
        assertThat(control.controller.start("job", start).endpoints()).isEmpty();
    }

    @Test
    void refusesToStopWhatItDidNotStart() {
        control.attach("one", "web");
        refused(Refusal.Kind.CONFLICT, () -> control.controller.stop("one", 5), "detach it with tapswitch rm");
    }
}
