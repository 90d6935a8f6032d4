package io.tapswitch.core.control;

import static io.tapswitch.core.control.Eventually.eventually;
import static io.tapswitch.core.control.TestControl.refused;
import static io.tapswitch.core.control.TestControl.refusedWithCode;
import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.core.model.Container;
import io.tapswitch.core.model.Endpoint;
import io.tapswitch.core.model.Refusal;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConnectTest {
    @TempDir
    Path directory;

    private TestControl control;

    @BeforeEach
    void start() {
        control = new TestControl(directory);
        control.create("web", "10.1.0.0/24");
        control.create("db", "10.2.0.0/24");
        control.create("log", "10.3.0.0/24");
    }

    @AfterEach
    void stop() {
        control.close();
    }

    private List<String> defaultRoutes(String container) {
        return control.plumbing.defaultRoutes.getOrDefault("/run/netns/" + container, List.of()).stream()
                .map(route -> route.interfaceName() + " " + route.gateway())
                .toList();
    }

    @Test
    @DisplayName("A-ATT-01, A-ATT-02 each connection is an interface more, in the order of connecting")
    void connects() {
        control.attach("one", "web");
        control.connect("db", "one");
        control.connect("log", "one");
        assertThat(control.interfaces("one")).containsExactly("eth0", "eth1", "eth2");
        assertThat(control.addresses("one")).containsExactly("10.1.0.2", "10.2.0.2", "10.3.0.2");
        assertThat(control.dataplane.ports).hasSize(3);
        assertThat(control.plumbing.plugs.values())
                .extracting(plan -> plan.defaultGateways().toString())
                .containsExactly("[10.1.0.1]", "[]", "[]");
    }

    @Test
    @DisplayName(
            "A-ATT-07 disconnecting takes the interface away; reconnecting gives a new endpoint id, the lowest name")
    void reconnects() {
        control.attach("one", "web", "db");
        Endpoint first = control.container("one").endpoints().getFirst();
        control.disconnect("web", "one");
        assertThat(control.interfaces("one")).containsExactly("eth1");
        assertThat(control.plumbing.plugs).hasSize(1);
        assertThat(control.dataplane.ports).hasSize(1);
        control.connect("web", "one");
        assertThat(control.interfaces("one")).containsExactly("eth1", "eth0");
        assertThat(control.container("one").endpoints().getLast().id()).isNotEqualTo(first.id());
    }

    @Test
    @DisplayName("A-IPAM-03 one .2, two .3; two leaves; three joins as .3; two rejoins as .4")
    void lowestFreeAddressFirst() {
        control.attach("one", "web");
        control.attach("two", "web");
        control.attach("three", "db");
        control.disconnect("web", "two");
        control.connect("web", "three");
        control.connect("web", "two");
        assertThat(control.addresses("three")).containsExactly("10.2.0.2", "10.1.0.3");
        assertThat(control.addresses("two")).containsExactly("10.1.0.4");
    }

    @Test
    @DisplayName("A-ATT-11 connecting twice, or disconnecting where it is not, is refused with docker's words")
    void refusesWhatIsSoAlready() {
        Container one = control.attach("one", "web");
        refusedWithCode(
                "endpoint_exists",
                () -> control.connect("web", "one"),
                "endpoint with name one already exists in network web");
        refusedWithCode(
                "endpoint_not_found",
                () -> control.disconnect("db", "one"),
                "container " + one.id() + " is not connected to network db");
        refused(Refusal.Kind.UNKNOWN, () -> control.connect("nowhere", "one"), "network nowhere not found");
        refused(Refusal.Kind.UNKNOWN, () -> control.connect("web", "nobody"), "No such container: nobody");
        assertThat(control.interfaces("one")).containsExactly("eth0");
    }

    @Test
    @DisplayName("A-ATT-13 without its last network a container runs on, with lo only")
    void livesWithoutNetworks() {
        control.attach("one", "web");
        control.disconnect("web", "one");
        assertThat(control.container("one").status()).isEqualTo(Container.Status.RUNNING);
        assertThat(control.plumbing.plugs).isEmpty();
        control.connect("db", "one");
        assertThat(control.interfaces("one")).containsExactly("eth0");
        assertThat(control.plumbing.plugs.values())
                .extracting(plan -> plan.defaultGateways().toString())
                .containsExactly("[10.2.0.1]");
    }

    @Test
    @DisplayName("The default route moves to the next network when its own goes, also when the device went by itself")
    void defaultRouteMoves() throws Exception {
        control.create("vault", true, false, "10.4.0.0/24");
        Container one = control.attach("one", "web", "vault", "db", "log");
        control.disconnect("web", "one");
        assertThat(defaultRoutes("one")).containsExactly("eth2 10.2.0.1");
        control.plumbing.listener(one.endpoints().get(2).id()).onGone();
        eventually(() -> assertThat(defaultRoutes("one")).containsExactly("eth3 10.3.0.1"));
        control.connect("web", "one");
        assertThat(defaultRoutes("one")).containsExactly("eth3 10.3.0.1");
    }

    @Test
    @DisplayName("A default route that cannot move refuses the disconnection, unless it is forced")
    void defaultRouteCannotMove() {
        control.attach("one", "web", "db");
        control.plumbing.routeRefusal = "Network is down";
        refused(Refusal.Kind.FAILED, () -> control.disconnect("web", "one"), "Network is down");
        assertThat(control.interfaces("one")).containsExactly("eth0", "eth1");
        control.controller.disconnect("web", "one", true);
        assertThat(control.interfaces("one")).containsExactly("eth1");
    }

    @Test
    @DisplayName("A-ATT-05 a connection may choose address, MAC address and aliases")
    void choosesOnConnect() {
        control.attach("one", "web");
        control.controller.connect(
                "db", new ConnectRequest("one", "10.2.0.77", null, "02:42:00:00:00:77", List.of("store", "store")));
        Endpoint endpoint = control.container("one").endpoints().getLast();
        assertThat(endpoint.ipv4Address()).hasToString("10.2.0.77");
        assertThat(endpoint.mac()).hasToString("02:42:00:00:00:77");
        assertThat(endpoint.aliases()).containsExactly("store");
        refusedWithCode(
                "alias_not_possible",
                () -> control.controller.connect("bridge", new ConnectRequest("one", null, null, null, List.of("x"))),
                "network-scoped alias is supported only for containers in user defined networks");
        for (String noName : List.of("x..y", "a".repeat(64), "x." + "a".repeat(64))) {
            refusedWithCode(
                    "alias_not_possible",
                    () -> control.controller.connect(
                            "log", new ConnectRequest("one", null, null, null, List.of(noName))),
                    "alias \"" + noName + "\" is no DNS name");
        }
    }

    @Test
    @DisplayName("A failed connection leaves the container as it was, whichever step failed")
    void undoesFailures() {
        control.attach("one", "web");
        Container before = control.container("one");
        control.plumbing.refusedInterface = "eth1";
        refused(Refusal.Kind.FAILED, () -> control.connect("db", "one"), "cannot make eth1");
        control.plumbing.refusedInterface = "";
        control.dataplane.refusedPort = 1;
        refused(Refusal.Kind.FAILED, () -> control.connect("db", "one"), "refused");
        assertThat(control.container("one")).isEqualTo(before);
        assertThat(control.plumbing.plugs).hasSize(1);
        assertThat(control.dataplane.ports).hasSize(1);
    }

    @Test
    @DisplayName("A device that the dataplane does not let go is not closed: its file's number must not be another's")
    void keepsWhatTheDataplaneHolds() {
        control.attach("one", "web");
        control.dataplane.refusedPort = 1;
        control.dataplane.staysStuck = true;
        refused(Refusal.Kind.FAILED, () -> control.connect("db", "one"), "refused");
        assertThat(control.container("one").endpoints()).hasSize(1);
        assertThat(control.plumbing.plugs).hasSize(2);
    }
}
