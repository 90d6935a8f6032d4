package io.tapswitch.core.api;

import io.tapswitch.core.model.Refusal;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Finds the route of a request, calls it, and turns what comes of it, refusals included, into status and JSON. */
final class Dispatcher {
    private static final Logger LOG = LoggerFactory.getLogger(Dispatcher.class);

    private final List<Route> table;

    /** What goes back. */
    record Answer(int status, String json) {}

    Dispatcher(List<Route> table) {
        this.table = table;
    }

    /** {@return the answer to a request; never throws} */
    Answer answer(String method, String path, Map<String, String> query, String body) {
        try {
            List<String> methods = new ArrayList<>();
            for (Route route : table) {
                String reference = route.match(path);
                if (reference != null && route.method().equals(method)) {
                    refuseUnknownParameters(route, query);
                    Object result = route.action().apply(new Call(reference, query, body));
                    return new Answer(route.status(), Json.MAPPER.writeValueAsString(result));
                } else if (reference != null) {
                    methods.add(route.method());
                }
            }
            return methods.isEmpty()
                    ? failure(404, "no such page: " + path + "; /openapi.json describes what there is")
                    : failure(405, path + " takes " + String.join(" and ", methods) + ", not " + method);
        } catch (Refusal e) {
            if (e.kind() == Refusal.Kind.FAILED) {
                // A cause is for programmers; what a sentence explains completely has none.
                LOG.warn("{} {}: {}", method, path, e.sentence(), e.getCause());
            }
            return failure(status(e.kind()), e.sentence());
        } catch (RuntimeException | Error e) {
            // Also an Error: a request without an answer would keep its client waiting for ever.
            LOG.error("{} {} failed", method, path, e);
            return failure(500, "internal error: " + e);
        }
    }

    private static void refuseUnknownParameters(Route route, Map<String, String> query) {
        for (String name : query.keySet()) {
            if (!route.parameters().contains(name)) {
                throw Refusal.badInput("unknown parameter \"" + name + "\"");
            }
        }
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

    static Answer failure(int status, String message) {
        return new Answer(status, Json.MAPPER.writeValueAsString(new Answers.Failure(message)));
    }
}
