package io.tapswitch.core.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

/** node ls, peers, and the cluster in status, against a daemon with prepared answers. */
class ClusterVerbsTest extends CliCase {
    private static final String OTHER = "fedcba9876543210".repeat(4);
    private static final String NODES = "[{\"id\":\"" + ID
            + "\",\"self\":true,\"name\":\"alpha\",\"address\":\"192.0.2.1\",\"status\":\"ready\","
            + "\"unseenSeconds\":null,\"networks\":2,\"containers\":5},{\"id\":\"" + OTHER
            + "\",\"self\":false,\"name\":\"beta\",\"address\":\"192.0.2.2\",\"status\":\"unseen\","
            + "\"unseenSeconds\":12,\"networks\":1,\"containers\":3}]";

    private List<String> cells() {
        return out.lines().map(line -> line.strip().replaceAll(" {2,}", "|")).toList();
    }

    @Test
    void nodesAreListedAsDockerDoesWithAStarBehindThisOne() {
        daemon.on("GET /nodes", 200, NODES).on("GET /nodes?filters=%7B%22name%22%3A%5B%22b%22%5D%7D", 200, "[]");
        assertThat(line("node ls")).as(err).isZero();
        assertThat(cells())
                .containsExactly(
                        "ID|HOSTNAME|ADDRESS|STATUS|NETWORKS|CONTAINERS",
                        "0123456789ab *|alpha|192.0.2.1|ready|2|5",
                        "fedcba987654|beta|192.0.2.2|unseen for 12s|1|3");
        line("node ls -q");
        assertThat(out).isEqualTo("0123456789ab\nfedcba987654\n");
        line("node ls -q --no-trunc");
        assertThat(out).isEqualTo(ID + "\n" + OTHER + "\n");
        run("node", "ls", "--format", "{{.ID}} {{.Self}} {{.Status}}");
        assertThat(out).isEqualTo("0123456789ab true ready\nfedcba987654 false unseen for 12s\n");
        line("node ls --format json");
        assertThat(out).startsWith("{\"Address\":\"192.0.2.1\",\"Containers\":\"5\"");
        assertThat(line("node ls --filter name=b")).isZero();
        assertThat(cells()).containsExactly("ID|HOSTNAME|ADDRESS|STATUS|NETWORKS|CONTAINERS");
    }

    @Test
    void withoutAClusterTheDaemonsRefusalIsShown() {
        daemon.on("GET /nodes", 409, "{\"code\":\"cluster_missing\",\"message\":\"this daemon is in no cluster\"}");
        assertThat(line("node ls")).isEqualTo(1);
        assertThat(err).isEqualTo("Error response from daemon: this daemon is in no cluster\n");
    }

    @Test
    void peersAreShownWithWhoNamesThemAndWhatCameAndWent() {
        String peer = "{\"network\":\"mesh\",\"vni\":4096,\"host\":\"%s\",\"address\":\"192.0.2.7\",\"source\":\"%s\","
                + "\"pathMtu\":1400,\"endpoints\":2,\"rxFrames\":10,\"rxBytes\":1000,\"txFrames\":20,\"txBytes\":2000,\"drops\":3,"
                + "\"heardSeconds\":%s}";
        String all = "[" + peer.formatted("beta", "cluster", "4") + "," + peer.formatted("", "file", "null") + "]";
        daemon.on("GET /peers", 200, all).on("GET /peers?network=mesh", 200, all);
        assertThat(line("peers")).as(err).isZero();
        assertThat(cells())
                .containsExactly(
                        "NETWORK|VNI|HOST|ADDRESS|SOURCE|PATH MTU|ENDPOINTS|RX FRAMES|RX BYTES|TX FRAMES|TX BYTES|DROPS|HEARD",
                        "mesh|4096|beta|192.0.2.7|cluster|1400|2|10|1000|20|2000|3|4s ago",
                        "mesh|4096|-|192.0.2.7|file|1400|2|10|1000|20|2000|3|-");
        run("peers", "mesh", "--format", "{{.Host}} {{.Heard}}");
        assertThat(out).isEqualTo("beta 4s ago\n- -\n");
        line("peers mesh --format json");
        assertThat(out).contains("\"heardSeconds\": 4");
    }

