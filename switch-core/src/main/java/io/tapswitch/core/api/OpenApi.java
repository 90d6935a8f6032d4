package io.tapswitch.core.api;

import io.tapswitch.core.observe.PcapFile;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import tools.jackson.databind.JsonNode;

/**
 * Describes the table of routes in OpenAPI 3.1. Schemas are made of the records ({@link Schemas}), examples stand in
 * examples.json and error codes in codes.json beside this class. A test holds every answer of a daemon to it.
 */
final class OpenApi {
    private static final String DESCRIPTION = "description";
    private static final String SCHEMA = "schema";
    private static final String CONTENT = "content";
    private static final String JSON = "application/json";
    private static final String FAILURE = "Failure";

    /** Answers that are no JSON, and their media types. */
    private static final Map<Class<?>, String> STREAMS =
            Map.of(EventStream.class, "text/event-stream", CaptureStream.class, PcapFile.MEDIA_TYPE);

    private final Schemas schemas = new Schemas();
    private final JsonNode examples = resource("examples.json");

    private OpenApi() {}

    static Map<String, Object> describe(List<Route> table, String version) {
        return new OpenApi().document(table, version);
    }

    static JsonNode resource(String name) {
        try (InputStream in = OpenApi.class.getResourceAsStream(name)) {
            if (in == null) {
                throw new IllegalStateException("the jar is incomplete: " + name + " is missing");
            }
            return Json.MAPPER.readTree(in.readAllBytes());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Map<String, Object> document(List<Route> table, String version) {
        Map<String, Map<String, Object>> paths = new LinkedHashMap<>();
        for (Route route : table) {
            paths.computeIfAbsent(route.path(), path -> new LinkedHashMap<>())
                    .put(route.method().toLowerCase(Locale.ROOT), operation(route));
        }
        schemas.answer(Answers.Failure.class);
        schemas.answer(Answers.Event.class);
        Map<String, Object> info = new LinkedHashMap<>();
        info.put("title", "tapswitch");
        info.put("version", version);
        info.put(DESCRIPTION, text());
        Map<String, Object> description = new LinkedHashMap<>();
        description.put("openapi", "3.1.0");
        description.put("info", info);
        description.put("jsonSchemaDialect", "https://json-schema.org/draft/2020-12/schema");
        description.put("paths", paths);
        Map<String, Object> components = new LinkedHashMap<>();
        components.put("schemas", schemas.all());
        components.put("responses", Map.of(FAILURE, failure()));
        description.put("components", components);
        return description;
    }

    /** What concerns all paths, with the table of error codes, in Markdown. */
    private static String text() {
        StringBuilder text = new StringBuilder("""
                HTTP/1.1 with JSON on a unix socket. `{ref}` is a name, an id, or the beginning of an id that no other
                object's begins with. Every status of 400 and above has a body `{"code", "message"}`: codes stay as they
                are from version to version, messages are for people and may change. Unknown keys and parameters are
                refused. An answer may get new keys in later versions.

                | code | status | meaning |
                |---|---|---|
                """);
        for (JsonNode code : resource("codes.json")) {
            text.append("| `")
                    .append(code.path("code").asString())
                    .append("` | ")
                    .append(code.path("status").asString())
                    .append(" | ")
                    .append(code.path("meaning").asString())
                    .append(" |\n");
        }
        return text.toString();
    }

    private static Map<String, Object> failure() {
        Map<String, Object> failure = new LinkedHashMap<>();
        failure.put(DESCRIPTION, "refused or failed");
        failure.put(
                CONTENT,
                Map.of(
                        JSON,
                        Map.of(
                                SCHEMA,
                                Schemas.reference(FAILURE),
                                "example",
                                new Answers.Failure("network_not_found", "network web not found"))));
        return failure;
    }

    private Map<String, Object> operation(Route route) {
        JsonNode example = examples.path(route.method() + " " + route.path());
        Map<String, Object> operation = new LinkedHashMap<>();
        operation.put("summary", route.summary());
        operation.put("operationId", operationId(route));
        operation.put("parameters", parameters(route));
        Class<?> body = route.body();
        if (body != null) {
            Map<String, Object> request = new LinkedHashMap<>();
            request.put("required", true);
            request.put(CONTENT, content(JSON, schemas.request(body, route.required()), example.path("request")));
            operation.put("requestBody", request);
        }
        operation.put("responses", responses(route, example.path("response")));
        return operation;
    }

    private static String operationId(Route route) {
        StringBuilder id = new StringBuilder(route.method().toLowerCase(Locale.ROOT));
        for (String segment : Route.segments(route.path())) {
            for (String word : segment.split("[^a-z]+", -1)) {
                if (!word.isEmpty()) {
                    id.append(Character.toUpperCase(word.charAt(0))).append(word, 1, word.length());
                }
            }
        }
        return id.toString();
    }

    private static List<Object> parameters(Route route) {
        List<Object> parameters = new ArrayList<>();
        if (route.path().contains(Route.REFERENCE)) {
            Map<String, Object> reference = new LinkedHashMap<>();
            reference.put("name", "ref");
            reference.put("in", "path");
            reference.put("required", true);
            reference.put(DESCRIPTION, "name, id, or the beginning of an id");
            reference.put(SCHEMA, Map.of("type", "string"));
            reference.put("example", "web");
            parameters.add(reference);
        }
        for (Parameter parameter : route.parameters()) {
            Map<String, Object> described = new LinkedHashMap<>();
            described.put("name", parameter.name());
            described.put("in", "query");
            described.put("required", false);
            described.put(DESCRIPTION, parameter.description());
            described.put(SCHEMA, Map.of("type", parameter.type()));
            described.put(
                    "example",
                    parameter.type().equals("string")
                            ? parameter.example()
                            : Json.MAPPER.readTree(parameter.example()));
            parameters.add(described);
        }
        return parameters;
    }

    private Map<String, Object> responses(Route route, JsonNode example) {
        String stream = STREAMS.get(route.answer());
        Map<String, Object> success = new LinkedHashMap<>();
        success.put(
                DESCRIPTION,
                stream == null
                        ? "done"
                        : route.answer() == EventStream.class
                                ? "server-sent events, each with an Event as its data; a Failure in an event named"
                                        + " error when the client was too slow and missed some"
                                : "a file of frames, or lines of text (text/plain); trailing headers say how many"
                                        + " frames were captured (tapswitch-captured) and how many not,"
                                        + " because they came too fast (tapswitch-lost), and that it ended because"
                                        + " nothing of what was captured is left (tapswitch-ended)");
        Object schema = stream != null ? Map.of("type", "string") : schemas.answer(route.answer());
        success.put(
                CONTENT,
                content(
                        stream != null ? stream : JSON,
                        route.many() ? Map.of("type", "array", "items", schema) : schema,
                        example));
        Map<String, Object> responses = new TreeMap<>();
        responses.put(String.valueOf(route.status()), success);
        Object failure = Map.of("$ref", "#/components/responses/" + FAILURE);
        responses.put("400", failure);
        route.errors().forEach(status -> responses.put(String.valueOf(status), failure));
        responses.put("500", failure);
        responses.put("default", failure);
        return responses;
    }

    private static Map<String, Object> content(String type, Object schema, JsonNode example) {
        Map<String, Object> media = new LinkedHashMap<>();
        media.put(SCHEMA, schema);
        if (!example.isMissingNode()) {
            media.put("example", example);
        }
        return Map.of(type, media);
    }
}
