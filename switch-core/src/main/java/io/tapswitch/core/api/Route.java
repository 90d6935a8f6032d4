package io.tapswitch.core.api;

import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * One thing that the API does.
 *
 * @param method of HTTP
 * @param path with at most one {@code {ref}}, its last segment
 * @param summary for openapi.json
 * @param parameters names that may stand behind the question mark
 * @param body record that the request's body holds, null when it has none
 * @param status of success
 * @param answer record of the answer
 * @param many whether the answer is an array of these
 * @param action what to do
 */
record Route(
        String method,
        String path,
        String summary,
        List<String> parameters,
        @Nullable Class<?> body,
        int status,
        Class<?> answer,
        boolean many,
        Function<Call, Object> action) {
    static final String REFERENCE = "{ref}";

    /** {@return what stands for the reference, empty when the path has none, null when it is not this route's} */
    @Nullable
    String match(String requested) {
        if (!path.endsWith(REFERENCE)) {
            return requested.equals(path) ? "" : null;
        }
        String prefix = path.substring(0, path.length() - REFERENCE.length());
        String rest = requested.startsWith(prefix) ? requested.substring(prefix.length()) : "";
        return rest.isEmpty() || rest.indexOf('/') >= 0 ? null : rest;
    }
}
