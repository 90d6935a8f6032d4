package io.tapswitch.core.cli.format;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Theory of operation: the part of Go's templates that people give to docker's {@code --format}.
 *
 * <pre>
 *   {{.A.B}}   {{.}}   {{json .A}}   {{index .A "key" 0}}   {{range .A}} ... {{end}}   \t   \n
 * </pre>
 *
 * <p>A template is parsed whole before anything is printed; what is not in this list is refused with its position,
 * counted in characters from 1, so that nobody gets half an output or a wrong one. Inside of {@code range} the dot is
 * the element; objects are gone through in the order of their keys, as Go does it. What is missing is printed as
 * {@code <no value>}, but at the top, where all fields are known, it is a mistake.
 */
public final class Template {
    /** Go's word for what is not there. */
    private static final String NO_VALUE = "<no value>";

    private final String source;
    private final List<Node> nodes;

    /** What a template consists of. */
    private sealed interface Node {}

    private record Text(String text) implements Node {}

    private record Action(Function<Scope, @Nullable Object> value) implements Node {}

    private record Range(Function<Scope, @Nullable Object> over, List<Node> body) implements Node {}

    /** The dot, and whether its fields are all that there are. */
    private record Scope(@Nullable Object dot, boolean strict) {}

    private Template(String source, List<Node> nodes) {
        this.source = source;
        this.nodes = nodes;
    }

    /** Reads a template. */
    public static Template parse(String source) {
        Deque<List<Node>> open = new ArrayDeque<>();
        Deque<Range> ranges = new ArrayDeque<>();
        Deque<Integer> begins = new ArrayDeque<>();
        open.push(new ArrayList<>());
        int at = 0;
        while (at < source.length()) {
            int begin = source.indexOf("{{", at);
            if (begin < 0) {
                text(open.element(), source.substring(at));
                break;
            }
            text(open.element(), source.substring(at, begin));
            int end = source.indexOf("}}", begin);
            if (end < 0) {
                throw new TemplateException(begin, "{{ without }}");
            }
            Words words = new Words(source, begin + 2, end);
            switch (words.peek()) {
                case "range" -> {
                    words.next();
                    Range range = new Range(operand(words), new ArrayList<>());
                    ranges.push(range);
                    begins.push(begin);
                    open.push(range.body());
                }
                case "end" -> {
                    words.next();
                    if (ranges.isEmpty()) {
                        throw new TemplateException(begin, "{{end}} without {{range}}");
                    }
                    open.pop();
                    begins.pop();
                    open.element().add(ranges.pop());
                }
                default -> open.element().add(new Action(expression(words)));
            }
            words.mustEnd();
            at = end + 2;
        }
        if (!begins.isEmpty()) {
            throw new TemplateException(begins.element(), "{{range}} without {{end}}");
        }
        return new Template(source, open.element());
    }

    private static void text(List<Node> nodes, String raw) {
        if (!raw.isEmpty()) {
            nodes.add(new Text(raw.replace("\\t", "\t").replace("\\n", "\n")));
        }
    }

    private static Function<Scope, @Nullable Object> expression(Words words) {
        return switch (words.peek()) {
            case "json" -> {
                words.next();
                Function<Scope, @Nullable Object> value = operand(words);
                yield scope -> Json.line(value.apply(scope));
            }
            case "index" -> {
                words.next();
                yield index(words);
            }
            default -> operand(words);
        };
    }

    private static Function<Scope, @Nullable Object> index(Words words) {
        Function<Scope, @Nullable Object> value = operand(words);
        List<Object> keys = new ArrayList<>();
        int at = words.position();
        while (!words.peek().isEmpty()) {
            keys.add(words.literal());
        }
        if (keys.isEmpty()) {
            throw new TemplateException(at, "index needs a \"key\" or a number");
        }
        return scope -> {
            Object found = value.apply(scope);
            for (Object key : keys) {
                found = element(found, key, at);
            }
            return found;
        };
    }

    private static @Nullable Object element(@Nullable Object of, Object key, int at) {
        if (of instanceof List<?> list) {
            if (!(key instanceof Integer index) || index >= list.size()) {
                throw new TemplateException(at, "there is no element " + key + ", there are " + list.size());
            }
            return list.get(index);
        }
        return of instanceof Map<?, ?> map ? map.get(key) : null;
    }