    @Test
    void verifyPrintsATableAndEachDifferenceAndFailsWhenThereIsOne() {
        String answer = "{\"network\":\"mesh\",\"fine\":%s,\"hosts\":[{\"id\":\"" + ID
                + "\",\"self\":true,\"name\":\"alpha\",\"address\":\"192.0.2.1\",\"endpoints\":6,"
                + "\"verdict\":\"%s\"}],\"differences\":[%s],\"causes\":[%s]}";
        String difference = "host alpha believes 10.0.0.5 is at host c, the store says host b";
        String cause = "host alpha says: no tunnel has an end here";
        daemon.on(
                "POST /networks/mesh/verify",
                200,
                answer.formatted(false, "differs", '"' + difference + '"', '"' + cause + '"'));
        assertThat(line("network verify mesh")).as(err).isEqualTo(1);
        assertThat(cells())
                .containsExactly("HOST|ADDRESS|ENDPOINTS|VERDICT", "alpha|192.0.2.1|6|differs", difference, cause);
        assertThat(line("network verify mesh --format json")).isEqualTo(1);
        assertThat(out).contains("\"fine\": false");
        daemon.on("POST /networks/mesh/verify", 200, answer.formatted(true, "agrees", "", ""));
        assertThat(run("network", "verify", "mesh", "--format", "{{.Host}} {{.ID}} {{.Verdict}}"))
                .isZero();
        assertThat(out).isEqualTo("alpha 0123456789ab agrees\n");
    }

    @Test
    void statusShowsTheClusterAndWhyItIsAway() {
        String status = "{\"cluster\":{\"store\":\"etcd://192.0.2.100:2379\",\"id\":\"" + ID + "\",\"name\":\"alpha\","
                + "\"address\":\"192.0.2.1\",\"standing\":\"%s\",\"why\":\"%s\",\"sinceSeconds\":12,"
                + "\"hostsAlive\":2,\"hosts\":3,\"pendingChanges\":%s},\"warnings\":[]}";
        daemon.on("GET /status", 200, status.formatted("away", "cluster store unreachable: nobody answers", "4"));
        assertThat(line("status")).as(err).isZero();
        assertThat(cells())
                .contains(
                        "cluster|etcd://192.0.2.100:2379, away for 12 seconds: cluster store unreachable: nobody answers",
                        "cluster host|alpha, 0123456789ab, at 192.0.2.1",
                        "cluster hosts|unknown; the store had 3 when it was read last, 2 of them alive",
                        "cluster changes|4 not yet in the store");
        daemon.on("GET /status", 200, status.formatted("joined", "", "0"));
        line("status");
        assertThat(cells())
                .contains("cluster|etcd://192.0.2.100:2379, joined for 12 seconds", "cluster hosts|2 alive of 3");
        assertThat(out).doesNotContain("cluster changes");
    }

    @Test
    void V12_aDaemonThatNeverReadTheStoreSaysSoAndCountsNobodyAlive() {
        String status = "{\"cluster\":{\"store\":\"s\",\"id\":\"" + ID + "\",\"name\":\"alpha\","
                + "\"address\":\"192.0.2.1\",\"standing\":\"away\",\"why\":\"\",\"sinceSeconds\":12,"
                + "\"hostsAlive\":null,\"hosts\":%s,\"pendingChanges\":0},\"warnings\":[]}";
        daemon.on("GET /status", 200, status.formatted("3"));
        assertThat(line("status")).as(err).isZero();
        assertThat(cells())
                .contains("cluster hosts|unknown; the store had 3 when it was read last, before this daemon's start");
        daemon.on("GET /status", 200, status.formatted("0"));
        line("status");
        assertThat(cells()).contains("cluster hosts|unknown; the store was never read");
    }
}
