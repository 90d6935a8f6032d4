package io.tapswitch.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.tapswitch.core.overlay.store.ClusterStore;
import io.tapswitch.core.overlay.store.EtcdSettings;
import io.tapswitch.core.overlay.store.EtcdStore;
import io.tapswitch.core.overlay.store.StoreException;
import io.tapswitch.core.overlay.store.StoredEntry;
import io.tapswitch.core.overlay.store.Transaction;
import io.tapswitch.lab.Certificates;
import io.tapswitch.lab.Etcd;
import io.tapswitch.lab.Eventually;
import io.tapswitch.lab.LabNamespace;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The cluster store by a real etcd: what its documentation promises, and what becomes of our calls when it fails. */
@Tag("netns")
@Timeout(60)
final class EtcdStoreIT {
    private static final String ADDRESS = "127.0.0.1";

    @TempDir
    static Path directory;

    private static @Nullable LabNamespace namespace;
    private static @Nullable ExecutorService threads;
    private static @Nullable Etcd shared;

    @BeforeAll
    static void makeNamespace() {
        assumeTrue("root".equals(System.getProperty("user.name")), "network namespaces need root");
        namespace = new LabNamespace("etcd");
        threads = Etcd.threadsIn(namespace);
        shared = etcd("shared", ADDRESS, "http").start();
    }

    @AfterAll
    static void removeNamespace() {
        if (namespace != null && threads != null && shared != null) {
            shared.close();
            threads.shutdownNow();
            namespace.close();
        }
    }

    private static Etcd etcd(String name, String address, String scheme, String... flags) {
        return new Etcd(Objects.requireNonNull(namespace), address, directory.resolve(name), scheme, flags);
    }

    private static ClusterStore store(String url) {
        return store(EtcdSettings.parse(url, null, null));
    }

    private static ClusterStore store(EtcdSettings settings) {
        return new EtcdStore(settings, Objects.requireNonNull(threads));
    }

    /** What a watch said. */
    private static final class Heard implements ClusterStore.Watcher {
        private final List<StoredEntry> changes = new CopyOnWriteArrayList<>();
        private final List<StoreException> ends = new CopyOnWriteArrayList<>();

        @Override
        public void changed(long revision, List<StoredEntry> entries) {
            changes.addAll(entries);
        }

        @Override
        public void ended(StoreException why) {
            ends.add(why);
        }

        private void await(String what, BooleanSupplier condition) {
            Eventually.until(what + ", heard " + changes + " " + ends, condition);
        }
    }

    private static ClusterStore.Outcome put(ClusterStore store, String key, String value) {
        return store.commit(Transaction.when().put(key, value).done());
    }

    @Test
    void transactionsCompareAndSetAlsoWholeScopes() {
        try (ClusterStore store = store("etcd://127.0.0.1:1,127.0.0.1")) {
            ClusterStore.Outcome first = store.commit(
                    Transaction.when().absent("/c/a").put("/c/a", "α").done());
            ClusterStore.Outcome second = store.commit(Transaction.when()
                    .absent("/c/a")
                    .put("/c/a", "two")
                    .otherwiseRead("/c/")
                    .done());
            assertThat(first.isDone()).isTrue();
            assertThat(second.isDone()).isFalse();
            assertThat(second.read()).containsExactly(new StoredEntry("/c/a", "α", first.revision(), first.revision()));
            assertThat(store.commit(Transaction.when()
                                    .absent("/c/")
                                    .put("/c/b", "")
                                    .done())
                            .isDone())
                    .as("somebody is in the scope")
                    .isFalse();
            assertThat(store.commit(Transaction.when()
                                    .absent("/nobody/")
                                    .present("/c/a")
                                    .holds("/c/a", "α")
                                    .unchanged("/c/a", first.revision())
                                    .nothingNewer("/c/", first.revision())
                                    .put("/c/b", "")
                                    .done())
                            .isDone())
                    .isTrue();
            assertThat(store.commit(Transaction.when()
                                    .nothingNewer("/c/", first.revision())
                                    .put("/c/d", "")
                                    .done())
                            .isDone())
                    .as("/c/b is newer")
                    .isFalse();
            store.commit(Transaction.when().remove("/c/").done());
            assertThat(store.range("/c/").entries()).isEmpty();
        }
    }

