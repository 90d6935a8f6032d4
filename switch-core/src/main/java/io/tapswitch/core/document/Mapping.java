package io.tapswitch.core.document;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Keys with values; no key twice.
 *
 * @param line where it begins, from 1
 * @param entries in the order written
 */
public record Mapping(int line, Map<String, Entry> entries) implements Node {
    /**
     * A key's value.
     *
     * @param line of the key, from 1
     * @param value what stands behind it
     */
    public record Entry(int line, Node value) {}

    /** Copies the map; its order stays. */
    public Mapping {
        entries = java.util.Collections.unmodifiableMap(new LinkedHashMap<>(entries));
    }

    @Override
    public String kind() {
        return "keys with values";
    }
}
