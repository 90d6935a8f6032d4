package io.tapswitch.core.document;

import io.tapswitch.core.model.Refusal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A mapping that is read strictly: every key is known beforehand, every value has the type that is asked for, and what
 * is not so is refused with file, line, path and what would be right. A key whose value is empty or null counts as
 * wrong, not as absent.
 */
public final class Fields {
    private static final Set<Scalar.Type> WORDS =
            Set.of(Scalar.Type.TEXT, Scalar.Type.INTEGER, Scalar.Type.DECIMAL, Scalar.Type.BOOLEAN);

    private final Source source;
    private final String path;
    private final Mapping mapping;

    private Fields(Source source, String path, Mapping mapping) {
        this.source = source;
        this.path = path;
        this.mapping = mapping;
    }

    /**
     * Takes a node that shall be a mapping.
     *
     * @param source of the document
     * @param path that leads to the node, empty for the document itself
     * @param node to read
     * @param known all keys that it may have
     * @return its fields
     */
    public static Fields of(Source source, String path, Node node, Set<String> known) {
        return ofAnyKeys(source, path, node).only(known);
    }

    /** {@return these fields, which have no other keys than the known ones} */
    public Fields only(Set<String> known) {
        for (String key : keys()) {
            if (!known.contains(key)) {
                throw refuse(key, "unknown key; known here: " + String.join(", ", new TreeSet<>(known)));
            }
        }
        return this;
    }

    /** {@return the fields of a mapping whose keys are names} */
    public static Fields ofAnyKeys(Source source, String path, Node node) {
        if (!(node instanceof Mapping mapping)) {
            throw source.refuse(node.line(), path, "must be keys with values, is " + node.kind());
        }
        return new Fields(source, path, mapping);
    }

    /** {@return the fields of a mapping whose keys are names; nothing at all counts as no keys} */
    public static Fields ofAnyKeysOrNothing(Source source, String path, Node node) {
        boolean nothing = node instanceof Scalar scalar && scalar.type() == Scalar.Type.NULL;
        return ofAnyKeys(source, path, nothing ? new Mapping(node.line(), Map.of()) : node);
    }

    /** {@return the keys, in the order written} */
    public Set<String> keys() {
        return mapping.entries().keySet();
    }

    /** {@return whether the key is there} */
    public boolean has(String key) {
        return mapping.entries().containsKey(key);
    }

    /** {@return the line of a key, or of the mapping when the key is not there} */
    public int line(String key) {
        Mapping.Entry entry = mapping.entries().get(key);
        return entry == null ? mapping.line() : entry.line();
    }

    /** {@return the path that leads to a key} */
    public String pathOf(String key) {
        return path.isEmpty() ? key : path + "." + key;
    }

    /** {@return a refusal of what a key says} */
    public Refusal refuse(String key, String sentence) {
        return source.refuse(line(key), pathOf(key), sentence);
    }

    /** {@return the value of a key that must be there} */
    public Node node(String key) {
        Mapping.Entry entry = mapping.entries().get(key);
        if (entry == null) {
            throw source.refuse(mapping.line(), path, "the key " + key + " is missing");
        }
        return entry.value();
    }

    private Scalar scalar(String key, Node node, Set<Scalar.Type> types, String right) {
        if (node instanceof Scalar scalar && types.contains(scalar.type())) {
            return scalar;
        }
        throw source.refuse(node.line(), pathOf(key), "must be " + right + ", is " + node.kind());
    }

    private String text(String key, Node node) {
        return scalar(key, node, Set.of(Scalar.Type.TEXT), "a text").text();
    }

    /** {@return a text that must be there} */
    public String text(String key) {
        return text(key, node(key));
    }

    /** {@return a text, null when the key is absent} */
    public @Nullable String optionalText(String key) {
        return has(key) ? text(key) : null;
    }

    /** {@return a text that must be there, as what it means; the reader's words say what is wrong with it} */
    public <T> T parse(String key, Function<String, T> reader) {
        return parse(key, node(key).line(), text(key), reader);
    }

    /** {@return a text as what it means, null when the key is absent} */
    public <T> @Nullable T optionalParse(String key, Function<String, T> reader) {
        return has(key) ? parse(key, reader) : null;
    }

    private <T> T parse(String key, int line, String text, Function<String, T> reader) {
        try {
            return reader.apply(text);
        } catch (IllegalArgumentException | Refusal e) {
            throw source.refuse(line, pathOf(key), String.valueOf(e.getMessage()));
        }
    }

    /** {@return true or false; what stands for an absent key} */
    public boolean flag(String key, boolean ifAbsent) {
        Boolean flag = optionalFlag(key);
        return flag == null ? ifAbsent : flag;
    }