    @Test
    void aScopeIsReadInPagesAtOneRevision() {
        try (ClusterStore store = store("etcd://127.0.0.1")) {
            for (int page = 0; page < 20; page++) {
                int from = page * 120;
                Transaction.Draft draft = Transaction.when();
                IntStream.range(from, from + 120).forEach(i -> draft.put("/p/%05d".formatted(i), "v" + i));
                store.commit(draft.done());
            }
            ClusterStore.Range range = store.range("/p/");
            assertThat(range.entries())
                    .hasSize(2_400)
                    .isSortedAccordingTo((a, b) -> a.key().compareTo(b.key()));
            assertThat(range.entries().getLast().value()).isEqualTo("v2399");
        }
    }

    @Test
    void aWatchTellsEveryChangeFromARevisionOn() {
        try (ClusterStore store = store("etcd://127.0.0.1")) {
            long first = put(store, "/w/a", "1").revision();
            store.commit(Transaction.when().remove("/w/a").done());
            Heard heard = new Heard();
            try (ClusterStore.Watch watch = store.watch("/w/", first, heard)) {
                put(store, "/w/b", "2");
                heard.await("three changes", () -> heard.changes.size() == 3);
                assertThat(heard.changes)
                        .containsExactly(
                                new StoredEntry("/w/a", "1", first, first),
                                StoredEntry.removed("/w/a", first + 1),
                                new StoredEntry("/w/b", "2", first + 2, first + 2));
                assertThat(watch).isNotNull();
            }
            assertThat(heard.ends).isEmpty();
        }
    }

    @Test
    void whatHangsOnALeaseGoesWithIt() {
        try (ClusterStore store = store("etcd://127.0.0.1")) {
            long lease = store.grant(Duration.ofSeconds(1));
            store.commit(Transaction.when().put("/l/a", "alive", lease).done());
            assertThat(store.keepAlive(lease).revision()).isPositive();
            Eventually.until(
                    "the lease ends", () -> store.range("/l/").entries().isEmpty());
            assertThatThrownBy(() -> store.keepAlive(lease))
                    .isInstanceOfSatisfying(
                            StoreException.class,
                            lost -> assertThat(lost.kind()).isEqualTo(StoreException.Kind.LEASE_LOST));
            store.revoke(lease);
            assertThatThrownBy(() -> store.commit(
                            Transaction.when().put("/l/a", "late", lease).done()))
                    .isInstanceOfSatisfying(
                            StoreException.class,
                            lost -> assertThat(lost.kind()).isEqualTo(StoreException.Kind.LEASE_LOST));
        }
    }

    @Test
    void row92_killedAndStartedAgainItIsTheSameAndThePlaceToGoOnIsKnown() {
        String other = "127.0.0.2";
        try (Etcd etcd = etcd("restarted", other, "http").start();
                ClusterStore store = store(etcd.url())) {
            long revision = put(store, "/r/a", "1").revision();
            Heard heard = new Heard();
            try (ClusterStore.Watch watch = store.watch("/r/", revision, heard)) {
                heard.await("the change", () -> heard.changes.size() == 1);
                etcd.kill();
                heard.await("the end", () -> !heard.ends.isEmpty());
                assertThat(watch).isNotNull();
            }
            assertThatThrownBy(() -> store.range("/r/"))
                    .isInstanceOf(StoreException.class)
                    .hasMessageStartingWith("cluster store unreachable: http://127.0.0.2:2379/");
            etcd.start();
            assertThat(store.range("/r/").entries()).hasSize(1);
            put(store, "/r/b", "2");
            Heard later = new Heard();
            try (ClusterStore.Watch watch = store.watch("/r/", revision + 1, later)) {
                later.await("the next change", () -> later.changes.size() == 1);
                assertThat(watch).isNotNull();
            }
            etcd.curl("/v3/kv/compaction", "{\"revision\": " + (revision + 1) + "}");
            Heard compacted = new Heard();
            try (ClusterStore.Watch watch = store.watch("/r/", revision, compacted)) {
                compacted.await("the end", () -> !compacted.ends.isEmpty());
                assertThat(compacted.ends.getFirst().kind()).isEqualTo(StoreException.Kind.COMPACTED);
                assertThat(watch).isNotNull();
            }
        }
    }

