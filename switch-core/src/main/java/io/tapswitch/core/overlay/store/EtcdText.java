package io.tapswitch.core.overlay.store;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Questions and answers of etcd's v3 JSON gateway (api-grpc-gateway, rpc.proto): keys and values in base64, 64-bit
 * numbers as texts, and what is zero, false or empty left out. Pure. What an answer lacks reads as zero, so whoever
 * reads one checks first that it has a header: something else that speaks JSON has none.
 */
final class EtcdText {
    private static final JsonMapper JSON = JsonMapper.shared();
    private static final Base64.Encoder BASE64 = Base64.getEncoder();
    private static final String KEY = "key";

    private EtcdText() {}

    /** {@return the JSON text of a question} */
    static byte[] bytes(Map<String, Object> question) {
        return JSON.writeValueAsBytes(question);
    }

    /**
     * {@return an answer as a tree}
     *
     * @throws JacksonException when it is no JSON
     */
    static JsonNode tree(byte[] answer, int length) {
        return JSON.readTree(answer, 0, length);
    }

    static String encoded(String text) {
        return BASE64.encodeToString(text.getBytes(StandardCharsets.UTF_8));
    }

    private static String decoded(JsonNode node) {
        try {
            return new String(Base64.getDecoder().decode(node.asString("")), StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            throw new MalformedAnswer("a key or value that is no base64");
        }
    }

    /** An answer that etcd does not give. */
    static final class MalformedAnswer extends RuntimeException {
        private static final long serialVersionUID = 1L;

        MalformedAnswer(String what) {
            super(what);
        }
    }

    /** {@return the keys {@code key} and, for all that begins with it, {@code range_end}} */
    static Map<String, Object> scope(String scope) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put(KEY, encoded(scope));
        if (scope.endsWith("/")) {
            map.put("range_end", encoded(end(scope)));
        }
        return map;
    }

    /** {@return the first text behind all that begin with a prefix, whose last character is a slash} */
    static String end(String prefix) {
        return prefix.substring(0, prefix.length() - 1) + (char) ('/' + 1);
    }

    /** {@return the question for a page of a scope at a revision; revision 0 is the newest} */
    static Map<String, Object> range(String scope, String fromKey, long revision, int limit) {
        Map<String, Object> map = scope(scope);
        map.put(KEY, encoded(fromKey));
        map.put("revision", text(revision));
        map.put("limit", text(limit));
        return map;
    }

    private static String text(long number) {
        return Long.toString(number);
    }

    static Map<String, Object> grant(Duration life) {
        return Map.of("TTL", text(Math.max(1, life.toSeconds())));
    }

    static Map<String, Object> lease(long lease) {
        return Map.of("ID", text(lease));
    }

    static Map<String, Object> watch(String scope, long fromRevision) {
        Map<String, Object> create = scope(scope);
        create.put("start_revision", text(fromRevision));
        create.put("progress_notify", true);
        // Otherwise all that happened since the revision comes as one message of any size.
        create.put("fragment", true);
        return Map.of("create_request", create);
    }

    static Map<String, Object> transaction(Transaction transaction) {
        return Map.of(
                "compare",
                transaction.conditions().stream().map(EtcdText::compare).toList(),
                "success",
                transaction.changes().stream().map(EtcdText::operation).toList(),
                "failure",
                transaction.otherwise().stream()
                        .map(scope -> Map.<String, Object>of("request_range", scope(scope)))
                        .toList());
    }

    private static Map<String, Object> compare(Transaction.Condition condition) {
        return switch (condition) {
            // With a range, etcd holds the comparison against each key of it, and against zero when there is none.
            case Transaction.Condition.Absent(String scope) ->
                compare(scope, "EQUAL", "CREATE", "create_revision", text(0));
            case Transaction.Condition.Present(String key) ->
                compare(key, "GREATER", "CREATE", "create_revision", text(0));
            case Transaction.Condition.Unchanged(String key, long revision) ->
                compare(key, "EQUAL", "MOD", "mod_revision", text(revision));
            case Transaction.Condition.Holds(String key, String value) ->
                compare(key, "EQUAL", "VALUE", "value", encoded(value));
            case Transaction.Condition.NothingNewer(String scope, long revision) ->
                compare(scope, "LESS", "MOD", "mod_revision", text(revision + 1));
        };
    }

    private static Map<String, Object> compare(String scope, String result, String target, String key, String value) {
        Map<String, Object> map = scope(scope);
        map.put("result", result);
        map.put("target", target);
        map.put(key, value);
        return map;
    }

    private static Map<String, Object> operation(Transaction.Change change) {
        return switch (change) {
            case Transaction.Change.Put(String key, String value, long lease) -> {
                Map<String, Object> put = new LinkedHashMap<>();
                put.put(KEY, encoded(key));
                put.put("value", encoded(value));
                if (lease != 0) {
                    put.put("lease", text(lease));
                }
                yield Map.of("request_put", put);
            }
            case Transaction.Change.Remove(String scope) -> Map.of("request_delete_range", scope(scope));
        };
    }

    /** {@return the header of an answer, without which it is not etcd's} */
    static JsonNode header(JsonNode answer) {
        JsonNode header = answer.path("header");
        if (!header.isObject() || cluster(header).isEmpty()) {
            throw new MalformedAnswer("no header of etcd");
        }
        return header;
    }

    static String cluster(JsonNode header) {
        return header.path("cluster_id").asString("");
    }

    static long number(JsonNode node, String key) {
        return node.path(key).asLong(0);
    }

    /** {@return the entries in a list of {@code kvs}} */
    static List<StoredEntry> entries(JsonNode kvs) {
        List<StoredEntry> entries = new ArrayList<>();
        for (JsonNode kv : kvs) {
            entries.add(entry(kv));
        }
        return entries;
    }

    private static StoredEntry entry(JsonNode kv) {
        return new StoredEntry(
                decoded(kv.path(KEY)), decoded(kv.path("value")), number(kv, "create_revision"), revision(kv));
    }

    private static long revision(JsonNode kv) {
        long revision = number(kv, "mod_revision");
        if (revision <= 0) {
            throw new MalformedAnswer("an entry without a revision");
        }
        return revision;
    }

    /** {@return the changes in a watch's message} */
    static List<StoredEntry> changes(JsonNode result) {
        List<StoredEntry> changes = new ArrayList<>();
        for (JsonNode event : result.path("events")) {
            JsonNode kv = event.path("kv");
            changes.add(
                    event.path("type").asString("PUT").equals("DELETE")
                            ? StoredEntry.removed(decoded(kv.path(KEY)), revision(kv))
                            : entry(kv));
        }
        return changes;
    }

    /** {@return what the reads of a transaction brought} */
    static List<StoredEntry> reads(JsonNode answer) {
        List<StoredEntry> reads = new ArrayList<>();
        for (JsonNode response : answer.path("responses")) {
            reads.addAll(entries(response.path("response_range").path("kvs")));
        }
        return reads;
    }
}
