package io.tapswitch.core.control;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.core.control.PublishedPorts.ActivePort;
import io.tapswitch.core.model.Container;
import io.tapswitch.core.model.Publication;
import io.tapswitch.core.model.Refusal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Published ports, from the request to the kernel and the disk. */
class PublishTest {
    private static final int TCP = 6;

    @TempDir
    Path directory;

    private TestControl control;
    private FakeOutside outside;

    @BeforeEach
    void start() {
        FakePlumbing plumbing = new FakePlumbing();
        outside = new FakeOutside(directory);
        plumbing.outside = outside;
        control = new TestControl(directory.resolve("state"), plumbing);
    }

    @AfterEach
    void stop() {
        control.close();
    }

    private static AttachRequest request(String netns, boolean all, @Nullable List<String> expose, String... publish) {
        return request(netns, "bridge", all, expose, publish);
    }

    private static AttachRequest request(
            String netns, String network, boolean all, @Nullable List<String> expose, String... publish) {
        return Attaching.netns(netns)
                .networks(network)
                .expose(expose)
                .publish(all, publish)
                .request();
    }

    private PublishAnswer publish(String container, String... ports) {
        return control.controller.publish(container, new PublishRequest(List.of(ports), null));
    }

    private void unpublish(String container, String... ports) {
        control.controller.unpublish(container, new PublishRequest(List.of(ports), null));
    }

    private List<String> active() {
        return control.controller.ports().stream().map(PublishTest::words).toList();
    }

    private static String words(ActivePort port) {
        return port.shownAddress() + ":" + port.firstHostPort() + "->" + port.inside() + ":" + port.firstContainerPort()
                + "/" + port.protocol().word();
    }

    private List<String> kept() {
        return control.controller.state().publications().stream()
                .map(publication -> publication.asked().toString())
                .toList();
    }

    @Test
    void A_PORT_01_A_PORT_02_whatIsAttachedWithPortsHasThemAtOnce() {
        control.controller.attach(request("one", false, null, "8080:80"));
        control.controller.attach(request("two", false, null, "8000:80"));
        assertThat(active()).containsExactly("0.0.0.0:8080->172.17.0.2:80/tcp", "0.0.0.0:8000->172.17.0.3:80/tcp");
        assertThat(outside.held).containsExactly("* 6 8080-8080", "* 6 8000-8000");
    }

    @Test
    void A_PORT_03_theSecondOfTheSamePortIsNotAttachedAtAll() {
        control.attach("one");
        publish("one", "443:443");
        TestControl.refusedWithCode(
                "port_allocated",
                () -> control.controller.attach(request("two", false, null, "80:80", "443:443")),
                "Bind for 0.0.0.0:443 failed: port is already allocated to container one, as 443:443/tcp");
        assertThat(control.controller.containers(true, Filters.NONE)).hasSize(1);
        assertThat(control.plumbing.plugs).hasSize(1);
        assertThat(outside.held).containsExactly("* 6 443-443");
    }

    @Test
    void P2_whatWaitsIsNotPublishedTwiceEither() {
        control.attach("one");
        publish("one", "8401:80");
        control.disconnect("bridge", "one");
        for (String again : List.of("8401:80", "8401:81", "0.0.0.0:8401:80", "8400-8402:80-82")) {
            TestControl.refusedWithCode(
                    "port_allocated", () -> publish("one", again), "to container one, as 8401:80/tcp");
        }
        TestControl.refusedWithCode("port_allocated", () -> publish("one", "8402:80", "8402:81"), "as 8402:80/tcp");
        control.connect("bridge", "one");
        assertThat(active()).containsExactly("0.0.0.0:8401->172.17.0.2:80/tcp");
    }

    @Test
    void P2_allowListsThatNobodyCanMeetAreRefused() {
        control.attach("one");
        for (String wrong : List.of("", "nope", "192.0.2.2,192.0.2.3", "::ffff:192.0.2.2")) {
            TestControl.refused(
                    Refusal.Kind.BAD_INPUT, () -> allow(wrong, "80:80"), "invalid allowed prefix '" + wrong + "'");
        }
        TestControl.refused(
                Refusal.Kind.BAD_INPUT,
                () -> allow("2001:db8::/32", "127.0.0.1:80:80"),
                "nobody could come to 127.0.0.1:80:80/tcp");
        assertThat(allow("2001:db8::/32", "80:80").warnings())
                .containsExactly("Nobody may come to 80:80/tcp of container one: it is published in one family, and"
                        + " those that are allowed are of the other");
    }

    private PublishAnswer allow(String prefix, String port) {
        return control.controller.publish("one", new PublishRequest(List.of(port), List.of(prefix)));
    }

