package io.tapswitch.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.lab.Api;
import io.tapswitch.lab.Daemon;
import io.tapswitch.lab.Eventually;
import io.tapswitch.lab.Flow;
import io.tapswitch.lab.Lab;
import io.tapswitch.lab.LabContainer;
import io.tapswitch.lab.LabNamespace;
import io.tapswitch.lab.LabNetwork;
import io.tapswitch.lab.Outcome;
import io.tapswitch.lab.World;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Births and deaths of devices and namespaces: R1 to R3, R9, R14, R15; those of the daemon: {@link StateIT}. */
@Tag("netns")
@Timeout(90)
final class LifecycleIT {
    @RegisterExtension
    static final Lab LAB = Lab.withDaemon();

    @Test
    void R1_namespaceDeletedUnderLoadHarmsNobody() {
        LabNetwork network = LAB.network();
        List<LabContainer> members = LAB.containers(network, 4);
        LabContainer loader = members.get(2);
        LabContainer victim = members.get(3);
        String victimId = victim.id();
        try (Flow paced = Flow.start(members.get(0), members.get(1), 15_000);
                var load = loader.startTraffic("udp-flow-send", "address", victim.address(), "rate", 5_000)) {
            Eventually.until("load arrives", () -> victim.stats().number("txFrames") > 1_000);
            victim.delete();
            Eventually.until(Duration.ofSeconds(5), "the port is gone", () -> !isRunning(victimId));
            assertThat(LAB.daemon().api().get("/fdb?network=" + network.id()).elements())
                    .noneMatch(entry -> entry.text("mac").equals(victim.mac()));
            assertThat(paced.end().nothingLost().sent()).isGreaterThan(1_000);
            assertThat(load.alive()).isTrue();
            load.stop().ok();
        }
        assertCpuIsLow();
        members.get(0).ping(members.get(1));
    }

    @Test
    void R2_deletedDeviceIsGoneWithin100MsOfTheKernelsWord() {
        LabNetwork network = LAB.network();
        LabContainer a = LAB.container(network);
        LabContainer b = LAB.container(network);
        String id = b.id();
        b.ip("link del eth0");
        long begin = System.nanoTime();
        Eventually.until("detached", () -> !isRunning(id));
        // 100 ms is the requirement; the rest is what asking takes on a machine that does other things as well.
        assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofMillis(250));
        assertCpuIsLow();
        LabContainer reborn = LAB.container(network);
        assertThat(reborn.address()).as("the address is free again").isEqualTo(b.address());
        a.ping(reborn);
    }

    @Test
    void R3_detachRemovesTheDeviceAndTheNamespaceCanBeAttachedAgain() {
        LabNetwork network = LAB.network();
        LabContainer a = LAB.container(network);
        LabContainer b = LAB.container(network);
        String id = b.id();
        LAB.daemon().api().delete("/containers/" + id + "?force=true").ok();
        Eventually.until(
                Duration.ofMillis(250),
                "the device is gone",
                () -> !b.ip("-o link").contains("eth0"));
        assertThat(a.reaches(b.address())).isFalse();
        b.detached();
        LAB.attachAgain(b, network);
        a.ping(b);
    }

    @Test
    void A_ATT_08_absentNeighbourIsUnreachableAndNobodyAnswersForIt() {
        LabNetwork network = LAB.network();
        List<LabContainer> members = LAB.containers(network, 3);
        LabContainer a = members.get(0);
        LabContainer gone = members.get(2);
        try (Flow flow = Flow.start(a, members.get(1), 500)) {
            a.ping(gone);
            gone.detach();
            a.ip("neigh flush to " + gone.address());
            Outcome ping = a.exec("ping", "-c1", "-W4", gone.address());
            assertThat(ping.exit()).isNotZero();
            assertThat(ping.out()).contains("Destination Host Unreachable").contains("100% packet loss");
            flow.end().nothingLost();
        }
        a.ping(members.get(1));
    }

    @Test
    void R14_secondDaemonOnTheSameStateIsRefusedAndTheFirstGoesOn() {
        LabNetwork network = LAB.network();
        List<LabContainer> two = LAB.containers(network, 2);
        try (Daemon second = Daemon.launch(LAB.host(), LAB.directory(), List.of(), List.of())) {
            Outcome outcome = second.process().await(Duration.ofSeconds(15));
            assertThat(outcome.exit()).isNotZero();
            assertThat(outcome.err()).containsAnyOf("another daemon", "in use", "lock");
            assertThat(outcome.out()).doesNotContain("ready");
        }
        two.get(0).ping(two.get(1));
    }

    @Test
    void R14_sigtermEndsItWithinFiveSeconds() {
        try (World world = World.withDaemon()) {
            long begin = System.nanoTime();
            Outcome outcome = world.daemon().process().terminate();
            assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(5));
            assertThat(outcome.exit()).isIn(0, 143);
        }
    }

    @Test
    void R15_failedAttachLeavesNothingBehind() {
        LabNetwork network = LAB.network();
        Api api = LAB.daemon().api();
        Api.Answer missing = api.post("/containers", request("no-such-namespace", network));
        assertThat(missing.status()).isIn(400, 404);
        assertThat(missing.body().text("message")).contains("no-such-namespace");

        LabNamespace occupied = LAB.namespace("busy");
        occupied.ip("link add name eth0 type veth peer name eth9");
        Api.Answer taken = api.post("/containers", request(occupied.name(), network));
        assertThat(taken.status()).isGreaterThanOrEqualTo(400);
        assertThat(taken.body().text("message")).isNotBlank();
        assertThat(occupied.ip("-o link").lines()).hasSize(3);
        assertThat(LAB.host().foreignDevices()).isEmpty();
        assertThat(api.get("/containers?all=true").elements()).isEmpty();

        LabContainer first = LAB.container(network);
        assertThat(first.address()).as("no address was lost").endsWith(".2");
    }

    @Test
    void R9_oneBadPortStopsNobody() {
        LabNetwork network = LAB.network();
        List<LabContainer> members = LAB.containers(network, 5);
        try (Flow flow = Flow.start(members.get(0), members.get(1), 1_000)) {
            members.get(2).ip("link set eth0 down");
            members.get(3).ip("link del eth0");
            members.get(4).delete();
            members.get(0).traffic("flood", "count", 500, "vary", "source", "rate", 5_000);
            flow.end().nothingLost();
        }
        members.get(0).ping(members.get(1));
    }

    private static String request(String namespace, LabNetwork network) {
        return "{\"netns\":\"" + namespace + "\",\"networks\":[\"" + network.name() + "\"]}";
    }

    private static boolean isRunning(String id) {
        return LAB.daemon().api().get("/containers?all=true").elements().stream()
                .anyMatch(c ->
                        c.text("Id").equals(id) && c.at("State").text("Status").equals("running"));
    }

    /** R2: no busy loop on a dead file. */
    private static void assertCpuIsLow() {
        long before = LAB.daemon().use().cpuMs();
        Eventually.measureFor(Duration.ofSeconds(2));
        assertThat(LAB.daemon().use().cpuMs() - before).as("CPU ms in 2 s").isLessThan(200);
    }
}
