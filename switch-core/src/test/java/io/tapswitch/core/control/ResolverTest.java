package io.tapswitch.core.control;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.core.config.DnsSettings;
import io.tapswitch.core.model.Container;
import io.tapswitch.core.names.NameClient;
import io.tapswitch.core.names.NameTables;
import io.tapswitch.core.names.Upstreams;
import io.tapswitch.core.overlay.Remotes;
import io.tapswitch.dns.ClientView;
import java.nio.file.Path;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Where the resolver is reached from, and what its tables say of the desired state. */
class ResolverTest {
    @TempDir
    private Path directory;

    private TestControl control;
    private final NameTables tables = new NameTables();

    @BeforeEach
    void networks() {
        control = new TestControl(directory);
        control.create("web", false, false, "10.1.0.0/24");
        control.create("db", false, false, "10.2.0.0/24");
        control.create("vault", true, false, "10.4.0.0/24");
    }

    @AfterEach
    void close() {
        control.close();
    }

    private NameClient client(Container container) {
        NameTables.Compilation compiled = tables.compile(control.controller.state(), DnsSettings.DEFAULT, Remotes.NONE);
        return Objects.requireNonNull(
                compiled.clients().get(container.endpoints().getFirst().port()));
    }

    private String route(String container) {
        return String.valueOf(control.plumbing.resolverRoutes.get("/run/netns/" + container));
    }

    @Test
    void theRouteToTheResolverMovesWithTheNetworksAndNeverBeforeTheirInterfaces() {
        Container one = control.attach("one", "web", "db", "vault");
        assertThat(control.plumbing.plugs.values().stream()
                        .filter(plan -> plan.resolver() != null)
                        .map(plan -> plan.name()))
                .containsExactly(one.endpoints().getFirst().interfaceName());
        control.disconnect("web", "one");
        assertThat(route("one")).contains("eth1", "10.2.0.1", "169.254.53.53");
        control.disconnect("db", "one");
        assertThat(route("one")).contains("eth2", "10.4.0.1", "169.254.53.53");
    }

    @Test
    void C7_aViewHasTheZonesOfTheContainersNetworksInConnectOrder() {
        ClientView view = client(control.attach("one", "db", "web")).view();
        assertThat(view.zone(0).suffix()).isEqualTo("db");
        assertThat(view.zone(1).suffix()).isEqualTo("web");
        assertThat(view.size()).isEqualTo(3);
    }

    @Test
    void D18_onlyWhoIsInInternalNetworksAloneHasNoUpstreams() {
        assertThat(client(control.attach("in", "vault")).upstreams()).isEqualTo(Upstreams.NONE);
        assertThat(client(control.attach("both", "vault", "web")).upstreams()).isEqualTo(Upstreams.HOST);
    }

    @Test
    void viewsAndZonesThatAreAsTheyWereStayTheSame() {
        Container one = control.attach("one", "web");
        Container two = control.attach("two", "web");
        ClientView view = client(one).view();
        assertThat(client(two).view()).isSameAs(view);
        control.attach("far", "db");
        assertThat(client(one).view()).isSameAs(view);
        control.attach("three", "web");
        assertThat(client(one).view()).isNotSameAs(view);
    }
}
