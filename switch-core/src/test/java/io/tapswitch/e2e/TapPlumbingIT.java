package io.tapswitch.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tapswitch.core.control.Plumbing;
import io.tapswitch.core.control.Plumbing.Cidr;
import io.tapswitch.core.control.Plumbing.InterfacePlan;
import io.tapswitch.core.control.Plumbing.Plug;
import io.tapswitch.core.control.TapPlumbing;
import io.tapswitch.core.model.Refusal;
import io.tapswitch.lab.Commands;
import io.tapswitch.lab.Eventually;
import io.tapswitch.lab.LabNamespace;
import io.tapswitch.tapio.sys.Syscalls;
import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.MacAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The kernel's side of attaching, without a switch: what is made, what outlives its maker, and what goes. */
@Tag("netns")
@Timeout(60)
final class TapPlumbingIT {
    @TempDir
    Path directory;

    private final LabNamespace container = new LabNamespace("p");

    @AfterEach
    void cleanUp() {
        container.close();
        // Whatever a test left in the vault goes with it.
        new TapPlumbing(directory, 1).end();
    }

    @Test
    void A_IPAM_14_anInterfaceHasAddressesAndDefaultRoutesOfBothFamiliesAtOnce() {
        TapPlumbing plumbing = new TapPlumbing(directory, 1);
        List<Plug> plugs = plumbing.plug(place(plumbing), List.of(plan("a", "eth0", 2, 1)));
        assertThat(container.ip("address show dev eth0"))
                .contains(
                        "02:42:ac:12:00:02",
                        "mtu 1400",
                        "inet 172.18.0.2/16",
                        "inet6 fd00:18::2/64",
                        "inet6 fe80::42:acff:fe12:2/64")
                .doesNotContain("fd00:18::2/64 scope global tentative");
        assertThat(container.ip("route")).contains("default via 172.18.0.1 dev eth0");
        assertThat(container.ip("-6 route")).contains("default via fd00:18::1 dev eth0");
        plumbing.plug(place(plumbing), List.of(plan("b", "eth1", 3, 1, List.of())));
        assertThat(container.ip("-o link")).contains("eth0", "eth1");
        plumbing.routes(place(plumbing), List.of(new Plumbing.ContainerRoute("eth1", IpAddress.parse("172.18.0.9"))));
        assertThat(container.ip("route"))
                .contains("default via 172.18.0.9 dev eth1")
                .doesNotContain("172.18.0.1 ");
        assertThat(container.ip("-6 route")).contains("default via fd00:18::1 dev eth0");
        plumbing.unplug(plugs);
        assertThat(container.ip("-o link")).as("at once").doesNotContain("eth0").contains("eth1");
        plumbing.close();
    }

    @Test
    void whatLeadsToNoNamespaceIsAMistakeOfWhoNamedIt() {
        try (TapPlumbing plumbing = new TapPlumbing(directory, 1)) {
            for (String netns : List.of("/etc/passwd/x", "/etc/passwd", "a\0/b", "a\0")) {
                assertThatThrownBy(() -> plumbing.place(netns))
                        .isInstanceOfSatisfying(
                                Refusal.class, e -> assertThat(e.kind()).isEqualTo(Refusal.Kind.BAD_INPUT))
                        .hasNoCause();
            }
        }
    }

    @Test
    void A_IPAM_14_ipv6WorksWhereItIsOffForNewInterfaces() {
        container.exec("sh", "-c", "echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6");
        TapPlumbing plumbing = new TapPlumbing(directory, 1);
        plumbing.plug(place(plumbing), List.of(plan("a", "eth0", 2, 1)));
        assertThat(container.ip("address show dev eth0")).contains("inet6 fd00:18::2/64");
        plumbing.close();
    }

    @Test
    void aFailureLeavesNothingBehind() {
        TapPlumbing plumbing = new TapPlumbing(directory, 1);
        List<InterfacePlan> plans =
                List.of(plan("a", "eth0", 2, 1), plan("b", "eth1", 3, 1, List.of(IpAddress.parse("192.0.2.1"))));
        assertThatThrownBy(() -> plumbing.plug(place(plumbing), plans)).isInstanceOf(Refusal.class);
        assertThat(container.ip("-o link").lines()).hasSize(1);
        plumbing.close();
        TapPlumbing next = new TapPlumbing(directory, 1);
        assertThat(next.adopt("a")).isNull();
        next.close();
    }

