package io.tapswitch.core.config;

import java.util.Objects;
import java.util.function.BiFunction;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A file's parser that remembers what it made last: a text that is found again costs nothing. A fault is not
 * remembered. Belongs to who holds the reading.
 */
final class ParsedOnce {
    private final String file;
    private final BiFunction<String, String, Configuration> parser;
    private final Supplier<@Nullable Object> basis;
    private @Nullable Parsed last;

    /** What was made of a text, and on which basis. */
    private record Parsed(String text, @Nullable Object basis, Configuration configuration) {}

    /**
     * Remembers nothing yet.
     *
     * @param file its name, for refusals
     * @param parser makes a configuration of the name and a text
     * @param basis what the parser takes into account besides, as a value
     */
    ParsedOnce(String file, BiFunction<String, String, Configuration> parser, Supplier<@Nullable Object> basis) {
        this.file = file;
        this.parser = parser;
        this.basis = basis;
    }

    /** {@return what a text declares, with all the work that a text takes which was not known} */
    Configuration afresh(String text) {
        return parser.apply(file, text);
    }

    /** {@return what a text declares} */
    Configuration parse(String text) {
        Object now = basis.get();
        Parsed known = last;
        if (known != null && known.text().equals(text) && Objects.equals(known.basis(), now)) {
            return known.configuration();
        }
        Configuration parsed = afresh(text);
        last = new Parsed(text, now, parsed);
        return parsed;
    }
}
