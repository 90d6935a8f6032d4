package io.tapswitch.lab;

import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/**
 * A JSON value as tests read it: what is asked for must be there.
 *
 * @param node the value
 */
public record Json(JsonNode node) {
    private static final ObjectMapper MAPPER = new ObjectMapper();

    /** {@return the value that the text says} */
    public static Json parse(String text) {
        try {
            return new Json(MAPPER.readTree(text));
        } catch (RuntimeException e) {
            throw new AssertionError("not JSON: " + text, e);
        }
    }

    /** {@return the member of that name} */
    public Json at(String name) {
        JsonNode member = node.get(name);
        if (member == null) {
            throw new AssertionError("no `" + name + "` in " + node);
        }
        return new Json(member);
    }

    /** {@return whether there is a member of that name} */
    public boolean has(String name) {
        return node.has(name);
    }

    /** {@return the element at the index} */
    public Json at(int index) {
        JsonNode element = node.get(index);
        if (element == null) {
            throw new AssertionError("no element " + index + " in " + node);
        }
        return new Json(element);
    }

    /** {@return the string member} */
    public String text(String name) {
        return at(name).node.asString();
    }

    /** {@return the integer member} */
    public long number(String name) {
        JsonNode member = at(name).node;
        if (!member.isNumber()) {
            throw new AssertionError("`" + name + "` is no number in " + node);
        }
        return member.asLong();
    }

    /** {@return the integer member, or 0 where there is none} */
    public long numberOrZero(String name) {
        return node.has(name) ? number(name) : 0;
    }

    /** {@return the fraction member} */
    public double fraction(String name) {
        return at(name).node.asDouble();
    }

    /** {@return the truth of the member} */
    public boolean is(String name) {
        return at(name).node.asBoolean();
    }

    /** {@return the elements of an array, or the values of an object} */
    public List<Json> elements() {
        List<Json> list = new ArrayList<>();
        node.forEach(element -> list.add(new Json(element)));
        return list;
    }

    @Override
    public String toString() {
        return node.toString();
    }
}
