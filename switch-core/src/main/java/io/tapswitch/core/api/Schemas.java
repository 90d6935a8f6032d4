package io.tapswitch.core.api;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import java.lang.reflect.AnnotatedType;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * JSON schemas of records. In an answer every key is there, and null only where the record says {@code @Nullable}; in a
 * request every key may be missing or null but for those that the route needs. No object has other keys.
 */
final class Schemas {
    private static final String TYPE = "type";
    private static final String OBJECT = "object";

    private final Map<String, Object> all = new TreeMap<>();

    /** {@return all that were needed so far, by name} */
    Map<String, Object> all() {
        return all;
    }

    static Map<String, Object> reference(String name) {
        return Map.of("$ref", "#/components/schemas/" + name);
    }

    /** {@return the schema of an answer} */
    Object answer(Class<?> type) {
        return schema(type, false);
    }

    /** {@return the schema of a request that must have these keys} */
    Object request(Class<?> type, List<String> required) {
        record(type, true, required);
        return reference(type.getSimpleName());
    }

    private Object schema(Type type, boolean request) {
        if (type instanceof ParameterizedType generic) {
            Type[] arguments = generic.getActualTypeArguments();
            return generic.getRawType() == List.class
                    ? Map.of(TYPE, "array", "items", schema(arguments[0], request))
                    : Map.of(TYPE, OBJECT, "additionalProperties", schema(arguments[1], request));
        }
        if (type instanceof Class<?> plain && plain.isRecord()) {
            record(plain, request, List.of());
            return reference(plain.getSimpleName());
        }
        return Map.of(TYPE, word(type));
    }

    private void record(Class<?> type, boolean request, List<String> needed) {
        if (all.containsKey(type.getSimpleName())) {
            return;
        }
        Map<String, Object> properties = new LinkedHashMap<>();
        List<String> required = new ArrayList<>();
        Map<String, Object> schema = new LinkedHashMap<>();
        schema.put(TYPE, OBJECT);
        schema.put("properties", properties);
        schema.put("required", required);
        schema.put("additionalProperties", false);
        all.put(type.getSimpleName(), schema);
        for (RecordComponent component : type.getRecordComponents()) {
            JsonProperty named = component.getAccessor().getAnnotation(JsonProperty.class);
            String name = named == null ? component.getName() : named.value();
            boolean leftOut = request || (isNullable(component) && leavesOutNull(type));
            boolean nullable = isNullable(component) && !needed.contains(name) && (request || !leftOut);
            Object property = schema(component.getGenericType(), request);
            properties.put(name, nullable ? orNull(property) : property);
            if (needed.contains(name) || !leftOut) {
                required.add(name);
            }
        }
    }

    private static boolean isNullable(RecordComponent component) {
        AnnotatedType type = component.getAnnotatedType();
        return type.isAnnotationPresent(Nullable.class);
    }

    private static boolean leavesOutNull(Class<?> type) {
        JsonInclude include = type.getAnnotation(JsonInclude.class);
        return include != null && include.value() == JsonInclude.Include.NON_NULL;
    }

    private static Object orNull(Object schema) {
        return Map.of("anyOf", List.of(schema, Map.of(TYPE, "null")));
    }

    private static String word(Type type) {
        if (type == String.class) {
            return "string";
        }
        if (type == boolean.class || type == Boolean.class) {
            return "boolean";
        }
        return type == Map.class ? OBJECT : "integer";
    }
}
