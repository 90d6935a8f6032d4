package io.tapswitch.core.api;

import io.tapswitch.core.model.Refusal;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Finds the route of a request, calls it, and turns what comes of it, refusals included, into status and JSON. */
final class Dispatcher {
    private static final Logger LOG = LoggerFactory.getLogger(Dispatcher.class);

    private static final String JSON = "application/json";

    private final List<Route> table;
    private final String elsewhere;

    /** What goes back. */
    sealed interface Answer {}

    /**
     * All of it at once.
     *
     * @param status of HTTP
     * @param type of the body
     * @param body JSON, but for texts
     * @param allow methods that the path takes, empty unless the status is 405
     */
    record Whole(int status, String type, String body, String allow) implements Answer {}

    /**
     * What an action gives that is no JSON.
     *
     * @param type of the text
     * @param text all of it
     */
    record Text(String type, String text) {}

    /** As it happens, until one of both sides has enough. */
    record Streamed(AnswerStream stream) implements Answer {}

    /**
     * A dispatcher.
     *
     * @param table what there is
     * @param elsewhere says to who asks for something else what there is
     */
    Dispatcher(List<Route> table, String elsewhere) {
        this.table = table;
        this.elsewhere = elsewhere;
    }

    /** {@return the answer to a request; never throws} */
    Answer answer(String method, List<String> path, Map<String, String> query, String body) {
        try {
            TreeSet<String> methods = new TreeSet<>();
            for (Route route : table) {
                String reference = route.match(path);
                if (reference != null && route.method().equals(method)) {
                    return call(route, new Call(reference, query, body));
                } else if (reference != null) {
                    methods.add(route.method());
                }
            }
            return methods.isEmpty() ? noSuchPath(path) : notAllowed(method, path, String.join(", ", methods));
        } catch (Refusal e) {
            if (e.kind() == Refusal.Kind.FAILED) {
                // A cause is for programmers; what a sentence explains completely has none.
                LOG.warn("{} {}: {}", method, String.join("/", path), e.sentence(), e.getCause());
            }
            return failure(status(e.kind()), e.code(), e.sentence());
        } catch (RuntimeException | Error e) {
            // Also an Error: a request without an answer would keep its client waiting for ever.
            LOG.error("{} {} failed", method, String.join("/", path), e);
            return failure(500, "internal_error", "internal error: " + e);
        }
    }

    private static Answer call(Route route, Call call) {
        for (String name : call.query().keySet()) {
            if (route.parameters().stream()
                    .noneMatch(parameter -> parameter.name().equals(name))) {
                throw Refusal.badInput("unknown_parameter", "unknown parameter \"" + name + "\"");
            }
        }
        Object result = route.action().apply(call);
        return switch (result) {
            case AnswerStream stream -> new Streamed(stream);
            case Text text -> new Whole(route.status(), text.type(), text.text(), "");
            default -> new Whole(route.status(), JSON, Json.MAPPER.writeValueAsString(result), "");
        };
    }

    private Whole noSuchPath(List<String> path) {
        return failure(404, "no_such_path", "no such path: " + String.join("/", path) + "; " + elsewhere);
    }

    private static Whole notAllowed(String method, List<String> path, String methods) {
        Whole failure =
                failure(405, "method_not_allowed", String.join("/", path) + " takes " + methods + ", not " + method);
        return new Whole(failure.status(), failure.type(), failure.body(), methods);
    }

    private static int status(Refusal.Kind kind) {
        return switch (kind) {
            case BAD_INPUT -> 400;
            case UNKNOWN -> 404;
            case CONFLICT -> 409;
            case NOT_IN_THIS_VERSION -> 501;
            case FAILED -> 500;
        };
    }

    static Whole failure(int status, String code, String message) {
        return new Whole(status, JSON, Json.MAPPER.writeValueAsString(new Answers.Failure(code, message)), "");
    }
}