    @Test
    void P2_whatAProcessOfTheHostHasIsRefused() {
        outside.busy.add("* 6 80-80");
        control.attach("one");
        TestControl.refused(Refusal.Kind.CONFLICT, () -> publish("one", "81:81", "80:80"), "somebody's");
        assertThat(kept()).isEmpty();
        assertThat(outside.held).isEmpty();
    }

    @Test
    void A_PORT_05_allExposedPortsAreShownAtPortsThatAreChosen_butForThoseThatAreShownAnyway() {
        control.controller.attach(request("one", true, List.of("80", "443", "53/udp", "8000-8002"), "8443:443"));
        assertThat(kept()).containsExactly("8443:443/tcp", "80/tcp", "53/udp", "8000/tcp", "8001/tcp", "8002/tcp");
        assertThat(control.controller.state().publications())
                .extracting(Publication::firstHostPort)
                .doesNotContain(0)
                .doesNotHaveDuplicates();
    }

    @Test
    void A_DRV_04_theHostsOwnPortsNeedNoPublishing_andOneThatIsTheHostsIsToldSo() {
        AttachRequest request = request("", "host", false, null, "8080:80");
        Container host = control.controller.attach(request);
        assertThat(control.controller.portWarnings(host, request))
                .containsExactly("Published ports are discarded when using host network mode");
        assertThat(kept()).isEmpty();
        TestControl.refusedWithCode(
                "options_conflict",
                () -> publish(host.name(), "80:80"),
                "conflicting options: port publishing and the host type network mode");
    }

    @Test
    void whoSharesANamespaceHasNoPortsOfItsOwn() {
        control.attach("one");
        TestControl.refusedWithCode(
                "options_conflict",
                () -> control.controller.attach(request("", "container:one", false, null, "80:80")),
                "conflicting options: port publishing and the container type network mode");
    }

    @Test
    void onInternalNetworksAPortIsKept_notInForce_andThatIsSaid() {
        control.create("inside", true, false, "10.66.0.0/24");
        control.attach("one", "inside");
        PublishAnswer answer = publish("one", "8080:80");
        assertThat(answer.active()).isEmpty();
        assertThat(answer.warnings()).singleElement().asString().contains("not in force: 8080:80/tcp", "leads out");
        assertThat(outside.held).isEmpty();
        control.connect("bridge", "one");
        assertThat(active()).containsExactly("0.0.0.0:8080->172.17.0.2:80/tcp");
        assertThat(outside.held).hasSize(1);
    }

    @Test
    void A_PORT_19_disconnectTakesThePortsOutOfForce_reconnectBringsThemBack() {
        control.attach("one");
        publish("one", "8080:80", "80");
        List<String> before = active();
        control.disconnect("bridge", "one");
        assertThat(active()).isEmpty();
        assertThat(outside.held).isEmpty();
        control.connect("bridge", "one");
        assertThat(active()).isEqualTo(before);
    }

    @Test
    void A_PORT_20_whatIsUnpublishedIsNamedAsItWasPublishedOrAsItIsShown() {
        control.attach("one");
        publish("one", "8080:80", "127.0.0.1::81", "5000-5002:2000-2002/udp", "8443:443");
        int chosen = control.controller.state().publications().get(1).firstHostPort();
        unpublish("one", "8080:80/tcp", "81/tcp -> 127.0.0.1:" + chosen, "[::]:5000-5002->2000-2002/udp");
        assertThat(kept()).containsExactly("8443:443/tcp");
        TestControl.refusedWithCode(
                "port_not_published",
                () -> unpublish("one", "8443:443", "8443:443"),
                "container one does not publish 8443:443/tcp");
        TestControl.refusedWithCode(
                "port_not_published",
                () -> unpublish("one", "80"),
                "container one does not publish 80/tcp; it publishes 8443:443/tcp");
        assertThat(kept()).as("all or nothing").containsExactly("8443:443/tcp");
    }

    @Test
    void whatIsUnpublishedWithoutAnAddressIsFoundOnAnotherOneThanToday_ifThereIsNoDoubt() {
        control.attach("one");
        publish("one", "127.0.0.1:8080:80", "127.0.0.1:9000:90", "192.0.2.1:9000:90");
        unpublish("one", "8080:80");
        assertThat(kept()).hasSize(2);
        TestControl.refusedWithCode(
                "port_not_published", () -> unpublish("one", "9000:90"), "container one does not publish 9000:90/tcp");
        unpublish("one", "127.0.0.1:9000:90", "9000:90");
        assertThat(kept()).isEmpty();
    }

    @Test
    void whatCommandsPublishedGoesWithTheContainer() {
        control.attach("one");
        publish("one", "8080:80");
        control.controller.rename("one", "other");
        assertThat(active()).hasSize(1);
        control.controller.removeContainer("other", false);
        assertThat(kept()).isEmpty();
        assertThat(outside.held).isEmpty();
    }

