package io.tapswitch.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.lab.Background;
import io.tapswitch.lab.Certificates;
import io.tapswitch.lab.ClusterLab;
import io.tapswitch.lab.Etcd;
import io.tapswitch.lab.Eventually;
import io.tapswitch.lab.Flow;
import io.tapswitch.lab.Json;
import io.tapswitch.lab.LabContainer;
import io.tapswitch.lab.LabNamespace;
import io.tapswitch.lab.World;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The cluster's store as it should be run: three members, TLS and a password. A-OVL-12, A-OVL-13, V12, row 92. */
@Tag("netns")
@Timeout(150)
final class OverlayStoreIT {
    private static final int STORE = 101;

    private final ClusterLab lab = new ClusterLab(2);
    private final World one = lab.host(1);
    private final World two = lab.host(2);
    private final List<Etcd> members = new ArrayList<>();

    @AfterEach
    void close() {
        lab.close();
        members.forEach(Etcd::close);
    }

    private static String file(World host, String name, String content) {
        return host.file(name, content).toString();
    }

    @Test
    void A_OVL_13_aStoreWithTlsAndAPassword_andEachThatIsWrongHasASentence() throws IOException {
        String address = ClusterLab.address(STORE);
        Path directory = Files.createDirectories(one.directory().resolve("tls"));
        Certificates made = new Certificates(directory, address);
        Path ca = made.authority("ca");
        Path stranger = made.authority("stranger");
        Path server = made.signed("server", "/CN=etcd", ca);
        Path client = made.signed("client", "/O=tapswitch", ca);
        Path named = made.signed("named", "/CN=tapswitch", ca);
        Etcd etcd = new Etcd(
                lab.place(STORE),
                address,
                directory.resolve("data"),
                "https",
                "--cert-file",
                server.toString(),
                "--key-file",
                Certificates.key(server).toString(),
                "--client-cert-auth",
                "--trusted-ca-file",
                ca.toString());
        members.add(etcd.start());
        guard(etcd, ca, client);
        List<String> tls = tls(etcd, client);
        String right = "kv.cacertfile=" + ca;
        String word = "kv.userfile=" + file(one, "user", "tapswitch:word\n");
        lab.join(1, with(tls, right, word));
        ClusterLab.awaitJoined(one);
        one.cli("network", "create", "-d", "overlay", "mesh");
        LabContainer a = one.attached("a", "--network", "mesh");

        lab.join(2, with(tls, "kv.cacertfile=" + stranger, word));
        String untrusted = "cluster store refused: no TLS with https://" + address + ":2379";
        Eventually.until("another authority", () -> two.cli("status").contains(untrusted));
        two.stop();
        lab.join(2, with(tls(etcd, named), right, word));
        Eventually.until(
                "a name in the certificate",
                () -> two.cli("status").contains("takes no client certificate that has a CommonName"));
        two.stop();
        String wrong = "kv.userfile=" + file(two, "user", "tapswitch:other\n");
        lab.join(2, with(tls, right, wrong));
        Eventually.until(
                "another password",
                () -> two.cli("status").contains("authentication failed, invalid user ID or password"));
        assertThat(two.cli("status")).contains("cluster store refused:").doesNotContain("other\n");
        two.stop();
        lab.join(2, with(tls, right, word));
        ClusterLab.awaitJoined(two);
        ClusterLab.awaitNetwork(two, "mesh");
        LabContainer b = two.attached("b", "--network", "mesh");
        ClusterLab.awaitName(a, "b");
        a.ping(b.endpoint("mesh").text("IPAddress"));
        one.assertNoTrouble();
        two.assertNoTrouble();
    }

    private static List<String> tls(Etcd etcd, Path client) {
        String key = "kv.keyfile=" + Certificates.key(client);
        return List.of(
                "--cluster-store",
                etcd.url(),
                "--cluster-store-opt",
                "kv.certfile=" + client,
                "--cluster-store-opt",
                key);
    }

    /** A user {@code tapswitch} as docs/overlay.md makes it, who may do what is under {@code /tapswitch/}. */
    private static void guard(Etcd etcd, Path ca, Path client) {
        String[] tls = {
            "--cacert",
            ca.toString(),
            "--cert",
            client.toString(),
            "--key",
            Certificates.key(client).toString()
        };
        String begin = base64("/tapswitch/");
        String end = base64("/tapswitch0");
        etcd.curl("/v3/auth/user/add", "{\"name\": \"root\", \"password\": \"secret\"}", tls);
        etcd.curl("/v3/auth/role/add", "{\"name\": \"root\"}", tls);
        etcd.curl("/v3/auth/user/grant", "{\"user\": \"root\", \"role\": \"root\"}", tls);
        etcd.curl("/v3/auth/user/add", "{\"name\": \"tapswitch\", \"password\": \"word\"}", tls);
        etcd.curl("/v3/auth/role/add", "{\"name\": \"tapswitch\"}", tls);
        String may = "{\"permType\": \"READWRITE\", \"key\": \"" + begin + "\", \"range_end\": \"" + end + "\"}";
        etcd.curl("/v3/auth/role/grant", "{\"name\": \"tapswitch\", \"perm\": " + may + "}", tls);
        etcd.curl("/v3/auth/user/grant", "{\"user\": \"tapswitch\", \"role\": \"tapswitch\"}", tls);
        etcd.curl("/v3/auth/enable", "{}", tls);
    }