    /** The dot, or a path of fields from it. */
    private static Function<Scope, @Nullable Object> operand(Words words) {
        int at = words.position();
        String word = words.next();
        if (word.equals(".")) {
            return Scope::dot;
        }
        if (!word.matches("(\\.[A-Za-z_][A-Za-z0-9_]*)+")) {
            throw new TemplateException(
                    at,
                    word.isEmpty()
                            ? "a field such as .Name is missing"
                            : "'" + word + "' is not in this version; there are {{.Field}}, {{json .Field}},"
                                    + " {{index .Field \"key\"}} and {{range .Field}}...{{end}}");
        }
        List<String> names = List.of(word.substring(1).split("\\."));
        return scope -> {
            Object value = scope.dot();
            boolean strict = scope.strict();
            for (String name : names) {
                if (strict && value instanceof Map<?, ?> fields && !fields.containsKey(name)) {
                    throw new TemplateException(at, "there is no ." + name + "; there are " + fieldsOf(fields));
                }
                value = value instanceof Map<?, ?> fields ? fields.get(name) : null;
                strict = false;
            }
            return value;
        };
    }

    private static String fieldsOf(Map<?, ?> fields) {
        List<String> names = new ArrayList<>();
        fields.keySet().forEach(name -> names.add("." + name));
        names.sort(null);
        return String.join(", ", names);
    }

    /** {@return the template filled in with an object of JSON} */
    public String apply(@Nullable Object value) {
        return apply(new Scope(value, false));
    }

    /** {@return the template filled in with what must have every field that is named at its top} */
    public String applyToRow(Map<String, ?> row) {
        return apply(new Scope(row, true));
    }

    private String apply(Scope scope) {
        StringBuilder out = new StringBuilder(source.length() + 64);
        apply(nodes, scope, out);
        return out.toString();
    }

    private static void apply(List<Node> nodes, Scope scope, StringBuilder out) {
        for (Node node : nodes) {
            switch (node) {
                case Text text -> out.append(text.text());
                case Action action -> out.append(print(action.value().apply(scope)));
                case Range range -> {
                    for (Object element : elements(range.over().apply(scope))) {
                        apply(range.body(), new Scope(element, false), out);
                    }
                }
            }
        }
    }

    private static Collection<?> elements(@Nullable Object value) {
        if (value instanceof Map<?, ?> map) {
            return new TreeMap<>(map).values();
        }
        return value instanceof Collection<?> list ? list : List.of();
    }

    /** As Go prints with %v. */
    private static String print(@Nullable Object value) {
        StringBuilder text = new StringBuilder();
        switch (value) {
            case null -> text.append(NO_VALUE);
            case Map<?, ?> map -> {
                text.append("map[");
                String separator = "";
                for (Map.Entry<?, ?> entry : new TreeMap<>(map).entrySet()) {
                    text.append(separator).append(entry.getKey()).append(':').append(print(entry.getValue()));
                    separator = " ";
                }
                text.append(']');
            }
            case List<?> list -> {
                text.append('[');
                String separator = "";
                for (Object element : list) {
                    text.append(separator).append(print(element));
                    separator = " ";
                }
                text.append(']');
            }
            default -> text.append(value);
        }
        return text.toString();
    }

    /** The words of one action. */
    private static final class Words {
        private final String source;
        private final int end;
        private int at;

        Words(String source, int begin, int end) {
            this.source = source;
            this.at = begin;
            this.end = end;
            skip();
        }

        int position() {
            return at;
        }

        /** The next word, "" at the end. */
        String peek() {
            int to = at;
            if (to < end && source.charAt(to) == '"') {
                int close = source.indexOf('"', to + 1);
                if (close < 0 || close >= end) {
                    throw new TemplateException(at, "the \" is not closed");
                }
                return source.substring(at, close + 1);
            }
            while (to < end && !Character.isWhitespace(source.charAt(to))) {
                to++;
            }
            return source.substring(at, to);
        }

        String next() {
            String word = peek();
            at += word.length();
            skip();
            return word;
        }

        Object literal() {
            int here = at;
            String word = next();
            if (word.startsWith("\"")) {
                return word.substring(1, word.length() - 1);
            }
            if (word.matches("\\d{1,9}")) {
                return Integer.valueOf(word);
            }
            throw new TemplateException(here, "'" + word + "' is neither a \"key\" nor a number");
        }

        void mustEnd() {
            if (at < end) {
                throw new TemplateException(at, "'" + source.substring(at, end).strip() + "' is not in this version");
            }
        }

        private void skip() {
            while (at < end && Character.isWhitespace(source.charAt(at))) {
                at++;
            }
        }
    }
}
