package io.tapswitch.core.control;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.core.config.DnsSettings;
import io.tapswitch.core.model.Container;
import io.tapswitch.core.model.DesiredState;
import io.tapswitch.core.model.Network;
import io.tapswitch.core.model.NetworkMode;
import io.tapswitch.core.model.Subnet;
import io.tapswitch.core.names.NameLookup;
import io.tapswitch.core.names.NameService;
import io.tapswitch.core.overlay.ClusterEntry.Host;
import io.tapswitch.core.overlay.ClusterEntry.RemoteEndpoint;
import io.tapswitch.core.overlay.Remotes;
import io.tapswitch.dns.DnsAddress;
import io.tapswitch.dns.StaticRecord;
import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.IpPrefix;
import io.tapswitch.wire.Ipv4Address;
import io.tapswitch.wire.MacAddress;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** What a lookup finds, and says of queries that nobody outside is asked: C1, D8, D15, D18, D20. */
class NameLookupTest {
    /** On another host, with a name that nobody chose. */
    private static final Remotes.Remote FAR = new Remotes.Remote(
            new RemoteEndpoint(
                    "e".repeat(64),
                    "f".repeat(64),
                    "a".repeat(64),
                    "far",
                    List.of("elsewhere"),
                    MacAddress.parse("02:42:c0:00:02:07"),
                    Ipv4Address.parse("192.0.2.7"),
                    null),
            new Host("a".repeat(64), "host2", IpAddress.parse("198.51.100.2"), 1),
            true);

    /** Asks as a container whose own upstream is 192.0.2.53. */
    private static NameLookup.Found lookup(String name, boolean internal, String gateway) {
        return lookup(name, internal, gateway, "web", DnsSettings.DEFAULT, true);
    }

    private static NameLookup.Found lookup(String name, DnsSettings settings) {
        return lookup(name, false, "192.0.2.1", "web", settings, true);
    }

    private static DnsSettings settings(boolean generatedNames, List<StaticRecord> records, String... search) {
        return new DnsSettings(
                DnsSettings.ADDRESS, 5, 1, null, Map.of(), records, true, generatedNames, List.of(search));
    }

    private static NameLookup.Found lookup(
            String name,
            boolean internal,
            String gateway,
            String networkName,
            DnsSettings settings,
            boolean isNameChosen) {
        Network made = States.network("web", 0, "192.0.2.0/24");
        Network network = new Network(
                made.id(),
                0,
                networkName,
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
                .with(named(
                        isNameChosen,
                        States.container(
                                "one",
                                Container.Status.RUNNING,
                                new NetworkMode.Own(),
                                States.endpoint(network, 0, "192.0.2.2", null))));
        NameService names = new NameService();
        names.settings(settings);
        names.compile(state, new Remotes(Map.of(network.id(), List.of(FAR))));
        return Objects.requireNonNull(names.lookup(0, name, null));
    }

    private static Container named(boolean isNameChosen, Container it) {
        return new Container(
                it.id(),
                it.name(),
                isNameChosen,
                it.hostname(),
                it.created(),
                it.status(),
                it.exitCode(),
                it.started(),
                it.finished(),
                it.init(),
                it.netns(),
                it.netnsIdentity(),
                it.mode(),
                it.sourceGuard(),
                it.queues(),
                it.dns(),
                it.exposed(),
                it.labels(),
                it.connections(),
                it.endpoints());
    }

    @Test
    void C1_aGeneratedNameIsFoundOnlyWhereTheConfigurationSaysSo() {
        for (boolean found : new boolean[] {false, true}) {
            DnsSettings settings = settings(found, List.of());
            String code = found ? "NOERROR" : "NXDOMAIN";
            assertThat(lookup("one.web", false, "192.0.2.1", "web", settings, false)
                            .code())
                    .isEqualTo(code);
            assertThat(lookup("far.web", settings).code()).as("of another host").isEqualTo(code);
            assertThat(lookup("one.web", settings).code()).as("chosen").isEqualTo("NOERROR");
            assertThat(lookup("alias.web", false, "192.0.2.1", "web", settings, false)
                            .code())
                    .isEqualTo("NOERROR");
            assertThat(lookup("elsewhere.web", settings).code()).isEqualTo("NOERROR");
        }
    }

    @Test
    void D20_withASearchListANameOfOneLabelIsSaidToBeForThat() {
        NameLookup.Found found = lookup("printer", settings(false, List.of(), "example.org"));
        assertThat(found.code()).isEqualTo("NXDOMAIN");
        assertThat(found.why()).contains("because the container has a search list (dns.search)");
        assertThat(found.upstreams()).isEmpty();
        assertThat(lookup("printer.lan", settings(false, List.of(), "example.org"))
                        .upstreams())
                .as("of two labels")
                .isNotEmpty();
        assertThat(lookup("printer", settings(false, List.of())).upstreams())
                .as("without a search list")
                .isNotEmpty();
    }

    @Test
    void aRecordOfTheConfigurationFileIsSaidToBeOne() {
        DnsSettings settings =
                settings(false, List.of(StaticRecord.address("printer.lan", DnsAddress.v4(0xc000_0209))));
        NameLookup.Found found = lookup("printer.lan", settings);
        assertThat(found.records()).extracting(NameLookup.Row::data).containsExactly("192.0.2.9");
        assertThat(found.why()).isEqualTo("one of dns.records of the configuration file");
        assertThat(found.network()).isNull();
        assertThat(found.networks()).containsExactly("web");
        assertThat(lookupOfType("printer.lan", "AAAA", settings).why())
                .isEqualTo("one of dns.records of the configuration file, but it has no records of that type");
    }

    private static NameLookup.Found lookupOfType(String name, String type, DnsSettings settings) {
        Network network = States.network("web", 0, "192.0.2.0/24");
        NameService names = new NameService();
        names.settings(settings);
        names.compile(
                DesiredState.EMPTY
                        .with(network)
                        .with(States.container(
                                "one",
                                Container.Status.RUNNING,
                                new NetworkMode.Own(),
                                States.endpoint(network, 0, "192.0.2.2", null))),
                Remotes.NONE);
        return Objects.requireNonNull(names.lookup(0, name, type));
    }

    @Test
    void localhostIsSaidToBeWhoAsks() {
        NameLookup.Found found = lookup("localhost", settings(false, List.of()));
        assertThat(found.code()).isEqualTo("NOERROR");
        assertThat(found.why()).contains("localhost is who asks (RFC 6761)");
        assertThat(found.network()).isNull();
        assertThat(lookupOfType("localhost", "MX", settings(false, List.of())).why())
                .startsWith("a name that is reserved");
    }

    @Test
    void aNetworkWhoseNameDnsCannotCarryIsNamedAllTheSame() {
        String longName = "n".repeat(64);
        NameLookup.Found found = lookup("one", false, "192.0.2.1", longName, DnsSettings.DEFAULT, true);
        assertThat(found.network()).isEqualTo(longName);
        assertThat(found.networks()).containsExactly(longName);
        assertThat(found.why()).endsWith("DNS cannot carry the network's name, so names are found without it only");
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
