package io.tapswitch.core.api;

import io.tapswitch.core.control.Filters;
import io.tapswitch.core.model.Refusal;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One request, as a route sees it.
 *
 * @param reference what stands for {@code {ref}} in the path, empty where there is none
 * @param query parameters behind the question mark
 * @param body the request's body
 */
record Call(String reference, Map<String, String> query, String body) {
    private static final String INVALID_PARAMETER = "invalid_parameter";

    /** {@return the parameter's value, null when it was not given} */
    @Nullable
    String text(String name) {
        return query.get(name);
    }

    /** {@return whether the parameter says true} */
    boolean flag(String name) {
        return switch (query.getOrDefault(name, "false")) {
            case "true", "1", "" -> true;
            case "false", "0" -> false;
            default -> throw invalid(name, "must be true or false");
        };
    }

    /** {@return the number that the parameter says, or this one when it was not given} */
    int number(String name, int otherwise) {
        String text = query.get(name);
        try {
            return text == null ? otherwise : Integer.parseInt(text);
        } catch (NumberFormatException e) {
            throw invalid(name, "must be a number");
        }
    }

    /** {@return the parameter {@code filters}} */
    Filters filters() {
        return Filters.parse(query.get(Parameter.FILTERS.name()));
    }

    private Refusal invalid(String name, String needed) {
        return Refusal.badInput(
                INVALID_PARAMETER, "invalid value \"" + query.get(name) + "\" for " + name + ": " + needed);
    }

    /** {@return the body as the record that the route takes} */
    <T> T body(Class<T> type) {
        return Body.read(body, type);
    }
}