    @Test
    void userAndPasswordAndANewTokenWhenTheOldOneIsForgotten() {
        String other = "127.0.0.3";
        try (Etcd etcd = etcd("guarded", other, "http").start()) {
            etcd.curl("/v3/auth/user/add", "{\"name\": \"root\", \"password\": \"secret\"}");
            etcd.curl("/v3/auth/role/add", "{\"name\": \"root\"}");
            etcd.curl("/v3/auth/user/grant", "{\"user\": \"root\", \"role\": \"root\"}");
            etcd.curl("/v3/auth/user/add", "{\"name\": \"switch\", \"password\": \"word\"}");
            etcd.curl("/v3/auth/role/add", "{\"name\": \"switch\"}");
            etcd.curl(
                    "/v3/auth/role/grant",
                    "{\"name\": \"switch\", \"perm\": {\"permType\": \"READWRITE\", \"key\": \"" + base64("/t/")
                            + "\", \"range_end\": \"" + base64("/t0") + "\"}}");
            etcd.curl("/v3/auth/user/grant", "{\"user\": \"switch\", \"role\": \"switch\"}");
            etcd.curl("/v3/auth/enable", "{}");
            try (ClusterStore store = as(etcd, "switch", "word")) {
                put(store, "/t/a", "1");
                etcd.kill();
                etcd.start();
                assertThat(put(store, "/t/b", "2").isDone()).isTrue();
                Heard heard = new Heard();
                try (ClusterStore.Watch watch = store.watch("/t/", 1, heard)) {
                    heard.await("the changes", () -> heard.changes.size() == 2);
                    assertThat(watch).isNotNull();
                }
                assertThatThrownBy(() -> put(store, "/u", ""))
                        .hasMessageStartingWith("cluster store refused:")
                        .hasMessageContaining("permission denied");
                Heard foreign = new Heard();
                try (ClusterStore.Watch watch = store.watch("/u/", 1, foreign)) {
                    foreign.await("the end", () -> !foreign.ends.isEmpty());
                    assertThat(foreign.ends.getFirst().kind()).isEqualTo(StoreException.Kind.REFUSED);
                    assertThat(watch).isNotNull();
                }
            }
            try (ClusterStore store = as(etcd, "switch", "wrong")) {
                assertThatThrownBy(() -> store.range("/t/"))
                        .hasMessageContaining("authentication failed")
                        .hasMessageContaining("check user, password");
            }
            try (ClusterStore store = store(etcd.url())) {
                assertThatThrownBy(() -> store.range("/t/")).hasMessageStartingWith("cluster store refused:");
            }
        }
    }

    private static ClusterStore as(Etcd etcd, String user, String password) {
        return store(EtcdSettings.parse(etcd.url(), null, new EtcdSettings.Credentials(user, password)));
    }

    private static String base64(String text) {
        return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void tlsBothWays() {
        String other = "127.0.0.4";
        Certificates made = new Certificates(directory, other);
        Path ca = made.authority("ca");
        Path server = made.signed("server", "/CN=etcd", ca);
        Path client = made.signed("client", "/CN=tapswitch", ca);
        try (Etcd etcd = etcd(
                        "secured",
                        other,
                        "https",
                        "--cert-file",
                        server.toString(),
                        "--key-file",
                        Certificates.key(server).toString(),
                        "--client-cert-auth",
                        "--trusted-ca-file",
                        ca.toString())
                .start()) {
            try (ClusterStore store = store(
                    EtcdSettings.parse(etcd.url(), new EtcdSettings.Tls(ca, client, Certificates.key(client)), null))) {
                assertThat(put(store, "/s/a", "1").isDone()).isTrue();
                assertThat(store.range("/s/").entries()).hasSize(1);
            }
            try (ClusterStore store =
                    store(EtcdSettings.parse(etcd.url(), new EtcdSettings.Tls(ca, null, null), null))) {
                assertThatThrownBy(() -> store.range("/s/")).hasMessageStartingWith("cluster store refused: no TLS");
            }
            try (ClusterStore store = store(EtcdSettings.parse(etcd.url(), null, null))) {
                assertThatThrownBy(() -> store.range("/s/")).isInstanceOf(StoreException.class);
            }
        }
    }
}
