package io.tapswitch.core.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Lists, inspect, prune and events, against a daemon with prepared answers. */
class ListingTest extends CliCase {
    private static final String NETWORKS =
            "[" + network("bridge", "bridge") + "," + network("host", "host") + "," + network("none", "null") + "]";
    private static final String CONTAINER = "{\"Id\":\"" + ID + "\",\"Name\":\"www\",\"Config\":{\"Cmd\":[],\"Labels\":"
            + "{\"a\":\"b\"}},\"State\":{\"Status\":\"running\"},\"NetworkSettings\":{\"Networks\":{\"web\":"
            + "{\"IPAddress\":\"10.0.0.2\"},\"db\":{\"IPAddress\":\"10.0.1.2\"}}}}";

    private static String network(String name, String driver) {
        return "{\"Name\":\"" + name + "\",\"Id\":\"" + ID + "\",\"Driver\":\"" + driver
                + "\",\"Scope\":\"local\",\"EnableIPv6\":false,\"Internal\":false,\"Labels\":{\"k\":\"v\",\"w\":\"\"}}";
    }

    @Test
    @DisplayName("A-NET-02 a fresh engine has bridge, host and none in docker's table")
    void A_NET_02_aFreshEngineHasThreeNetworksInDockersTable() {
        daemon.on("GET /networks", 200, NETWORKS);
        assertThat(run("network", "ls")).isZero();
        assertThat(out).isEqualTo("""
                NETWORK ID     NAME      DRIVER    SCOPE
                0123456789ab   bridge    bridge    local
                0123456789ab   host      host      local
                0123456789ab   none      null      local
                """);
    }

    @Test
    @DisplayName("A-NET-13 filters go to the daemon as docker's JSON")
    void A_NET_13_filtersGoToTheDaemon() {
        assertThat(run("network", "ls", "-f", "driver=bridge", "--filter", "Label=a=b", "-f", "label=c"))
                .isEqualTo(1);
        assertThat(daemon.requests())
                .containsExactly("GET /networks?filters=%7B%22driver%22%3A%5B%22bridge%22%5D%2C%22label%22%3A%5B%22"
                        + "a%3Db%22%2C%22c%22%5D%7D");
    }

    @Test
    @DisplayName("A-NET-13 formats: a template, a table of chosen columns, json; -q gives way to a format")
    void A_NET_13_formatsAreDockers() {
        daemon.on("GET /networks", 200, NETWORKS);
        run("network", "ls", "--format", "{{.Name}}: {{.Driver}}");
        assertThat(out).isEqualTo("bridge: bridge\nhost: host\nnone: null\n");
        run("network", "ls", "--format", "table {{.Name}}\\t{{.Labels}}");
        assertThat(out).isEqualTo("NAME      LABELS\nbridge    k=v,w=\nhost      k=v,w=\nnone      k=v,w=\n");
        run("network", "ls", "-q", "--format", "{{.Name}}");
        assertThat(out).isEqualTo("bridge\nhost\nnone\n");
        run("network", "ls", "-q");
        assertThat(out).isEqualTo("0123456789ab\n".repeat(3));
        assertThat(run("network", "ls", "--format", "{{.Id}}")).isEqualTo(1);
        assertThat(out).isEmpty();
        assertThat(err).startsWith("template: at 3: there is no .Id; there are .CreatedAt, .Driver, .ID,");
    }

    @Test
    void psTakesTheNewestAndQuietGoesBeforeAFormat() {
        String other = CONTAINER.replace("www", "older");
        daemon.on("GET /containers?all=true", 200, "[" + CONTAINER + "," + other + "]")
                .on("GET /containers", 200, "[" + CONTAINER + "," + other + "]");
        run("ps", "-l", "--format", "{{.Names}} {{.Networks}} {{.Labels}}");
        assertThat(out).isEqualTo("www web,db a=b\n");
        run("ps", "-n", "2", "--format", "{{.Names}}");
        assertThat(out).isEqualTo("www\nolder\n");
        run("ps", "-q", "--format", "{{.Names}}");
        assertThat(out).isEqualTo("0123456789ab\n0123456789ab\n");
        assertThat(err).isEqualTo("WARNING: Ignoring custom format, because both --format and --quiet are set.\n");
        run("ps", "--no-trunc", "-q");
        assertThat(out).isEqualTo((ID + "\n").repeat(2));
    }

    @Test
    void inspectFindsContainersAndNetworksAndSaysAfterwardsWhatIsMissing() {
        daemon.on("GET /containers/www", 200, CONTAINER).on("GET /networks/bridge", 200, network("bridge", "bridge"));
        assertThat(run("inspect", "www", "no", "bridge", "--format", "{{.Name}}"))
                .isEqualTo(1);
        assertThat(out).isEqualTo("www\nbridge\n");
        assertThat(err).isEqualTo("Error: No such object: no\n");
        run("inspect", "-f", "{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}", "www");
        assertThat(out).isEqualTo("10.0.1.2 10.0.0.2 \n");
        assertThat(run("inspect", "--type", "network", "www")).isEqualTo(1);
        assertThat(out).isEqualTo("[]\n");
        assertThat(err).isEqualTo("Error: No such network: www\n");
        daemon.on("GET /networks/www", 200, network("www", "bridge"));
        assertThat(run("inspect", "www", "bridge", "-f", "{{.IPAM}}")).isEqualTo(1);
        assertThat(out).as("the container goes before the network of its name").doesNotContain("<no value>");
        assertThat(err)
                .startsWith("template: at 3: there is no .IPAM; there are ")
                .doesNotContain("Error");
        run("inspect", "--format", "json", "bridge");
        assertThat(out).startsWith("[{\"Name\":\"bridge\",").endsWith("}]\n");
    }

