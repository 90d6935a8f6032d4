package io.tapswitch.core.overlay.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.sun.net.httpserver.HttpServer;
import io.tapswitch.lab.Eventually;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Row 92 of the catalogue: what a store does that is not as it should be, and the sentence that says it. */
@Timeout(30)
final class EtcdStoreTest {
    private static final String HEADER = "\"header\":{\"cluster_id\":\"7\",\"revision\":\"12\"}";
    private static final Transaction SOME = Transaction.when().put("/a", "1").done();

    private final List<HttpServer> servers = new ArrayList<>();
    /** Paths and bodies of what was asked. */
    private final List<String> asked = new CopyOnWriteArrayList<>();

    /** What a member says to a question. */
    private record Said(int status, String text) {}

    private URI member(Function<String, Said> answers) throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 16);
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.createContext("/", exchange -> {
            String path = exchange.getRequestURI().getPath();
            asked.add(path + " " + exchange.getRequestHeaders().getFirst("Authorization"));
            exchange.getRequestBody().readAllBytes();
            Said said = answers.apply(path);
            byte[] bytes = said.text().getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(said.status(), 0);
            exchange.getResponseBody().write(bytes);
            exchange.close();
        });
        server.start();
        servers.add(server);
        return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
    }

    private URI member(int status, String text) throws IOException {
        return member(path -> new Said(status, text));
    }

    /** {@return one that takes the question and never answers} */
    private URI silent() throws IOException {
        return member(path -> {
            try {
                return new CompletableFuture<Said>().get();
            } catch (InterruptedException | java.util.concurrent.ExecutionException e) {
                return new Said(500, "");
            }
        });
    }

    private static URI nobody() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return URI.create("http://127.0.0.1:" + socket.getLocalPort());
        }
    }

    @AfterEach
    void stop() {
        servers.forEach(server -> server.stop(0));
    }

    private static EtcdStore store(URI... members) {
        return store(null, members);
    }

    private static EtcdStore store(EtcdSettings.@Nullable Credentials credentials, URI... members) {
        return new EtcdStore(new EtcdSettings(
                List.of(members), null, credentials, Duration.ofMillis(500), Duration.ofMillis(1_000)));
    }

    private static StoreException failure(Runnable call) {
        return catchThrowableOfType(StoreException.class, call::run);
    }

    @Test
    void aMemberThatIsGoneIsPassedOverAndThenLeftAlone() throws IOException {
        try (EtcdStore store = store(nobody(), member(200, "{" + HEADER + "}"))) {
            assertThat(store.range("/a/").revision()).isEqualTo(12);
            assertThat(store.commit(SOME).isDone()).isFalse();
            assertThat(asked).hasSize(2);
        }
    }

    @Test
    void withoutAnyMemberTheSentenceSaysWhereNobodyWas() throws IOException {
        URI nobody = nobody();
        try (EtcdStore store = store(nobody)) {
            StoreException failure = failure(() -> store.range("/a/"));
            assertThat(failure.kind()).isEqualTo(StoreException.Kind.UNREACHABLE);
            assertThat(failure.mayHaveHappened()).isFalse();
            assertThat(failure.sentence())
                    .startsWith("cluster store unreachable: " + nobody + "/ does not answer")
                    .contains("is etcd running there");
        }
    }

    @Test
    void aSlowMemberCostsABoundedTimeAndAReadGoesToTheNext() throws IOException {
        try (EtcdStore store = store(silent(), member(200, "{" + HEADER + "}"))) {
            long before = System.nanoTime();
            assertThat(store.range("/a/").revision()).isEqualTo(12);
            assertThat(Duration.ofNanos(System.nanoTime() - before)).isLessThan(store.callBound());
        }
    }

    /** As when the address that the connection is from is gone: nothing comes any more, and nothing says so. */
    @Test
    void row94_connectionsThatAreGivenUpHoldNothingUpAndTheNextOnesAreNew() throws IOException {
        CompletableFuture<Said> never = new CompletableFuture<>();
        URI member = member(path -> asked.size() == 1 ? never.join() : new Said(200, "{" + HEADER + "}"));
        Duration bound = Duration.ofSeconds(60);
        EtcdStore store = new EtcdStore(new EtcdSettings(List.of(member), null, null, bound, bound));
        try {
            CompletableFuture<ClusterStore.Range> reading = CompletableFuture.supplyAsync(() -> store.range("/a"));
            Eventually.until("it was asked", () -> asked.size() == 1);
            store.reconnect();
            assertThat(reading).succeedsWithin(Duration.ofSeconds(5));
            assertThat(asked).hasSize(2);
            store.close();
            store.reconnect();
            assertThat(failure(() -> store.range("/a")).kind()).isEqualTo(StoreException.Kind.CLOSED);
        } finally {
            store.close();
            never.complete(new Said(500, ""));
        }
    }

    @Test
    void aTransactionWhoseAnswerIsLostIsNotPutAgain() throws IOException {
        try (EtcdStore store = store(silent(), member(200, "{" + HEADER + ",\"succeeded\":true}"))) {
            StoreException failure = failure(() -> store.commit(SOME));
            assertThat(failure.kind()).isEqualTo(StoreException.Kind.TOO_SLOW);
            assertThat(failure.mayHaveHappened()).isTrue();
            assertThat(failure.sentence())
                    .startsWith("cluster store too slow:")
                    .containsPattern("did not answer within \\d+ ms; is it overloaded");
            assertThat(asked).hasSize(1);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "<html>It works!</html>",
                "",
                "{}",
                "[1,2]",
                "null",
                "{\"header\":3}",
                "{\"header\":{}}",
                "{" + HEADER,
                "{" + HEADER + ",\"kvs\":[{\"key\":\"*\",\"mod_revision\":\"3\"}]}",
                "{" + HEADER + ",\"kvs\":[{\"key\":\"YQ==\"}]}"
            })
    void nonsenseIsCalledNonsense(String nonsense) throws IOException {
        try (EtcdStore store = store(member(200, nonsense))) {
            assertThatThrownBy(() -> store.range("/a/"))
                    .isInstanceOf(StoreException.class)
                    .hasMessageStartingWith("cluster store answers nonsense: http://127.0.0.1:")
                    .hasMessageContaining("is another service at that address");
        }
    }

    @Test
    void aPageOfAnotherServiceIsShownInPart() throws IOException {
        try (EtcdStore store = store(member(404, "<h1>not\nhere</h1>" + "x".repeat(500)))) {
            assertThat(failure(() -> store.range("/a/")).sentence())
                    .contains("HTTP status 404, '<h1>not here</h1>xxx")
                    .hasSizeLessThan(300);
        }
    }

    @Test
    void whatTheStoreSaysItselfIsPassedOn() throws IOException {
        URI full = member(429, "{\"message\":\"etcdserver: mvcc: database space exceeded\",\"code\":8}");
        URI headless = member(503, "{\"message\":\"etcdserver: no leader\",\"code\":14}");
        try (EtcdStore first = store(full);
                EtcdStore second = store(headless)) {
            assertThat(failure(() -> first.commit(SOME)).sentence())
                    .contains("says 'etcdserver: mvcc: database space exceeded'; compact and defragment");
            assertThat(failure(() -> second.commit(SOME)).sentence())
                    .contains("says 'etcdserver: no leader'; most of its members must be up");
            assertThat(failure(() -> second.commit(SOME)).mayHaveHappened()).isFalse();
        }
    }

    @Test
    void aLeaseThatIsGoneIsSaidWithoutAWord() throws IOException {
        try (EtcdStore store = store(member(200, "{\"result\":{" + HEADER + ",\"ID\":\"5\"}}"))) {
            assertThat(failure(() -> store.keepAlive(5)).kind()).isEqualTo(StoreException.Kind.LEASE_LOST);
        }
    }

    @Test
    void aTokenIsAskedForOnceAndAgainWhenItIsNotTakenAnyMore() throws IOException {
        List<String> tokens = new CopyOnWriteArrayList<>(List.of("one", "two"));
        URI member = member(path -> {
            if (path.endsWith("authenticate")) {
                return new Said(200, "{" + HEADER + ",\"token\":\"" + tokens.removeFirst() + "\"}");
            }
            boolean isOld = asked.getLast().endsWith("one") && asked.size() > 3;
            return isOld
                    ? new Said(401, "{\"message\":\"etcdserver: invalid auth token\",\"code\":16}")
                    : new Said(200, "{" + HEADER + "}");
        });
        try (EtcdStore store = store(new EtcdSettings.Credentials("switch", "word"), member)) {
            store.range("/a/");
            store.range("/a/");
            store.commit(SOME);
        }
        assertThat(asked)
                .containsExactly(
                        "/v3/auth/authenticate null",
                        "/v3/kv/range one",
                        "/v3/kv/range one",
                        "/v3/kv/txn one",
                        "/v3/auth/authenticate null",
                        "/v3/kv/txn two");
    }

    @Test
    void aStoreThatWantsNoPasswordGetsNone() throws IOException {
        URI member = member(path -> path.endsWith("authenticate")
                ? new Said(412, "{\"message\":\"etcdserver: authentication is not enabled\",\"code\":9}")
                : new Said(200, "{" + HEADER + "}"));
        try (EtcdStore store = store(new EtcdSettings.Credentials("switch", "word"), member)) {
            assertThat(store.range("/a/").entries()).isEmpty();
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"result\":{\"header\":{\"cluster_id\":\"7\",\"revision\":\"12\"},\"created\":true}}\nnonsense\n",
                "{\"result\":{}}\n",
                "{\"result\":{\"header\":{\"cluster_id\":\"7\"},\"events\":[{\"kv\":{}}]}}\n",
                "\n\n\n<html>\n"
            })
    void aWatchThatTellsNonsenseEnds(String nonsense) throws IOException {
        assertThat(endOfWatch(member(200, nonsense)).kind()).isEqualTo(StoreException.Kind.GARBAGE);
    }

    @Test
    void aWatchThatBreaksOffOrIsRefusedEnds() throws IOException {
        String begun = "{\"result\":{" + HEADER + ",\"created\":true}}\n";
        assertThat(endOfWatch(member(200, begun)).sentence()).contains("the watch has ended");
        assertThat(endOfWatch(nobody()).kind()).isEqualTo(StoreException.Kind.UNREACHABLE);
        String forgotten = "{\"result\":{" + HEADER + ",\"canceled\":true,\"compact_revision\":\"9\"}}\n";
        assertThat(endOfWatch(member(200, begun + forgotten)).kind()).isEqualTo(StoreException.Kind.COMPACTED);
        String refused = "{\"error\":{\"grpc_code\":7,\"message\":\"etcdserver: permission denied\"}}\n";
        assertThat(endOfWatch(member(200, refused)).kind()).isEqualTo(StoreException.Kind.REFUSED);
    }

    private static StoreException endOfWatch(URI member) {
        List<StoreException> ends = new CopyOnWriteArrayList<>();
        try (EtcdStore store = store(member)) {
            ClusterStore.Watcher watcher = new ClusterStore.Watcher() {
                @Override
                public void changed(long revision, List<StoredEntry> entries) {
                    assertThat(entries).isEmpty();
                }

                @Override
                public void ended(StoreException why) {
                    ends.add(why);
                }
            };
            try (ClusterStore.Watch watch = store.watch("/a/", 3, watcher)) {
                Eventually.until("the end of " + watch, () -> !ends.isEmpty());
            }
        }
        return ends.getFirst();
    }

    @Test
    void afterTheCloseEveryCallSaysSo() throws IOException {
        EtcdStore store = store(member(200, "{" + HEADER + "}"));
        store.close();
        assertThat(failure(() -> store.range("/a/")).kind()).isEqualTo(StoreException.Kind.CLOSED);
    }
}
