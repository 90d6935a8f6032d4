package io.tapswitch.core.document;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.TokenStreamLocation;
import tools.jackson.core.json.JsonFactory;

/** A JSON text (RFC 8259) as a tree; no key twice, nothing behind the end. */
public final class JsonDocument {
    private static final JsonFactory FACTORY = new JsonFactory();

    private final Source source;
    private final JsonParser parser;

    private JsonDocument(Source source, JsonParser parser) {
        this.source = source;
        this.parser = parser;
    }

    /** {@return the tree of a text} */
    public static Node parse(Source source, String text) {
        try (JsonParser parser = FACTORY.createParser(ObjectReadContext.empty(), text)) {
            JsonDocument document = new JsonDocument(source, parser);
            JsonToken first = parser.nextToken();
            if (first == null) {
                throw source.refuse("is empty");
            }
            Node root = document.node(first);
            if (parser.nextToken() != null) {
                throw source.refuse(document.line(), "must end here, goes on");
            }
            return root;
        } catch (JacksonException e) {
            TokenStreamLocation where = e.getLocation();
            throw source.refuse(where == null ? 1 : Math.max(1, where.getLineNr()), fault(e));
        }
    }

    /** Jackson's words without what it adds for programmers in parentheses. */
    private static String fault(JacksonException e) {
        String words = String.valueOf(e.getOriginalMessage());
        int addition = words.indexOf(" (");
        String fault = (addition < 0 ? words : words.substring(0, addition)).replace('\n', ' ');
        return "is no JSON: " + fault;
    }

    private int line() {
        return parser.currentTokenLocation().getLineNr();
    }

    private Node node(@Nullable JsonToken token) {
        int line = line();
        return switch (token) {
            case START_OBJECT -> mapping(line);
            case START_ARRAY -> sequence(line);
            case VALUE_STRING -> scalar(line, Scalar.Type.TEXT);
            case VALUE_NUMBER_INT -> scalar(line, Scalar.Type.INTEGER);
            case VALUE_NUMBER_FLOAT -> scalar(line, Scalar.Type.DECIMAL);
            case VALUE_TRUE, VALUE_FALSE -> scalar(line, Scalar.Type.BOOLEAN);
            case VALUE_NULL -> scalar(line, Scalar.Type.NULL);
            case null, default -> throw source.refuse(line, "is no JSON: a value is missing");
        };
    }

    private Scalar scalar(int line, Scalar.Type type) {
        return new Scalar(line, type, parser.getString());
    }

    private Sequence sequence(int line) {
        List<Node> items = new ArrayList<>();
        for (JsonToken token = parser.nextToken(); token != JsonToken.END_ARRAY; token = parser.nextToken()) {
            items.add(node(token));
        }
        return new Sequence(line, items);
    }

    private Mapping mapping(int line) {
        Map<String, Mapping.Entry> entries = new LinkedHashMap<>();
        for (String key = parser.nextName(); key != null; key = parser.nextName()) {
            int keyLine = line();
            Node value = node(parser.nextToken());
            if (entries.put(key, new Mapping.Entry(keyLine, value)) != null) {
                throw source.refuse(keyLine, key, "is there twice");
            }
        }
        return new Mapping(line, entries);
    }
}
