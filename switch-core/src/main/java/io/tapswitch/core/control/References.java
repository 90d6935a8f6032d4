package io.tapswitch.core.control;

import io.tapswitch.core.model.Refusal;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/** Finding an object by the beginning of its id. */
final class References {
    private References() {}

    /** {@return the one object whose id begins so; several are refused} */
    static <T> Optional<T> find(Collection<T> objects, Function<T, String> id, String reference, String what) {
        if (reference.isEmpty()) {
            throw Refusal.badInput("invalid " + what + " name or id: it is empty");
        }
        List<T> found = objects.stream()
                .filter(object -> id.apply(object).startsWith(reference))
                .toList();
        if (found.size() > 1) {
            throw Refusal.badInput(
                    what + " " + reference + " is ambiguous (" + found.size() + " matches found based on ID prefix)");
        }
        return found.stream().findFirst();
    }
}