    /** {@return true or false, null when the key is absent} */
    public @Nullable Boolean optionalFlag(String key) {
        return has(key)
                ? Boolean.valueOf(scalar(key, node(key), Set.of(Scalar.Type.BOOLEAN), "true or false")
                        .text())
                : null;
    }

    /** {@return a number that must be there} */
    public long number(String key, long min, long max) {
        Scalar scalar = scalar(key, node(key), Set.of(Scalar.Type.INTEGER), "a number");
        try {
            long number = Long.parseLong(scalar.text());
            if (number >= min && number <= max) {
                return number;
            }
        } catch (NumberFormatException e) {
            // Falls to the refusal below, which says what is allowed.
        }
        throw source.refuse(scalar.line(), pathOf(key), "must be from " + min + " to " + max + ", is " + scalar.text());
    }

    /** {@return a list of texts, empty when the key is absent} */
    public List<String> texts(String key) {
        return list(key, text -> text);
    }

    /** {@return a list of texts as what they mean, empty when the key is absent} */
    public <T> List<T> list(String key, Function<String, T> reader) {
        List<T> values = new ArrayList<>();
        List<Node> items = items(key);
        for (int i = 0; i < items.size(); i++) {
            String item = key + "[" + i + "]";
            values.add(parse(item, items.get(i).line(), text(item, items.get(i)), reader));
        }
        return values;
    }

    /** {@return the items of a list, none when the key is absent} */
    public List<Node> items(String key) {
        if (!has(key)) {
            return List.of();
        }
        if (node(key) instanceof Sequence sequence) {
            return sequence.items();
        }
        throw source.refuse(
                node(key).line(), pathOf(key), "must be a list, is " + node(key).kind());
    }

    /** {@return a list of mappings, none when the key is absent} */
    public List<Fields> mappings(String key, Set<String> known) {
        List<Fields> all = new ArrayList<>();
        List<Node> items = items(key);
        for (int i = 0; i < items.size(); i++) {
            all.add(of(source, pathOf(key) + "[" + i + "]", items.get(i), known));
        }
        return all;
    }

    /** {@return a mapping behind a key that must be there} */
    public Fields mapping(String key, Set<String> known) {
        return of(source, pathOf(key), node(key), known);
    }

    /** {@return a mapping of any keys; none when the key is absent or nothing stands behind it} */
    public Fields anyKeysOrNothing(String key) {
        Node node = has(key) ? node(key) : new Mapping(mapping.line(), Map.of());
        return ofAnyKeysOrNothing(source, pathOf(key), node);
    }

    /** {@return names with texts as what they mean, in the order written; empty when the key is absent} */
    public <T> Map<String, T> map(String key, Function<String, T> reader) {
        Map<String, T> values = new LinkedHashMap<>();
        if (has(key)) {
            Fields inner = ofAnyKeys(source, pathOf(key), node(key));
            inner.keys().forEach(name -> values.put(name, inner.parse(name, reader)));
        }
        return values;
    }

    /** {@return texts as what they mean, written as a list or as one text; empty when the key is absent} */
    public <T> List<T> oneOrMore(String key, Function<String, T> reader) {
        return has(key) && node(key) instanceof Scalar ? List.of(parse(key, reader)) : list(key, reader);
    }

    /** {@return the items of a list, or the value itself when it is none} */
    public List<Node> itemsOrOne(String key) {
        return has(key) && node(key) instanceof Scalar one ? List.of(one) : items(key);
    }

    /** {@return texts or numbers as what they mean, written as a list or as one; empty when the key is absent} */
    public <T> List<T> oneOrMoreWords(String key, Function<String, T> reader) {
        List<T> values = new ArrayList<>();
        List<Node> items = itemsOrOne(key);
        for (int i = 0; i < items.size(); i++) {
            String item = node(key) instanceof Scalar ? key : key + "[" + i + "]";
            Scalar word = scalar(item, items.get(i), Set.of(Scalar.Type.TEXT, Scalar.Type.INTEGER), "a text");
            values.add(parse(item, word.line(), word.text(), reader));
        }
        return values;
    }

    /**
     * {@return names with values as they are written; empty when the key is absent or has nothing} Numbers, true and
     * false are taken for the text that they are written as: nobody quotes an MTU.
     */
    public Map<String, String> words(String key) {
        Map<String, String> values = new LinkedHashMap<>();
        Fields inner = anyKeysOrNothing(key);
        for (String name : inner.keys()) {
            Scalar word = inner.scalar(name, inner.node(name), WORDS, "a text, a number, true or false");
            values.put(name, word.text());
        }
        return values;
    }
}