    @Test
    void theNextDaemonHasThemAgain() {
        control.attach("one");
        publish("one", "8080:80", "80");
        List<String> before = active();
        outside.held.clear();
        control.restart();
        assertThat(active()).isEqualTo(before);
        assertThat(outside.held).hasSize(2);
    }

    @Test
    void eventsTell() throws InterruptedException {
        control.attach("one");
        Instant since = Instant.now();
        publish("one", "8080:80");
        unpublish("one", "8080:80");
        assertThat(control.told(since)).containsExactly("port publish one", "port unpublish one");
    }

    @Test
    void withoutAnUplinkNothingIsPublished() {
        TestControl alone = new TestControl(directory.resolve("alone"));
        try (alone) {
            alone.attach("one");
            TestControl.refusedWithCode(
                    "no_uplink",
                    () -> alone.controller.publish("one", new PublishRequest(List.of("80:80"), null)),
                    "published ports need an uplink: start the daemon with --uplink shared");
            TestControl.refusedWithCode(
                    "no_uplink", () -> alone.controller.attach(request("two", false, null, "80:80")), "uplink");
        }
    }

    @Test
    void allowedPrefixesAreRead() {
        control.attach("one");
        control.controller.publish("one", new PublishRequest(List.of("80:80"), List.of("192.0.2.0/24", "2001:db8::1")));
        assertThat(control.controller.ports().getFirst().allow())
                .extracting(Object::toString)
                .containsExactly("192.0.2.0/24", "2001:db8::1/128");
        TestControl.refused(
                Refusal.Kind.BAD_INPUT,
                () -> control.controller.publish("one", new PublishRequest(List.of("81:80"), List.of("x"))),
                "invalid allowed prefix 'x': an address or a prefix is expected");
    }

