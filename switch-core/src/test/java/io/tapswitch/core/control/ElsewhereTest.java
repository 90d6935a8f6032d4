package io.tapswitch.core.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.entry;

import io.tapswitch.core.model.Refusal;
import io.tapswitch.core.overlay.ClusterState;
import io.tapswitch.core.overlay.store.StoredEntry;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Whoever names a container of another host is told which host that is. */
class ElsewhereTest {
    private static final String ROOT = "/tapswitch/v1/";
    private final List<StoredEntry> entries = new ArrayList<>();

    private static String id(int number) {
        return "%064x".formatted(number);
    }

    private void put(String key, String value) {
        entries.add(new StoredEntry(ROOT + key, value, entries.size() + 1, entries.size() + 1));
    }

    private void host(int number, String name, boolean isAlive) {
        put("hosts/" + id(number), "{\"name\":\"" + name + "\",\"vtep\":\"192.0.2." + number + "\",\"incarnation\":1}");
        if (isAlive) {
            put("alive/" + id(number), "{\"incarnation\":1}");
        }
    }

    private void endpoint(int host, int number, String name) {
        put(
                "endpoints/" + id(7) + "/" + id(number),
                "{\"host\":\"" + id(host) + "\",\"name\":\"" + name + "\",\"aliases\":[\"" + name
                        + "\",\"db\",\"" + "0123456789%02x".formatted(number)
                        + "\"],\"mac\":\"02:42:0a:00:00:02\",\"ipv4\":\"10.0.0." + number
                        + "\"}");
    }

    @BeforeEach
    void begin() {
        put(
                "networks/" + id(7),
                "{\"name\":\"wide\",\"vni\":4096,\"created\":\"now\",\"internal\":false,\"ipv6\":false,"
                        + "\"attachable\":true,\"subnets\":[],\"options\":{},\"labels\":{}}");
        host(1, "alpha", true);
        host(2, "beta", true);
        host(3, "gamma", false);
        endpoint(1, 10, "own");
        endpoint(2, 11, "web");
        endpoint(3, 12, "late");
    }

    private Elsewhere elsewhere() {
        return Elsewhere.of(ClusterState.empty().merged(entries).state().view(), id(1));
    }

    private String refusal(String reference) {
        Refusal refusal = Objects.requireNonNull(elsewhere().refusal(reference), reference);
        assertThat(refusal.code()).isEqualTo("container_elsewhere");
        return refusal.sentence();
    }

    @Test
    void A_OVL_05_theHostOfAContainerIsSaidByWhateverItIsCalled() {
        for (String reference : List.of("web", "/web", "ep-" + id(11), id(11), "01234567890bcdef")) {
            assertThat(refusal(reference))
                    .as(reference)
                    .startsWith("No such container: " + reference + " on this host. ")
                    .contains("on host beta (192.0.2.2)")
                    .endsWith(": run the command there");
        }
    }

    @Test
    void whatIsHereOrNowhereOrOnlyAnAliasIsNoOtherHosts() {
        for (String reference : List.of("own", "nobody", "db", "we", "", "ep-", "ep-" + id(10))) {
            assertThat(elsewhere().refusal(reference)).as(reference).isNull();
        }
        assertThat(Elsewhere.NONE.refusal("web")).isNull();
    }

    @Test
    void A_OVL_18_ofADeadHostItIsSaidHowItsPlaceBecomesFree() {
        assertThat(refusal("late"))
                .contains("on host gamma (192.0.2.3), which has no sign of life")
                .contains("'tapswitch network disconnect -f wide late'");
    }

    @Test
    void containersOfOneNameOnTwoHostsAreBothSaid() {
        endpoint(3, 13, "web");
        assertThat(refusal("web"))
                .contains("Those of that name are on host beta (192.0.2.2) and host gamma (192.0.2.3): run");
    }

    @Test
    void whoIsInANetworkIsSaidWithTheHost() {
        endpoint(3, 13, "db");
        assertThat(elsewhere().in(id(7)))
                .containsExactly(entry("beta", List.of("web")), entry("gamma", List.of("db", "late")));
        assertThat(elsewhere().in(id(8))).isEmpty();
    }
}
