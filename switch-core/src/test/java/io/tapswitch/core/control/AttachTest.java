package io.tapswitch.core.control;

import static io.tapswitch.core.control.Eventually.eventually;
import static io.tapswitch.core.control.TestControl.refused;
import static io.tapswitch.core.control.TestControl.refusedWithCode;
import static io.tapswitch.core.control.TestControl.request;
import static io.tapswitch.core.control.TestControl.withAddresses;
import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.core.dataplane.PortSettings;
import io.tapswitch.core.model.Container;
import io.tapswitch.core.model.Endpoint;
import io.tapswitch.core.model.Refusal;
import io.tapswitch.wire.Ipv4Address;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AttachTest {
    @TempDir
    Path directory;

    private TestControl control;

    @BeforeEach
    void start() {
        control = new TestControl(directory);
    }

    @AfterEach
    void stop() {
        control.close();
    }

    @Test
    @DisplayName("A-ATT-01, A-ATT-04 eth0, eth1 in the order of the networks; bridge when none is given")
    void attachesInOrder() {
        String web = control.create("web", "10.1.0.0/24").id();
        String db = control.create("db", "10.2.0.0/24").id();
        Container two = control.attach("two", "db", "web");
        assertThat(two.endpoints()).extracting(Endpoint::interfaceName).containsExactly("eth0", "eth1");
        assertThat(two.endpoints()).extracting(Endpoint::networkId).containsExactly(db, web);
        assertThat(control.plumbing.plugs.values())
                .extracting(plan -> plan.defaultGateways().toString())
                .containsExactly("[10.2.0.1]", "[]");
        assertThat(control.attach("plain").connections())
                .extracting(connection -> connection.networkId())
                .containsExactly(control.controller.network("bridge").network().id());
    }

    @Test
    @DisplayName("A-INT-01 the default route goes by the first network that has a way out")
    void internalNetworksGiveNoDefaultRoute() {
        control.create("vault", true, false, "10.1.0.0/24");
        control.create("web", "10.2.0.0/24");
        control.attach("two", "vault", "web");
        assertThat(control.plumbing.plugs.values())
                .extracting(plan -> plan.defaultGateways().toString())
                .containsExactly("[]", "[10.2.0.1]");
    }

    @Test
    @DisplayName("A-IPAM-05, A-IPAM-11, B12 the dataplane gets the chosen address, its MAC address and the guard")
    void tellsTheDataplaneWhatThePortIs() {
        control.create("web", "10.1.0.0/24");
        Endpoint endpoint = control.controller
                .attach(withAddresses("one", "web", "10.1.0.66", null, null))
                .endpoints()
                .getFirst();
        PortSettings port = Objects.requireNonNull(control.dataplane.ports.get(endpoint.port()));
        assertThat(endpoint.mac()).hasToString("02:42:0a:01:00:42");
        assertThat(port.mac()).isEqualTo(endpoint.mac().bits());
        assertThat(port.ipv4()).isEqualTo(Ipv4Address.parse("10.1.0.66"));
        assertThat(port.sourceGuard()).isTrue();
    }

    @Test
    @DisplayName("A-IPAM-06 addresses that are taken, outside or special are refused, and nothing is attached")
    void refusesAddresses() {
        control.create("web", "10.1.0.0/24");
        control.controller.attach(withAddresses("one", "web", "10.1.0.66", null, null));
        for (String bad : List.of("10.1.0.66", "10.1.0.1", "10.1.0.0", "10.1.0.255", "10.2.0.2", "ten")) {
            refused(
                    bad.equals("10.1.0.66") || bad.equals("10.1.0.1") ? Refusal.Kind.CONFLICT : Refusal.Kind.BAD_INPUT,
                    () -> control.controller.attach(withAddresses("two", "web", bad, null, null)),
                    bad);
        }
        refusedWithCode(
                "address_not_choosable",
                () -> control.controller.attach(withAddresses("two", "bridge", "172.17.0.9", null, null)),
                "user specified IP address is supported on user defined networks only");
        assertThat(control.plumbing.plugs).hasSize(1);
    }

    @Test
    @DisplayName("Row 78 a MAC address is that of one member; what its neighbour would be made of gives way")
    void macAddressesAreUnique() {
        control.create("web", "10.1.0.0/24");
        control.controller.attach(withAddresses("one", "web", null, null, "02:42:0a:01:00:03"));
        refusedWithCode(
                "mac_in_use",
                () -> control.controller.attach(withAddresses("two", "web", null, null, "02:42:0a:01:00:03")),
                "02:42:0a:01:00:03 in network web");
        refusedWithCode(
                "mac_in_use",
                () -> control.controller.attach(withAddresses("two", "web", null, null, "02:42:0a:01:00:01")),
                "in network web");
        refused(
                Refusal.Kind.BAD_INPUT,
                () -> control.controller.attach(withAddresses("two", "web", null, null, "01:00:5e:00:00:01")),
                "not that of one interface");
        Container two = control.attach("two", "web");
        assertThat(control.addresses("two")).containsExactly("10.1.0.3");
        assertThat(two.endpoints().getFirst().mac().toString()).startsWith("02:43:");
    }

    @Test
    void queuesNeedWorkers() {
        AttachRequest two = Attaching.netns("two").queues(2).request();
        Endpoint endpoint = control.controller.attach(two).endpoints().getFirst();
        assertThat(Objects.requireNonNull(control.dataplane.ports.get(endpoint.port()))
                        .fds())
                .hasSize(2);
        AttachRequest three = Attaching.netns("three").queues(3).request();
        refused(Refusal.Kind.BAD_INPUT, () -> control.controller.attach(three), "--workers 3");
    }

    @Test
    @DisplayName("A name and a namespace belong to one container, and each refusal names what is taken")
    void refusesTakenNamesAndNamespaces() {
        Container one = control.attach("one");
        refusedWithCode(
                "container_name_in_use",
                () -> control.attach("one"),
                "Conflict. The container name \"/one\" is already in use by container \"" + one.id()
                        + "\". You have to remove (or rename)");
        refusedWithCode(
                "namespace_in_use",
                () -> control.controller.attach(request("/run/netns/one", "other")),
                "namespace /run/netns/one is already attached as container \"one\"");
        refused(Refusal.Kind.UNKNOWN, () -> control.attach("nothere"), "no network namespace");
        refused(Refusal.Kind.UNKNOWN, () -> control.attach("two", "nowhere"), "network nowhere not found");
        refused(Refusal.Kind.BAD_INPUT, () -> control.attach("two", "bridge", "bridge"), "given twice");
        refused(Refusal.Kind.BAD_INPUT, () -> control.controller.attach(request(null, "x")), "netns is missing");
        assertThat(control.dataplane.ports).hasSize(1);
    }

    @Test
    void namesTheNameless() {
        Container made = control.attach("/proc/77/ns/net");
        assertThat(made.name()).matches("[a-z]+_[a-z]+");
        assertThat(made.nameChosen()).isFalse();
        assertThat(control.container(made.name())).isEqualTo(made);
    }

    @Test
    @DisplayName("A-IPAM-13 a failed attachment leaves nothing behind, whichever step failed")
    void undoesFailures() {
        control.create("web", "10.1.0.0/30");
        control.create("db", "10.2.0.0/24");
        control.plumbing.refusedInterface = "eth1";
        refused(Refusal.Kind.FAILED, () -> control.attach("one", "web", "db"), "cannot make eth1");
        control.nothingIsAttached();
        control.plumbing.refusedInterface = "";
        control.dataplane.refusedPort = 1;
        refused(Refusal.Kind.FAILED, () -> control.attach("one", "web", "db"), "refused");
        control.nothingIsAttached();
        control.dataplane.refusedPort = -1;
        control.attach("one", "web", "db");
        assertThat(control.addresses("one")).containsExactly("10.1.0.2", "10.2.0.2");
        refusedWithCode("addresses_exhausted", () -> control.attach("two", "db", "web"), "no available IPv4 addresses");
        control.controller.removeContainer("one", false);
        control.nothingIsAttached();
        assertThat(control.attach("two", "db").endpoints().getFirst().port()).isZero();
    }

    @Test
    @DisplayName("R1 a device that is gone takes its endpoint with it, and its address is free at once")
    void noticesThatADeviceIsGone() throws Exception {
        control.create("web");
        Container one = control.attach("one", "web");
        List<String> before = control.addresses("one");
        control.events.onPortGone(one.endpoints().getFirst().port(), 77);
        eventually(() -> assertThat(control.container("one").status()).isEqualTo(Container.Status.DETACHED));
        control.nothingIsAttached();
        assertThat(control.controller.containers(true, Filters.NONE)).hasSize(1);
        Container again = control.attach("one", "web");
        assertThat(control.addresses("one")).isEqualTo(before);
        assertThat(control.controller.containers(true, Filters.NONE)).containsExactly(again);
    }

    @Test
    @DisplayName("B16, row 85 link news reach the dataplane in order, renames are followed, deletion detaches")
    void followsLinks() throws Exception {
        Endpoint endpoint = control.attach("one").endpoints().getFirst();
        Plumbing.LinkListener listener = control.plumbing.listener(endpoint.id());
        listener.onLinkState(false);
        eventually(() -> assertThat(control.dataplane.links).isEqualTo(Map.of(endpoint.port(), false)));
        listener.onLinkState(true);
        listener.onRenamed("lan0");
        eventually(() -> assertThat(control.interfaces("one")).containsExactly("lan0"));
        assertThat(control.dataplane.links).isEqualTo(Map.of(endpoint.port(), true));
        listener.onGone();
        listener.onGone();
        eventually(control::nothingIsAttached);
    }

    @Test
    @DisplayName("Rename keeps everything but the name, and a name that is taken is refused")
    void renames() {
        Container one = control.attach("one");
        control.attach("two");
        refused(Refusal.Kind.CONFLICT, () -> control.controller.rename("one", "two"), "/two");
        refused(Refusal.Kind.BAD_INPUT, () -> control.controller.rename("one", ""), "may be empty");
        refused(Refusal.Kind.BAD_INPUT, () -> control.controller.rename("one", "one"), "same name");
        control.controller.rename("one", "uno");
        assertThat(control.container("uno").id()).isEqualTo(one.id());
        refused(Refusal.Kind.UNKNOWN, () -> control.container("one"), "No such container: one");
        assertThat(control.attach("/run/netns/neu").id()).isNotEqualTo(one.id());
    }

    @Test
    @DisplayName("D15 servers that can never be asked are refused, as the file's are")
    void serversOfAContainerAreOnesThatCanBeAsked() {
        control.create("web", "10.1.0.0/24");
        for (String server : List.of("224.0.0.1", "0.0.0.0", "255.255.255.255", "::", "ff02::1")) {
            dnsRefused(server, "invalid DNS server: " + server + " is the address of no single host");
        }
        dnsRefused("169.254.53.53", "169.254.53.53 is the resolver itself");
        dnsRefused("10.1.0.1", "10.1.0.1 is the gateway of network web, which is the switch itself");
        dnsRefused("x", "x is not an ip address");
        Container one = control.controller.attach(
                Attaching.netns("one").networks("web").dns("192.0.2.53").request());
        assertThat(one.dns()).containsExactly("192.0.2.53");
    }

    private void dnsRefused(String server, String sentence) {
        refused(
                Refusal.Kind.BAD_INPUT,
                () -> control.controller.attach(
                        Attaching.netns("one").networks("web").dns(server).request()),
                sentence);
    }
}
