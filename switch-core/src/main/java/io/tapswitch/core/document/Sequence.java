package io.tapswitch.core.document;

import java.util.List;

/**
 * A list.
 *
 * @param line where it begins, from 1
 * @param items in order
 */
public record Sequence(int line, List<Node> items) implements Node {
    /** Copies the list. */
    public Sequence {
        items = List.copyOf(items);
    }

    @Override
    public String kind() {
        return "a list";
    }
}
