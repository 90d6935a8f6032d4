package io.tapswitch.core.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** attach, run, exec, stop, start and logs, as far as they make nothing. */
class ContainerVerbsTest extends CliCase {
    @Test
    void attachSendsEachOfItsFlags() {
        daemon.on("POST /containers", 201, "{\"id\":\"" + ID + "\"}");
        assertThat(line("attach --netns blue --net none --ip6 fd00::5 --mac-address 02:00:00:00:00:01 --network-alias a"
                        + " --net-alias b --hostname box --dns 192.0.2.53 --dns 192.0.2.54 -l k=v=w --label alone"
                        + " --expose 80 --expose 53/udp --source-guard=false"))
                .isZero();
        assertThat(out).isEqualTo(ID + "\n");
        assertThat(err).isEmpty();
        assertThat(daemon.requests())
                .containsExactly("POST /containers {\"netns\":\"blue\",\"networks\":[\"none\"],\"ip6\":\"fd00::5\","
                        + "\"mac\":\"02:00:00:00:00:01\",\"aliases\":[\"a\",\"b\"],\"hostname\":\"box\","
                        + "\"dns\":[\"192.0.2.53\",\"192.0.2.54\"],\"labels\":{\"k\":\"v=w\",\"alone\":\"\"},"
                        + "\"expose\":[\"80\",\"53/udp\"],\"sourceGuard\":false}");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "attach --netns b --net host|tapswitch: attach cannot take --network host: ",
                "attach --netns b --net container:www|tapswitch: attach cannot take --network container:www: ",
                "attach --netns /proc/7/ns/net --dns 192.0.2.1 --write-resolv-conf|tapswitch: --write-resolv-conf needs a",
                "attach --netns 7 --dns 192.0.2.1 --write-resolv-conf|tapswitch: --write-resolv-conf needs a namespace",
                "attach --netns b --hostname -x-|tapswitch: ",
                "logs --tail many www|tapswitch: --tail takes a number of lines or 'all', not 'many'",
            })
    void whatCannotBeIsRefusedBeforeAnythingIsAsked(String command, String sentence) {
        assertThat(line(command)).isEqualTo(1);
        assertThat(err).startsWith(sentence);
        assertThat(daemon.requests()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "--hostname x|hostname and the network mode",
                "--dns 192.0.2.1|dns and the network mode",
                "--mac-address 02:00:00:00:00:01|mac-address and the network mode",
                "-p 80:80|port publishing and the container type network mode",
                "-P|port publishing and the container type network mode",
                "--expose 80|port exposing and the container type network mode",
            })
    void A_ATT_12_whatAnotherContainersNamespaceDecidesCannotBeChosen(String flags, String what) {
        assertThat(line("run " + flags + " --net container:www true")).isEqualTo(125);
        assertThat(err).isEqualTo("tapswitch: conflicting options: " + what + "\n");
        assertThat(daemon.requests()).isEmpty();
    }

    @Test
    void joiningAContainerThatIsNotThereOrDoesNotRunIsRefusedInDockersWords() {
        daemon.on("GET /status", 200, "{\"pid\":1,\"stateDir\":\"" + directory + "\"}")
                .on("GET /containers/no", 404, "{\"message\":\"No such container: no\"}")
                .on("GET /containers/old", 200, "{\"Id\":\"" + ID + "\",\"State\":{\"Status\":\"exited\"}}");
        assertThat(line("run --net container:no true")).isEqualTo(125);
        assertThat(err).isEqualTo("tapswitch: Error response from daemon: No such container: no\n");
        assertThat(line("run --net container:old true")).isEqualTo(125);
        assertThat(err)
                .isEqualTo("tapswitch: Error response from daemon: cannot join network of a non running container: "
                        + ID + "\n");
        assertThat(line("run --net container: true")).isEqualTo(125);
        assertThat(err).contains("invalid container format container:<name|id>");
    }

    @Test
    void stopTellsEachAndGoesOnAfterARefusal() {
        daemon.on("POST /containers/a/stop?timeout=2", 200, "{}")
                .on("POST /containers/b/stop?timeout=2", 409, "{\"message\":\"b was attached\"}")
                .on("POST /containers/c/stop?timeout=2", 200, "{}");
        assertThat(line("stop -t 2 a b c")).isEqualTo(1);
        assertThat(out).isEqualTo("a\nc\n");
        assertThat(err).isEqualTo("Error response from daemon: b was attached\n");
        assertThat(line("stop --time ten a")).isEqualTo(1);
    }

    @Test
    void stopWaitsForTheAnswerAsMuchLongerAsItWasToldTo() {
        patience = Duration.ofMillis(200);
        daemon.on("POST /containers/a/stop?timeout=9", 200, "{}")
                .slowly("POST /containers/a/stop?timeout=9", Duration.ofMillis(600));
        assertThat(line("stop -t 9 a")).as(() -> err).isZero();
        assertThat(out).isEqualTo("a\n");
    }

    @Test
    void startLeavesARunningOneAloneAndRefusesAnAttachedOne() {
        daemon.on("GET /status", 200, "{\"pid\":1,\"stateDir\":\"" + directory + "\"}")
                .on("GET /containers/up", 200, "{\"Id\":\"" + ID + "\",\"State\":{\"Status\":\"running\"}}")
                .on(
                        "GET /containers/blue",
                        200,
                        "{\"Id\":\"" + ID + "\",\"Config\":{\"Cmd\":[]},\"State\":{\"Status\":\"detached\"}}");
        assertThat(line("start up blue")).isEqualTo(1);
        assertThat(out).isEqualTo("up\n");
        assertThat(err)
                .startsWith("tapswitch: container blue was attached, not run")
                .hasLineCount(1);
    }

    @Test
    void logsOfWhatHasNoneSaysWhy() {
        daemon.on("GET /status", 200, "{\"pid\":1,\"stateDir\":\"" + directory + "\"}")
                .on("GET /containers/blue", 200, "{\"Id\":\"" + ID + "\",\"Config\":{\"Cmd\":[]}}")
                .on("GET /containers/front", 200, "{\"Id\":\"" + ID + "\",\"Config\":{\"Cmd\":[\"ls\"]}}");
        assertThat(line("logs blue")).isEqualTo(1);
        assertThat(err).isEqualTo("tapswitch: container blue has no log: it was attached, not run\n");
        assertThat(line("logs front")).isEqualTo(1);
        assertThat(err).isEqualTo("tapswitch: container front has no log: it was not run in the background\n");
    }
}
