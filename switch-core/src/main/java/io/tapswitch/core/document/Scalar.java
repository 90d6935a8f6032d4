package io.tapswitch.core.document;

/**
 * A single value.
 *
 * @param line where it is, from 1
 * @param type what it reads as
 * @param text as written, without quotes
 */
public record Scalar(int line, Type type, String text) implements Node {
    /** What a value reads as (YAML 1.2.2 section 10.3; JSON's types are the same). */
    public enum Type {
        /** Quoted, or nothing of the others. */
        TEXT("a text"),
        /** Digits. */
        INTEGER("a number"),
        /** A number with a point or exponent. */
        DECIMAL("a number with a fraction"),
        /** true or false. */
        BOOLEAN("true or false"),
        /** Empty, ~ or null. */
        NULL("nothing");

        private final String words;

        Type(String words) {
            this.words = words;
        }
    }

    @Override
    public String kind() {
        return type.words;
    }
}
