package io.tapswitch.core.document;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Parse;
import org.snakeyaml.engine.v2.common.Anchor;
import org.snakeyaml.engine.v2.events.AliasEvent;
import org.snakeyaml.engine.v2.events.Event;
import org.snakeyaml.engine.v2.events.MappingStartEvent;
import org.snakeyaml.engine.v2.events.NodeEvent;
import org.snakeyaml.engine.v2.events.ScalarEvent;
import org.snakeyaml.engine.v2.events.SequenceStartEvent;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.ReaderException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;

/**
 * A YAML text (1.2.2, core schema) as a tree. Made of the parser's events, since its ready-made maps forget the lines.
 * What makes a file mean something else than it seems to is refused: a key twice, anchors and aliases (also those that
 * go in circles or grow without end), tags, several documents.
 */
public final class YamlDocument {
    /** Deeper than any file of people; bounds the recursion. */
    private static final int DEPTH_MAX = 32;

    private static final Pattern INTEGER = Pattern.compile("[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+");
    private static final Pattern DECIMAL = Pattern.compile(
            "[-+]?(\\.[0-9]+|[0-9]+(\\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\\.(inf|Inf|INF)|\\.(nan|NaN|NAN)");

    private final Source source;
    private final Iterator<Event> events;

    private YamlDocument(Source source, Iterator<Event> events) {
        this.source = source;
        this.events = events;
    }

    /** {@return the tree of a text; null when there is nothing in it but comments} */
    public static @Nullable Node parse(Source source, String text) {
        LoadSettings settings = LoadSettings.builder()
                .setLabel(source.file())
                .setUseMarks(true)
                .setCodePointLimit(Integer.MAX_VALUE)
                .build();
        try {
            return new YamlDocument(
                            source, new Parse(settings).parseString(text).iterator())
                    .root();
        } catch (MarkedYamlEngineException e) {
            throw source.refuse(line(e.getProblemMark()), "is no YAML: " + fault(e));
        } catch (ReaderException e) {
            String before = text.substring(0, text.offsetByCodePoints(0, Math.max(0, e.getPosition())));
            int line = 1 + (int) before.chars().filter(c -> c == '\n').count();
            throw source.refuse(
                    line, "is no YAML: it holds a control character, 0x" + Integer.toHexString(e.getCodePoint()));
        } catch (YamlEngineException e) {
            throw source.refuse("is no YAML: " + oneLine(String.valueOf(e.getMessage())));
        }
    }

    private static String fault(MarkedYamlEngineException e) {
        String context = e.getContext();
        return oneLine((context == null || context.isEmpty() ? "" : context + ", ") + e.getProblem());
    }

    private static String oneLine(String text) {
        return text.replaceAll("\\s+", " ");
    }

    private static int line(Optional<Mark> mark) {
        return mark.map(m -> m.getLine() + 1).orElse(1);
    }

    private @Nullable Node root() {
        Node root = null;
        while (events.hasNext()) {
            Event event = events.next();
            switch (event.getEventId()) {
                case StreamStart, StreamEnd, DocumentEnd, Comment -> {}
                case DocumentStart -> {
                    if (root != null) {
                        throw source.refuse(line(event.getStartMark()), "must be one document, a second begins here");
                    }
                }
                default -> root = node(event, 0);
            }
        }
        return root;
    }

    private Node node(Event event, int depth) {
        int line = line(event.getStartMark());
        if (depth > DEPTH_MAX) {
            throw source.refuse(line, "is nested deeper than " + DEPTH_MAX + " levels");
        }
        if (event instanceof AliasEvent alias) {
            throw source.refuse(line, "an alias (*" + alias.getAlias() + ") is not allowed here: write the value out");
        }
        refuseDecoration(line, event);
        return switch (event) {
            case ScalarEvent scalar -> scalar(line, scalar);
            case SequenceStartEvent start -> sequence(line, depth);
            case MappingStartEvent start -> mapping(line, depth);
            default -> throw source.refuse(line, "is no YAML: a value is missing");
        };
    }

    private void refuseDecoration(int line, Event event) {
        Optional<Anchor> anchor = event instanceof NodeEvent node ? node.getAnchor() : Optional.empty();
        if (anchor.isPresent()) {
            throw source.refuse(line, "an anchor (&" + anchor.get() + ") is not allowed here: write the value out");
        }
        Optional<String> tag = switch (event) {
            case ScalarEvent scalar -> scalar.getTag();
            case SequenceStartEvent start -> start.getTag();
            case MappingStartEvent start -> start.getTag();
            default -> Optional.empty();
        };
        if (tag.isPresent()) {
            throw source.refuse(line, "a tag (" + tag.get() + ") is not allowed here");
        }
    }

    /** The core schema's rules for values that are not quoted (YAML 1.2.2 section 10.3.2). */
    private static Scalar scalar(int line, ScalarEvent event) {
        String text = event.getValue();
        if (!event.isPlain()) {
            return new Scalar(line, Scalar.Type.TEXT, text);
        }
        Scalar.Type type = switch (text) {
            case "", "~", "null", "Null", "NULL" -> Scalar.Type.NULL;
            case "true", "True", "TRUE", "false", "False", "FALSE" -> Scalar.Type.BOOLEAN;
            case String word when !mayBeNumber(word) -> Scalar.Type.TEXT;
            case String number when INTEGER.matcher(number).matches() -> Scalar.Type.INTEGER;
            case String number when DECIMAL.matcher(number).matches() -> Scalar.Type.DECIMAL;
            default -> Scalar.Type.TEXT;
        };
        return new Scalar(line, type, text);
    }

    private static boolean mayBeNumber(String text) {
        char first = text.charAt(0);
        return (first >= '0' && first <= '9') || first == '-' || first == '+' || first == '.';
    }

    private Sequence sequence(int line, int depth) {
        List<Node> items = new ArrayList<>();
        for (Event event = events.next(); event.getEventId() != Event.ID.SequenceEnd; event = events.next()) {
            items.add(node(event, depth + 1));
        }
        return new Sequence(line, items);
    }

    private Mapping mapping(int line, int depth) {
        Map<String, Mapping.Entry> entries = new LinkedHashMap<>();
        for (Event event = events.next(); event.getEventId() != Event.ID.MappingEnd; event = events.next()) {
            if (!(node(event, depth + 1) instanceof Scalar key)) {
                throw source.refuse(line(event.getStartMark()), "a key must be a text, is a list or keys with values");
            }
            Node value = node(events.next(), depth + 1);
            Mapping.Entry before = entries.put(key.text(), new Mapping.Entry(key.line(), value));
            if (before != null) {
                throw source.refuse(key.line(), key.text(), "is there twice, first in line " + before.line());
            }
        }
        return new Mapping(line, entries);
    }
}
