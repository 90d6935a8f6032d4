package io.tapswitch.core.api;

import io.tapswitch.core.model.Refusal;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.exc.UnrecognizedPropertyException;

/**
 * One request, as a route sees it.
 *
 * @param reference what stands for {@code {ref}} in the path, empty where there is none
 * @param query parameters behind the question mark
 * @param body the request's body
 */
record Call(String reference, Map<String, String> query, String body) {
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
            default ->
                throw Refusal.badInput(
                        "invalid value \"" + query.get(name) + "\" for " + name + ": must be true or false");
        };
    }

    /** {@return the body as the record that the route takes; unknown keys are refused by name} */
    <T> T body(Class<T> type) {
        try {
            T read = Json.MAPPER.readValue(body, type);
            if (read == null) {
                throw Refusal.badInput("the request has no body: a JSON object is needed");
            }
            return read;
        } catch (UnrecognizedPropertyException e) {
            throw Refusal.badInput("unknown key \"" + e.getPropertyName() + "\" in the request");
        } catch (JacksonException e) {
            throw Refusal.badInput("the request's body is not the JSON that is needed: " + e.getOriginalMessage());
        }
    }
}