    @Test
    void R5_theNextDaemonHasTheInterfaceAndTheContainerSeesNothing() {
        TapPlumbing first = new TapPlumbing(directory, 1);
        Plug plug = first.plug(place(first), List.of(plan("a", "eth0", 2, 1))).getFirst();
        Eventually.until("carrier", () -> container.ip("link show dev eth0").contains("LOWER_UP"));
        String before = look();
        first.close();
        plug.fds().forEach(Syscalls::close);
        assertThat(look()).as("while nobody is there").isEqualTo(before);
        TapPlumbing second = new TapPlumbing(directory, 1);
        Plug adopted = Objects.requireNonNull(second.adopt("a"));
        assertThat(adopted.fds()).hasSize(1);
        assertThat(second.adopt("a")).as("once").isNull();
        assertThat(look()).isEqualTo(before);
        News news = new News();
        second.watch(adopted, "eth0", news);
        container.ip("link set eth0 name wan0");
        Eventually.until("told", () -> news.names.contains("wan0"));
        second.unplug(List.of(adopted));
        assertThat(container.ip("-o link").lines()).hasSize(1);
        second.close();
    }

    @Test
    void interfacesThatNobodyAsksForGo() {
        TapPlumbing first = new TapPlumbing(directory, 1);
        for (Plug plug :
                first.plug(place(first), List.of(plan("a", "eth0", 2, 1), plan("b", "eth1", 3, 1, List.of())))) {
            plug.fds().forEach(Syscalls::close);
        }
        first.close();
        TapPlumbing second = new TapPlumbing(directory, 1);
        second.dropOthers(Set.of("b"));
        assertThat(container.ip("-o link")).doesNotContain("eth0").contains("eth1");
        assertThat(second.adopt("b")).isNotNull();
        second.close();
    }

    @Test
    void anInterfaceThatCannotBeLetGoKeepsNoOther() {
        TapPlumbing plumbing = new TapPlumbing(directory, 1);
        List<Plug> plugs =
                plumbing.plug(place(plumbing), List.of(plan("a", "eth0", 2, 1), plan("b", "eth1", 3, 1, List.of())));
        Syscalls.close(plugs.getFirst().fds().getFirst());
        assertThatThrownBy(() -> plumbing.unplug(plugs)).isInstanceOf(Refusal.class);
        assertThat(container.ip("-o link")).doesNotContain("eth1");
        plumbing.close();
        TapPlumbing next = new TapPlumbing(directory, 1);
        assertThat(next.adopt("a")).isNull();
        assertThat(next.adopt("b")).isNull();
        next.close();
    }

    @Test
    void anInterfaceWithMoreQueuesThanWorkersUsesFewer() {
        TapPlumbing first = new TapPlumbing(directory, 3);
        Plug plug = first.plug(place(first), List.of(plan("a", "eth0", 2, 3))).getFirst();
        assertThat(plug.fds()).hasSize(3);
        first.close();
        plug.fds().forEach(Syscalls::close);
        for (int workers : List.of(1, 2, 4)) {
            TapPlumbing next = new TapPlumbing(directory, workers);
            Plug adopted = Objects.requireNonNull(next.adopt("a"));
            assertThat(adopted.fds()).hasSize(Math.min(workers, 3));
            assertThat(container.ip("-d link show dev eth0")).contains("numqueues " + Math.min(workers, 3));
            next.close();
            // The files of queues that are not used are this process' too, until it ends.
            if (workers == 4) {
                adopted.fds().forEach(Syscalls::close);
            }
        }
    }

    @Test
    void aNewInterfaceHasNoMoreQueuesAttachedThanAreRead() {
        TapPlumbing one = new TapPlumbing(directory, 1);
        Plug plug = one.plug(place(one), List.of(plan("a", "eth0", 2, 3))).getFirst();
        assertThat(plug.fds()).hasSize(1);
        assertThat(container.ip("-d link show dev eth0"))
                .as("frames that the kernel puts into a queue that nobody reads are lost")
                .contains("numqueues 1");
        one.unplug(List.of(plug));
        one.end();
    }

    @Test
    void aDefaultRouteOfSomebodyElseIsLeftAloneAndNamed() {
        TapPlumbing one = new TapPlumbing(directory, 1);
        container.ip("link add own type veth peer name other");
        container.ip("link set own up");
        container.ip("link set other up");
        container.ip("address add 10.9.9.2/24 dev own");
        container.ip("route add default via 10.9.9.1 dev own");
        String before = look();
        assertThatThrownBy(() -> one.plug(place(one), List.of(plan("a", "eth0", 2, 1))))
                .hasMessageContaining("already has a default route, by own: remove it there");
        assertThat(look()).isEqualTo(before);
        container.ip("route del default");
        container.ip("-6 route add default dev own");
        assertThatThrownBy(() -> one.plug(place(one), List.of(plan("a", "eth0", 2, 1))))
                .hasMessageContaining("already has a default route, by own");
        container.ip("-6 route del default dev own");
        one.unplug(one.plug(place(one), List.of(plan("a", "eth0", 2, 1))));
        one.end();
    }

