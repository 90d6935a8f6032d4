package io.tapswitch.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.lab.Commands;
import io.tapswitch.lab.Eventually;
import io.tapswitch.lab.Frames;
import io.tapswitch.lab.Json;
import io.tapswitch.lab.Lab;
import io.tapswitch.lab.LabContainer;
import io.tapswitch.lab.LabNetwork;
import io.tapswitch.lab.ProcessUse;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Many containers: a hundred in one network, fifty idle ones, and attaching and detaching again and again (R10). */
@Tag("netns")
final class ManyIT {
    @RegisterExtension
    static final Lab LAB = Lab.withDaemon();

    private static final boolean SOAK = Boolean.getBoolean("soak");
    private static final long MIB = 1 << 20;
    private static final Duration IDLE = Duration.ofSeconds(SOAK ? 10 : 4);

    @Test
    @Timeout(180)
    void hundredContainersInOneNetworkReachEachOther() {
        LabNetwork network = LAB.network();
        List<LabContainer> hundred = LAB.containers(network, 100);
        for (int i = 1; i < 100; i++) {
            assertThat(hundred.get(i).address())
                    .isEqualTo(network.gateway().replaceAll("\\.1$", String.format(Locale.ROOT, ".%d", i + 2)));
        }
        LabContainer first = hundred.getFirst();
        String all = String.join(
                " ", hundred.stream().skip(1).map(LabContainer::address).toList());
        String loop = "for a in " + all + "; do ping -c1 -W2 $a >/dev/null || echo $a; done";
        assertThat(first.exec("sh", "-c", loop).ok().out()).as("unreachable").isEmpty();

        long before = sumOfTransmitted(network);
        first.send(Frames.experimental("ff:ff:ff:ff:ff:ff", first.mac(), "to all"), 10);
        Eventually.until("everybody gets each copy", () -> sumOfTransmitted(network) - before >= 10 * 99);
        hundred.get(57).transferTcp(hundred.get(99), 5_000_000);
    }

    private static long sumOfTransmitted(LabNetwork network) {
        return LAB.stats().at("containers").elements().stream()
                .filter(row -> row.text("network").equals(network.name()))
                .mapToLong(row -> row.number("txFrames"))
                .sum();
    }

    @Test
    @Timeout(180)
    void fiftyIdleContainersCostNearlyNothing() {
        LabNetwork network = LAB.network();
        LAB.containers(network, 50);
        ProcessUse use = LAB.daemon().use();
        assertThat(use.residentBytes()).as("resident bytes").isLessThan(200 * MIB);
        // The kernels of fifty new namespaces say hello by IPv6 for some seconds; idle is what comes after.
        Eventually.until(Duration.ofSeconds(60), "less than 1 % of a core", () -> {
            long before = use.cpuMs();
            Eventually.measureFor(IDLE);
            return use.cpuMs() - before < IDLE.toMillis() / 100;
        });
        assertThat(use.residentBytes()).as("resident bytes").isLessThan(200 * MIB);
    }

    @Test
    @Timeout(3600)
    void R10_attachAndDetachLeaveNothingBehind() {
        LabNetwork network = LAB.network();
        List<LabContainer> peers = LAB.containers(network, 2);
        LabContainer cycled = LAB.bareContainer();
        ProcessUse use = LAB.daemon().use();
        // Compiler and allocator warm up for a thousand cycles or so (20 MiB); then resident memory stands still.
        cycle(cycled, network, SOAK ? 1_500 : 50);
        int files = use.openFiles();
        long threads = use.threads().size();
        if (SOAK) {
            long resident = use.residentBytes();
            cycle(cycled, network, 10_000);
            assertThat(use.residentBytes() - resident)
                    .as("growth of resident bytes")
                    .isLessThan(8 * MIB);
        } else {
            assertThat(leastGrowth(use, () -> cycle(cycled, network, 100), 4 * MIB))
                    .as("least growth of resident bytes by a hundred cycles")
                    .isLessThan(4 * MIB);
        }

        Eventually.until("files are closed", () -> use.openFiles() <= files + 1);
        assertThat(use.threads().size() - threads).as("growth of threads").isLessThanOrEqualTo(4);
        assertThat(cycled.ip("-o link").lines()).as("devices in the namespace").hasSize(1);
        assertThat(LAB.host().foreignDevices()).isEmpty();
        assertThat(Json.parse(LAB.daemon()
                                .api()
                                .get("/fdb?network=" + network.id())
                                .toString())
                        .elements())
                .allMatch(entry -> !entry.text("container").equals(cycled.name()));
        peers.get(0).ping(peers.get(1));
    }

    /**
     * What a young JVM commits comes in leaps (a compiler's arena, a heap that grows: 14 MiB at once), between which
     * there are rounds without; what leaks comes with each round. Hence the least of a few rounds.
     */
    private static long leastGrowth(ProcessUse use, Runnable round, long enough) {
        long least = Long.MAX_VALUE;
        for (int i = 0; i < 5 && least >= enough; i++) {
            long before = use.residentBytes();
            round.run();
            least = Math.min(least, use.residentBytes() - before);
        }
        return least;
    }

    /** Somebody else may run tests on this machine, too. */
    private static List<String> namespacesOfThisRun() {
        String prefix = "ts" + ProcessHandle.current().pid() + "-";
        return Commands.run("ip", "netns")
                .ok()
                .out()
                .lines()
                .filter(line -> line.startsWith(prefix))
                .toList();
    }

    @Test
    @Timeout(300)
    void R10_twoHundredContainersComeAndGoAndEverythingIsAsBefore() {
        LabNetwork network = LAB.network();
        // The first ones have the JVM load and compile what it needs, and open what it keeps open.
        LAB.containers(network, 20).forEach(LabContainer::close);
        awaitNoContainers();
        ProcessUse use = LAB.daemon().use();
        String links = LAB.host().ip("-br link");
        List<String> namespaces = namespacesOfThisRun();
        int files = use.openFiles();
        int threads = use.threads().size();
        long resident = use.residentBytes();

        List<LabContainer> many = LAB.containers(network, 200);
        assertThat(many.get(199).reaches(many.getFirst().address())).isTrue();
        // Half of them are detached, of the others the namespace goes away beneath the daemon.
        for (int i = 0; i < 200; i++) {
            if (i % 2 == 0) {
                many.get(i).detach();
                assertThat(many.get(i).links()).containsExactly("lo");
            }
            many.get(i).close();
        }
        awaitNoContainers();

        assertThat(LAB.host().ip("-br link")).isEqualTo(links);
        assertThat(namespacesOfThisRun()).containsExactlyInAnyOrderElementsOf(namespaces);
        Eventually.until("files are closed", () -> use.openFiles() <= files + 1);
        Eventually.until("threads end", () -> use.threads().size() <= threads + 4);
        assertThat(use.residentBytes() - resident)
                .as("growth of resident bytes")
                .isLessThan(64 * MIB);
        assertThat(LAB.container(network).address()).endsWith(".2");
    }

    private static void awaitNoContainers() {
        // The kernel takes namespaces apart one after the other: two seconds for a hundred, once more than thirty.
        Eventually.until(
                Duration.ofSeconds(90),
                "no container is left",
                () -> LAB.daemon().api().get("/containers").elements().isEmpty());
    }

    private static void cycle(LabContainer container, LabNetwork network, int times) {
        for (int i = 0; i < times; i++) {
            LAB.attachAgain(container, network);
            container.detach();
        }
    }
}
