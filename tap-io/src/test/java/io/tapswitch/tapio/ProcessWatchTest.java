package io.tapswitch.tapio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ProcessWatchTest {
    private static final int SIGTERM = 15;

    private final ProcessWatch watch = new ProcessWatch();
    private final List<Process> processes = new ArrayList<>();
    private final BlockingQueue<Optional<Integer>> told = new LinkedBlockingQueue<>();

    @AfterEach
    void close() {
        watch.close();
        processes.forEach(Process::destroyForcibly);
    }

    private Process start(String script) throws IOException {
        Process process = new ProcessBuilder("sh", "-c", script).start();
        processes.add(process);
        return process;
    }

    private ProcessWatch.Watched watch(long pid) {
        return watch.watch(pid, ticks(pid), code -> told.add(Optional.ofNullable(code)));
    }

    private static long ticks(long pid) {
        return Objects.requireNonNull(ProcessStat.of(pid)).startTicks();
    }

    private Optional<Integer> next() throws InterruptedException {
        return Objects.requireNonNull(told.poll(10, TimeUnit.SECONDS), "nobody said that it ended");
    }

    @Test
    void theExitCodeIsTold() throws Exception {
        Process process = start("read line; exit 3");
        watch(process.pid());
        assertThat(told.poll(50, TimeUnit.MILLISECONDS)).isNull();
        process.getOutputStream().close();
        assertThat(next()).contains(3);
    }

    @Test
    void aSignalIsToldAs128AndItsNumber() throws Exception {
        watch(start("exec sleep 300").pid()).signal(SIGTERM);
        assertThat(next()).contains(143);
        assertThat(ProcessWatch.code(9)).isEqualTo(137);
        assertThat(ProcessWatch.code(139)).as("signal 11, with a core file").isEqualTo(139);
        assertThat(ProcessWatch.code(255 << 8)).isEqualTo(255);
    }

    @Test
    void aProcessThatIsNotOurChildIsHeardOfAtOnceAndWithItsCode() throws Exception {
        // The shell gives what runs beside it an empty input, so it reads its parent's under another number.
        Process shell = start("exec 3<&0; sh -c 'read line <&3; exit 7' & echo $!; wait");
        long pid = Long.parseLong(Objects.requireNonNull(shell.inputReader().readLine()));
        watch(pid);
        long begin = System.nanoTime();
        shell.getOutputStream().close();
        assertThat(next()).contains(7);
        assertThat(System.nanoTime() - begin).isLessThan(TimeUnit.MILLISECONDS.toNanos(250));
    }

    @Test
    void oneThatEndedBeforeOrHasTheIdOfAnotherIsToldWithoutACode() throws Exception {
        Process process = start("exec sleep 300");
        watch.watch(process.pid(), ticks(process.pid()) - 1, code -> told.add(Optional.ofNullable(code)));
        assertThat(next()).isEmpty();
        assertThat(process.isAlive()).isTrue();
        long ticks = ticks(process.pid());
        process.destroyForcibly().waitFor();
        assertThat(ProcessStat.hasEnded(process.pid(), ticks)).isTrue();
        watch.watch(process.pid(), ticks, code -> told.add(Optional.ofNullable(code)));
        assertThat(next()).isEmpty();
    }

    @Test
    void whoIsForgottenIsNotTold() throws Exception {
        Process process = start("exec sleep 300");
        ProcessWatch.Watched one = watch(process.pid());
        one.forget();
        one.signal(SIGTERM);
        assertThat(process.isAlive()).isTrue();
        process.destroyForcibly().waitFor();
        assertThat(told.poll(200, TimeUnit.MILLISECONDS)).isNull();
    }

    @Test
    void whatCannotBeReadIsNotTakenForAnEnd(@TempDir Path directory) throws Exception {
        // EISDIR in the place of the EMFILE or EIO that cannot be had at will.
        assertThatThrownBy(() -> ProcessStat.read(directory.toString()))
                .isInstanceOf(DeviceException.class)
                .hasMessageContaining("cannot read " + directory);
        assertThat(ProcessStat.read(directory.resolve("none").toString())).isNull();
        Path zombie = Files.writeString(
                directory.resolve("stat"), "7 (a) b) Z 1 7 7 0 -1 4 0 0 0 0 0 0 0 0 20 0 1 0 4711 0 0\n");
        assertThat(ProcessStat.read(zombie.toString())).isEqualTo(new ProcessStat(4711, true));
    }
}
