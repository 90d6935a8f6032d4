package io.tapswitch.core.api;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** Describes the table of routes in OpenAPI 3.1, schemas included, which are those of the records. */
final class OpenApi {
    private static final String JSON = "application/json";

    private OpenApi() {}

    static Map<String, Object> describe(List<Route> table, String version) {
        Map<String, Map<String, Object>> paths = new LinkedHashMap<>();
        Map<String, Object> schemas = new TreeMap<>();
        for (Route route : table) {
            paths.computeIfAbsent(route.path(), path -> new LinkedHashMap<>())
                    .put(route.method().toLowerCase(Locale.ROOT), operation(route, schemas));
        }
        Map<String, Object> description = new LinkedHashMap<>();
        description.put("openapi", "3.1.0");
        description.put("info", Map.of("title", "tapswitch", "version", version));
        description.put("paths", paths);
        description.put("components", Map.of("schemas", schemas));
        return description;
    }

    private static Map<String, Object> operation(Route route, Map<String, Object> schemas) {
        Map<String, Object> operation = new LinkedHashMap<>();
        operation.put("summary", route.summary());
        List<Object> parameters = new ArrayList<>();
        if (route.path().endsWith(Route.REFERENCE)) {
            parameters.add(Map.of("name", "ref", "in", "path", "required", true, "schema", Map.of("type", "string")));
        }
        for (String name : route.parameters()) {
            parameters.add(Map.of("name", name, "in", "query", "schema", Map.of("type", "string")));
        }
        operation.put("parameters", parameters);
        if (route.body() != null) {
            operation.put("requestBody", Map.of("required", true, "content", content(route.body(), false, schemas)));
        }
        Map<String, Object> responses = new LinkedHashMap<>();
        responses.put(
                String.valueOf(route.status()),
                Map.of("description", "done", "content", content(route.answer(), route.many(), schemas)));
        responses.put(
                "default",
                Map.of("description", "refused or failed", "content", content(Answers.Failure.class, false, schemas)));
        operation.put("responses", responses);
        return operation;
    }

    private static Map<String, Object> content(Class<?> type, boolean many, Map<String, Object> schemas) {
        Object schema = schema(type, schemas);
        return Map.of(JSON, Map.of("schema", many ? Map.of("type", "array", "items", schema) : schema));
    }

    private static Object schema(Type type, Map<String, Object> schemas) {
        if (type instanceof ParameterizedType generic) {
            Type[] arguments = generic.getActualTypeArguments();
            return generic.getRawType() == List.class
                    ? Map.of("type", "array", "items", schema(arguments[0], schemas))
                    : Map.of("type", "object", "additionalProperties", schema(arguments[1], schemas));
        }
        if (type instanceof Class<?> plain && plain.isRecord()) {
            record(plain, schemas);
            return Map.of("$ref", "#/components/schemas/" + plain.getSimpleName());
        }
        return Map.of("type", word(type));
    }

    private static void record(Class<?> type, Map<String, Object> schemas) {
        if (schemas.containsKey(type.getSimpleName())) {
            return;
        }
        Map<String, Object> properties = new LinkedHashMap<>();
        Map<String, Object> schema = new LinkedHashMap<>();
        schema.put("type", "object");
        schema.put("properties", properties);
        schemas.put(type.getSimpleName(), schema);
        for (RecordComponent component : type.getRecordComponents()) {
            JsonProperty named = component.getAccessor().getAnnotation(JsonProperty.class);
            String name = named == null ? component.getName() : named.value();
            properties.put(name, schema(component.getGenericType(), schemas));
        }
    }

    private static String word(Type type) {
        if (type == String.class) {
            return "string";
        }
        if (type == boolean.class || type == Boolean.class) {
            return "boolean";
        }
        return type == Map.class ? "object" : "integer";
    }
}
