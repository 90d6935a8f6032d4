package io.tapswitch.core.control;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.core.model.Container;
import io.tapswitch.core.model.DesiredState;
import io.tapswitch.core.model.Network;
import io.tapswitch.core.model.NetworkMode;
import io.tapswitch.core.model.Subnet;
import io.tapswitch.core.names.NameLookup;
import io.tapswitch.core.names.NameService;
import io.tapswitch.core.overlay.Remotes;
import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.IpPrefix;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** What a lookup says of queries that nobody outside is asked: D8, D15, D18. */
class NameLookupTest {
    /** Asks as a container whose own upstream is 192.0.2.53. */
    private static NameLookup.Found lookup(String name, boolean internal, String gateway) {
        Network made = States.network("web", 0, "192.0.2.0/24");
        Network network = new Network(
                made.id(),
                0,
                "web",
                made.created(),
                made.driver(),
                internal,
                false,
                false,
                List.of(new Subnet(IpPrefix.parse("192.0.2.0/24"), IpAddress.parse(gateway), null, Map.of())),
                Map.of(),
                Map.of(),
                made.origin());
        DesiredState state = DesiredState.EMPTY
                .with(network)
                .with(States.container(
                        "one",
                        Container.Status.RUNNING,
                        new NetworkMode.Own(),
                        States.endpoint(network, 0, "192.0.2.2", null)));
        NameService names = new NameService();
        names.compile(state, Remotes.NONE);
        return Objects.requireNonNull(names.lookup(0, name, null));
    }

    @Test
    void D8_aReservedNameIsSaidToBeOne() {
        NameLookup.Found found = lookup("printer.test", false, "192.0.2.1");
        assertThat(found.why()).startsWith("a name that is reserved (RFC 6761");
        assertThat(found.upstreams()).isEmpty();
        assertThat(found.code()).isEqualTo("NXDOMAIN");
    }

    @Test
    void D18_onInternalNetworksNobodyOutsideIsAsked() {
        NameLookup.Found found = lookup("example.org", true, "192.0.2.1");
        assertThat(found.why()).endsWith("all of them are internal: nobody else is asked");
        assertThat(found.upstreams()).isEmpty();
    }

    @Test
    void D15_theSwitchItselfIsNotSaidToBeAsked() {
        NameLookup.Found found = lookup("example.org", false, "192.0.2.53");
        assertThat(found.why()).contains("its upstreams are the switch's own addresses");
        assertThat(found.upstreams()).isEmpty();
        assertThat(lookup("example.org", false, "192.0.2.1").upstreams()).containsExactly("192.0.2.53 port 53");
        assertThat(lookup("one", false, "192.0.2.53").why())
                .isEqualTo("the name is known, and has records of that type");
    }
}
