package io.tapswitch.core.api;

import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * One thing that the API does.
 *
 * @param method of HTTP
 * @param path with at most one {@code {ref}}, which stands for a whole segment
 * @param summary for openapi.json
 * @param parameters what may stand behind the question mark
 * @param body record that the request's body holds, null when it has none
 * @param required keys that the body must have
 * @param status of success
 * @param answer record of the answer; {@link EventStream} for a stream of {@link Answers.Event}
 * @param many whether the answer is an array of these
 * @param errors statuses that it may refuse with, beside those that every route has
 * @param action what to do
 */
record Route(
        String method,
        String path,
        String summary,
        List<Parameter> parameters,
        @Nullable Class<?> body,
        List<String> required,
        int status,
        Class<?> answer,
        boolean many,
        List<Integer> errors,
        Function<Call, Object> action) {
    static final String REFERENCE = "{ref}";

    static Route get(String path, String summary, Class<?> answer, Function<Call, Object> action) {
        return new Route("GET", path, summary, List.of(), null, List.of(), 200, answer, false, List.of(), action);
    }

    static Route list(String path, String summary, Class<?> answer, Function<Call, Object> action) {
        return new Route("GET", path, summary, List.of(), null, List.of(), 200, answer, true, List.of(), action);
    }

    static Route delete(String path, String summary, Function<Call, Object> action) {
        return new Route(
                "DELETE",
                path,
                summary,
                List.of(),
                null,
                List.of(),
                200,
                Answers.Removed.class,
                false,
                List.of(),
                action);
    }

    static Route post(String path, String summary, int status, Class<?> answer, Function<Call, Object> action) {
        return new Route("POST", path, summary, List.of(), null, List.of(), status, answer, false, List.of(), action);
    }

    /** {@return the same, with parameters} */
    Route with(Parameter... more) {
        return new Route(method, path, summary, List.of(more), body, required, status, answer, many, errors, action);
    }

    /** {@return the same, with a body} */
    Route taking(Class<?> type, String... keys) {
        return new Route(method, path, summary, parameters, type, List.of(keys), status, answer, many, errors, action);
    }

    /** {@return the same, which may refuse so} */
    Route refusing(Integer... statuses) {
        return new Route(
                method, path, summary, parameters, body, required, status, answer, many, List.of(statuses), action);
    }

    /** {@return what stands for the reference, empty when the path has none, null when it is not this route's} */
    @Nullable
    String match(List<String> requested) {
        List<String> segments = segments(path);
        if (segments.size() != requested.size()) {
            return null;
        }
        String reference = "";
        for (int i = 0; i < segments.size(); i++) {
            if (segments.get(i).equals(REFERENCE)) {
                reference = requested.get(i);
                if (reference.isEmpty()) {
                    return null;
                }
            } else if (!segments.get(i).equals(requested.get(i))) {
                return null;
            }
        }
        return reference;
    }

    /** {@return the parts between the slashes} */
    static List<String> segments(String path) {
        return List.of(path.split("/", -1));
    }
}