    private static String base64(String text) {
        return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
    }

    private static String[] with(List<String> flags, String... options) {
        List<String> all = new ArrayList<>(flags);
        for (String option : options) {
            all.addAll(List.of("--cluster-store-opt", option));
        }
        return all.toArray(String[]::new);
    }

    @Test
    void A_OVL_12_V12_ofThreeMembersOneDies_alsoTheLeader_andNobodyNotices() {
        List<String> addresses = List.of(ClusterLab.address(101), ClusterLab.address(102), ClusterLab.address(103));
        List<LabNamespace> places = List.of(lab.place(101), lab.place(102), lab.place(103));
        for (int i = 0; i < 3; i++) {
            members.add(Etcd.member(places, addresses, i, one.directory()).launch());
        }
        members.forEach(Etcd::awaitReady);
        String store =
                "etcd://" + addresses.stream().map(each -> each + ":2379").collect(Collectors.joining(","));
        lab.join(1, "--cluster-store", store);
        lab.join(2, "--cluster-store", store);
        ClusterLab.awaitJoined(one);
        ClusterLab.awaitJoined(two);
        one.cli("network", "create", "-d", "overlay", "mesh");
        ClusterLab.awaitNetwork(two, "mesh");
        LabContainer a = one.attached("a", "--network", "mesh");
        LabContainer b = two.attached("b", "--network", "mesh");
        ClusterLab.awaitName(a, "b");
        try (Flow flow = Flow.start(a, b.endpoint("mesh").text("IPAddress"), b, 500)) {
            int leader = leader();
            int follower = (leader + 1) % 3;
            members.get(follower).kill();
            goesOn("follower");
            members.get(follower).start();
            leader = leader();
            members.get(leader).kill();
            goesOn("leader");
            members.get(leader).start();
            // Without a majority nothing is changed, and what is there goes on.
            members.get(0).kill();
            members.get(1).kill();
            Eventually.until(
                    Duration.ofSeconds(15),
                    "no majority is said",
                    () -> one.cli("status").contains("cluster store"));
            assertThat(one.refused("network", "create", "-d", "overlay", "more"))
                    .contains("cluster store");
            members.get(0).launch();
            members.get(1).launch().awaitReady();
            members.get(0).awaitReady();
            goesOn("majority");
            flow.end().nothingLost();
        }
    }

    @Test
    void row92_V12_aStoreThatIsTooSlowOrAnswersNonsenseIsCalledSo_trafficGoesOnAndItComesBack() {
        lab.joined();
        one.cli("network", "create", "-d", "overlay", "mesh");
        ClusterLab.awaitNetwork(two, "mesh");
        LabContainer a = one.attached("a", "--network", "mesh");
        LabContainer b = two.attached("b", "--network", "mesh");
        ClusterLab.awaitName(a, "b");
        try (Flow flow = Flow.start(a, b.endpoint("mesh").text("IPAddress"), b, 500)) {
            lab.etcd().freeze();
            // A question is given 5 s.
            assertThat(one.refused("network", "create", "-d", "overlay", "more"))
                    .contains("cluster store too slow");
            assertThat(ClusterLab.lookup(a, "b")).isNotEmpty();
            lab.etcd().thaw();
            goesOn("slow");

            lab.etcd().kill();
            try (Background web = lab.storeHost().start("python3", "-um", "http.server", "2379")) {
                Eventually.until(
                        Duration.ofSeconds(15),
                        "nonsense",
                        () -> one.cli("status").contains("cluster store answers nonsense"));
                assertThat(one.refused("network", "create", "-d", "overlay", "more"))
                        .contains("cluster store answers nonsense");
                assertThat(ClusterLab.lookup(a, "b")).isNotEmpty();
                assertThat(web.alive()).isTrue();
            }
            lab.etcd().start();
            goesOn("nonsense");
            flow.end().nothingLost();
        }
    }

    /** A container is made on each host, and known on the other within seconds, each by a change of the store. */
    private void goesOn(String what) {
        Duration allowed = Duration.ofSeconds(15);
        List<LabContainer> made = new ArrayList<>();
        for (World host : List.of(one, two)) {
            String name = what + (host == one ? "-one" : "-two");
            Eventually.until(allowed, "a container without " + what, () -> {
                try {
                    made.add(host.attached(name, "--network", "mesh"));
                    return true;
                } catch (AssertionError e) {
                    return false;
                }
            });
        }
        Eventually.until(
                allowed,
                "names without " + what,
                () -> !ClusterLab.lookup(made.get(0), what + "-two").isEmpty()
                        && !ClusterLab.lookup(made.get(1), what + "-one").isEmpty());
        made.get(0).ping(made.get(1).endpoint("mesh").text("IPAddress"));
    }

    private int leader() {
        for (int i = 0; i < members.size(); i++) {
            Json status = Json.parse(members.get(i).curl("/v3/maintenance/status", "{}"));
            if (status.at("header").text("member_id").equals(status.text("leader"))) {
                return i;
            }
        }
        throw new AssertionError("nobody leads");
    }
}
