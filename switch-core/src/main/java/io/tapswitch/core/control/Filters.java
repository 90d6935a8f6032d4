package io.tapswitch.core.control;

import io.tapswitch.core.model.Refusal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * What {@code --filter} asked for: values by key. An object must satisfy all keys; of a key's values one is enough, but
 * of labels it must have all. So docker does it, and its JSON is read in both its forms: {@code {"label":["a=b"]}} and
 * {@code {"label":{"a=b":true}}}.
 *
 * @param values by key, in the order given
 */
public record Filters(Map<String, List<String>> values) {
    /** Everything. */
    public static final Filters NONE = new Filters(Map.of());

    private static final JsonMapper MAPPER = JsonMapper.builder().build();
    private static final String CODE = "invalid_filter";

    /** Makes all of it unmodifiable. */
    public Filters {
        Map<String, List<String>> copy = new LinkedHashMap<>();
        values.forEach((key, wanted) -> copy.put(key, List.copyOf(wanted)));
        values = java.util.Collections.unmodifiableMap(copy);
    }

    /** {@return the filters that docker's JSON says; {@link #NONE} for null and nothing} */
    public static Filters parse(@Nullable String json) {
        if (json == null || json.isBlank()) {
            return NONE;
        }
        try {
            JsonNode object = MAPPER.readTree(json);
            if (!object.isObject()) {
                throw invalidJson(json);
            }
            Map<String, List<String>> values = new LinkedHashMap<>();
            for (Map.Entry<String, JsonNode> entry : object.properties()) {
                values.put(entry.getKey(), texts(entry.getValue(), json));
            }
            return new Filters(values);
        } catch (JacksonException e) {
            throw invalidJson(json);
        }
    }

    private static List<String> texts(JsonNode node, String json) {
        List<String> texts = new ArrayList<>();
        if (node.isObject()) {
            node.properties().stream()
                    .filter(entry -> entry.getValue().asBoolean(false))
                    .forEach(entry -> texts.add(entry.getKey()));
            return texts;
        }
        if (!node.isArray()) {
            throw invalidJson(json);
        }
        for (JsonNode element : node) {
            if (!element.isString()) {
                throw invalidJson(json);
            }
            texts.add(element.asString());
        }
        return texts;
    }

    private static Refusal invalidJson(String json) {
        return Refusal.badInput(CODE, "invalid filters '" + json + "': must be JSON such as {\"label\":[\"a=b\"]}");
    }

    static Refusal invalid(String key, @Nullable String value, String allowed) {
        String what = value == null ? key : key + "=" + value;
        return Refusal.badInput(CODE, "invalid filter '" + what + "'" + (allowed.isEmpty() ? "" : ": " + allowed));
    }

    /** Refuses every key but these. {@return this} */
    Filters allow(Set<String> keys) {
        for (String key : values.keySet()) {
            if (!keys.contains(key)) {
                throw invalid(key, null, "");
            }
        }
        return this;
    }

    /** {@return whether there is such a filter} */
    public boolean has(String key) {
        return !of(key).isEmpty();
    }

    /** {@return the values of a key, empty when it was not given} */
    public List<String> of(String key) {
        return values.getOrDefault(key, List.of());
    }

    /** {@return whether the text is one of the key's values; so is everything when there are none} */
    boolean equal(String key, String text) {
        return !has(key) || of(key).contains(text);
    }

    /** {@return whether the text begins with one of the key's values} */
    boolean begins(String key, String text) {
        return !has(key) || of(key).stream().anyMatch(text::startsWith);
    }

    /** {@return whether the text is one of the key's values, or one of these, as a pattern, is found in it} */
    boolean found(String key, String text) {
        return equal(key, text) || of(key).stream().anyMatch(value -> find(value, text));
    }

    /** {@return whether all of the key's values, {@code NAME} or {@code NAME=VALUE}, are among the labels} */
    boolean labels(String key, Map<String, String> labels) {
        return of(key).stream().allMatch(wanted -> {
            int equals = wanted.indexOf('=');
            String value = labels.get(equals < 0 ? wanted : wanted.substring(0, equals));
            return value != null && (equals < 0 || value.equals(wanted.substring(equals + 1)));
        });
    }

    private static boolean find(String pattern, String text) {
        try {
            return Pattern.compile(pattern).matcher(new Patient(text)).find();
        } catch (PatternSyntaxException | Patient.Exhausted e) {
            return false; // As docker does: what is no pattern is found nowhere.
        }
    }

    /** A text that can be looked at only so often: some patterns would look at it until the end of time. */
    private static final class Patient implements CharSequence {
        private static final int LOOKS_MAX = 100_000;

        private final String text;
        private int looks;

        Patient(String text) {
            this.text = text;
        }

        private static final class Exhausted extends RuntimeException {
            private static final long serialVersionUID = 1L;

            Exhausted() {
                super(null, null, false, false);
            }
        }

        @Override
        public char charAt(int index) {
            if (++looks > LOOKS_MAX) {
                throw new Exhausted();
            }
            return text.charAt(index);
        }

        @Override
        public int length() {
            return text.length();
        }

        @Override
        public CharSequence subSequence(int start, int end) {
            return text.subSequence(start, end);
        }

        @Override
        public String toString() {
            return text;
        }
    }
}
