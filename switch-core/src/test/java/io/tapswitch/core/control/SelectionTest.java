package io.tapswitch.core.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tapswitch.core.control.PublishedPorts.ActivePort;
import io.tapswitch.core.model.Connection;
import io.tapswitch.core.model.Container;
import io.tapswitch.core.model.DesiredState;
import io.tapswitch.core.model.Driver;
import io.tapswitch.core.model.Network;
import io.tapswitch.core.model.NetworkMode;
import io.tapswitch.core.model.Origin;
import io.tapswitch.core.model.PortSpec;
import io.tapswitch.core.model.Publication;
import io.tapswitch.core.model.Refusal;
import io.tapswitch.wire.IpAddress;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SelectionTest {
    private static final Network BRIDGE = network("b1", "bridge", Driver.BRIDGE, Map.of(), new Origin.BuiltIn());
    private static final Network HOST = network("c2", "host", Driver.HOST, Map.of(), new Origin.BuiltIn());
    private static final Network WEB =
            network("d3", "web", Driver.BRIDGE, Map.of("env", "test", "old", ""), new Origin.Command());
    private static final Network DB =
            network("e4", "db-web", Driver.BRIDGE, Map.of("env", "prod"), new Origin.Command());
    private static final Container ONE = container("11", "one", Container.Status.RUNNING, null, "d3");
    private static final Container TWO = container("22", "two", Container.Status.EXITED, 137, "b1");
    private static final DesiredState STATE = DesiredState.EMPTY
            .with(BRIDGE)
            .with(HOST)
            .with(WEB)
            .with(DB)
            .with(ONE)
            .with(TWO);

    private static Network network(String id, String name, Driver driver, Map<String, String> labels, Origin origin) {
        return new Network(
                id,
                0,
                name,
                "2026-01-0" + id.charAt(1) + "T00:00:00Z",
                driver,
                false,
                false,
                false,
                List.of(),
                Map.of(),
                labels,
                origin);
    }

    private static Container container(
            String id, String name, Container.Status status, @Nullable Integer exitCode, String network) {
        return new Container(
                id,
                name,
                true,
                name,
                "2026-02-0" + id.charAt(0) + "T00:00:00Z",
                status,
                exitCode,
                "",
                "",
                null,
                "",
                "",
                new NetworkMode.Own(),
                true,
                1,
                List.of(),
                List.of("80/tcp"),
                Map.of("app", name),
                List.of(new Connection(network, null, null, null, List.of())),
                List.of());
    }

    private static Filters filters(String json) {
        return Filters.parse(json.replace('\'', '"'));
    }

    @ParameterizedTest
    @DisplayName("A-NET-13 network ls filters as docker's")
    @CsvSource(
            delimiter = '|',
            value = {
                "{}|bridge,host,web,db-web",
                "{'driver':['bridge']}|bridge,web,db-web",
                "{'driver':['host','bridge']}|bridge,host,web,db-web",
                "{'driver':{'host':true,'bridge':false}}|host",
                "{'name':['web']}|web,db-web",
                "{'name':['^web$']}|web",
                "{'name':['[']}|''",
                "{'id':['d3']}|web",
                "{'id':['d','e']}|web,db-web",
                "{'type':['builtin']}|bridge,host",
                "{'type':['custom']}|web,db-web",
                "{'scope':['local']}|bridge,host,web,db-web",
                "{'scope':['global']}|''",
                "{'label':['env']}|web,db-web",
                "{'label':['env=test']}|web",
                "{'label':['env','old']}|web",
                "{'label':['old=']}|web",
                "{'label':['env=test','env=prod']}|''",
                "{'dangling':['true']}|db-web",
                "{'dangling':['false']}|bridge,host,web",
                "{'driver':['bridge'],'type':['custom'],'label':['env=prod']}|db-web",
            })
    void A_NET_13_networkFiltersMeanWhatDockersMean(String json, String names) {
        var wanted = Selection.networks(filters(json));
        assertThat(STATE.networks().stream()
                        .filter(network -> wanted.test(network, network.equals(WEB)))
                        .map(Network::name)
                        .collect(Collectors.joining(",")))
                .isEqualTo(names);
    }

    @ParameterizedTest
    @DisplayName("A-NET-12 network prune filters as docker's")
    @CsvSource(
            delimiter = '|',
            value = {
                "{'until':['2026-01-04T00:00:00Z']}|b1,c2,d3",
                "{'until':['72h']}|b1,c2",
                "{'label':['env']}|d3,e4",
                "{'label!':['env']}|b1,c2",
                "{'label!':['env=test']}|b1,c2,e4",
            })
    void A_NET_12_pruneFiltersMeanWhatDockersMean(String json, String ids) {
        var wanted = Selection.prune(filters(json), Instant.parse("2026-01-06T00:00:00Z"));
        assertThat(STATE.networks().stream().filter(wanted).map(Network::id).collect(Collectors.joining(",")))
                .isEqualTo(ids);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{'name':['o']}|one,two",
                "{'name':['^/one$']}|one",
                "{'id':['2']}|two",
                "{'label':['app=two']}|two",
                "{'status':['running']}|one",
                "{'status':['exited','running']}|one,two",
                "{'status':['paused']}|''",
                "{'exited':['137']}|two",
                "{'network':['web']}|one",
                "{'network':['b1','d3']}|one,two",
                "{'network':['nothing']}|''",
                "{'before':['two']}|one",
                "{'since':['11']}|two",
                "{'expose':['80']}|one,two",
                "{'expose':['80/udp']}|''",
            })
    void containerFiltersMeanWhatDockersMean(String json, String names) {
        assertThat(selected(json, List.of())).isEqualTo(names);
    }

    private static String selected(String json, List<ActivePort> ports) {
        return STATE.containers().stream()
                .filter(Selection.containers(filters(json), STATE, ports))
                .map(Container::name)
                .collect(Collectors.joining(","));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{'publish':['8080']}|one",
                "{'publish':['8080/TCP']}|one",
                "{'publish':['8085']}|one",
                "{'publish':['8000-8080']}|one",
                "{'publish':['80']}|''",
                "{'publish':['8080/udp']}|''",
                "{'expose':['90']}|one",
                "{'expose':['80']}|one,two",
                "{'publish':['9999'],'expose':['80']}|one,two",
            })
    void psFiltersByPublishedAndExposedPortsAsDockersDoes(String json, String names) {
        ActivePort port = new ActivePort(
                new Publication(1, ONE.id(), PortSpec.parse("8080-8089:90-99"), 8080, List.of(), new Origin.Command()),
                null,
                IpAddress.parse("10.0.0.2"),
                1,
                1,
                ONE.id());
        assertThat(selected(json, List.of(port))).isEqualTo(names);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{'type':['network']}|true",
                "{'type':['container']}|false",
                "{'event':['connect']}|true",
                "{'event':['create']}|false",
                "{'network':['web']}|true",
                "{'network':['d3']}|true",
                "{'network':['db']}|false",
                "{'container':['11']}|true",
                "{'container':['22']}|false",
                "{'label':['env=test']}|true",
                "{'scope':['swarm']}|false",
            })
    void eventFiltersMeanWhatDockersMean(String json, boolean meant) {
        Event event = new Event(
                "network",
                "connect",
                "d3",
                Map.of("name", "web", "type", "bridge", "container", "1111", "env", "test"));
        assertThat(Selection.events(filters(json)).test(event)).isEqualTo(meant);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{'colour':['red']}|invalid filter 'colour'",
                "{'label!':['a']}|invalid filter 'label!'",
                "{'type':['odd']}|invalid filter 'type=odd': must be custom or builtin",
                "{'dangling':['odd']}|invalid filter 'dangling=odd': must be true or false",
            })
    void A_NET_13_aFilterThatIsNoneIsRefusedByName(String json, String sentence) {
        assertThatThrownBy(() -> Selection.networks(filters(json)))
                .isInstanceOfSatisfying(
                        Refusal.class, refusal -> assertThat(refusal.code()).isEqualTo("invalid_filter"))
                .hasMessage(sentence);
    }

    @Test
    void otherPlacesRefuseWhatTheyDoNotKnow() {
        assertThatThrownBy(() -> Selection.prune(filters("{'name':['a']}"), Instant.now()))
                .hasMessage("invalid filter 'name'");
        assertThatThrownBy(() -> Selection.prune(filters("{'until':['1h','2h']}"), Instant.now()))
                .hasMessage("invalid filter 'until=2h': can be given only once");
        assertThatThrownBy(() -> Selection.events(filters("{'image':['a']}"))).hasMessage("invalid filter 'image'");
        assertThatThrownBy(() -> Selection.containers(filters("{'status':['up']}"), STATE, List.of()))
                .hasMessage("invalid filter 'status=up': must be running, exited or detached");
        assertThatThrownBy(() -> Selection.containers(filters("{'exited':['x']}"), STATE, List.of()))
                .hasMessage("invalid filter 'exited=x': must be an exit code");
        assertThatThrownBy(() -> Selection.containers(filters("{'since':['nobody']}"), STATE, List.of()))
                .hasMessage("No such container: nobody");
        assertThatThrownBy(() -> Selection.containers(filters("{'publish':['1:80']}"), STATE, List.of()))
                .hasMessage("invalid filter 'publish=1:80': should not contain ':'");
        assertThatThrownBy(() -> Selection.containers(filters("{'expose':['x']}"), STATE, List.of()))
                .hasMessage("invalid filter 'expose=x': invalid containerPort: x");
    }

    @ParameterizedTest
    @ValueSource(strings = {"[]", "7", "{\"a\":7}", "{\"a\":[7]}", "{", "label=a"})
    void whatIsNotDockersJsonIsRefused(String json) {
        assertThatThrownBy(() -> Filters.parse(json))
                .isInstanceOf(Refusal.class)
                .hasMessageStartingWith("invalid filters '" + json + "'");
    }

    @Test
    void noFiltersMeanEverything() {
        assertThat(Filters.parse(null)).isEqualTo(Filters.NONE);
        assertThat(Filters.parse("")).isEqualTo(Filters.NONE);
        assertThat(Selection.meansEnded(Filters.NONE)).isFalse();
        assertThat(Selection.meansEnded(filters("{'exited':['0']}"))).isTrue();
    }

    @Test
    @Timeout(20)
    void aPatternThatWouldRunForEverFindsNothing() {
        Network long1 = network("f5", "a".repeat(200), Driver.BRIDGE, Map.of(), new Origin.Command());
        assertThat(Selection.networks(filters("{'name':['(a+)+$x']}")).test(long1, false))
                .isFalse();
    }
}
