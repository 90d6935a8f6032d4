package io.tapswitch.core.control;

import static io.tapswitch.core.control.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tapswitch.core.dataplane.PortSettings;
import io.tapswitch.core.model.ObjectName;
import io.tapswitch.core.model.Refusal;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ControllerTest {
    @TempDir
    Path directory;

    private static AttachRequest request(
            @Nullable String netns,
            @Nullable String name,
            @Nullable List<String> networks,
            @Nullable String ip,
            @Nullable Boolean guard,
            @Nullable Integer queues,
            @Nullable String hostname,
            AttachRequest.@Nullable Init init) {
        return new AttachRequest(
                netns, name, networks, ip, null, null, null, hostname, null, null, null, guard, queues, init);
    }

    private final FakeDataplane dataplane = new FakeDataplane(2);
    private final FakePlumbing plumbing = new FakePlumbing();
    private final DataplaneEvents events = new DataplaneEvents();
    private final List<SubnetChoice.Taken> host = new ArrayList<>();
    private StateDirectory state;
    private Controller controller;

    @BeforeEach
    void start() {
        state = StateDirectory.open(directory);
        controller = new Controller(dataplane, plumbing, state, events, () -> host);
        controller.start();
    }

    @AfterEach
    void stop() {
        controller.close();
        state.close();
    }

    private Network create(String name, @Nullable String subnet) {
        return controller.createNetwork(new NetworkRequest(
                name, null, subnet == null ? null : List.of(subnet), null, null, null, null, null, null, null, null));
    }

    private Container attach(String netns, String... networks) {
        return controller.attach(request(netns, null, List.of(networks), null, null, null, null, null));
    }

    private Container attachWith(String netns, String network, @Nullable String ip, @Nullable Integer queues) {
        return controller.attach(request(netns, null, List.of(network), ip, null, queues, null, null));
    }

    private static void refused(Refusal.Kind kind, ThrowingCallable call, String message) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(Refusal.class, e -> assertThat(e.kind()).isEqualTo(kind))
                .hasMessageContaining(message);
    }

    private void nothingIsAttached() {
        assertThat(plumbing.plugs).isEmpty();
        assertThat(dataplane.ports).isEmpty();
        assertThat(controller.containers(false)).isEmpty();
    }

    @Test
    @DisplayName("A-IPAM-01 bridge is 172.17.0.0/16, the next networks 172.18, 172.19")
    void networksGetTheDefaultPools() {
        assertThat(controller.network("bridge").network().subnet()).hasToString("172.17.0.0/16");
        assertThat(create("web", null).subnet()).hasToString("172.18.0.0/16");
        assertThat(create("db", null).subnet()).hasToString("172.19.0.0/16");
    }

    @Test
    @DisplayName("A-NET-03 networks are listed in byte order, capital letters first")
    void listsInByteOrder() {
        create("web", null);
        create("Zoo", null);
        assertThat(controller.networks())
                .extracting(view -> view.network().name())
                .containsExactly("Zoo", "bridge", "web");
    }

    @Test
    @DisplayName("A-NET-06 name, full id and unique prefix all find a network")
    void findsByReference() {
        Network web = create("web", null);
        assertThat(controller.network(web.id()).network()).isEqualTo(web);
        assertThat(controller.network(ObjectName.shortId(web.id())).network()).isEqualTo(web);
        refused(Refusal.Kind.UNKNOWN, () -> controller.network("nowhere"), "network nowhere not found");
    }

    @Test
    void refusesNetworksThatCannotBe() {
        create("web", "10.1.0.0/16");
        refused(Refusal.Kind.CONFLICT, () -> create("web", null), "network with name web already exists");
        refused(Refusal.Kind.CONFLICT, () -> create("db", "10.1.1.0/24"), "network web");
        refused(Refusal.Kind.BAD_INPUT, () -> create("a b", null), "only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed");
        refused(Refusal.Kind.BAD_INPUT, () -> create("", null), "name is empty");
        refused(Refusal.Kind.CONFLICT, () -> create("host", null), "predefined host network");
        refused(Refusal.Kind.NOT_IN_THIS_VERSION, () -> create("six", "fd00::/64"), "IPv6");
        host.add(new SubnetChoice.Taken(Ipv4.prefix("10.9.0.0/16", ""), "the host's route by eth0"));
        refused(Refusal.Kind.CONFLICT, () -> create("nine", "10.9.1.0/24"), "the host's route by eth0");
        assertThat(dataplane.networks).hasSize(2);
    }

    @Test
    void refusesDriversOfLaterVersions() {
        for (String driver : List.of("macvlan", "overlay", "host", "null")) {
            refused(
                    Refusal.Kind.NOT_IN_THIS_VERSION,
                    () -> controller.createNetwork(
                            new NetworkRequest("x", driver, null, null, null, null, null, null, null, null, null)),
                    driver);
        }
    }

    @Test
    @DisplayName("A-NET-07, A-NET-08, A-NET-09 a network goes when nobody is in it, bridge never")
    void removesNetworks() {
        Network web = create("web", null);
        Container one = attach("one", "web");
        refused(
                Refusal.Kind.CONFLICT,
                () -> controller.removeNetwork("web"),
                "error while removing network: network web id " + web.id() + " has active endpoints");
        controller.removeContainer(one.id(), false);
        assertThat(controller.removeNetwork("web")).isEqualTo("web");
        assertThat(dataplane.networks).hasSize(1);
        refused(Refusal.Kind.UNKNOWN, () -> controller.removeNetwork("web"), "network web not found");
        refused(Refusal.Kind.CONFLICT, () -> controller.removeNetwork("bridge"), "pre-defined");
    }

    @Test
    void networksSurviveTheDaemon() {
        Network web = create("web", "10.1.0.0/16");
        Network bridge = controller.network("bridge").network();
        controller.close();
        FakeDataplane fresh = new FakeDataplane(1);
        Controller second = new Controller(fresh, plumbing, state, new DataplaneEvents(), () -> host);
        second.start();
        assertThat(second.networks())
                .extracting(Controller.NetworkView::network)
                .containsExactly(bridge, web);
        assertThat(fresh.networks).hasSize(2);
        second.close();
    }

    @Test
    @DisplayName("A-ATT-01, A-ATT-04 eth0, eth1 in the order of the networks; bridge when none is given")
    void attachesInOrder() {
        create("web", "10.1.0.0/24");
        create("db", "10.2.0.0/24");
        Container two = attach("two", "db", "web");
        assertThat(two.endpoints()).extracting(Endpoint::interfaceName).containsExactly("eth0", "eth1");
        assertThat(two.endpoints()).extracting(Endpoint::networkName).containsExactly("db", "web");
        assertThat(plumbing.plugs.values())
                .extracting(plan -> plan.defaultGateways().toString())
                .containsExactly("[10.2.0.1]", "[]");
        assertThat(attach("plain").endpoints())
                .extracting(Endpoint::networkName)
                .containsExactly("bridge");
    }

    @Test
    void tellsTheDataplaneWhatThePortIs() {
        create("web", "10.1.0.0/24");
        Endpoint endpoint =
                attachWith("one", "web", "10.1.0.66", null).endpoints().getFirst();
        PortSettings port = Objects.requireNonNull(dataplane.ports.get(endpoint.port()));
        assertThat(Ipv4.macText(port.mac())).isEqualTo("02:42:0a:01:00:42");
        assertThat(port.ipv4()).isEqualTo(io.tapswitch.wire.Ipv4Address.parse("10.1.0.66"));
        assertThat(port.fds()).hasSize(1);
        assertThat(port.sourceGuard()).isFalse();
    }

    @Test
    void portsGoToTheLeastLoadedWorker() {
        List<Integer> workers = new ArrayList<>();
        for (String name : List.of("a", "b", "c", "d")) {
            workers.add(attach(name).endpoints().getFirst().worker());
        }
        assertThat(workers).containsExactly(0, 1, 0, 1);
        controller.removeContainer("b", false);
        assertThat(attach("e").endpoints().getFirst().worker()).isEqualTo(1);
    }

    @Test
    void queuesNeedWorkers() {
        Endpoint endpoint = attachWith("two", "bridge", null, 2).endpoints().getFirst();
        assertThat(Objects.requireNonNull(dataplane.ports.get(endpoint.port())).fds())
                .hasSize(2);
        refused(Refusal.Kind.BAD_INPUT, () -> attachWith("three", "bridge", null, 3), "--workers 3");
    }

    @Test
    @DisplayName("A name and a namespace belong to one container")
    void refusesTakenNamesAndNamespaces() {
        Container one = attach("one");
        refused(
                Refusal.Kind.CONFLICT,
                () -> attach("one"),
                "Conflict. The container name \"/one\" is already in use" + " by container \"" + one.id()
                        + "\". You have to remove (or rename)");
        refused(
                Refusal.Kind.CONFLICT,
                () -> controller.attach(request("/run/netns/one", "other", null, null, null, null, null, null)),
                "already attached as container \"one\"");
        refused(Refusal.Kind.UNKNOWN, () -> attach("nothere"), "no network namespace");
        refused(Refusal.Kind.UNKNOWN, () -> attach("two", "nowhere"), "network nowhere not found");
        refused(Refusal.Kind.BAD_INPUT, () -> attach("two", "bridge", "bridge"), "given twice");
        assertThat(dataplane.ports).hasSize(1);
    }

    @Test
    void namesTheNameless() {
        Container made = attach("/proc/77/ns/net");
        assertThat(made.name()).matches("[a-z]+_[a-z]+");
        assertThat(controller.container(made.name())).isEqualTo(made);
    }

    @Test
    @DisplayName("A-IPAM-13 a failed attachment leaves nothing behind, whichever step failed")
    void undoesFailures() {
        create("web", "10.1.0.0/30");
        create("db", "10.2.0.0/24");
        plumbing.refusedInterface = "eth1";
        refused(Refusal.Kind.FAILED, () -> attach("one", "web", "db"), "cannot make eth1");
        nothingIsAttached();
        plumbing.refusedInterface = "";
        dataplane.refusedPort = 1;
        refused(Refusal.Kind.FAILED, () -> attach("one", "web", "db"), "refused");
        nothingIsAttached();
        dataplane.refusedPort = -1;
        Container one = attach("one", "web", "db");
        assertThat(one.endpoints())
                .extracting(endpoint -> Ipv4.text(endpoint.address()))
                .containsExactly("10.1.0.2", "10.2.0.2");
        refused(Refusal.Kind.CONFLICT, () -> attach("two", "db", "web"), "no available IPv4 addresses");
        controller.removeContainer("one", false);
        nothingIsAttached();
        assertThat(attach("two", "db").endpoints().getFirst().port()).isZero();
    }

    @Test
    @DisplayName("R1 a device that is gone takes its endpoint with it, and its address is free at once")
    void noticesThatADeviceIsGone() throws Exception {
        create("web", null);
        Container one = attach("one", "web");
        events.onPortGone(one.endpoints().getFirst().port(), 77);
        eventually(() -> assertThat(controller.container("one").status()).isEqualTo(Container.Status.DETACHED));
        nothingIsAttached();
        assertThat(controller.containers(true)).hasSize(1);
        Container again = attach("one", "web");
        assertThat(again.endpoints().getFirst().address())
                .isEqualTo(one.endpoints().getFirst().address());
        assertThat(controller.containers(true)).containsExactly(again);
    }

    @Test
    @DisplayName("B16 link news reach the dataplane in order, renames are followed, deletion detaches")
    void followsLinks() throws Exception {
        Endpoint endpoint = attach("one").endpoints().getFirst();
        Plumbing.LinkListener listener = plumbing.listeners.values().iterator().next();
        listener.onLinkState(false);
        eventually(() -> assertThat(dataplane.links).isEqualTo(Map.of(endpoint.port(), false)));
        listener.onLinkState(true);
        listener.onRenamed("lan0");
        eventually(() -> assertThat(
                        controller.container("one").endpoints().getFirst().interfaceName())
                .isEqualTo("lan0"));
        assertThat(dataplane.links).isEqualTo(Map.of(endpoint.port(), true));
        listener.onGone();
        listener.onGone();
        eventually(this::nothingIsAttached);
    }

    @Test
    @DisplayName("A container of run ends with its process; rm needs force before that")
    void livesAsLongAsItsProcess() throws Exception {
        Process sleeping = new ProcessBuilder("sleep", "300").start();
        Container run = controller.attach(request(
                "/proc/" + sleeping.pid(),
                "job",
                null,
                null,
                null,
                null,
                null,
                new AttachRequest.Init(sleeping.pid(), List.of("sleep", "300"), null)));
        refused(Refusal.Kind.CONFLICT, () -> controller.removeContainer("job", false), "container is running");
        sleeping.destroyForcibly();
        eventually(() -> assertThat(controller.container("job").status()).isEqualTo(Container.Status.EXITED));
        nothingIsAttached();
        assertThat(run.command()).containsExactly("sleep", "300");
        assertThat(controller.removeContainer("job", false)).isEqualTo("job");
        assertThat(controller.containers(true)).isEmpty();
    }

    @Test
    void forceEndsTheProcess() throws Exception {
        Process sleeping = new ProcessBuilder("sleep", "300").start();
        controller.attach(request(
                "/proc/" + sleeping.pid(),
                "job",
                null,
                null,
                null,
                null,
                null,
                new AttachRequest.Init(sleeping.pid(), List.of("sleep", "300"), true)));
        assertThat(controller.removeContainer("job", true)).isEqualTo("job");
        assertThat(sleeping.isAlive()).isFalse();
        nothingIsAttached();
        refused(Refusal.Kind.UNKNOWN, () -> controller.container("job"), "No such container: job");
    }
}
