package io.tapswitch.core.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Instant;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class MainTest extends CliCase {
    private static final String WEB =
            "{\"Name\":\"web\",\"Id\":\"" + ID + "\",\"Driver\":\"bridge\",\"Scope\":\"local\",\"Labels\":{}}";

    @Test
    @DisplayName("A-NET-01 A-NET-10 network create prints the id, and options may stand after the name")
    void createPrintsTheId() {
        daemon.on("POST /networks", 201, "{\"id\":\"" + ID + "\"}");
        assertThat(line("network create web -d bridge --subnet 10.0.0.0/24 --gateway 10.0.0.9 -o a=b -o c=d=e"))
                .isZero();
        assertThat(out).isEqualTo(ID + "\n");
        assertThat(daemon.requests())
                .containsExactly(
                        "POST /networks {\"name\":\"web\",\"driver\":\"bridge\","
                                + "\"subnets\":[\"10.0.0.0/24\"],\"gateways\":[\"10.0.0.9\"],\"options\":{\"a\":\"b\",\"c\":\"d=e\"}}");
    }

    @Test
    @DisplayName("A-NET-02 network ls has docker's columns and short ids")
    void networkLsHasDockersColumns() {
        daemon.on("GET /networks", 200, "[" + WEB + "]");
        assertThat(line("network ls")).isZero();
        assertThat(out).isEqualTo("""
                NETWORK ID     NAME      DRIVER    SCOPE
                0123456789ab   web       bridge    local
                """);
        line("network ls -q");
        assertThat(out).isEqualTo("0123456789ab\n");
        line("network ls -q --no-trunc");
        assertThat(out).isEqualTo(ID + "\n");
        line("network ls --format json");
        assertThat(out)
                .startsWith("{\"CreatedAt\":\"\",\"Driver\":\"bridge\",\"ID\":\"0123456789ab\"")
                .endsWith("}\n");
    }

    @Test
    @DisplayName("A-NET-04 network inspect is a JSON array; what is not there makes it fail, not stop")
    void inspectGoesOnAfterAnUnknownNetwork() {
        daemon.on("GET /networks/web", 200, WEB).on("GET /networks/no", 404, "{\"message\":\"network no not found\"}");
        assertThat(line("network inspect no web")).isEqualTo(1);
        assertThat(out).startsWith("[\n    {\n        \"Name\": \"web\",").endsWith("\"Labels\": {}\n    }\n]\n");
        assertThat(err).isEqualTo("Error response from daemon: network no not found\n");
        assertThat(line("network inspect no")).isEqualTo(1);
        assertThat(out).isEqualTo("[]\n");
    }

    @Test
    @DisplayName("A-NET-07 network rm prints each name that it removed")
    void networkRmPrintsTheNames() {
        daemon.on("DELETE /networks/a%2Fb", 200, "{\"name\":\"a/b\"}")
                .on("DELETE /networks/web", 409, "{\"message\":\"has active endpoints\"}");
        assertThat(line("network rm web a/b")).isEqualTo(1);
        assertThat(out).isEqualTo("a/b\n");
        assertThat(err).isEqualTo("Error response from daemon: has active endpoints\n");
    }

    @Test
    void attachSendsWhatWasAskedFor() {
        daemon.on("POST /containers", 201, "{\"id\":\"" + ID + "\"}");
        assertThat(line("attach --netns blue --name b --net web --network db --ip 10.0.0.5 --source-guard --queues 2"))
                .isZero();
        assertThat(out).isEqualTo(ID + "\n");
        assertThat(daemon.requests())
                .containsExactly("POST /containers {\"netns\":\"blue\",\"name\":\"b\","
                        + "\"networks\":[\"web\",\"db\"],\"ip\":\"10.0.0.5\",\"sourceGuard\":true,\"queues\":2}");
    }

    @Test
    @DisplayName("A-ATT-04 without --network a container goes to bridge; a relative path is made absolute")
    void attachGoesToBridge() {
        daemon.on("POST /containers", 201, "{\"id\":\"" + ID + "\"}");
        assertThat(line("attach --netns ./blue --source-guard=false")).isZero();
        assertThat(daemon.requests())
                .containsExactly("POST /containers {\"netns\":\""
                        + Path.of("blue").toAbsolutePath() + "\",\"networks\":[\"bridge\"],\"sourceGuard\":false}");
    }

    @Test
    void psShowsCommandsShortAndInQuotes() {
        daemon.on(
                "GET /containers",
                200,
                "[{\"Id\":\"" + ID + "\",\"Name\":\"www\",\"Config\":{\"Cmd\":[\"sleep\","
                        + "\"1000000000000000000\"]},\"Created\":\"\",\"State\":{\"Status\":\"exited\",\"ExitCode\":137},\"NetworkSettings\":"
                        + "{\"Networks\":{\"web\":{},\"db\":{}}}},{\"Id\":\"ff\",\"Name\":\"b\",\"Config\":{\"Cmd\":[]},"
                        + "\"State\":{\"Status\":\"detached\"}}]");
        assertThat(line("ps")).isZero();
        assertThat(out).isEqualTo("""
                CONTAINER ID   COMMAND                  CREATED   STATUS         PORTS     NAMES     NETWORKS
                0123456789ab   "sleep 1000000000000…"             Exited (137)             www       web,db
                ff             -                                  Detached                 b        \s
                """);
    }

    @Test
    void psSaysSinceWhenAContainerIsAsItIs() {
        Instant now = Instant.now();
        String state = "{\"Id\":\"ff\",\"Created\":\"" + now.minusSeconds(7 * 3600) + "\",\"State\":{\"StartedAt\":\""
                + now.minusSeconds(3 * 3600) + "\",\"FinishedAt\":\"%s\",\"Status\":\"%s\"%s}}";
        String ended = now.minusSeconds(5 * 60).toString();
        daemon.on(
                "GET /containers",
                200,
                "["
                        + String.join(
                                ",",
                                state.formatted("0001-01-01T00:00:00Z", "running", ",\"ExitCode\":0"),
                                state.formatted(ended, "exited", ",\"ExitCode\":3"),
                                state.formatted(ended, "exited", ",\"ExitCode\":null"),
                                state.formatted("0001-01-01T00:00:00Z", "exited", ""),
                                state.formatted(ended, "detached", ""))
                        + "]");
        assertThat(run("ps", "--format", "{{.RunningFor}}, {{.Status}}")).isZero();
        assertThat(out).isEqualTo("""
                7 hours ago, Up 3 hours
                7 hours ago, Exited (3) 5 minutes ago
                7 hours ago, Exited 5 minutes ago
                7 hours ago, Exited
                7 hours ago, Detached 5 minutes ago
                """);
    }

    @Test
    void statsNamesTheWayAndTheCrossings() {
        daemon.on(
                "GET /stats?container=a%20b",
                200,
                "{\"io\":\"poll\",\"workers\":2,\"conservation\":{\"holds\":true},"
                        + "\"internals\":{\"handoff_frames\":7,\"other\":1},\"containers\":[{\"container\":\"a b\",\"network\":"
                        + "\"web\",\"rxFrames\":1,\"rxBytes\":60,\"txFrames\":2,\"txBytes\":120,\"drops\":0}]}");
        assertThat(run("stats", "a b")).isZero();
        assertThat(out).isEqualTo("""
                CONTAINER   NETWORK   RX FRAMES   RX BYTES   TX FRAMES   TX BYTES   DROPS
                a b         web       1           60         2           120        0

                I/O path: poll   workers: 2   ring crossings: frames 7   frames conserved: yes
                """);
    }

    @ParameterizedTest
    @CsvSource({
        "network create --ingress web, --ingress, 1",
        "network connect --link a:b web www, --link, 1",
        "ps -s, --size, 1",
        "run --privileged -- true, --privileged, 125",
        "run -v /a:/b -- true, --volume, 125",
        "run -v/a:/b true, --volume, 125",
        "run --volume=/a:/b true, --volume, 125",
        "exec -u root www true, --user, 1",
        "logs --since 1m www, --since, 1",
        "trace web, 'trace', 1",
        "top, 'top', 1",
    })
    void whatIsNotInThisVersionIsRefusedByName(String command, String what, int code) {
        assertThat(line(command)).isEqualTo(code);
        String quoted = what.startsWith("--") ? what : "'" + what + "'";
        assertThat(err).isEqualTo("tapswitch: " + quoted + " is not in this version\n");
        assertThat(daemon.requests()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "rm -f _",
                "stop _",
                "inspect _",
                "rename _ b",
                "port _",
                "publish _ 80",
                "unpublish _ 80",
                "network inspect _",
                "network rm _",
                "network connect _ www"
            })
    void anEmptyNameIsRefusedInDockersWords(String command) {
        assertThat(run(command.replace("_", "").split(" ", -1))).isEqualTo(1);
        assertThat(err)
                .isEqualTo("invalid " + (command.startsWith("network") ? "network" : "container")
                        + " name or ID: value is empty\n");
        assertThat(daemon.requests()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "network create|tapswitch: \"tapswitch network create\" needs NAME|1",
                "network create a b|tapswitch: \"tapswitch network create\" does not take 'b'|1",
                "network ls --socket|tapswitch: flag needs an argument: --socket|1",
                "--socket|tapswitch: flag needs an argument: --socket|1",
                "attach blue|tapswitch: the flag --netns is missing|1",
                "dns lookup x|tapswitch: the flag --from is missing|1",
                "network ls --foo|tapswitch: unknown flag: --foo|1",
                "network frob|tapswitch: 'frob' is not a tapswitch network command.|1",
                "frob|tapswitch: 'frob' is not a tapswitch command.|1",
                "run|tapswitch: \"tapswitch run\" needs COMMAND|125",
                "run --frob true|tapswitch: unknown flag: --frob|125",
                "fdb --format {{.Nothing}}|template: at 3: there is no .Nothing; there are .Age, .Container, .Mac,"
                        + " .Network, .Port, .Type|1",
                "network ls -f nonsense|invalid argument \"nonsense\" for \"-f, --filter\" flag: bad format of filter"
                        + " (expected name=value)|1",
                "network connect --ip= web www|tapswitch: --ip is empty: give an address, or leave the flag out|1",
                "inspect --type volume x|\"volume\" is not a valid value for --type: must be container or network|1",
            })
    void mistakesAreExplainedInASentence(String command, String sentence, int code) {
        daemon.on("GET /fdb", 200, "[]");
        assertThat(line(command)).isEqualTo(code);
        assertThat(err).startsWith(sentence + "\n");
        assertThat(err.lines().count()).isLessThanOrEqualTo(2);
    }

    @ParameterizedTest
    @ValueSource(strings = {"--socket %s network ls -q", "network --socket %s ls -q", "network ls -q --socket=%s"})
    void theSocketIsTakenBeforeAndAfterTheVerb(String command) {
        daemon.on("GET /networks", 200, "[" + WEB + "]");
        assertThat(runWith("/nope", command.formatted(daemon.socket()).split(" ")))
                .isZero();
        assertThat(out).isEqualTo("0123456789ab\n");
    }

    @Test
    void aDaemonThatDoesNotRunIsSaidSo() {
        assertThat(run("--socket", directory.resolve("no").toString(), "network", "ls"))
                .isEqualTo(1);
        assertThat(err)
                .isEqualTo("Cannot connect to the tapswitch daemon at unix://" + directory.resolve("no")
                        + ". Is the daemon running?\n");
        assertThat(run("--socket", directory.resolve("no").toString(), "run", "true"))
                .isEqualTo(125);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "--help",
                "network --help",
                "network create --help",
                "network ls --help",
                "network rm --help",
                "network inspect --help",
                "network connect --help",
                "network disconnect --help",
                "network prune --help",
                "network verify --help",
                "rename --help",
                "events --help",
                "config --help",
                "config check --help",
                "config show --help",
                "cleanup --help",
                "attach --help",
                "run --help",
                "exec --help",
                "ps --help",
                "rm --help",
                "logs --help",
                "start --help",
                "stop --help",
                "inspect --help",
                "fdb --help",
                "node --help",
                "node ls --help",
                "peers --help",
                "drops --help",
                "stats --help",
                "status --help",
                "version --help",
                "daemon --help",
            })
    void everyVerbExplainsItselfWithAnExample(String command) {
        assertThat(line(command)).isZero();
        assertThat(out).contains("Example:\n  ").contains("--socket=PATH");
        // The list of verbs shows the first line of each, which must be a whole sentence.
        String verbs = out.substring(out.contains("Verbs:\n") ? out.indexOf("Verbs:\n") : out.length());
        assertThat(verbs.replaceAll("\n {10,}", " ").lines())
                .filteredOn(line -> line.startsWith("  "))
                .allSatisfy(line -> assertThat(line).endsWith("."));
    }

    @Test
    void execRefusesWhatIsNotRunning() {
        daemon.on("GET /containers/www", 200, "{\"Id\":\"" + ID + "\",\"State\":{\"Status\":\"exited\"}}");
        assertThat(line("exec www ls --help")).isEqualTo(1);
        assertThat(err).isEqualTo("Error response from daemon: container " + ID + " is not running\n");
    }
}