    private Path file(String text) throws Exception {
        Path file = directory.resolve("f.yaml");
        Path next = directory.resolve("f.yaml.next");
        Files.writeString(next, text);
        Files.move(next, file, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        return file;
    }

    @Test
    void P8_theFilesEntriesWaitForTheirContainer_followItsName_andAreTheFiles() throws Exception {
        control.controller.configure(file("publish:\n  - {container: one, ports: ['8080:80', 81]}\n"), null);
        assertThat(active()).isEmpty();
        control.attach("one");
        assertThat(active()).hasSize(2).first().isEqualTo("0.0.0.0:8080->172.17.0.2:80/tcp");
        TestControl.refusedWithCode(
                "declared_in_file",
                () -> unpublish("one", "8080:80"),
                "port 8080:80/tcp of container one is declared in " + directory.resolve("f.yaml")
                        + ":2: take it out of there, and it is removed");
        control.controller.rename("one", "other");
        assertThat(active()).isEmpty();
        control.controller.rename("other", "one");
        control.controller.removeContainer("one", false);
        assertThat(kept()).containsExactly("8080:80/tcp", "81/tcp");
    }

    @Test
    void P9_aReloadTouchesOnlyWhatHasChanged() throws Exception {
        control.attach("one");
        control.attach("two");
        Path file = file("publish:\n  - {container: one, ports: [80, '8081:81']}\n");
        control.controller.configure(file, null);
        List<Publication> before = control.controller.state().publications();
        int told = outside.told.size();
        file("publish:\n\n  - {container: two, ports: '9090:90'}\n  - {container: one, ports: ['8081:81', 80]}\n");
        control.controller.reload();
        Eventually.eventually(
                () -> assertThat(control.controller.state().publications().size() == 3)
                        .isTrue());
        assertThat(control.controller.state().publications())
                .filteredOn(publication -> publication.container().equals("one"))
                .extracting(publication -> publication.id() + " " + publication.firstHostPort())
                .isEqualTo(before.stream()
                        .map(publication -> publication.id() + " " + publication.firstHostPort())
                        .toList());
        assertThat(outside.told.subList(told, outside.told.size()))
                .filteredOn(what -> what.startsWith("hold") || what.startsWith("release"))
                .containsExactly("hold * 6 9090-9090");
    }

    @Test
    void theFileOfPortsAnswersForItsOwnEntriesOnly() throws Exception {
        control.attach("one");
        Path ports = directory.resolve("ports.yaml");
        Files.writeString(ports, "publish: [{container: one, ports: '81:81'}]\n");
        Path file = file("publish-address: 127.0.0.1\npublish: [{container: one, ports: '80:80'}]\n");
        control.controller.configure(file, ports);
        assertThat(kept()).containsExactly("127.0.0.1:80:80/tcp", "127.0.0.1:81:81/tcp");
        file("publish-address: 127.0.0.1\n");
        control.controller.reload();
        Eventually.eventually(
                () -> assertThat(kept().equals(List.of("127.0.0.1:81:81/tcp"))).isTrue());
        assertThat(publish("one", "82:82").active()).hasSize(1);
        assertThat(active()).contains("127.0.0.1:82->172.17.0.2:82/" + (TCP == 6 ? "tcp" : ""));
    }

    @Test
    void P8_anEntryThatMovesFromOneFileToTheOtherIsNotLost() throws Exception {
        control.attach("one");
        Path ports = directory.resolve("ports.yaml");
        Files.writeString(ports, "publish: []\n");
        String entry = "publish: [{container: one, ports: '80:80'}]\n";
        Path file = file(entry);
        control.controller.configure(file, ports);
        Files.writeString(ports, entry);
        Eventually.eventually(() -> assertThat(control.controller.warnings())
                .anyMatch(it -> it.contains("ports.yaml:1: publish[0].ports")
                        && it.contains("port is already allocated to container one, in " + file + ":1")));
        file("publish: []\n");
        Eventually.eventually(
                () -> assertThat(control.controller.warnings()).noneMatch(it -> it.contains("ports.yaml")));
        assertThat(active()).containsExactly("0.0.0.0:80->172.17.0.2:80/tcp");
    }

    @Test
    void P8_aPortThatAProcessHasIsRefusedWithTheEntrysLine() throws Exception {
        control.attach("one");
        Path file = file("publish: []\n");
        control.controller.configure(file, null);
        outside.busy.add("* 6 80-80");
        file("publish:\n  - {container: one, ports: '80:80'}\n");
        Eventually.eventually(
                () -> assertThat(control.controller.warnings()).anyMatch(it -> it.contains(file + ":2: publish: ")));
    }

    @Test
    void withoutItsFileWhatWasPublishedIsLikeWhatCommandsMake_andTheFileTakesItBack() throws Exception {
        control.attach("one");
        Path file = file("publish: [{container: one, ports: '80:80'}, {container: nobody, ports: '81:81'}]\n");
        control.controller.configure(file, null);
        int rule = control.controller.state().publications().getFirst().id();
        control.restart();
        control.controller.configure(null, null);
        assertThat(kept()).containsExactly("80:80/tcp");
        assertThat(control.controller.state().publications().getFirst().isOfFile())
                .isFalse();
        control.restart();
        control.controller.configure(file, null);
        assertThat(control.controller.state().publications().getFirst())
                .satisfies(publication -> assertThat(publication.id()).isEqualTo(rule))
                .satisfies(publication -> assertThat(publication.isOfFile()).isTrue());
    }

    @Test
    void P8_natSettingsThatTheDataplaneDoesNotTakeAreSaid_andTheFileIsInForceAllTheSame() throws Exception {
        control.attach("one");
        Path file = file("nat: {udp-timeout: 300s}\n");
        control.controller.configure(file, null);
        control.dataplane.stuck = true;
        file("nat: {udp-timeout: 400s}\n");
        control.controller.reload();
        Eventually.eventually(() -> assertThat(control.controller.warnings())
                .anyMatch(it -> it.contains("f.yaml: its nat and dns settings are not in force before the next")));
        Eventually.eventually(() -> assertThat(Objects.requireNonNull(control.controller.configuration())
                        .nat()
                        .udpTimeout())
                .isEqualTo(Duration.ofSeconds(400)));
        assertThat(control.controller.warnings()).noneMatch(it -> it.contains("file is not in force"));
        control.dataplane.stuck = false;
        publish("one", "8080:80");
        assertThat(control.controller.warnings()).isEmpty();
    }

    @Test
    void P8_tenThousandPortsAreReadPublishedAndTakenBackInAMoment() throws Exception {
        control.attach("one");
        control.attach("two");
        StringBuilder text = new StringBuilder("publish:\n");
        for (int i = 0; i < 10_000; i++) {
            text.append("  - {container: one, ports: '").append(20_000 + i).append(":80'}\n");
        }
        Path file = file(text.toString());
        timed("10 000 ports of a file", () -> control.controller.configure(file, null));
        assertThat(active()).hasSize(10_000);
        timed("one port more beside 10 000", () -> publish("two", "8080:80"));
        timed("one network more beside 10 000", () -> control.create("db", "10.70.0.0/16"));
        String[] many =
                IntStream.range(0, 10_000).mapToObj(i -> 40_000 + i + ":80").toArray(String[]::new);
        timed("10 000 ports by a command", () -> publish("two", many));
        timed("10 000 ports taken back", () -> unpublish("two", many));
        assertThat(active()).hasSize(10_001);
    }

    private static void timed(String what, Runnable work) {
        long begin = System.nanoTime();
        work.run();
        long tookMs = (System.nanoTime() - begin) / 1_000_000;
        System.out.println(what + ": " + tookMs + " ms");
        assertThat(tookMs).as(what).isLessThan(10_000);
    }
}