    @Test
    @DisplayName("A-NET-12 prune prints what it removed, and asks when it is not forced")
    void A_NET_12_pruneAsksAndPrints() {
        daemon.on("POST /networks/prune", 200, "{\"deleted\":[\"a\",\"b\"]}");
        assertThat(run("network", "prune", "-f")).isZero();
        assertThat(out).isEqualTo("Deleted Networks:\na\nb\n\n");
        InputStream before = System.in;
        try {
            System.setIn(new ByteArrayInputStream("n\n".getBytes(StandardCharsets.UTF_8)));
            assertThat(run("network", "prune", "--filter", "label=x")).isZero();
            assertThat(out).isEqualTo("""
                    WARNING! This will remove all custom networks not used by at least one container.
                    Items to be pruned will be filtered with:
                    - label=x
                    Are you sure you want to continue? [y/N]\s""");
            assertThat(daemon.requests()).hasSize(1);
            System.setIn(new ByteArrayInputStream("y\n".getBytes(StandardCharsets.UTF_8)));
            run("network", "prune");
            assertThat(out).endsWith("[y/N] Deleted Networks:\na\nb\n\n");
        } finally {
            System.setIn(before);
        }
    }

    @Test
    @DisplayName("A-ATT-05 connect and disconnect take the network first, and print nothing")
    void A_ATT_05_connectAndDisconnectPrintNothing() {
        daemon.on("POST /networks/web/connect", 200, "{}").on("POST /networks/web/disconnect", 200, "{}");
        assertThat(run("network", "connect", "--ip", "10.0.0.9", "--alias", "a", "--alias", "b", "web", "www"))
                .isZero();
        assertThat(run("network", "disconnect", "-f", "web", "www")).isZero();
        assertThat(out + err).isEmpty();
        assertThat(daemon.requests())
                .containsExactly(
                        "POST /networks/web/connect {\"container\":\"www\",\"ip\":\"10.0.0.9\",\"aliases\":[\"a\",\"b\"]}",
                        "POST /networks/web/disconnect {\"container\":\"www\",\"force\":true}");
    }

    @Test
    void createSendsEveryFlag() {
        daemon.on("POST /networks", 201, "{\"id\":\"" + ID + "\"}");
        run(
                "network",
                "create",
                "web",
                "--ip-range",
                "10.0.1.0/24",
                "--aux-address",
                "r=10.0.0.5",
                "--internal",
                "--ipv6=true",
                "--attachable=false",
                "--label",
                "a=b=c",
                "--label",
                "d");
        assertThat(daemon.requests())
                .containsExactly("POST /networks {\"name\":\"web\",\"ipRanges\":[\"10.0.1.0/24\"],\"internal\":true,"
                        + "\"ipv6\":true,\"auxAddresses\":{\"r\":\"10.0.0.5\"},\"labels\":{\"a\":\"b=c\",\"d\":\"\"}}");
    }

    @Test
    void eventsArePrintedInDockersLinesUntilTheDaemonEnds() {
        String event = "data: {\"Type\":\"network\",\"Action\":\"connect\",\"Actor\":{\"ID\":\"abc\",\"Attributes\":"
                + "{\"name\":\"web\",\"container\":\"def\"}},\"scope\":\"local\",\"time\":1,\"timeNano\":1000000002}\n\n";
        String head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        daemon.raw(
                        "GET /events?since=10m",
                        head + chunk(": nothing\n\n" + event.substring(0, 30)) + chunk(event.substring(30))
                                + "0\r\n\r\n")
                .raw(
                        "GET /events",
                        head + chunk("event: error\ndata: {\"code\":\"events_missed\",\"message\":\"too slow\"}\n\n"))
                .on("GET /events?until=x", 400, "{\"code\":\"bad_input\",\"message\":\"no moment\"}");
        assertThat(run("events", "--since", "10m")).isZero();
        assertThat(out)
                .matches("1970-01-0\\dT\\d\\d:\\d\\d:01\\.000000002(Z|[+-]\\d\\d:\\d\\d) network connect abc"
                        + " \\(container=def, name=web\\)\n");
        run("events", "--since", "10m", "--format", "{{.Action}} {{.Actor.Attributes.name}} {{.Nothing}}");
        assertThat(out).isEqualTo("connect web <no value>\n");
        assertThat(run("events")).isEqualTo(1);
        assertThat(err).isEqualTo("Error response from daemon: too slow\n");
        assertThat(run("events", "--until", "x")).isEqualTo(1);
        assertThat(err).isEqualTo("Error response from daemon: no moment\n");
    }

    private static String chunk(String text) {
        return Integer.toHexString(text.length()) + "\r\n" + text + "\r\n";
    }
}
