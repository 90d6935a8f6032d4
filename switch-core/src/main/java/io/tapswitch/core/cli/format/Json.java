package io.tapswitch.core.cli.format;

import com.grack.nanojson.JsonArray;
import com.grack.nanojson.JsonObject;
import com.grack.nanojson.JsonWriter;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** JSON for people, laid out as docker's inspect does it: four spaces, and empty objects and arrays on one line. */
public final class Json {
    private static final String INDENT = "    ";

    private Json() {}

    /** On many lines. */
    public static String pretty(@Nullable Object value) {
        StringBuilder text = new StringBuilder();
        append(text, value, "\n");
        return text.append('\n').toString();
    }

    /** On one line. */
    public static String line(@Nullable Object value) {
        // nanojson guards "</" for JSON inside HTML, which nobody expects in a terminal.
        return JsonWriter.string(value).replace("<\\/", "</");
    }

    /** A member as text, "" when it is missing or null. */
    public static String text(JsonObject object, String key) {
        Object value = object.get(key);
        return value == null ? "" : value.toString();
    }

    /** Members as texts, in the order of the keys. */
    public static String[] texts(JsonObject object, String... keys) {
        return Arrays.stream(keys).map(key -> text(object, key)).toArray(String[]::new);
    }

    /** A member that is an object; an empty one when it is missing. */
    public static JsonObject object(JsonObject object, String key) {
        JsonObject value = object.getObject(key);
        return value == null ? new JsonObject() : value;
    }

    /** The elements that are objects. */
    public static List<JsonObject> objects(@Nullable JsonArray array) {
        return array == null
                ? List.of()
                : array.stream()
                        .filter(JsonObject.class::isInstance)
                        .map(JsonObject.class::cast)
                        .toList();
    }

    private static void append(StringBuilder text, @Nullable Object value, String newline) {
        String deeper = newline + INDENT;
        String separator = "";
        if (value instanceof Map<?, ?> map && !map.isEmpty()) {
            text.append('{');
            for (Map.Entry<?, ?> member : map.entrySet()) {
                text.append(separator)
                        .append(deeper)
                        .append(line(member.getKey()))
                        .append(": ");
                append(text, member.getValue(), deeper);
                separator = ",";
            }
            text.append(newline).append('}');
        } else if (value instanceof List<?> list && !list.isEmpty()) {
            text.append('[');
            for (Object element : list) {
                text.append(separator).append(deeper);
                append(text, element, deeper);
                separator = ",";
            }
            text.append(newline).append(']');
        } else {
            text.append(line(value));
        }
    }
}
