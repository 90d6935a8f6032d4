package io.tapswitch.core.control;

import static io.tapswitch.core.control.Eventually.eventually;
import static io.tapswitch.core.control.TestControl.refused;
import static io.tapswitch.core.control.TestControl.withInit;
import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.core.model.Container;
import io.tapswitch.core.model.Refusal;
import io.tapswitch.tapio.ProcessStat;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
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
        return starting("sleep", "300");
    }

    private Process starting(String... command) throws IOException {
        Process process = new ProcessBuilder(command).start();
        processes.add(process);
        return process;
    }

    /** The control sees the end by its pidfd, this JVM by a thread that reaps: that may be a moment later. */
    private static void hasEnded(Process process) throws InterruptedException {
        assertThat(process.waitFor(5, TimeUnit.SECONDS)).isTrue();
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
        hasEnded(process);
        control.nothingIsAttached();
        refused(Refusal.Kind.UNKNOWN, () -> control.container("job"), "No such container: job");
        Process second = sleeping();
        control.controller.attach(withInit("job", second, true, null, "web"));
        second.destroy();
        eventually(() ->
                assertThat(control.controller.containers(true, Filters.NONE)).isEmpty());
    }

    @Test
    @DisplayName("rm -f with a full disk says that the process was ended and the container not removed")
    void forceSaysWhatWasDoneWhenTheDiskIsFull() throws Exception {
        Process process = sleeping();
        control.controller.attach(withInit("job", process, false, null, "web"));
        Path content = Files.createFile(
                Files.createDirectories(directory.resolve("state.json.new")).resolve("x"));
        refused(
                Refusal.Kind.FAILED,
                () -> control.controller.removeContainer("job", true),
                "container job was ended, but it is not removed: cannot write state file");
        hasEnded(process);
        assertThat(control.container("job").status()).isEqualTo(Container.Status.EXITED);
        Files.delete(content);
        Files.delete(content.getParent());
        assertThat(control.controller.removeContainer("job", true)).isEqualTo("job");
    }

    @Test
    @DisplayName("A name may have the slash before it that docker's messages show")
    void takesNamesWithASlash() throws Exception {
        Container job = control.controller.attach(withInit("/job", sleeping(), false, null, "web"));
        assertThat(job.name()).isEqualTo("job");
        assertThat(control.container("/job").id()).isEqualTo(job.id());
        assertThat(control.controller.rename("/job", "/other").name()).isEqualTo("other");
        refused(Refusal.Kind.UNKNOWN, () -> control.container("//other"), "No such container: //other");
        refused(Refusal.Kind.BAD_INPUT, () -> control.container("/"), "invalid container name or ID: value is empty");
    }

    @Test
    @DisplayName("A-IPAM-15 stop and start keep id, networks and chosen addresses, in a new namespace")
    void startsAgain() throws Exception {
        Process process = sleeping();
        Container before = control.controller.attach(withInit("job", process, false, "10.1.0.66", "web"));
        control.connect("db", "job");
        Container stopped = control.controller.stop("job", 5);
        assertThat(stopped.status()).isEqualTo(Container.Status.EXITED);
        hasEnded(process);
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
    @DisplayName("The exit code is the container's, the event's and a filter's: 128 + n of a signal")
    void tellsTheExitCode() throws Exception {
        Instant start = Instant.now();
        Process three = starting("sh", "-c", "read line; exit 3");
        control.controller.attach(withInit("three", three, false, null, "web"));
        control.controller.attach(withInit("killed", sleeping(), false, null, "web"));
        assertThat(control.controller.stop("killed", 5).exitCode()).isEqualTo(143);
        three.getOutputStream().close();
        exited("three");
        assertThat(control.container("three").exitCode()).isEqualTo(3);
        assertThat(control.controller.containers(false, new Filters(Map.of("exited", List.of("3")))))
                .extracting(Container::name)
                .containsExactly("three");
        assertThat(control.told(start)).contains("container die three 3", "container die killed 143");
        Container ended = control.container("three");
        assertThat(moment(ended.started())).isBetween(start, Instant.now());
        assertThat(moment(ended.finished())).isBetween(moment(ended.started()), Instant.now());
        Process next = sleeping();
        control.controller.start("three", new StartRequest("/proc/" + next.pid(), null));
        Container again = control.container("three");
        assertThat(again.exitCode()).isNull();
        assertThat(again.created()).isEqualTo(ended.created());
        assertThat(moment(again.started())).isAfter(moment(ended.finished()));
    }

    private static Instant moment(String text) {
        return OffsetDateTime.parse(text).toInstant();
    }

    @Test
    @DisplayName("A device that goes with its process does not go before it: one end, with the exit code")
    void theDeviceGoesWithTheProcess() throws Exception {
        Process parent = starting("sh", "-c", "exec 3<&0; sh -c 'read line <&3; exit 3' & echo $!; wait");
        long pid = Long.parseLong(parent.inputReader().readLine());
        Container job = control.controller.attach(TestControl.withInit("job", pid, false, null, "web"));
        Instant end = Instant.now();
        // A parent that does not look yet: the process is a zombie, and nobody but its parent can know the code.
        assertThat(new ProcessBuilder("kill", "-STOP", "" + parent.pid())
                        .start()
                        .waitFor())
                .isZero();
        parent.getOutputStream().close();
        eventually(() -> assertThat(ProcessStat.of(pid))
                .isNotNull()
                .extracting(ProcessStat::ended)
                .isEqualTo(true));
        control.plumbing.listener(job.endpoints().getFirst().id()).onGone();
        assertThat(new ProcessBuilder("kill", "-CONT", "" + parent.pid())
                        .start()
                        .waitFor())
                .isZero();
        exited("job");
        assertThat(control.container("job").exitCode()).isEqualTo(3);
        // It is told a moment after it counts.
        eventually(
                () -> assertThat(control.told(end)).containsExactly("container die job 3", "network disconnect web"));
    }

    @Test
    @DisplayName("What run keeps of a container goes when it is forgotten, whoever forgets it, and not before")
    void forgetsItsFiles() throws Exception {
        Process process = sleeping();
        Container temporary = control.controller.attach(withInit("temp", process, true, null, "web"));
        Container kept = control.controller.attach(withInit("kept", sleeping(), false, null, "web"));
        Path logs = Files.createDirectories(directory.resolve("logs"));
        for (Container container : List.of(temporary, kept)) {
            Files.createFile(logs.resolve(container.id() + ".log"));
            Files.createFile(logs.resolve(container.id() + ".run"));
        }
        process.destroyForcibly();
        eventually(() -> assertThat(logs).isDirectoryNotContaining("glob:**" + temporary.id() + "*"));
        control.controller.stop("kept", 5);
        assertThat(logs).isDirectoryContaining("glob:**" + kept.id() + ".log");
        control.controller.removeContainer("kept", false);
        assertThat(logs).isEmptyDirectory();
    }

    @Test
    @DisplayName(
            "--detach-on-exit leaves the processes of run theirs: the next daemon has them running, and stops them")
    void goesOnWhenEverythingIsDetached() throws Exception {
        Process process = sleeping();
        control.controller.attach(withInit("job", process, false, null, "web"));
        control.attach("one", "web");
        control.controller.detachAll();
        assertThat(control.plumbing.plugs).isEmpty();
        control.restart();
        assertThat(control.container("one").status()).isEqualTo(Container.Status.DETACHED);
        assertThat(control.container("job").status()).isEqualTo(Container.Status.RUNNING);
        assertThat(process.isAlive()).isTrue();
        StartRequest second = new StartRequest("/proc/" + process.pid(), null);
        refused(Refusal.Kind.CONFLICT, () -> control.controller.start("job", second), "already running");
        control.connect("web", "job");
        assertThat(control.interfaces("job")).containsExactly("eth0");
        assertThat(control.controller.stop("job", 5).exitCode()).isEqualTo(143);
        hasEnded(process);
    }

    @Test
    void refusesToStopWhatItDidNotStart() {
        control.attach("one", "web");
        refused(Refusal.Kind.CONFLICT, () -> control.controller.stop("one", 5), "detach it with tapswitch rm");
    }
}
