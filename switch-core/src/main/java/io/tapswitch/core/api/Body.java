package io.tapswitch.core.api;

import io.tapswitch.core.model.Refusal;
import java.util.Collection;
import java.util.List;
import tools.jackson.core.JacksonException;
import tools.jackson.core.TokenStreamLocation;
import tools.jackson.core.exc.InputCoercionException;
import tools.jackson.core.exc.StreamReadException;
import tools.jackson.databind.exc.InvalidNullException;
import tools.jackson.databind.exc.MismatchedInputException;
import tools.jackson.databind.exc.UnrecognizedPropertyException;

/** A request's body as the record that a route takes. Refusals name the key, and say what JSON would be right there. */
final class Body {
    private static final String INVALID_JSON = "invalid_json";

    private Body() {}

    /** {@return what the text says; whoever wrote it wrote JSON, but not necessarily this} */
    static <T> T read(String text, Class<T> type) {
        try {
            T read = text.isBlank() ? null : Json.MAPPER.readValue(text, type);
            if (read == null) {
                throw Refusal.badInput(INVALID_JSON, "the request has no body: a JSON object is needed");
            }
            return read;
        } catch (UnrecognizedPropertyException e) {
            throw Refusal.badInput("unknown_key", "unknown key \"" + place(e) + "\" in the request");
        } catch (InvalidNullException e) {
            throw wrong(place(e) + " must not be null");
        } catch (MismatchedInputException e) {
            String needed = "must be " + word(e.getTargetType());
            throw wrong(e.getPath().isEmpty() ? "it " + needed : place(e) + " " + needed);
        } catch (InputCoercionException e) {
            throw wrong((e.getPath().isEmpty() ? "a key" : place(e)) + " is a number that is too large");
        } catch (StreamReadException e) {
            // Without what the parser adds for programmers behind the first words.
            String fault = e.getOriginalMessage().split(": | \\(", 2)[0];
            TokenStreamLocation at = e.getLocation();
            throw wrong(at == null ? fault : "line " + at.getLineNr() + ", column " + at.getColumnNr() + ": " + fault);
        } catch (JacksonException e) {
            throw wrong(e.getOriginalMessage());
        }
    }

    private static Refusal wrong(String what) {
        return Refusal.badInput(INVALID_JSON, "the request's body is not the JSON that is needed: " + what);
    }

    /** {@return the way to a value from outside, such as {@code init.command[1]}} */
    private static String place(JacksonException e) {
        List<JacksonException.Reference> path = e.getPath();
        StringBuilder place = new StringBuilder();
        for (JacksonException.Reference step : path) {
            if (step.getPropertyName() == null) {
                place.append('[').append(step.getIndex()).append(']');
            } else {
                place.append(place.isEmpty() ? "" : ".").append(step.getPropertyName());
            }
        }
        return place.toString();
    }

    private static String word(Class<?> type) {
        if (type == String.class) {
            return "a string";
        } else if (type == Boolean.class) {
            return "true or false";
        } else if (type == Integer.class || type == Long.class) {
            return "a whole number";
        }
        return Collection.class.isAssignableFrom(type) ? "an array" : "an object";
    }
}