    @Test
    void R4_anInterfaceWhoseFilesAreLostIsAttachedAnewAndLetsItsNamespaceGo() throws Exception {
        TapPlumbing first = new TapPlumbing(directory, 1);
        Plumbing.Place place = place(first);
        Plug plug = first.plug(place, List.of(plan("a", "eth0", 2, 1))).getFirst();
        endKeeper(first);
        first.close();
        plug.fds().forEach(Syscalls::close);
        Eventually.until("no carrier", () -> container.ip("link show dev eth0").contains("NO-CARRIER"));
        TapPlumbing second = new TapPlumbing(directory, 1);
        assertThat(second.adopt("a")).isNull();
        assertThat(second.reattach("a", place, "eth9", 1))
                .as("no such interface")
                .isNull();
        assertThat(second.reattach("a", new Plumbing.Place(place.path(), "net:[1]", null), "eth0", 1))
                .as("another namespace")
                .isNull();
        Plug again = Objects.requireNonNull(second.reattach("a", place, "eth0", 1));
        Eventually.until("carrier", () -> container.ip("link show dev eth0").contains("LOWER_UP"));
        assertThat(container.ip("address show dev eth0")).contains("172.18.0.2/16", "fd00:18::2/64");
        assertThatThrownBy(() -> second.reattach("b", place, "eth0", 1))
                .isInstanceOf(Refusal.class)
                .hasMessageContaining("held by another process");
        News news = new News();
        second.watch(again, "eth0", news);
        container.delete();
        assertThat(news.gone.await(2, TimeUnit.SECONDS))
                .as("its end is noticed")
                .isTrue();
        second.unplug(List.of(again));
        second.close();
    }

    @Test
    void anAttachCostsLittleMoreThanTheIpCommandsThemselves() {
        TapPlumbing plumbing = new TapPlumbing(directory, 1);
        List<Long> ours = new ArrayList<>();
        List<Long> ip = new ArrayList<>();
        for (int i = 0; i < 15; i++) {
            long begin = System.nanoTime();
            List<Plug> plugs = plumbing.plug(place(plumbing), List.of(plan("a", "eth0", 2, 1)));
            ours.add(System.nanoTime() - begin);
            plumbing.unplug(plugs);
            begin = System.nanoTime();
            Commands.run(Duration.ofSeconds(5), "link show lo\n", List.of("ip", "-batch", "-"))
                    .ok();
            Commands.run(Duration.ofSeconds(5), "link show lo\n", List.of("ip", "-batch", "-"))
                    .ok();
            ip.add(System.nanoTime() - begin);
        }
        long beyond = Collections.min(ours) - Collections.min(ip);
        // Some 10 ms are the kernel's, which waits for RCU grace periods. The best of each: others may have both CPUs.
        assertThat(Duration.ofNanos(beyond)).as("%s beside %s", ours, ip).isLessThan(Duration.ofMillis(40));
        plumbing.close();
    }

    private static final class News implements Plumbing.LinkListener {
        private final List<String> names = new java.util.concurrent.CopyOnWriteArrayList<>();
        private final CountDownLatch gone = new CountDownLatch(1);

        @Override
        public void onLinkState(boolean up) {}

        @Override
        public void onRenamed(String name) {
            names.add(name);
        }

        @Override
        public void onGone() {
            gone.countDown();
        }
    }

    private String look() {
        return container.ip("address") + container.ip("route") + container.ip("-6 route");
    }

    private Plumbing.Place place(Plumbing plumbing) {
        return plumbing.place(container.name());
    }

    /** Ends the keeper as a machine's memory shortage might; the vault is gone when the plumbing closes, too. */
    private void endKeeper(TapPlumbing plumbing) {
        String before = plumbing.keeper();
        plumbing.end();
        ProcessHandle.of(Long.parseLong(before.substring("keeper ".length())))
                .ifPresent(keeper -> assertThat(keeper.isAlive()).isFalse());
    }

    private static InterfacePlan plan(String tag, String name, int number, int queues) {
        return plan(tag, name, number, queues, List.of(IpAddress.parse("172.18.0.1"), IpAddress.parse("fd00:18::1")));
    }

    private static InterfacePlan plan(String tag, String name, int number, int queues, List<IpAddress> gateways) {
        return new InterfacePlan(
                tag,
                name,
                MacAddress.parse("02:42:ac:12:00:0" + number),
                Arrays.asList(
                        new Cidr(IpAddress.parse("172.18.0." + number), 16),
                        new Cidr(IpAddress.parse("fd00:18::" + number), 64)),
                gateways,
                1400,
                queues);
    }
}
